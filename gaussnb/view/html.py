"""A watch as HTML that needs no script, no font and no other file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from types import MappingProxyType

from .palette import SIGNS, STYLE
from .snapshot import Shown, Snapshot
from .text import (
    earlier_of,
    failed_in,
    headline,
    look_of,
    problems_of,
    state_of,
    status_of,
    text_of,
    time_of,
    timeline_rows,
)


def html_of(snapshot: Snapshot) -> str:
    """Write a watch as HTML, with its style sheet."""
    return f'<div class="gaussnb-watch">{STYLE}{"".join(draw(snapshot) for draw in PARTS.values())}</div>'


def head_html(snapshot: Snapshot) -> str:
    """Write the watched things and their status. A screen reader reads this part aloud when it changes."""
    if len(snapshot.things) == 1:
        (shown,) = snapshot.things
        words = f'<span class="name">{escape(shown.name or shown.id)}</span> {_pill(shown)}'
    else:
        words = f'<span class="name">{escape(headline(snapshot))}</span>'
    return f'<div role="status" class="head">{words}</div>'


def things_html(snapshot: Snapshot) -> str:
    """Write the progress of each thing: one thing as a line, several as a table."""
    if len(snapshot.things) == 1:
        (shown,) = snapshot.things
        cells = (_bar(shown), f'<span class="number">{escape(time_of(shown))}</span>', _about(shown))
        return f'<div class="line">{" ".join(filter(None, cells))}</div>'
    bars = any(shown.percent is not None for shown in snapshot.things)
    rows = (
        f'<tr><th scope="row"><span class="name">{escape(shown.name or shown.id)}</span></th><td>{_pill(shown)}</td>'
        f'{f"<td>{_bar(shown)}</td>" if bars else ""}<td class="number">{escape(time_of(shown))}</td>'
        f'<td class="soft">{escape(shown.kind)}</td></tr>'
        for shown in snapshot.things
    )
    return f"<table>{''.join(rows)}</table>"


def _pill(shown: Shown) -> str:
    return f'<span class="pill {shown.phase}">{SIGNS[shown.phase]} {escape(status_of(shown))}</span>'


def _bar(shown: Shown) -> str:
    if shown.percent is None:
        return ""
    done = f"{min(100.0, max(0.0, shown.percent)):.0f}"
    return (
        f'<span class="bar" role="progressbar" aria-label="{escape(shown.job)}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{done}"><span style="width: {done}%"></span></span>'
        f'<span class="number percent">{done} %</span>'
    )


def _about(shown: Shown) -> str:
    """Write the service's own words for status, actions and job, so that they can be looked up."""
    status = f"status {shown.status}" if shown.status and shown.phase != "gone" else ""
    actions, job = shown.actions and f"actions {shown.actions}", shown.job and f"job {shown.job}"
    words = (shown.kind, status, actions, job)
    return f'<span class="soft">{escape(" · ".join(filter(None, words)))}</span>'


def alert_html(snapshot: Snapshot) -> str:
    """Write the failures and errors; empty if there are none."""
    wrong = [f"{shown.name or shown.id} failed: {shown.why or 'no reason given'}" for shown in failed_in(snapshot)]
    if snapshot.state == "error":
        wrong.append(state_of(snapshot))
    wrong += problems_of(snapshot)
    if not wrong:
        return ""
    return f'<div role="alert">{"".join(f"""<div class="why">✗ {escape(each)}</div>""" for each in wrong)}</div>'


def timeline_html(snapshot: Snapshot) -> str:
    """Write the observed changes, newest last; empty if there are none."""
    if not snapshot.timeline:
        return ""
    several = len(snapshot.things) > 1
    rows = [f'<tr><td class="soft" colspan="4">{text}</td></tr>' for text in filter(None, [earlier_of(snapshot)])]
    for time, name, status, note in timeline_rows(snapshot):
        named = f"<td>{escape(name)}</td>" if several else ""
        rows.append(
            f'<tr><td class="soft number">{time}</td>{named}<td>{escape(status)}</td>'
            f'<td class="wide">{escape(note)}</td></tr>'
        )
    return f'<div class="timeline"><div class="soft">Seen (UTC)</div><table>{"".join(rows)}</table></div>'


def foot_html(snapshot: Snapshot) -> str:
    """Write the state of the watch and the time of its last look."""
    state = "" if snapshot.state == "error" else f"{state_of(snapshot)} "
    return f'<div class="foot soft">{escape(state)}<span class="number">{look_of(snapshot)}</span></div>'


PARTS: Mapping[str, Callable[[Snapshot], str]] = MappingProxyType(
    {
        "head": head_html,
        "things": things_html,
        "alert": alert_html,
        "timeline": timeline_html,
        "foot": foot_html,
    }
)
"""The parts of a panel by name, from top to bottom."""


def faces(snapshot: Snapshot) -> dict[str, str]:
    """Write the text and the HTML of a watch, by MIME type. Both stay in a saved notebook."""
    return {"text/plain": text_of(snapshot), "text/html": html_of(snapshot)}
