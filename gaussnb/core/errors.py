"""What can go wrong, sorted by who has to act.

::

    GaussnbError
    ├── ApiError                    the service answered with an error
    │   │                           change the request:
    │   ├── InvalidRequest          · an argument is wrong              (also ValueError)
    │   ├── NotFound                · it is not there                   (also LookupError)
    │   │                           ask the account's administrator:
    │   ├── PermissionDenied        · the user may not do this          (also PermissionError)
    │   ├── AuthenticationError     · the login, token or key is wrong
    │   ├── QuotaExceeded           · a limit of the account is reached
    │   │                           come back later:
    │   ├── Busy                    · the instance is doing something else
    │   ├── Throttled               · too many requests
    │   │                           nothing to do here, report it if it stays:
    │   └── ServerError             · the service failed
    │       └── NotSimulated        · the sandbox knows the operation but does not act it out
    ├── BadAnswer                   the answer cannot be read           (also ValueError)
    ├── Unreachable                 no answer at all                    (also ConnectionError)
    ├── CredentialsError            who am I, and where?                (also ValueError)
    ├── InvalidRows                 a row of a table does not hold      (also ValueError)
    ├── UnknownOutcome              a write whose answer was lost
    ├── WaitFailed                  what was waited for ended badly
    └── WaitTimeout                 it is still going on                (also TimeoutError)

This service says 400 for "not found" and 403 for "busy", so its error code is looked up in `CODES` before the HTTP
status is. The same table is what the sandbox answers with.
"""

from __future__ import annotations

import html
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import responses
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..nosql.error_codes import TABLE

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CODES",
    "NOT_SIMULATED",
    "ApiError",
    "AuthenticationError",
    "BadAnswer",
    "Busy",
    "Code",
    "CredentialsError",
    "GaussnbError",
    "InvalidRequest",
    "InvalidRows",
    "NotFound",
    "NotSimulated",
    "PermissionDenied",
    "QuotaExceeded",
    "Retry",
    "ServerError",
    "Throttled",
    "UnknownOutcome",
    "Unreachable",
    "WaitFailed",
    "WaitTimeout",
    "class_for",
    "code_for",
    "error_from_answer",
    "mask",
]

Retry: TypeAlias = Literal["never", "busy", "throttle", "token", "server"]


# --- the tree ---------------------------------------------------------------------------------------------------------


