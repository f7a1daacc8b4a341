"""A watch as text, and the words that text, HTML and widgets share."""

from __future__ import annotations

from datetime import UTC, datetime

from .snapshot import Shown, Snapshot

LINES = 8
"""The number of observed changes that a view shows at most, the newest; the history has all of them."""


# ------------------------------------------------------------------------------------------ words


def duration(seconds: float) -> str:
    """Write a duration in words.

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
    """Write an approximate duration in words.

    >>> about(420), about(40)
    ('about 7 min', 'about 40 s')
    """
    return f"about {round(seconds / 60)} min" if seconds >= 60 else f"about {round(seconds)} s"


def status_of(shown: Shown) -> str:
    """Write the status of a thing in a word or two."""
    if shown.phase == "unseen":
        return "not seen yet"
    if shown.phase == "failed":
        return "failed"
    if shown.phase in ("ready", "gone", "done"):
        return shown.phase
    return shown.doing or shown.status


def time_of(shown: Shown) -> str:
    """Write the time that has passed, and the time such work usually takes."""
    spent = duration(shown.elapsed)
    if shown.phase not in ("unseen", "going"):
        return f"after {spent}"
    if shown.typical is None:
        return spent
    if shown.elapsed > 1.2 * shown.typical:
        return f"{spent}, longer than the usual {about(shown.typical).removeprefix('about ')}"
    return f"{spent} of {about(shown.typical)}"


def headline(snapshot: Snapshot) -> str:
    """Write the whole watch in one sentence, which changes only with a status and never with the time alone."""
    shown = snapshot.things
    if len(shown) == 1:
        return f"{shown[0].name or shown[0].id}: {status_of(shown[0])}"
    counts: dict[str, int] = {}
    for each in shown:
        counts[status_of(each)] = counts.get(status_of(each), 0) + 1
    return f"{len(shown)} {snapshot.nouns}: " + ", ".join(f"{count} {word}" for word, count in counts.items())


def state_of(snapshot: Snapshot) -> str:
    """Write the state of the watch itself as a sentence."""
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
    """Write the time of the last look as a sentence."""
    if snapshot.looked is None:
        return "No look yet."
    return f"Last look {datetime.fromtimestamp(round(snapshot.looked), UTC):%Y-%m-%d %H:%M:%S} UTC."


def problems_of(snapshot: Snapshot) -> list[str]:
    """Write a sentence for each callback that failed."""
    return [f"A callback failed and is called no more: {problem}" for problem in snapshot.problems]


def timeline_rows(snapshot: Snapshot) -> list[tuple[str, str, str, str]]:
    """Time, name, status and note of each of the newest changes."""
    return [
        (
            str(line["time"])[11:19],
            str(line["name"] or line["id"]),
            " ".join(filter(None, (line["status"], line["actions"]))),
            str(line["note"]),
        )
        for line in snapshot.timeline[-LINES:]
    ]


def earlier_of(snapshot: Snapshot) -> str:
    """Write the number of changes that the timeline leaves out; empty if it leaves out none."""
    more = len(snapshot.timeline) - LINES
    return f"{more} earlier: see history" if more > 0 else ""


# ------------------------------------------------------------------------------------------- text


def text_of(snapshot: Snapshot) -> str:
    """Write a watch as text: a line for each thing, the observed changes, and the state of the watch."""
    rows = []
    for shown in snapshot.things:
        bar = f"[{'#' * int(shown.percent / 5):.<20}] {shown.percent:.0f} %" if shown.percent is not None else ""
        rows.append((shown.name or shown.id, status_of(shown), bar, time_of(shown)))
    lines = _columns(rows)
    lines += [f"  {shown.name or shown.id}: {shown.why or 'no reason given'}" for shown in failed_in(snapshot)]
    if snapshot.timeline:
        several = len(snapshot.things) > 1
        seen = [(time, name if several else "", status, note) for time, name, status, note in timeline_rows(snapshot)]
        lines += ["seen (UTC)", *(f"  {line}" for line in filter(None, [earlier_of(snapshot)]))]
        lines += [f"  {line}" for line in _columns(seen)]
    lines += [f"{state_of(snapshot)} {look_of(snapshot)}", *problems_of(snapshot)]
    return "\n".join(lines)


def _columns(rows: list[tuple[str, str, str, str]]) -> list[str]:
    """Align rows in columns. A column that is empty in every row takes no room."""
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths) if width).rstrip() for row in rows]


def failed_in(snapshot: Snapshot) -> list[Shown]:
    """List the things that failed."""
    return [shown for shown in snapshot.things if shown.phase == "failed"]
