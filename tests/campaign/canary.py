"""A canary is a secret that must not be seen: this looks for one in texts, in values and in the frames of errors."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from collections.abc import Iterator, Mapping
from functools import cache
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from pydantic import SecretBytes, SecretStr

CANARY = "Aa1!" + "canary-" * 2 + "%=+tweet"
"""A valid password with characters that encodings change."""
ODD = "Aa1!" + "canary " * 2 + 'é<&"\\tweet'
"""A secret with the characters that encodings change most; no rule of the service allows it."""
PLAIN = "Aa1!" + "canary" * 3
"""A valid password that also fits into a header."""
_OPAQUE = (SecretStr, SecretBytes, ModuleType, FunctionType, BuiltinFunctionType, MethodType, type, FrameType)


@cache
def spellings(secret: str) -> dict[str, str]:
    """The encodings in which a secret can come back, by name."""
    raw = secret.encode()
    return {
        "plain": secret,
        "JSON": json.dumps(secret)[1:-1],
        "JSON with Unicode": json.dumps(secret, ensure_ascii=False)[1:-1],
        "JSON in JSON": json.dumps(json.dumps(secret)[1:-1])[1:-1],
        "JSON for HTML": json.dumps(secret)[1:-1].replace("<", "\\u003c").replace("&", "\\u0026"),
        "repr": repr(secret)[1:-1],
        "repr of bytes": repr(raw)[2:-1],
        "URL": urllib.parse.quote(secret, safe=""),
        "URL in small letters": "".join(
            char if char.isascii() and char.isalnum() else urllib.parse.quote(char, safe="").lower() for char in secret
        ),
        "form": urllib.parse.quote_plus(secret),
        "URL, every byte": "".join(f"%{byte:02X}" for byte in raw),
        "HTML": html.escape(secret),
        "HTML, every character": "".join(f"&#{ord(char)};" for char in secret),
        "HTML, hexadecimal": "".join(f"&#x{ord(char):x};" for char in secret),
        "base64": base64.b64encode(raw).decode(),
        "base64 of user and password": base64.b64encode(b"ann:" + raw).decode(),
        "base64 of more": base64.b64encode(b"user=" + raw + b"&more").decode(),
        "base64 for URLs": base64.urlsafe_b64encode(b"u:" + raw).decode(),
        "hexadecimal": raw.hex(),
        "HEXADECIMAL": raw.hex().upper(),
    }


def in_text(text: str, *canaries: str) -> bool:
    """True if a text holds a canary, in any spelling."""
    return any(spelling in text for canary in canaries for spelling in spellings(canary).values())


def in_frames(error: BaseException, *canaries: str) -> list[str]:
    """Find canaries in an error, its chain, its notes, and the variables of our frames and of those below them.

    Args:
        error: the error, as it was caught.
        canaries: what to look for.

    Returns:
        The places, such as ``create_many: password``.
    """
    found: list[str] = []
    for each in _chain(error):
        told = [str(each), repr(each), repr(each.args), repr(getattr(each, "__notes__", ())), repr(vars(each))]
        found += [f"the text of {type(each).__name__}" for text in told if in_text(text, *canaries)]
        found += [f"{type(each).__name__}: {place}" for place in _in_value(vars(each), canaries, "", set())]
        below = False
        trace = each.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            name = str(frame.f_globals.get("__name__"))
            ours = name.partition(".")[0] == "gaussnb"
            below = below or ours
            if below and name.partition(".")[0] not in ("tests", "campaign", "test_discretion", "unittest", "__main__"):
                for variable, value in frame.f_locals.items():
                    place = f"{name}.{frame.f_code.co_name}: {variable}"
                    found += _in_value(value, canaries, place, set())
            trace = trace.tb_next
    return found


def in_value(value: Any, *canaries: str) -> list[str]:
    """Find canaries in a value: in its repr, its items and its attributes, but not in what is hidden on purpose."""
    return _in_value(value, canaries, type(value).__name__, set())


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting, seen = [error], set()
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [inner for inner in (each.__cause__, each.__context__) if inner is not None]
            waiting += getattr(each, "exceptions", ())


def _in_value(value: Any, canaries: tuple[str, ...], place: str, seen: set[int], depth: int = 8) -> list[str]:
    if isinstance(value, str):
        return [place] if any(canary in value for canary in canaries) else []
    if isinstance(value, (bytes, bytearray)):
        return [place] if any(canary.encode() in value for canary in canaries) else []
    if isinstance(value, (int, float, type(None))) or id(value) in seen or not depth:
        return []
    seen.add(id(value))
    try:
        found = [place] if in_text(repr(value), *canaries) else []
    except Exception:  # an object that is only half made
        found = []
    if isinstance(value, _OPAQUE):
        return found
    inner: list[tuple[str, Any]] = []
    if isinstance(value, Mapping) and isinstance(value, dict):
        inner = [(f"{place}[…]", item) for pair in value.items() for item in pair]
    elif isinstance(value, (list, tuple, set, frozenset)):
        inner = [(f"{place}[…]", item) for item in value]
    inner += [(f"{place}.{name}", item) for name, item in getattr(value, "__dict__", {}).items()]
    for where, item in inner:
        found += _in_value(item, canaries, where, seen, depth - 1)
    return found