class GaussnbError(Exception):
    """Root of everything this package raises on purpose.

    Args:
        message: one or two sentences for a person.

    >>> GaussnbError("Something happened.")
    GaussnbError('Something happened.')
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_cut(str(self), 120)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions pickle by calling the class with `args`; ours take keywords, so they are put back together.
        return _rebuild, (type(self), self.args, dict(self.__dict__))


def _rebuild(cls: type[GaussnbError], args: tuple[Any, ...], state: dict[str, Any]) -> GaussnbError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


class ApiError(GaussnbError):
    """The service answered, and the answer is an error.

    Args:
        status: HTTP status.
        error_code: the service's own code, such as ``DBS.280234``; empty when it sent none.
        error_msg: the service's own words.
        request_id: what the vendor's support asks for.
        operation: name of the operation that was called.
        hint: what to do next; by default the sentence `CODES` has for this code.

    Attributes:
        retry_after: seconds after which the service wants to be asked again, if it said so.

    >>> print(InvalidRequest(status=400, error_code="DBS.280234", error_msg="Invalid name.", operation="Create"))
    Create: Invalid name (HTTP 400, DBS.280234). Use 4 to 64 characters: a letter, then letters, digits, - or _.
    """

    retry_after: float | None = None

    def __init__(
        self,
        *,
        status: int,
        error_code: str = "",
        error_msg: str = "",
        request_id: str = "",
        operation: str = "",
        hint: str | None = None,
    ) -> None:
        self.status = status
        self.error_code = error_code
        self.error_msg = error_msg
        self.request_id = request_id
        self.operation = operation
        self.hint = code_for(status, error_code).hint if hint is None else hint
        what = error_msg.rstrip(". ") or "the service refused"
        facts = _facts(status, error_code, request_id)
        super().__init__(f"{operation or 'request'}: {what} ({facts}). {self.hint}".rstrip())

    @property
    def retry(self) -> Retry:
        """When the same request could succeed; see `Code.retry`."""
        return code_for(self.status, self.error_code).retry

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.status}, {self.error_code!r}, operation={self.operation!r})"


class InvalidRequest(ApiError, ValueError):
    """The service refuses what was asked: change an argument."""


class NotFound(ApiError, LookupError):
    """What was named does not exist, or not in this project."""


class PermissionDenied(ApiError, PermissionError):
    """The user is known but may not do this."""


class AuthenticationError(ApiError):
    """The token, password or signature was not accepted."""


class QuotaExceeded(ApiError):
    """A limit of the account, project or instance is reached."""


class Busy(ApiError):
    """The instance is in a state, or in the middle of an operation, that forbids this now."""


class Throttled(ApiError):
    """Too many requests in a short time."""


class ServerError(ApiError):
    """The service failed. A write may have been done all the same: look before repeating it."""


class NotSimulated(ServerError):
    """The endpoint knows the operation but does not carry it out: HTTP 501, as the sandbox sends it."""


class BadAnswer(GaussnbError, ValueError):
    """The server answered something that cannot be read as an answer of this API.

    Args:
        reason: what was wrong with it, in a few words.
        operation, status, request_id: as in `ApiError`.
        excerpt: the beginning of the answer; kept to 200 characters, with anything that looks like a secret
            masked.

    >>> BadAnswer("not JSON", operation="ListInstances", status=200, excerpt=b"<html>").excerpt
    '<html>'
    """

    def __init__(
        self,
        reason: str = "the answer cannot be read",
        *,
        operation: str = "",
        status: int = 0,
        request_id: str = "",
        excerpt: str | bytes = "",
    ) -> None:
        self.status = status
        self.request_id = request_id
        self.operation = operation
        head = excerpt[:4_000]
        self.excerpt = _plain(head.decode("utf-8", "replace") if isinstance(head, bytes) else head, 200)
        shown = f": {self.excerpt}" if self.excerpt else ""
        super().__init__(f"{operation or 'request'}: {reason} ({_facts(status, '', request_id)}){shown}")


class Unreachable(GaussnbError, ConnectionError):
    """No answer came: name resolution, connection, TLS or time-out. Raised when nothing can have been changed."""


class CredentialsError(GaussnbError, ValueError):
    """No usable answer to "who am I, and where is the service?"; the message says where was looked."""


class InvalidRows(GaussnbError, ValueError):
    """Rows of a table do not hold. Nothing was sent.

    Args:
        errors: DataFrame of what is wrong: row, field, message.
        count: how many rows there are.
    """

    def __init__(self, errors: pd.DataFrame, count: int) -> None:
        self.errors = errors
        bad, first = errors["row"].nunique(), errors.iloc[0]
        what = f"{bad} of {count} rows do not hold" if bad else "The table does not hold"
        place = f"row {first['row']}" if bad else "the table"
        field = f", {first['field']}" if first["field"] else ""
        more = f" All {len(errors)} errors are in .errors." if len(errors) > 1 else ""
        super().__init__(f"{what}; nothing was sent. In {place}{field}: {first['message']}.{more}")


class UnknownOutcome(GaussnbError):
    """A write was sent, its answer was lost, and looking did not tell whether it was done. It was not repeated.

    Args:
        message: one or two sentences; a standard one when left out.
        operation, name: what was asked, and for which name.
        candidates: what exists now and could be the result, or None when it could not be looked up.
        key: where the request stands in the ledger of this machine.

    >>> UnknownOutcome(operation="CreateInstance", name="demo")
    UnknownOutcome(operation='CreateInstance', name='demo')
    """

    def __init__(
        self,
        message: str = "",
        *,
        operation: str,
        name: str = "",
        candidates: pd.DataFrame | None = None,
        key: str = "",
    ) -> None:
        self.operation = operation
        self.name = name
        self.candidates = candidates
        self.key = key
        of = f" of {name!r}" if name else ""
        super().__init__(
            message
            or f"{operation}{of}: the answer was lost, and it is not known whether the work was done. "
            "Look at what exists before asking again."
        )

    def __repr__(self) -> str:
        return f"UnknownOutcome(operation={self.operation!r}, name={self.name!r})"


class _Waited(GaussnbError):
    """What both ends of waiting share: what was seen so far."""

    def __init__(
        self, message: str = "", *, history: pd.DataFrame | None = None, frame: pd.DataFrame | None = None
    ) -> None:
        self.history = history
        self.frame = frame
        super().__init__(message)


class WaitFailed(_Waited):
    """What was waited for reached a state it will not leave by itself.

    Args:
        message: what happened, to which id.
        history: DataFrame of the observed changes.
        frame: DataFrame of the last rows seen.
    """


class WaitTimeout(_Waited, TimeoutError):
    """Waiting ended, the work in the cloud goes on.

    Args:
        message: last state, elapsed time, and how to take up the wait again.
        history, frame: as in `WaitFailed`.
    """


# --- the table --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Code:
    """What is known about one error code.

    Attributes:
        kind: the exception class.
        hint: one plain sentence: what to do next.
        retry: when the unchanged request could succeed: ``never``; when the instance is no longer ``busy``;
            after backing off (``throttle``); once, with a new ``token``; later, because the ``server``
            failed. After a `ServerError` a write may have been done, whatever this says.
        status: the HTTP status the service sends it with.
        text: a short message, as the sandbox sends it.
    """

    kind: type[ApiError]
    hint: str
    retry: Retry
    status: int
    text: str


NOT_SIMULATED = "SANDBOX.0501"
"""The code of the sandbox for an operation it knows but does not act out."""

_HEAD = re.compile(r"(?P<kind>\w+) (?P<status>\d{3})(?:, retry (?P<retry>\w+))?: (?P<hint>.+)")
_ROW = re.compile(r" {4}(?P<code>\S+) (?:(?P<status>\d{3}) )?(?P<text>.+)")


def _usual_retry(kind: type[ApiError], status: int) -> Retry:
    if issubclass(kind, NotSimulated):
        return "never"
    if issubclass(kind, ServerError):
        return "server" if status >= 500 else "never"  # a 4xx is an answer: it was not done, and will not be
    return "busy" if issubclass(kind, Busy) else "throttle" if issubclass(kind, Throttled) else "never"


def _read_table(text: str) -> Iterator[tuple[str, Code]]:
    head: re.Match[str] | None = None
    for line in text.splitlines():
        if found := _HEAD.fullmatch(line):
            head = found
        elif head and (row := _ROW.fullmatch(line)):
            kind: type[ApiError] = globals()[head["kind"]]
            status = int(row["status"] or head["status"])
            retry: Any = head["retry"] or _usual_retry(kind, status)
            yield row["code"], Code(kind, head["hint"], retry, status, row["text"])
        else:
            raise ValueError(f"not a line of the code table: {line!r}")


CODES: Mapping[str, Code] = MappingProxyType(dict(_read_table(TABLE)))
"""Every known error code of the service, its gateway and IAM. ``APIG.*`` has the same numbers as ``APIGW.*``."""

_STATUSES: Mapping[int, tuple[type[ApiError], str]] = {
    401: (AuthenticationError, "Check user, password and account name, or the access key; then log in again."),
    403: (PermissionDenied, "Ask the account's administrator for the permission of this operation."),
    404: (NotFound, "Check the id, the project and the endpoint."),
    409: (Busy, "Wait until the instance is normal and try again."),
    410: (NotFound, "It is gone."),
    413: (InvalidRequest, "Send less at once."),
    429: (Throttled, "Slow down and try again after a pause."),
    501: (NotSimulated, CODES[NOT_SIMULATED].hint),
}


def code_for(status: int, code: str = "") -> Code:
    """What is known about an error, by its code and else by its HTTP status.

    Args:
        status: HTTP status of the answer.
        code: error code of the answer, if any.

    Returns:
        The row of `CODES`, or one made from the status for codes nobody has documented.

    >>> code_for(403, "DBS.200019").kind.__name__, code_for(403).kind.__name__
    ('Busy', 'PermissionDenied')
    """
    name = "APIGW." + code[5:] if code.startswith("APIG.") else code
    known = CODES.get(name)
    if known is not None and name != "APIGW.0201":
        return known
    text = responses.get(status, "Error") + "."
    if status in _STATUSES:
        kind, hint = _STATUSES[status]
    elif 400 <= status < 500:
        kind, hint = InvalidRequest, "Check the arguments against the operation's documentation."
    elif status >= 500:
        kind, hint = ServerError, "Try again later; look before repeating a write."
    else:
        kind, hint = ApiError, "This is not an answer of the service; check the endpoint. Redirects are not followed."
    retry: Retry = "token" if kind is AuthenticationError else _usual_retry(kind, status)
    return Code(kind, hint, retry, status, text)


def class_for(status: int, code: str = "") -> type[ApiError]:
    """The exception class of an error answer; the service's code decides before the HTTP status does.

    >>> class_for(400, "DBS.201204").__name__
    'NotFound'
    """
    return code_for(status, code).kind


# --- from an answer to an error ---------------------------------------------------------------------------------------

_READ = 65_536  # an error says what it has to say at the beginning; nobody parses a 30 MB page
_CODE_NAMES = ("error_code", "errCode", "errorCode", "code")
_TEXT_NAMES = ("error_msg", "errMsg", "errorMsg", "error_message", "message", "msg", "title", "error_description")
_ID_NAMES = ("request_id", "requestId", "requestid")
_ID_HEADERS = ("x-request-id", "x-iam-trace-id")


def error_from_answer(status: int, headers: Mapping[str, str], body: bytes, operation: str) -> ApiError:
    """Turn any error answer into the right exception. Never raises, whatever the body is.

    Args:
        status: HTTP status.
        headers: answer headers, in any case.
        body: answer body: one of the service's, the gateway's or IAM's JSON shapes, a proxy's HTML, cut off,
            or empty.
        operation: name of the operation that was called.

    Returns:
        An instance of the class that `class_for` names, with secrets masked.

    >>> error_from_answer(400, {}, b'{"error_code": "DBS.280016", "error_msg": "Gone."}', "ShowInstance")
    NotFound(400, 'DBS.280016', operation='ShowInstance')
    """
    text = bytes(body[:_READ]).decode("utf-8-sig", "replace") if body else ""
    code, message, request_id = _read_error(text)
    if code == str(status):
        code = ""  # Keystone repeats the HTTP status as its code
    by_name = {str(name).lower(): value for name, value in headers.items()} if headers else {}
    request_id = next((_word(by_name[name]) for name in _ID_HEADERS if by_name.get(name)), request_id)
    return class_for(status, code)(
        status=status,
        error_code=code,
        error_msg=message or responses.get(status, ""),
        request_id=request_id,
        operation=operation,
    )


def _read_error(text: str) -> tuple[str, str, str]:
    """(code, message, request id) of an error body, each possibly empty."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        if text.lstrip()[:1] in ("{", "["):
            return _search(text)
        return "", _without_markup(text), ""
    if not isinstance(data, (dict, list)):
        return "", _plain(str(data), 500), ""
    pairs = []
    request_id = ""
    for each in _objects(data):
        code = next(filter(None, (_word(each.get(name)) for name in _CODE_NAMES)), "")
        message = next(filter(None, (_sentence(each.get(name)) for name in _TEXT_NAMES)), "")
        pairs.append((code, message))
        request_id = request_id or next(filter(None, (_word(each.get(name)) for name in _ID_NAMES)), "")
    best = max(pairs, key=lambda pair: (all(pair), any(pair)), default=("", ""))
    return (*best, request_id) if any(best) else ("", _plain(text, 500), request_id)


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
    return _word(code), _plain(message or text, 500), _word(request_id)


def _without_markup(text: str) -> str:
    title = re.search(r"<title[^>]*>([^<]*)", text, re.IGNORECASE)
    if title and title[1].strip():
        return _plain(html.unescape(title[1]), 500)
    return _plain(html.unescape(re.sub(r"<[^>]{0,2000}>", " ", text[:4_000])), 500)


def _word(value: Any) -> str:
    """A code or an id: short, one line; anything structured is not one."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return _plain(str(value), 128) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _sentence(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    return _plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 500)


# --- text that may be shown -------------------------------------------------------------------------------------------

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


def tells_secret(name: str) -> bool:
    """Whether what is called like this is a password, a key or a token.

    >>> tells_secret("user_pwd"), tells_secret("keyspace")
    (True, False)
    """
    return _NAME.search(name) is not None


def mask(text: str) -> str:
    """Blot out what looks like a password, key or token in text that came from elsewhere.

    >>> mask('{"name": "demo", "password": "hush"}')
    '{"name": "demo", "password": ***}'
    """
    return _TOKEN.sub("***", _SECRET.sub(r"\g<name>***", text))


def _plain(text: str, limit: int) -> str:
    """One masked line of printable text, at most `limit` characters."""
    head = "".join(char if char.isprintable() else " " for char in text[: 8 * limit])
    return _cut(" ".join(mask(head).split()), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _facts(status: int, code: str, request_id: str) -> str:
    facts = (f"HTTP {status}" if status else "", code, f"request id {request_id}" if request_id else "")
    return ", ".join(filter(None, facts)) or "no status"
