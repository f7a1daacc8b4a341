"""Secrets in values and in texts: reveal them for the wire, and leave them out or mask them everywhere else.

:func:`walk` is the one function that walks through a value; :func:`reveal`, :func:`find`, :func:`replaced`,
:func:`hidden` and :func:`masked` use it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, SecretStr

MASK = "***"
"""The text that stands in the place of a secret."""

Path: TypeAlias = tuple[str | int, ...]
"""The names and list positions that lead from a value to a part of it."""


class _LeftOut:
    """The type of :data:`LEFT_OUT`."""


LEFT_OUT: Final = _LeftOut()
"""Returned by the function given to :func:`walk` for a part that shall not be in the result."""

# --------------------------------------------------------------------------------------------------------------- values


def walk(value: Any, change: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """Rebuild a value from objects, lists and leaves, with some of its parts changed.

    Args:
        value: a pydantic model, a mapping, a list or a leaf. A model becomes an object without its empty fields.
        change: called with the path and the value of every part, the outer one first. The same value means: walk
            on. Any other value stands in the result as it is; :data:`LEFT_OUT` removes the part.
        path: the path of ``value`` itself.

    >>> walk({"size": 1, "parts": [2, 3]}, lambda path, part: LEFT_OUT if part == 2 else part)
    {'size': 1, 'parts': [3]}
    """
    changed = change(path, value)
    if changed is not value:
        return changed
    if isinstance(value, BaseModel):
        value = {name: item for name, item in value if item is not None}
    if isinstance(value, Mapping):
        parts = {name: walk(item, change, (*path, name)) for name, item in value.items()}
        return {name: part for name, part in parts.items() if part is not LEFT_OUT}
    if isinstance(value, (list, tuple)):
        items = [walk(item, change, (*path, number)) for number, item in enumerate(value)]
        return [item for item in items if item is not LEFT_OUT]
    return value


def reveal(value: Any) -> Any:
    """The JSON value of a value, with its secrets in clear: for the wire only.

    >>> reveal({"password": SecretStr("hush"), "at": datetime(2026, 1, 2, tzinfo=UTC)})
    {'password': 'hush', 'at': '2026-01-02T00:00:00+0000'}
    """
    return walk(value, _revealed)


def _revealed(path: Path, value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S%z}"
    return value


def find(value: object) -> list[str]:
    """Every secret in a value, in clear: to recognise it in another value or in a text.

    >>> find({"name": "demo", "login": {"password": SecretStr("hush")}})
    ['hush']
    """
    found: list[str] = []

    def note(path: Path, part: Any) -> Any:
        if isinstance(part, SecretStr):
            found.append(part.get_secret_value())
        return part

    walk(value, note)
    return found


def replaced(value: Any, secret: Callable[[Path], str]) -> Any:
    """The JSON value of a value, with a text in the place of every secret.

    Args:
        value: a model, a mapping, a list or a leaf.
        secret: makes the text from the path of the secret.

    >>> replaced({"password": SecretStr("hush")}, lambda path: f"${path[-1]}")
    {'password': '$password'}
    """
    return walk(value, lambda path, part: secret(path) if isinstance(part, SecretStr) else _revealed(path, part))


def hidden(value: Any, secrets: Container[str], mask: str = MASK) -> Any:
    """A JSON value with a mask in the place of every text that is one of ``secrets``.

    >>> hidden({"password": "hush"}, ["hush"])
    {'password': '***'}
    """
    return walk(value, lambda path, part: mask if isinstance(part, str) and part in secrets else part)


def masked(value: Any, names: Container[str] = ()) -> Any:
    """A JSON value from elsewhere, with everything masked that looks like a secret or is called like one.

    Args:
        value: the JSON value.
        names: names of fields that hold a secret although they do not sound like one.

    >>> masked({"name": "demo", "token": {"id": 1}, "note": "password=hush"})
    {'name': 'demo', 'token': '***', 'note': 'password=***'}
    """

    def change(path: Path, part: Any) -> Any:
        name = path[-1] if path else 0
        if isinstance(name, str) and (name in names or is_secret_name(name)) and not _is_login(name, part):
            return MASK
        return mask(part) if isinstance(part, str) else part

    return walk(value, change)


def _is_login(name: str, value: object) -> bool:
    """True for the objects of a login that are called like a secret but only enclose one."""
    if not isinstance(value, dict):
        return False
    return name == "auth" or (name == "password" and isinstance(value.get("user"), dict))


# ---------------------------------------------------------------------------------------------------------------- texts

_PART = """(?: passw | passphrase | passcode | pwd | secret | token | signature | authorization | credential
    | api [-_]? key | private [-_]? key | totp )"""
_WHOLE = "(?: sk | pass | auth )"
_NAME = re.compile(rf"{_PART} | \A {_WHOLE} \Z", re.IGNORECASE | re.VERBOSE)
_SECRET = re.compile(
    rf"""
    (?P<name> (?: [\w-]{{0,30}} {_PART} [\w-]{{0,20}} | (?<![\w-]) {_WHOLE} ) \\* ["']? \s* [:=] \s* )
    (?: \\* "(?:[^"\\]|\\.)*"? | \\* '(?:[^'\\]|\\.)*'? | (?:bearer|basic|sdk-[\w-]+)\s+[^\r\n]* | [^\s,;&"'}}\]]+ )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TOKEN = re.compile(r"\b(?:MII|gAAAA|eyJ)[\w+/=.-]{20,}|[\w+/=-]{200,}")


def is_secret_name(name: str) -> bool:
    """True if a value of this name is a password, a key or a token.

    >>> is_secret_name("user_pwd"), is_secret_name("keyspace")
    (True, False)
    """
    return _NAME.search(name) is not None


def mask(text: str) -> str:
    """Mask everything that looks like a password, key or token in a text from elsewhere.

    >>> mask('{"name": "demo", "password": "hush"}')
    '{"name": "demo", "password": ***}'
    """
    return _TOKEN.sub(MASK, _SECRET.sub(rf"\g<name>{MASK}", text))


def mask_known(text: str, secrets: Iterable[str]) -> str:
    """Mask these secrets in a text, for example in the answer of a server that repeats the request.

    >>> mask_known("the answer repeats hush", ["hush"])
    'the answer repeats ***'
    """
    # The longest first: a secret may be the beginning of another one.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def one_line(text: str, limit: int) -> str:
    """Masked, printable text on one line, at most ``limit`` characters."""
    head = "".join(char if char.isprintable() else " " for char in text[: 8 * limit])
    return shortened(" ".join(mask(head).split()), limit)


def shortened(text: str, limit: int) -> str:
    """The beginning of a text, with ``…`` in the place of what is left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
