"""A short report as text and as HTML: a sentence, a table with a sign in each line, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .palette import SIGNS, STYLE
from .snapshot import Phase


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    phase: Phase
    """The phase whose sign and colour the line has."""
    word: str
    """The state in a word or two."""
    name: str
    """The name of the thing."""
    about: str
    """The id and other facts."""
    message: str
    """The reason, in a sentence."""


@dataclass(frozen=True)
class Report:
    """All there is to see of a report."""

    headline: str
    lines: Sequence[Line] = ()
    foot: str = ""


def text_of(report: Report) -> str:
    """Write a report as text.

    >>> print(text_of(Report("1 thing failed.", [Line("failed", "failed", "a", "0f1e", "No room.")], "Delete it.")))
    1 thing failed.
      ✗ failed  a  0f1e  No room.
    Delete it.
    """
    widths = [max((len(cell) for cell in column), default=0) for column in zip(*map(_cells, report.lines))]
    lines = ("  ".join(f"{cell:{width}}" for cell, width in zip(_cells(line), widths)) for line in report.lines)
    return "\n".join([report.headline, *(f"  {line}".rstrip() for line in lines), *filter(None, [report.foot])])


def _cells(line: Line) -> tuple[str, ...]:
    return (f"{SIGNS[line.phase]} {line.word}", line.name, line.about, line.message)


def html_of(report: Report) -> str:
    """Write a report as HTML, with its style sheet."""
    rows = "".join(
        f'<tr><th scope="row"><span class="name">{escape(line.name)}</span></th>'
        f'<td><span class="pill {line.phase}">{SIGNS[line.phase]} {escape(line.word)}</span></td>'
        f'<td class="soft">{escape(line.about)}</td><td class="wide">{escape(line.message)}</td></tr>'
        for line in report.lines
    )
    table = f"<table>{rows}</table>" if rows else ""
    foot = f'<div class="foot soft">{escape(report.foot)}</div>' if report.foot else ""
    head = f'<div class="head"><span class="name">{escape(report.headline)}</span></div>'
    return f'<div class="gaussnb-watch">{STYLE}{head}{table}{foot}</div>'


def faces(report: Report) -> dict[str, str]:
    """Write a report as text and as HTML, by MIME type."""
    return {"text/plain": text_of(report), "text/html": html_of(report)}
