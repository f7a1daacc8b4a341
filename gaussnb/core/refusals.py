"""From an error answer to an exception: the table of error codes, and the reading of an answer.

A service may send 400 for "not found" and 403 for "busy". Therefore its error code is looked up in the table first; the
HTTP status decides only about codes that are not in the table.
"""

from __future__ import annotations

import html
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.client import responses
from typing import Any, cast

from . import errors
from .errors import (
    ApiError,
    AuthenticationError,
    Busy,
    InvalidRequest,
    NotFound,
    NotSimulated,
    PermissionDenied,
    Retry,
    ServerError,
    Throttled,
)
from .secrets import one_line


@dataclass(frozen=True, slots=True)
class Code:
    """The facts about one error code.

    Attributes:
        kind: the exception class.
        hint: what to do next, in one sentence.
        retry: when the same request could succeed.
        status: the HTTP status that the service sends with the code.
        text: a short message, which the sandbox sends with the code.
    """

    kind: type[ApiError]
    hint: str
    retry: Retry
    status: int
    text: str


NOT_SIMULATED = "SANDBOX.0501"
"""The code that the sandbox sends for an operation without a behaviour."""

_BY_STATUS: Mapping[int, tuple[type[ApiError], str]] = {
    401: (AuthenticationError, "Check user, password and account name, or the access key; then log in again."),
    403: (PermissionDenied, "Ask the account's administrator for the permission of this operation."),
    404: (NotFound, "Check the id, the project and the endpoint."),
    409: (Busy, "Wait until other work on the thing has ended, and try again."),
    410: (NotFound, "It is gone."),
    413: (InvalidRequest, "Send less at once."),
    429: (Throttled, "Slow down and try again after a pause."),
    501: (
        NotSimulated,
        "This endpoint does not carry the operation out; gaussnb.operations() shows what the sandbox simulates.",
    ),
}

_HEAD = re.compile(r"(?P<kind>\w+) (?P<status>\d{3})(?:, retry (?P<retry>\w+))?: (?P<hint>.+)")
_ROW = re.compile(r" {4}(?P<code>\S+) (?:(?P<status>\d{3}) )?(?P<text>.+)")


