"""The exceptions, sorted by who has to act.

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
    │   ├── Busy                    · other work goes on
    │   ├── Throttled               · too many requests
    │   │                           nothing to do here; report it if it stays:
    │   └── ServerError             · the service failed
    │       └── NotSimulated        · the sandbox knows the operation but does not act it out
    ├── BadAnswer                   the answer to a read is not usable  (also ValueError)
    ├── Unreachable                 no answer at all                    (also ConnectionError)
    ├── CredentialsError            no usable credentials or endpoint   (also ValueError)
    ├── InvalidRows                 a row of a table is not valid       (also ValueError)
    ├── LedgerError                 a creation cannot be noted          (also OSError)
    ├── UnknownOutcome              a write that may have been done, or not
    ├── WaitFailed                  the work that was waited for failed
    └── WaitTimeout                 the work is still going on          (also TimeoutError)

The error code of a service decides about the class before the HTTP status does: see :mod:`gaussnb.core.refusals`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from .secrets import one_line, shortened

if TYPE_CHECKING:
    import pandas as pd

Retry: TypeAlias = Literal["never", "busy", "throttle", "token", "server"]
"""When the same request could succeed: never; when the thing is no longer busy; after a pause (throttle); once,
with a new token; later, because the server failed. After a :class:`ServerError` a write may have been done all the
same."""


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
        return f"{type(self).__name__}({shortened(str(self), 120)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickle calls the class with `args`; these classes take keywords, so `_rebuild` restores the attributes.
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
        error_code: the service's own error code; empty when it sent none.
        error_msg: the service's own message.
        request_id: the id of the request, which the vendor's support asks for.
        operation: name of the operation that was called.
        hint: what to do next, in one sentence; none by default.
        retry: when the same request could succeed; by default, what is usual for the class.

    Attributes:
        retry_after: seconds after which the service wants to be asked again, if it said so.
        own: True if the answer was in the service's own words, and not in those of a proxy.

    >>> print(InvalidRequest(status=400, error_code="X.1", error_msg="Bad name", operation="Op", hint="Shorten it."))
    Op: Bad name (HTTP 400, X.1). Shorten it.
    """

    usual_retry: ClassVar[Retry] = "never"
    # A repr works before `__init__` has run, too.
    status: int = 0
    error_code: str = ""
    operation: str = ""
    retry_after: float | None = None
    own: bool = False

    def __init__(
        self,
        *,
        status: int,
        error_code: str = "",
        error_msg: str = "",
        request_id: str = "",
        operation: str = "",
        hint: str | None = None,
        retry: Retry | None = None,
    ) -> None:
        self.status = status
        self.error_code = error_code
        self.error_msg = error_msg
        self.request_id = request_id
        self.operation = operation
        self.hint = hint or ""
        self.retry: Retry = self.usual_retry if retry is None else retry
        what = error_msg.rstrip(". ") or "the service refused"
        facts = _facts(status, error_code, request_id)
        super().__init__(f"{operation or 'request'}: {what} ({facts}). {self.hint}".rstrip())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.status}, {self.error_code!r}, operation={self.operation!r})"


class InvalidRequest(ApiError, ValueError):
    """The service refuses the request: change an argument."""


class NotFound(ApiError, LookupError):
    """The named thing does not exist in this project."""


class PermissionDenied(ApiError, PermissionError):
    """The user is authenticated but has no permission for this."""


class AuthenticationError(ApiError):
    """The token, password or signature was not accepted."""


class QuotaExceeded(ApiError):
    """A limit of the account, the project or the thing is reached."""


class Busy(ApiError):
    """The thing is in a state, or in the middle of an operation, that forbids this now."""

    usual_retry: ClassVar[Retry] = "busy"


class Throttled(ApiError):
    """Too many requests in a short time."""

    usual_retry: ClassVar[Retry] = "throttle"


class ServerError(ApiError):
    """The service failed. A write may have been done all the same: look before repeating it."""

    usual_retry: ClassVar[Retry] = "server"


class NotSimulated(ServerError):
    """The endpoint knows the operation but does not carry it out: HTTP 501, as the sandbox sends it."""

    usual_retry: ClassVar[Retry] = "never"


