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


def _line(text: str) -> str:
    """A text of several lines as one."""
    return " ".join(text.split())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table below a blank line, or nothing when it has no rows."""
    cells = [[_line(cell).replace("|", "\\|") for cell in row] for row in rows]
    lines = [f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *cells]]
    return ["", *lines] if rows else []


def type_in_words(annotation: Any) -> str:
    """A type the way a signature shows it: ``str``, ``int | str``, ``list[Tag] | None``.

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
    """What a field allows, from the rules on its type."""
    return "; ".join(mark.says for mark in marks(info.annotation, info.metadata) if hasattr(mark, "says"))


def limits_in_words(info: FieldInfo) -> str:
    """What a field allows, without what is obvious or stands in a list to choose from."""
    found = marks(info.annotation, info.metadata)
    return "; ".join(mark.says for mark in found if hasattr(mark, "says") and not getattr(mark, "obvious", False))


def meaning_of(info: FieldInfo, allows: str | None = None) -> str:
    """What a field means and allows, in one line.

    Args:
        info: the field as declared.
        allows: what it allows, where that is not what its type says.
    """
    means = " ".join((info.description or "").split())
    if allows is None:
        allows = limits_in_words(info) or ("" if means else rule_in_words(info))
    if not allows:
        return means
    return f"{means} {allows[:1].upper()}{allows[1:]}{'' if allows.endswith('.') else '.'}".strip()


def title_of(name: str, info: FieldInfo | None = None) -> str:
    """What people call a field.

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
