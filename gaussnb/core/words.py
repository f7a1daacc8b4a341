"""Titles, types and rules of fields in words, for signatures, documentation and forms."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
)

from .rules import Titled, marks

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def line_of(text: str) -> str:
    """A text of several lines on one line."""
    return " ".join(text.split())


def table_of(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table, a blank line first; no lines when there are no rows."""
    cells = [[line_of(cell).replace("|", "\\|") for cell in row] for row in rows]
    lines = [f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *cells]]
    return ["", *lines] if rows else []


def type_in_words(annotation: Any) -> str:
    """A type as a signature shows it: ``str``, ``int | str``, ``list[Tag] | None``.

    >>> type_in_words(list[str] | None)
    'list[str] | None'
    """
    kind, inner = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        return type_in_words(inner[0])
    if kind in (Union, UnionType):
        return " | ".join(map(type_in_words, inner))
    if kind is Literal:
        return f"Literal[{', '.join(map(repr, inner))}]"
    if annotation is NoneType:
        return "None"
    name = getattr(annotation, "__name__", str(annotation))
    return f"{name}[{', '.join(map(type_in_words, inner))}]" if inner else name


def rule_in_words(info: FieldInfo) -> str:
    """The sentences of all rules of a field."""
    return "; ".join(mark.says for mark in marks(info.annotation, info.metadata) if hasattr(mark, "says"))


def limits_in_words(info: FieldInfo) -> str:
    """The sentences of the rules of a field, without obvious rules and lists to choose from."""
    found = marks(info.annotation, info.metadata)
    return "; ".join(mark.says for mark in found if hasattr(mark, "says") and not getattr(mark, "obvious", False))


def kinds_in_words(kinds: Sequence[str]) -> str:
    """The kinds of things an operation is for, as a sentence; empty where it is for all.

    >>> kinds_in_words(("round Thing", "square Thing"))
    'For: round Thing, square Thing.'
    """
    return f"For: {', '.join(kinds)}." if kinds else ""


def meaning_of(info: FieldInfo, allows: str | None = None) -> str:
    """The meaning of a field and its limits, on one line.

    Args:
        info: the field as declared.
        allows: the limits, where they differ from the rules on its type.
    """
    means = " ".join((info.description or "").split())
    if allows is None:
        allows = limits_in_words(info) or ("" if means else rule_in_words(info))
    if not allows:
        return means
    return f"{means} {allows[:1].upper()}{allows[1:]}{'' if allows.endswith('.') else '.'}".strip()


def title_of(name: str, info: FieldInfo | None = None) -> str:
    """The title of a field, for people.

    >>> title_of("restore_time")
    'Restore time'
    """
    for mark in marks(info.annotation, info.metadata) if info else ():
        if isinstance(mark, Titled):
            return mark.title
    words = [word.upper() if word in _ACRONYMS else word for word in name.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


_ACRONYMS = frozenset(("vpc", "ip", "ssl", "dr", "lb", "gb", "id", "ttl", "cpu", "cidr", "lts"))
