"""Secrets in values and in texts: reveal them for the wire, and leave them out or mask them everywhere else.

:func:`walk` is the one function that walks through a value; :func:`reveal`, :func:`find`, :func:`replaced`,
:func:`hidden` and :func:`masked` use it. :class:`KnownSecrets` cuts the secrets of a client out of every answer, since
the client knows them; :func:`mask` guesses by name and look, for texts whose secrets nobody here knows.
:class:`Hidden` and :class:`HiddenMapping` keep values out of verbose tracebacks.
"""

from __future__ import annotations

import base64
import html
import json
import logging
import re
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final, Generic, ParamSpec, TypeAlias, TypeVar
from weakref import WeakSet

from pydantic import BaseModel, SecretStr
from pydantic_core import from_json

from .faces import face

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

    Raises:
        ValueError: the value is nested too deeply, or holds itself.

    >>> walk({"size": 1, "parts": [2, 3]}, lambda path, part: LEFT_OUT if part == 2 else part)
    {'size': 1, 'parts': [3]}
    """
    try:
        return _walk(value, change, path)
    except RecursionError:
        pass
    raise ValueError("a value is nested too deeply, or holds itself")


def _walk(value: Any, change: Callable[[Path, Any], Any], path: Path) -> Any:
    changed = change(path, value)
    if changed is not value:
        return changed
    if isinstance(value, BaseModel):
        value = {name: item for name, item in value if item is not None}
    if isinstance(value, Mapping):
        parts = {name: _walk(item, change, (*path, name)) for name, item in value.items()}
        return {name: part for name, part in parts.items() if part is not LEFT_OUT}
    if isinstance(value, (list, tuple)):
        items = [_walk(item, change, (*path, number)) for number, item in enumerate(value)]
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


def find(value: object, names: Container[str] = ()) -> list[SecretStr]:
    """Every secret in a value: each ``SecretStr``, and each text that is called like a secret.

    Args:
        value: a model, a mapping, a list or a leaf.
        names: names of fields that hold a secret although they do not sound like one.

    >>> find({"name": "demo", "login": {"password": SecretStr("hush")}, "auth": {"api_key": "mum"}})
    [SecretStr('**********'), SecretStr('**********')]
    """
    found: list[SecretStr] = []

    def note(path: Path, part: Any) -> Any:
        if isinstance(part, SecretStr):
            found.append(part)
        elif _is_secret_by_name(path, part, names):
            found.append(SecretStr(str(part)))
        return part

    walk(value, note)
    return found


def _is_secret_by_name(path: Path, part: object, known: Container[str]) -> bool:
    """True for a text below the name of a secret. A number counts only if it is as long as a password."""
    if not isinstance(part, str) and not (isinstance(part, int) and part > 99_999):
        return False
    names = [name for name in path if isinstance(name, str)]
    # The objects "auth" and "password" of a login enclose the names of the user as well.
    outer = [name for name in names[:-1] if name not in ("auth", "password")]
    return any(name in known or is_secret_name(name) for name in [*outer, *names[-1:]])


def replaced(value: Any, secret: Callable[[Path], str]) -> Any:
    """The JSON value of a value, with a text in the place of every secret.

    Args:
        value: a model, a mapping, a list or a leaf.
        secret: makes the text from the path of the secret.

    >>> replaced({"password": SecretStr("hush")}, lambda path: f"${path[-1]}")
    {'password': '$password'}
    """
    return walk(value, lambda path, part: secret(path) if isinstance(part, SecretStr) else _revealed(path, part))


def hidden(value: Any, secrets: Container[SecretStr], mask: str = MASK) -> Any:
    """A JSON value with a mask in the place of every text that is one of ``secrets``.

    >>> hidden({"password": "hush"}, [SecretStr("hush")])
    {'password': '***'}
    """
    return walk(value, lambda path, part: mask if isinstance(part, str) and SecretStr(part) in secrets else part)


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


# -------------------------------------------------------------------------------------------------------- hidden values

P = ParamSpec("P")
T = TypeVar("T")


class Hidden(Generic[T]):
    """A value that no view shows: neither its ``repr`` nor its attributes lead to the value.

    A verbose traceback prints the local variables of every frame. A frame through which an error may pass therefore
    holds a secret only inside of this or of a ``SecretStr``. Some tracebacks also print the attributes that stand in
    the lines of a frame, but none calls a method.

    >>> held = Hidden(["hush"])
    >>> held, held.open()
    (<hidden list>, ['hush'])
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def open(self) -> T:
        """The value."""
        return self._value

    @face
    def __repr__(self) -> str:
        return f"<hidden {type(self._value).__name__}>"

    def __reduce__(self) -> Any:
        raise TypeError("a hidden value stays in its process")