class BadAnswer(GaussnbError, ValueError):
    """The answer to a read cannot be read as an answer of this API. After a write it is an :class:`UnknownOutcome`.

    Args:
        reason: the reason in a few words.
        operation, status, request_id: as in `ApiError`.
        excerpt: the beginning of the answer, cut to 200 characters, with everything masked that looks like a secret.

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
        self.excerpt = one_line(head.decode("utf-8", "replace") if isinstance(head, bytes) else head, 200)
        shown = f": {self.excerpt}" if self.excerpt else ""
        super().__init__(f"{operation or 'request'}: {reason} ({_facts(status, '', request_id)}){shown}")


class Unreachable(GaussnbError, ConnectionError):
    """No answer came: name resolution, connection, TLS or time-out. Raised when nothing can have been changed."""


class CredentialsError(GaussnbError, ValueError):
    """No usable credentials or endpoint were found; the message says where they were looked for."""


class InvalidRows(GaussnbError, ValueError):
    """Rows of a table are not valid. Nothing was sent.

    Args:
        errors: DataFrame with the columns row, field and message.
        count: number of rows in the table.
    """

    def __init__(self, errors: pd.DataFrame, count: int) -> None:
        self.errors = errors
        bad, first = errors["row"].nunique(), errors.iloc[0]
        what = f"{bad} of {count} rows are not valid" if bad else "The table is not valid"
        place = f"row {first['row']}" if bad else "the table"
        field = f", {first['field']}" if first["field"] else ""
        more = f" All {len(errors)} errors are in .errors." if len(errors) > 1 else ""
        super().__init__(f"{what}; nothing was sent. In {place}{field}: {first['message']}.{more}")


class LedgerError(GaussnbError, OSError):
    """A creation cannot be noted in the ledger of this machine, so it was not sent.

    Args:
        message: the file, the reason and the remedy.
        path: the file.
        reason: the reason in a few words.
    """

    def __init__(self, message: str = "", *, path: str = "", reason: str = "") -> None:
        self.path = path
        self.reason = reason
        super().__init__(message)


class UnknownOutcome(GaussnbError):
    """A write was sent, and no answer of the service tells if it was done. It was not repeated.

    The answer was lost, broke off, came from somebody between the client and the service, or lacks what a success of
    this operation has. Look at what exists before asking again.

    Args:
        message: one or two sentences; a standard one when left out.
        operation: the operation.
        name: the name of the thing it was to create, or the id of the thing it was to change.
        candidates: DataFrame of existing things that could be the result, or None if they could not be looked up.
        key: the key of the request in the ledger of this machine.
        status, request_id: of the answer, if one came.
        reason: the reason of the doubt, in a sentence.

    >>> UnknownOutcome(operation="CreateInstance", name="demo")
    UnknownOutcome(operation='CreateInstance', name='demo')
    """

    operation: str = ""
    name: str = ""

    def __init__(
        self,
        message: str = "",
        *,
        operation: str,
        name: str = "",
        candidates: pd.DataFrame | None = None,
        key: str = "",
        status: int = 0,
        request_id: str = "",
        reason: str = "",
    ) -> None:
        self.operation = operation
        self.name = name
        self.candidates = candidates
        self.key = key
        self.status = status
        self.request_id = request_id
        of = f" of {name!r}" if name else ""
        self.reason = reason or f"{operation}{of}: the answer was lost."
        super().__init__(message or f"{self.reason.rstrip('.')}. It may have been done: look before asking again.")

    def __repr__(self) -> str:
        return f"UnknownOutcome(operation={self.operation!r}, name={self.name!r})"


class _Waited(GaussnbError):
    """The base of both errors of waiting: history and last frame."""

    def __init__(
        self, message: str = "", *, history: pd.DataFrame | None = None, frame: pd.DataFrame | None = None
    ) -> None:
        self.history = history
        self.frame = frame
        super().__init__(message)


class WaitFailed(_Waited):
    """The work that was waited for reached a failed state.

    Args:
        message: the state, and the id of the thing.
        history: DataFrame of the observed changes.
        frame: DataFrame of the last rows.
    """


class WaitTimeout(_Waited, TimeoutError):
    """Waiting ended, the work in the cloud goes on.

    Args:
        message: last state, elapsed time, and the call that continues the wait.
        history, frame: as in `WaitFailed`.
    """


def _facts(status: int, code: str, request_id: str) -> str:
    facts = (f"HTTP {status}" if status else "", code, f"request id {request_id}" if request_id else "")
    return ", ".join(filter(None, facts)) or "no status"
