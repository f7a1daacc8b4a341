"""What a watch says, as text and as HTML, and the output of a notebook that follows it.

Nothing here needs ipywidgets. What came over the wire is escaped; no colour speaks without a word beside it;
the same snapshot gives the same text each time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .watching import Shown, Snapshot, Watch

LINES = 8
"""Observed changes shown at the most, the newest; all of them are in the history."""

ACTIONS = {
    "CREATE": "creating",
    "DELETE": "deleting",
    "REBOOT": "restarting",
    "RESTORE": "restoring",
    "GROWING": "adding nodes",
    "REDUCING": "removing nodes",
    "RESIZE_VOLUME": "changing storage",
    "RESIZE_FLAVOR": "changing flavor",
    "MODIFY_SECURITYGROUP": "changing security group",
    "SWITCH_SSL": "switching SSL",
    "SET_CONFIGURATION": "applying parameters",
    "BIND_EIP": "binding address",
    "UNBIND_EIP": "unbinding address",
}
"""The service's words for what is being done, in words. The list is open: others are shown as they come."""

SIGNS = {"unseen": "…", "going": "↻", "ready": "✓", "gone": "✓", "done": "✓", "failed": "✗"}
"""Beside the word, so that colour is never alone."""

# White on these reads well (5.1:1 or more), whatever the theme; all else takes the theme's own colours, and the
# reader's where there is no theme. A notebook's own table style is undone, since it differs between front ends.
STYLE = """<style>
.gaussnb-watch { max-width: 72em; line-height: 1.5; color: var(--jp-ui-font-color1, inherit);
  font-family: var(--jp-ui-font-family, inherit); font-size: var(--jp-ui-font-size1, 13px); }
.gaussnb-watch .head { font-size: 1.15em; }
.gaussnb-watch .name { font-weight: 600; margin-right: 0.4em; }
.gaussnb-watch .soft { opacity: 0.8; }
.gaussnb-watch .number { font-variant-numeric: tabular-nums; }
.gaussnb-watch .line > * { margin-right: 1.2em; }
.gaussnb-watch .pill { display: inline-block; border-radius: 1em; padding: 0 0.7em; color: #fff;
  background: #616161; font-size: 13px; font-weight: 600; white-space: nowrap; }
.gaussnb-watch .pill.going { background: #1565c0; }
.gaussnb-watch .pill.ready, .gaussnb-watch .pill.gone, .gaussnb-watch .pill.done { background: #2e7d32; }
.gaussnb-watch .pill.failed { background: #c62828; }
.gaussnb-watch .bar { display: inline-block; width: 12em; height: 0.6em; border-radius: 0.3em; overflow: hidden;
  margin-right: 0.5em !important; background: rgba(128, 128, 128, 0.35); }
.gaussnb-watch .bar > span { display: block; height: 100%; background: #1e88e5; }
.gaussnb-watch .percent { display: inline-block; min-width: 3em; }
.gaussnb-watch .why { border-left: 3px solid #e53935; padding-left: 0.6em; margin: 0.3em 0; }
.gaussnb-watch table { border-collapse: collapse; border: 0; margin: 0.1em 0; font-size: inherit; }
.gaussnb-watch tr, .gaussnb-watch tr:hover { background: transparent !important; border: 0; }
.gaussnb-watch th, .gaussnb-watch td { text-align: left !important; vertical-align: baseline; border: 0;
  padding: 0.12em 1.2em 0.12em 0; font-weight: normal; line-height: 1.5; white-space: nowrap; max-width: none; }
.gaussnb-watch td.wide { white-space: normal; overflow-wrap: anywhere; }
</style>"""


# ------------------------------------------------------------------------------------------ words