class ErrorCodes(Mapping[str, Code]):
    """A table of error codes, and the way from an answer to an exception.

    Args:
        codes: the facts about each code.
        aliases: a prefix of codes, and the prefix under which the table has the same codes.
        vague: codes that are sent with many HTTP statuses, and say less than the status does.

    The operator ``|`` joins two tables.

    >>> codes = ErrorCodes.from_text("NotFound 400: List the things.\\n    X.1 The thing does not exist.")
    >>> codes.error(status=400, error_code="X.1", operation="ShowThing").hint
    'List the things.'
    """

    def __init__(
        self,
        codes: Mapping[str, Code] | None = None,
        *,
        aliases: Mapping[str, str] | None = None,
        vague: Iterable[str] = (),
    ) -> None:
        self._codes = dict(codes or {})
        self._aliases = dict(aliases or {})
        self._vague = frozenset(vague)

    @classmethod
    def from_text(cls, text: str, *, aliases: Mapping[str, str] | None = None, vague: Iterable[str] = ()) -> ErrorCodes:
        """Read a table from its text.

        Args:
            text: paragraphs. The first line of a paragraph names the exception class, the HTTP status and what to do
                next, ``Busy 403, retry never: Wait.``; ``retry`` only where it differs from what is usual for the
                class. Every other line is a code, its HTTP status where it is another one, and its message.
            aliases, vague: as for the class.

        Raises:
            ValueError: a line is neither the first one of a paragraph nor a code.
        """
        return cls(dict(_read_table(text)), aliases=aliases, vague=vague)

    def __getitem__(self, code: str) -> Code:
        return self._codes[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def __or__(self, other: ErrorCodes) -> ErrorCodes:
        return ErrorCodes(
            self._codes | other._codes, aliases=self._aliases | other._aliases, vague=self._vague | other._vague
        )

    def code_for(self, status: int, code: str = "") -> Code:
        """The facts about an error, from its code or else from its HTTP status.

        Args:
            status: HTTP status of the answer.
            code: error code of the answer, if any.

        >>> ErrorCodes().code_for(409).kind.__name__
        'Busy'
        """
        name = next((new + code[len(old) :] for old, new in self._aliases.items() if code.startswith(old)), code)
        known = self._codes.get(name)
        return known if known is not None and name not in self._vague else _code_of_status(status)

    def error(
        self,
        *,
        status: int,
        error_code: str = "",
        error_msg: str = "",
        request_id: str = "",
        operation: str = "",
    ) -> ApiError:
        """The exception for an error: of the right class, with hint and retry filled in."""
        facts = self.code_for(status, error_code)
        return facts.kind(
            status=status,
            error_code=error_code,
            error_msg=error_msg,
            request_id=request_id,
            operation=operation,
            hint=facts.hint,
            retry=facts.retry,
        )

    def error_from_answer(self, status: int, headers: Mapping[str, str], body: bytes, operation: str) -> ApiError:
        """The exception for an error answer. Never raises, whatever the body is.

        Args:
            status: HTTP status.
            headers: answer headers, in any case.
            body: answer body: JSON of the service, the gateway or the identity service, a proxy's HTML, cut off, or
                empty.
            operation: name of the operation that was called.

        Returns:
            An error whose texts have their secrets masked.

        >>> ErrorCodes().error_from_answer(404, {}, b'{"error_code": "X.1", "error_msg": "Gone."}', "ShowThing")
        NotFound(404, 'X.1', operation='ShowThing')
        """
        text = bytes(body[:_READ]).decode("utf-8-sig", "replace") if body else ""
        code, message, request_id = _read_error(text)
        if code == str(status):
            code = ""  # an identity service may repeat the HTTP status as its code
        by_name = {str(name).lower(): value for name, value in headers.items()} if headers else {}
        request_id = next((_word(by_name[name]) for name in _ID_HEADERS if by_name.get(name)), request_id)
        error = self.error(
            status=status,
            error_code=code,
            error_msg=message or responses.get(status, ""),
            request_id=request_id,
            operation=operation,
        )
        error.own = is_own_answer(status, headers, body)
        return error


SANDBOX_CODES = ErrorCodes(
    {
        NOT_SIMULATED: Code(
            NotSimulated, _BY_STATUS[501][1], "never", 501, "The sandbox does not simulate this operation."
        )
    }
)
"""The codes that a sandbox has of its own."""


def _usual_retry(kind: type[ApiError], status: int) -> Retry:
    # A 4xx of a failed server is an answer: the work was not done, and a repeat will not do it.
    return "never" if kind.usual_retry == "server" and status < 500 else kind.usual_retry


def _code_of_status(status: int) -> Code:
    if status in _BY_STATUS:
        kind, hint = _BY_STATUS[status]
    elif 400 <= status < 500:
        kind, hint = InvalidRequest, "Check the arguments against the operation's documentation."
    elif status >= 500:
        kind, hint = ServerError, "Try again later; look before repeating a write."
    else:
        kind, hint = ApiError, "This is not an answer of the service; check the endpoint. Redirects are not followed."
    retry: Retry = "token" if kind is AuthenticationError else _usual_retry(kind, status)
    return Code(kind, hint, retry, status, responses.get(status, "Error") + ".")


def _read_table(text: str) -> Iterator[tuple[str, Code]]:
    head: re.Match[str] | None = None
    for line in text.splitlines():
        if found := _HEAD.fullmatch(line):
            head = found
        elif head and (row := _ROW.fullmatch(line)):
            kind: type[ApiError] = getattr(errors, head["kind"])
            status = int(row["status"] or head["status"])
            retry = cast("Retry", head["retry"]) or _usual_retry(kind, status)
            yield row["code"], Code(kind, head["hint"], retry, status, row["text"])
        else:
            raise ValueError(f"not a line of a table of error codes: {line!r}")


# --------------------------------------------------------------------------------------------------- reading an answer

_OWN_CODE = re.compile(r"[A-Za-z]{2,16}\.\d{2,12}")  # letters, a dot, digits: IAM.0011


def is_own_answer(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """True if an error answer is in the words of the service, of its gateway or of the identity service.

    An intermediary between the client and the service can answer with any status, also after the service executed the
    request. Only the service knows its own error codes; so a refusal of a write is believed if it has such a code, or
    the error object of the identity service. A bare status, HTML, and JSON of other shapes prove nothing.

    Args:
        status: HTTP status.
        headers: answer headers, in any case.
        body: answer body.

    >>> is_own_answer(403, {}, b'{"error_code": "XY.0308", "error_msg": "Busy."}')
    True
    >>> is_own_answer(429, {}, b"")
    False
    """
    if status < 400:
        return False
    try:
        answer = json.loads(bytes(body[:_READ]).decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return has_own_code(answer) or _is_identity_error(answer, status)


def has_own_code(answer: Any) -> bool:
    """True if an answer, or an object directly inside it, has an error code of the service."""
    if not isinstance(answer, dict):
        return False
    return any(
        isinstance(code := each.get(name), str) and _OWN_CODE.fullmatch(code) is not None
        for each in [answer, *(inner for inner in answer.values() if isinstance(inner, dict))]
        for name in _CODE_NAMES
    )


def _is_identity_error(answer: Any, status: int) -> bool:
    """True for ``{"error": {"code": 401, "title": "Unauthorized", "message": "…"}}``, alone and with this status."""
    error = answer.get("error") if isinstance(answer, dict) and len(answer) == 1 else None
    return (
        isinstance(error, dict)
        and str(error.get("code")) == str(status)
        and isinstance(error.get("title"), str)
        and isinstance(error.get("message"), str)
    )


_READ = 65_536  # bytes of a body that are parsed: an error stands at the beginning, and a body may have 30 MB
_CODE_NAMES = ("error_code", "errCode", "errorCode", "code")
_TEXT_NAMES = ("error_msg", "errMsg", "errorMsg", "error_message", "message", "msg", "title", "error_description")
_ID_NAMES = ("request_id", "requestId", "requestid")
_ID_HEADERS = ("x-request-id", "x-iam-trace-id")


def _read_error(text: str) -> tuple[str, str, str]:
    """(code, message, request id) of an error body, each possibly empty."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        if text.lstrip()[:1] in ("{", "["):
            return _search(text)
        return "", _without_markup(text), ""
    if not isinstance(data, (dict, list)):
        return "", one_line(str(data), 500), ""
    pairs: list[tuple[str, str]] = []
    request_id = ""
    for each in _objects(data):
        code = next(filter(None, (_word(each.get(name)) for name in _CODE_NAMES)), "")
        message = next(filter(None, (_sentence(each.get(name)) for name in _TEXT_NAMES)), "")
        pairs.append((code, message))
        request_id = request_id or next(filter(None, (_word(each.get(name)) for name in _ID_NAMES)), "")
    best = max(pairs, key=lambda pair: (all(pair), any(pair)), default=("", ""))
    code, message = best if any(best) else ("", one_line(text, 500))
    return code, message, request_id


def _objects(data: dict[str, Any] | list[Any]) -> Iterator[dict[str, Any]]:
    """The JSON objects in an answer, outer ones first; some services wrap the error once or twice."""
    waiting: deque[Any] = deque([data])
    for _ in range(500):
        if not waiting:
            return
        each = waiting.popleft()
        if isinstance(each, dict):
            yield each
            if isinstance(each.get("error"), str):
                yield {"message": each["error"]}
        inner = each.values() if isinstance(each, dict) else each
        waiting.extend(value for value in inner if isinstance(value, (dict, list)))


def _search(text: str) -> tuple[str, str, str]:
    """The same from JSON that was cut off or damaged."""

    def first(names: tuple[str, ...]) -> str:
        for name in names:
            found = re.search(rf'"{name}"\s*:\s*(?:"((?:[^"\\]|\\.){{0,2000}})|(-?\d{{1,20}}))', text)
            if found:
                return found[1] or found[2] or ""
        return ""

    code, message, request_id = first(_CODE_NAMES), first(_TEXT_NAMES), first(_ID_NAMES)
    return _word(code), one_line(message or text, 500), _word(request_id)


def _without_markup(text: str) -> str:
    title = re.search(r"<title[^>]*>([^<]*)", text, re.IGNORECASE)
    if title and title[1].strip():
        return one_line(html.unescape(title[1]), 500)
    return one_line(html.unescape(re.sub(r"<[^>]{0,2000}>", " ", text[:4_000])), 500)


def _word(value: object) -> str:
    """A code or an id: short, one line; anything structured is not one."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return one_line(str(value), 128) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _sentence(value: object) -> str:
    if value is None or isinstance(value, bool):
        return ""
    return one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 500)