class HiddenMapping(Mapping[str, Any]):
    """Settings, variables or fields whose values no view shows: printers open a ``dict``, but not this mapping.

    >>> HiddenMapping({"sk": "hush"})
    <1 hidden value>
    """

    __slots__ = ("_held",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._held = Hidden(values)

    def __getitem__(self, name: str) -> Any:
        return self._held.open()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held.open())

    def __len__(self) -> int:
        return len(self._held.open())

    @face
    def __repr__(self) -> str:
        return f"<{len(self)} hidden value{'' if len(self) == 1 else 's'}>"


class _Arguments:
    """The arguments of a call, which no view shows."""

    __slots__ = ("_args", "_named")

    def __init__(self, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        self._args, self._named = Hidden(args), Hidden(named)

    @face
    def __repr__(self) -> str:
        return "<hidden arguments>"

    def pass_to(self, function: Callable[..., T]) -> T:
        return function(*self._args.open(), **self._named.open())


_BUGS = (AssertionError, AttributeError, IndexError, KeyError, NameError, RuntimeError)
"""Exceptions that no caller should meet: they keep their frames, for the person who mends the bug."""


def discreet(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that may be given a secret: a traceback of its errors shows no frame that holds the secret.

    The arguments are wrapped before anything can fail, and an error leaves without the frames in which the function
    and the libraries below worked with them. The errors in its chain lose their frames as well.

    >>> @discreet
    ... def check(password):
    ...     raise ValueError("too weak")
    >>> try:
    ...     check("hush")
    ... except ValueError as error:
    ...     error.__traceback__.tb_next.tb_frame.f_locals["given"], error.__traceback__.tb_next.tb_next
    (<hidden arguments>, None)
    """

    @wraps(function)
    def call(*args: P.args, **named: P.kwargs) -> T:
        given = _Arguments(args, named)
        # Not deleted: some tracebacks want a value for every parameter.
        args, named = (), {}  # type: ignore[assignment]
        try:
            return given.pass_to(function)
        except _BUGS:
            raise
        except BaseException as error:
            refused = _without_frames(error)
        raise refused

    return call


def _without_frames(error: BaseException) -> BaseException:
    chain: list[BaseException | None] = [error]
    seen: set[int] = set()
    while chain:
        each = chain.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = None
            chain += [each.__cause__, each.__context__]
    return error


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


def one_line(text: str, limit: int) -> str:
    """Masked, printable text on one line, at most ``limit`` characters."""
    head = "".join(char if char.isprintable() else " " for char in text[: 8 * limit])
    return shortened(" ".join(mask(head).split()), limit)


def shortened(text: str, limit: int) -> str:
    """The beginning of a text, with ``…`` in the place of what is left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


# -------------------------------------------------------------------------------------------------------- known secrets

_FEWEST = 3  # characters; one or two hide nothing, and stand in every text
_WEAK = 6  # a secret with fewer characters, or of digits only, is masked only as a whole word
_KEPT = 512  # secrets of requests that are remembered
_SMALL = 16_384  # bytes; a larger body is searched with less effort, see `_spans`
_RECENT = 32  # secrets that are looked for in every encoding, also in a large body
_DEPTH = 3  # escapes inside escapes, such as JSON in a text of JSON
_VIEWS = 16  # readings of one text with its escapes
_ESCAPES = tuple(
    re.compile(pattern, re.VERBOSE | re.DOTALL)
    for pattern in (
        rb"""\\ (?: u[dD][89abAB][0-9A-Fa-f]{2} \\u[dD][c-fC-F][0-9A-Fa-f]{2} | u[0-9A-Fa-f]{4} | U[0-9A-Fa-f]{8}
            | x[0-9A-Fa-f]{2} | . )""",
        rb"& (?: \#[0-9]{1,7} | \#[xX][0-9A-Fa-f]{1,6} | [A-Za-z][A-Za-z0-9]{1,23} ) ;",
        rb"% [0-9A-Fa-f]{2}",
    )
)
"""The escapes of JSON and ``repr``, of HTML and of URLs."""
_CONTROLS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f"}
_SAFE_RUN = re.compile(rb"[A-Za-z0-9_.-]+")  # characters that no usual encoding changes
_WORD = re.compile(rb"[\w\x80-\xff]")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_=-"
_BASE64_AFTER = re.compile(rb"[A-Za-z0-9+/_=-]*")
_PLAIN_NAME = re.compile(r"[a-z_]+")

_Spans = list[tuple[int, int]]


class _Needles:
    """A secret in the spellings in which it is looked for."""

    __slots__ = ("core", "encoded", "plain", "weak")

    def __init__(self, secret: str) -> None:
        raw = secret.encode("utf-8", "surrogatepass")
        self.weak = len(secret) < _WEAK or secret.isdecimal()
        self.plain = (raw, raw.replace(b" ", b"+")) if b" " in raw else (raw,)  # a form writes "+" for a blank
        core = max(_SAFE_RUN.findall(raw), key=len, default=b"")
        # An escape can only hide a secret that has other characters than those of its core.
        self.core = None if core == raw else core if len(core) >= _FEWEST else b""
        self.encoded = () if self.weak else tuple(dict.fromkeys((*_in_base64(raw), *_in_hex(raw), *_in_utf16(secret))))

    @face
    def __repr__(self) -> str:
        return "<a known secret>"


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """The part of a secret's base64 that does not depend on its neighbours, for each of the three alignments."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + raw)
        part = text[(0, 2, 3)[before] : (before + len(raw)) * 8 // 6]
        yield part
        yield part.translate(bytes.maketrans(b"+/", b"-_"))


def _in_hex(raw: bytes) -> Iterator[bytes]:
    yield raw.hex().encode()
    yield raw.hex().upper().encode()


def _in_utf16(secret: str) -> Iterator[bytes]:
    # The outer zeros are left out: so this is a part of both byte orders, if the first character is a Latin one.
    yield secret.encode("utf-16-le", "surrogatepass").rstrip(b"\0")
    yield secret.encode("utf-16-be", "surrogatepass").lstrip(b"\0")


class KnownSecrets:
    """The secrets that a client knows, to cut them out of everything that comes from a service.

    A service may quote a secret in any text: ``value hush-hush is too weak``. Nothing in this text looks like a
    secret, but the client sent it and knows it. A secret is found as it is, and

    * in escapes: of JSON, of ``repr``, percent-encoded, and HTML entities, also inside each other;
    * in base64, also of the URL-safe alphabet and in the middle of a longer text, and in hexadecimal digits;
    * in UTF-16.

    A secret of fewer than 6 characters, or of digits only, is cut out only where it is a whole word, and one of fewer
    than 3 characters is not looked for: else ordinary answers would be destroyed. Not found are parts of a secret,
    other letter case, and digests. The secrets of the login and the newest 512
    of requests are remembered. Safe to share between threads.

    >>> known = KnownSecrets()
    >>> known.add("hush-hush&co")
    >>> known.mask("value hush-hush&amp;co is too weak")
    'value *** is too weak'
    """

    # Two dictionaries and no lock: each step on them is atomic, and a lock could be held for ever in a forked child.
    __slots__ = ("__weakref__", "_login", "_sent")

    def __init__(self) -> None:
        self._login: dict[str, _Needles] = {}
        self._sent: dict[str, _Needles] = {}

    @face
    def __repr__(self) -> str:
        return f"<{len(self._login) + len(self._sent)} known secrets>"

    def __reduce__(self) -> Any:
        raise TypeError("known secrets stay in their process")

    def add(self, *secrets: SecretStr | str | None, login: bool = False) -> None:
        """Remember secrets; None and texts that are too short are passed over.

        Args:
            secrets: passwords, keys and tokens.
            login: True for the secrets of a login, which are never forgotten.
        """
        into = self._login if login else self._sent
        for secret in secrets:
            text = secret.get_secret_value() if isinstance(secret, SecretStr) else secret or ""
            if len(text.strip()) < _FEWEST or text in self._login or text in self._sent:
                continue
            into[text] = _Needles(text)
            if len(self._sent) > _KEPT:
                self._sent.pop([*self._sent][0], None)  # noqa: RUF015  # an iterator would notice other threads

    def mask(self, text: str) -> str:
        """Mask every known secret in a text."""
        body = text.encode("utf-8", "surrogatepass")
        spans = self._spans(body)
        return _cut(body, spans).decode("utf-8", "surrogatepass") if spans else text

    def mask_bytes(self, body: bytes) -> bytes:
        """Mask every known secret in the body of an answer; JSON stays JSON, and its numbers stay as they are."""
        if not (spans := self._spans(body)):
            return body
        if body.lstrip()[:1] in (b"{", b"["):
            try:
                return json.dumps(self.mask_value(from_json(body))).encode()
            except (ValueError, RecursionError):
                pass
        return _cut(body, spans)

    def mask_value(self, value: Any) -> Any:
        """Mask every known secret in the texts of a JSON value."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, Mapping):
            # A field may be called like a bad password: "instances" is no secret there.
            return {
                name if _PLAIN_NAME.fullmatch(str(name)) else self.mask(str(name)): self.mask_value(item)
                for name, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.mask_value(item) for item in value]
        return value

    def _spans(self, body: bytes) -> _Spans:
        """Find the places of secrets in a text.

        A large body is a list, and ordinary encodings leave a part of a secret as it is. So its escapes are read only
        if such a part stands in the body; and if there are many secrets, only the newest are looked for encoded.
        """
        needles = [*self._login.values(), *self._sent.values()]
        if not needles or not body:
            return []
        large = len(body) > _SMALL
        spans = _found(body, needles, needles[-_RECENT:] if large else needles)
        if large and not any(needle.core is not None and needle.core in body for needle in needles):
            return spans
        for view, way_back in _readings(body):
            for span in _found(view, needles, needles):
                for pieces in reversed(way_back):
                    span = pieces.back(span)
                spans.append(span)
        return spans


class KnownSecretsFilter(logging.Filter):
    """Masks the secrets of every living :class:`KnownSecrets` it was told of in the records of a logger.

    Another library may log what it sends for us: urllib3 logs the query of each request.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: WeakSet[KnownSecrets] = WeakSet()

    def watch(self, known: KnownSecrets) -> None:
        """Mask these secrets too, as long as they live."""
        self._known.add(known)

    def filter(self, record: logging.LogRecord) -> bool:
        text = masked = record.getMessage()
        for known in list(self._known):
            masked = known.mask(masked)
        if masked != text:
            record.msg, record.args = masked, None
        return True


def _found(body: bytes, plain: Iterable[_Needles], encoded: Iterable[_Needles]) -> _Spans:
    spans: _Spans = []
    for needle in plain:
        for text in needle.plain:
            at = body.find(text)
            while at >= 0:
                end = at + len(text)
                if not needle.weak or not (_WORD.match(body, end) or (at and _WORD.match(body, at - 1))):
                    spans.append((at, end))
                at = body.find(text, at + 1)
    for needle in encoded:
        for text in needle.encoded:
            at = body.find(text)
            while at >= 0:
                end = at + len(text)
                if after := _BASE64_AFTER.match(body, end):  # always, since it may be empty
                    end = after.end()
                spans.append((len(body[:at].rstrip(_BASE64)), end))
                at = body.find(text, end)
    return spans


class _Pieces:
    """The way back from a text without its escapes to the text with them."""

    __slots__ = ("after", "before")

    def __init__(self) -> None:
        self.before: list[int] = [0]
        """The beginning of each piece in the text with escapes. A piece is a run without escapes, or one escape."""
        self.after: list[int] = [0]
        """The beginning of each piece in the text without escapes."""

    def add(self, before: int, after: int) -> None:
        self.before.append(before)
        self.after.append(after)

    def back(self, span: tuple[int, int]) -> tuple[int, int]:
        start, end = span
        first, last = bisect_right(self.after, start) - 1, bisect_left(self.after, end) - 1
        return self._at(first, start), self._end(last, end)

    def _at(self, piece: int, place: int) -> int:
        return self.before[piece] + (place - self.after[piece] if self._is_run(piece) else 0)

    def _end(self, piece: int, place: int) -> int:
        return self._at(piece, place) if self._is_run(piece) else self.before[piece + 1]

    def _is_run(self, piece: int) -> bool:
        if piece + 1 == len(self.before):
            return True
        return self.before[piece + 1] - self.before[piece] == self.after[piece + 1] - self.after[piece]


def _readings(body: bytes) -> Iterator[tuple[bytes, list[_Pieces]]]:
    """Read a text without its escapes: each kind alone, one after the other, and one inside the other.

    Yields:
        The text without these escapes, and the way back through each layer.
    """
    waiting: deque[tuple[bytes, list[_Pieces]]] = deque([(body, [])])
    seen = {body}
    while waiting and len(seen) < _VIEWS:
        text, way_back = waiting.popleft()
        for kind in _ESCAPES if len(way_back) < _DEPTH else ():
            plain, pieces = _unescaped(text, kind)
            if plain not in seen:
                seen.add(plain)
                waiting.append((plain, [*way_back, pieces]))
                yield waiting[-1]


def _unescaped(body: bytes, kind: re.Pattern[bytes]) -> tuple[bytes, _Pieces]:
    pieces, out, here = _Pieces(), bytearray(), 0
    for escape in kind.finditer(body):
        out += body[here : escape.start()]
        pieces.add(escape.start(), len(out))
        out += _meaning(escape[0])
        here = escape.end()
        pieces.add(here, len(out))
    return bytes(out + body[here:]), pieces


def _meaning(escape: bytes) -> bytes:
    """The bytes that an escape stands for."""
    kind, rest = escape[:1], escape[1:]
    if kind == b"&":
        return html.unescape(escape.decode()).encode("utf-8", "replace")
    if kind == b"%":
        return bytes.fromhex(rest.decode())
    if rest[:1] == b"x" and len(rest) == 3:
        return bytes.fromhex(rest[1:].decode())
    if rest[:1] in b"uU" and len(rest) > 1:
        units = rest.decode().replace("\\", "")[1:].split("u")
        try:
            if len(units) == 1:
                return chr(int(units[0], 16)).encode("utf-8", "surrogatepass")
            return bytes.fromhex("".join(units)).decode("utf-16-be").encode()
        except (ValueError, OverflowError):
            return escape
    return _CONTROLS.get(rest, rest)


def _cut(body: bytes, spans: _Spans) -> bytes:
    """A text with one mask in the place of each span; spans that touch become one."""
    parts: list[bytes] = []
    here = 0
    for start, end in sorted(spans):
        if start > here or not parts:
            parts += [body[here:start], MASK.encode()]
        here = max(here, end)
    return b"".join([*parts, body[here:]])