def duration(seconds: float) -> str:
    """A span of time in words.

    >>> duration(182.4), duration(3720), duration(9)
    ('3 min 2 s', '1 h 2 min', '9 s')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def about(seconds: float) -> str:
    """A span of time that is only roughly known.

    >>> about(420), about(40)
    ('about 7 min', 'about 40 s')
    """
    return f"about {round(seconds / 60)} min" if seconds >= 60 else f"about {round(seconds)} s"


def status_of(shown: Shown) -> str:
    """The status of an instance in a word or two, for people."""
    if shown.phase == "unseen":
        return "not seen yet"
    if shown.phase == "failed":
        return "failed"
    if shown.phase in ("ready", "gone", "done"):
        return shown.phase
    if shown.actions:
        return ", ".join(ACTIONS.get(action, action.lower().replace("_", " ")) for action in shown.actions.split(", "))
    return shown.status


def time_of(shown: Shown) -> str:
    """How long it has been going on, and how long that usually takes."""
    spent = duration(shown.elapsed)
    if shown.phase not in ("unseen", "going"):
        return f"after {spent}"
    if shown.typical is None:
        return spent
    if shown.elapsed > 1.2 * shown.typical:
        return f"{spent}, longer than the usual {about(shown.typical).removeprefix('about ')}"
    return f"{spent} of {about(shown.typical)}"


def headline(snapshot: Snapshot) -> str:
    """The whole watch in one sentence. It changes when something happens, and not with time."""
    shown = snapshot.instances
    if len(shown) == 1:
        return f"{shown[0].name or shown[0].id}: {status_of(shown[0])}"
    counts: dict[str, int] = {}
    for each in shown:
        counts[status_of(each)] = counts.get(status_of(each), 0) + 1
    return f"{len(shown)} instances: " + ", ".join(f"{count} {word}" for word, count in counts.items())


def state_of(snapshot: Snapshot) -> str:
    """How the watching itself stands, in a sentence."""
    if snapshot.state == "error":
        return f"The watching ended: {snapshot.message}"
    if snapshot.state == "done":
        return "Done: nothing is left to watch."
    if snapshot.state == "stopped":
        return "No longer watched. The cloud's work goes on."
    if snapshot.state == "paused":
        return "Paused. The cloud's work goes on."
    return f"Watching: {snapshot.message}." if snapshot.message else "Watching."


def look_of(snapshot: Snapshot) -> str:
    """When the last look was."""
    if snapshot.looked is None:
        return "No look yet."
    return f"Last look {datetime.fromtimestamp(round(snapshot.looked), UTC):%Y-%m-%d %H:%M:%S} UTC."


def problems_of(snapshot: Snapshot) -> list[str]:
    """What went wrong beside the watching, in sentences."""
    return [f"A callback failed and is called no more: {problem}" for problem in snapshot.problems]


def _timeline(snapshot: Snapshot) -> list[tuple[str, str, str, str]]:
    """Time, instance, status and note of the newest changes."""
    return [
        (
            str(line["time"])[11:19],
            str(line["name"] or line["id"]),
            " ".join(filter(None, (line["status"], line["actions"]))),
            str(line["note"]),
        )
        for line in snapshot.timeline[-LINES:]
    ]


def _earlier(snapshot: Snapshot) -> str:
    more = len(snapshot.timeline) - LINES
    return f"{more} earlier: see history" if more > 0 else ""


# ------------------------------------------------------------------------------------------- text


def text_of(snapshot: Snapshot) -> str:
    """A watch as text: a line for each instance, what was seen, and how the watching stands."""
    rows = []
    for shown in snapshot.instances:
        bar = f"[{'#' * int(shown.percent / 5):.<20}] {shown.percent:.0f} %" if shown.percent is not None else ""
        rows.append((shown.name or shown.id, status_of(shown), bar, time_of(shown)))
    lines = _columns(rows)
    lines += [f"  {shown.name or shown.id}: {shown.why or 'no reason given'}" for shown in _failed(snapshot)]
    if snapshot.timeline:
        several = len(snapshot.instances) > 1
        seen = [(time, name if several else "", status, note) for time, name, status, note in _timeline(snapshot)]
        lines += ["seen (UTC)", *(f"  {line}" for line in filter(None, [_earlier(snapshot)]))]
        lines += [f"  {line}" for line in _columns(seen)]
    lines += [f"{state_of(snapshot)} {look_of(snapshot)}", *problems_of(snapshot)]
    return "\n".join(lines)


def _columns(rows: list[tuple[str, str, str, str]]) -> list[str]:
    """Rows side by side; columns that are empty everywhere take no room."""
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths) if width).rstrip() for row in rows
    ]


def _failed(snapshot: Snapshot) -> list[Shown]:
    return [shown for shown in snapshot.instances if shown.phase == "failed"]


# ------------------------------------------------------------------------------------------- HTML


def html_of(snapshot: Snapshot) -> str:
    """A watch as HTML that needs nothing else."""
    return f'<div class="gaussnb-watch">{STYLE}{"".join(draw(snapshot) for draw in PARTS.values())}</div>'


def head_html(snapshot: Snapshot) -> str:
    """What is watched, and its status: what a screen reader says when it changes."""
    if len(snapshot.instances) == 1:
        (shown,) = snapshot.instances
        words = f'<span class="name">{escape(shown.name or shown.id)}</span> {_pill(shown)}'
    else:
        words = f'<span class="name">{escape(headline(snapshot))}</span>'
    return f'<div role="status" class="head">{words}</div>'


def instances_html(snapshot: Snapshot) -> str:
    """How far each instance is: one in a line, several in a table."""
    if len(snapshot.instances) == 1:
        (shown,) = snapshot.instances
        cells = (_bar(shown), f'<span class="number">{escape(time_of(shown))}</span>', _about(shown))
        return f'<div class="line">{" ".join(filter(None, cells))}</div>'
    bars = any(shown.percent is not None for shown in snapshot.instances)
    rows = (
        f'<tr><th scope="row"><span class="name">{escape(shown.name or shown.id)}</span></th><td>{_pill(shown)}</td>'
        f'{f"<td>{_bar(shown)}</td>" if bars else ""}<td class="number">{escape(time_of(shown))}</td>'
        f'<td class="soft">{escape(shown.engine)}</td></tr>'
        for shown in snapshot.instances
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
    """What the service itself calls all this, for those who look it up."""
    status = f"status {shown.status}" if shown.status and shown.phase != "gone" else ""
    actions, job = shown.actions and f"actions {shown.actions}", shown.job and f"job {shown.job}"
    words = (shown.engine, status, actions, job)
    return f'<span class="soft">{escape(" · ".join(filter(None, words)))}</span>'


def alert_html(snapshot: Snapshot) -> str:
    """What went wrong; empty when nothing did."""
    wrong = [f"{shown.name or shown.id} failed: {shown.why or 'no reason given'}" for shown in _failed(snapshot)]
    if snapshot.state == "error":
        wrong.append(state_of(snapshot))
    wrong += problems_of(snapshot)
    if not wrong:
        return ""
    return f'<div role="alert">{"".join(f"""<div class="why">✗ {escape(each)}</div>""" for each in wrong)}</div>'


def timeline_html(snapshot: Snapshot) -> str:
    """What was seen, newest last; empty when nothing was."""
    if not snapshot.timeline:
        return ""
    several = len(snapshot.instances) > 1
    rows = [f'<tr><td class="soft" colspan="4">{text}</td></tr>' for text in filter(None, [_earlier(snapshot)])]
    for time, name, status, note in _timeline(snapshot):
        named = f"<td>{escape(name)}</td>" if several else ""
        rows.append(
            f'<tr><td class="soft number">{time}</td>{named}<td>{escape(status)}</td>'
            f'<td class="wide">{escape(note)}</td></tr>'
        )
    return f'<div class="timeline"><div class="soft">Seen (UTC)</div><table>{"".join(rows)}</table></div>'


def foot_html(snapshot: Snapshot) -> str:
    """How the watching stands."""
    state = "" if snapshot.state == "error" else f"{state_of(snapshot)} "
    return f'<div class="foot soft">{escape(state)}<span class="number">{look_of(snapshot)}</span></div>'


PARTS: Mapping[str, Callable[[Snapshot], str]] = MappingProxyType(
    {
        "head": head_html,
        "instances": instances_html,
        "alert": alert_html,
        "timeline": timeline_html,
        "foot": foot_html,
    }
)
"""What a panel is made of, from top to bottom."""


def faces(snapshot: Snapshot) -> dict[str, str]:
    """The faces that outlive the kernel, by MIME type."""
    return {"text/plain": text_of(snapshot), "text/html": html_of(snapshot)}


# --------------------------------------------------------------------------------- in a notebook


class Showing:
    """The output of a watch in a notebook.

    While the watch goes on, it shows widgets, or without ipywidgets HTML that is replaced at each change. When it
    ends, only text and HTML stay: a front end that finds a widget in a saved notebook shows an error instead of
    the HTML beside it, once the kernel is gone.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._lock = threading.RLock()
        self._output: Any = None
        self._panel: Any = None
        self._drawn: Snapshot | None = None
        self._forget: Callable[[], None] | None = None

    def show(self) -> None:
        """Put it below the running cell; shown again, it is one thing in two places.

        Raises:
            NotImplementedError: there is nothing to follow, or nothing that could: IPython falls back to text.
        """
        publish = _notebook()
        with self._lock:
            if publish is None or self._watch.done:
                raise NotImplementedError
            if self._forget is None:
                self._panel = _panel(self._watch)
                self._forget = self._watch.on_change(self._follow)
            self._output = publish(self._live(), self._output)
        self._follow(self._watch)  # it may have gone on meanwhile

    def _live(self) -> dict[str, Any]:
        snapshot = self._drawn = self._watch.snapshot()
        view: dict[str, Any] = self._panel.draw(snapshot) if self._panel is not None else {}
        return {**view, **faces(snapshot)}

    def _follow(self, watch: Watch) -> None:
        """Show what is new; called from any thread."""
        with self._lock:
            if self._forget is None:
                return
            done, snapshot = watch.done, watch.snapshot()
            if done:
                # First the words that stay, then the widgets go: nobody sees a hole between.
                self._output.update(faces(snapshot), raw=True)
                if self._panel is not None:
                    self._panel.close()
                self._forget()
                self._panel = self._forget = None
            elif self._panel is not None:
                self._panel.draw(snapshot)
            elif snapshot != self._drawn:
                self._output.update(self._live(), raw=True)


def _notebook() -> Callable[..., Any] | None:
    """What shows a bundle in a notebook and gives a handle to change it; None where there is no notebook."""
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import display
    except ImportError:
        return None
    if getattr(get_ipython(), "kernel", None) is None:  # a terminal cannot change what it has written
        return None

    def publish(bundle: dict[str, Any], handle: Any = None) -> Any:
        id = True if handle is None else handle.display_id
        return display(bundle, raw=True, display_id=id)  # type: ignore[no-untyped-call]

    return publish


def _panel(watch: Watch) -> Any:
    try:
        from .widgets.panel import Panel
    except ImportError:
        return None
    return Panel(watch)
