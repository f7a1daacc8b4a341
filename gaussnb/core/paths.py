"""The one spelling of a path: the spellings that a server reads as the same path become equal."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_CODED = re.compile(r"%([0-9A-Fa-f]{2})")


def clean_path(path: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Write a path in its one spelling, and split its query off.

    Coded letters and digits are decoded, ``.`` and ``..`` are followed, and several slashes become one.

    Args:
        path: a path that begins with a slash, as a person gives it.

    Returns:
        The path, and the names and values of its query.

    Raises:
        ValueError: servers disagree about what the path means: it leaves the root, or holds a fragment, a backslash, a
            control character, a path parameter, or a percent sign that codes nothing.

    >>> clean_path("/v3//p/x/../instance%73?limit=1")
    ('/v3/p/instances', (('limit', '1'),))
    """
    text, _, query = path.partition("?")
    for sign, name in (("#", "a fragment"), ("\\", "a backslash"), (";", "a path parameter")):
        if sign in text:
            raise ValueError(f"a path must not hold {name} ({sign}): servers disagree about what it means; "
                             f"write %{ord(sign):02X} for the sign itself")  # fmt: skip
    if not path.isprintable():
        raise ValueError("a path must not hold control characters: servers disagree about what they mean")
    if "%" in _CODED.sub("", text):
        raise ValueError(
            "a percent sign in a path is followed by two hexadecimal digits; write %25 for the sign itself"
        )
    kept: list[str] = []
    segments = _CODED.sub(_decoded, text).split("/")
    for segment in segments:
        if segment == ".." and not kept:
            raise ValueError("a path must not leave the root of the service by ..")
        if segment == "..":
            kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if kept and segments[-1] == "" else ""
    return f"/{'/'.join(kept)}{end}", tuple(parse_qsl(query, keep_blank_values=True))


def _decoded(found: re.Match[str]) -> str:
    sign = chr(int(found[1], 16))
    return sign if _UNRESERVED.fullmatch(sign) else found[0].upper()
