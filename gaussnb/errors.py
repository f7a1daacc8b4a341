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

    Parameters
    ----------
    message:
        One or two sentences for a person.

    Example
    -------
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

    Parameters
    ----------
    status:
        HTTP status.
    error_code:
        The service's own code, such as ``DBS.280234``; empty when it sent none.
    error_msg:
        The service's own words.
    request_id:
        What the vendor's support asks for.
    operation:
        Name of the operation that was called.
    hint:
        What to do next; by default the sentence `CODES` has for this code.

    Example
    -------
    >>> print(InvalidRequest(status=400, error_code="DBS.280234", error_msg="Invalid name.", operation="CreateInstance"))
    CreateInstance: Invalid name (HTTP 400, DBS.280234). Use 4 to 64 characters: a letter, then letters, digits, - or _.
    """

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

    Parameters
    ----------
    reason:
        What was wrong with it, in a few words.
    operation, status, request_id:
        As in `ApiError`.
    excerpt:
        The beginning of the answer; kept to 200 characters, with anything that looks like a secret masked.

    Example
    -------
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


class UnknownOutcome(GaussnbError):
    """A write was sent, its answer was lost, and looking did not tell whether it was done. It was not repeated.

    Parameters
    ----------
    message:
        One or two sentences; a standard one when left out.
    operation, name:
        What was asked, and for which name.
    candidates:
        What exists now and could be the result, or None when it could not be looked up.
    key:
        Where the request stands in the ledger of this machine.

    Example
    -------
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

    Parameters
    ----------
    message:
        What happened, to which id.
    history:
        DataFrame of the observed changes.
    frame:
        DataFrame of the last rows seen.
    """


class WaitTimeout(_Waited, TimeoutError):
    """Waiting ended, the work in the cloud goes on.

    Parameters
    ----------
    message:
        Last state, elapsed time, and how to take up the wait again.
    history, frame:
        As in `WaitFailed`.
    """


# --- the table --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Code:
    """What is known about one error code.

    Attributes
    ----------
    kind:
        The exception class.
    hint:
        One plain sentence: what to do next.
    retry:
        When the unchanged request could succeed: ``never``; when the instance is no longer ``busy``; after backing off
        (``throttle``); once, with a new ``token``; later, because the ``server`` failed. After a `ServerError` a write
        may have been done, whatever this says.
    status:
        The HTTP status the service sends it with.
    text:
        A short message, as the sandbox sends it.
    """

    kind: type[ApiError]
    hint: str
    retry: Retry
    status: int
    text: str


NOT_SIMULATED = "SANDBOX.0501"
"""The code of the sandbox for an operation it knows but does not act out."""

_LINE = re.compile(r"(?P<code>\S+)\s+(?:(?P<status>\d{3})\s+)?(?P<text>.+)")


def _usual_retry(kind: type[ApiError]) -> Retry:
    if issubclass(kind, NotSimulated):
        return "never"
    usual: tuple[tuple[type[ApiError], Retry], ...] = ((Busy, "busy"), (Throttled, "throttle"), (ServerError, "server"))
    return next((retry for parent, retry in usual if issubclass(kind, parent)), "never")


def _topic(
    kind: type[ApiError], status: int, hint: str, rows: str, retry: Retry | None = None
) -> Iterator[tuple[str, Code]]:
    """Codes that share a class and a hint. A row is ``code [status] text``; the status only where it differs."""
    for row in rows.strip().splitlines():
        line = _LINE.fullmatch(row.strip())
        if line is None:
            raise ValueError(f"not a row of the code table: {row!r}")
        yield line["code"], Code(kind, hint, retry or _usual_retry(kind), int(line["status"] or status), line["text"])


# fmt: off
def _table() -> Iterator[tuple[str, Code]]:
    yield from _topic(InvalidRequest, 400, "Check the arguments against the operation's documentation.", """
        DBS.200001 Parameter error.
        DBS.200095 Invalid parameter value.
        DBS.201006 Invalid request parameter.
        DBS.212017 Invalid parameter in the request.
        DBS.212019 Invalid parameter format.
        DBS.212037 Invalid parameter combination.
        DBS.280001 Invalid request parameters.
        DBS.290000 The request parameters are incorrect.
        DBS.280040 A mandatory parameter is missing or null.
        DBS.280042 The request is invalid.
        DBS.280391 Invalid action.""")
    yield from _topic(NotFound, 400, "Check the id, and that it belongs to this project and region.", """
        DBS.280016 The resource does not exist.""")
    yield from _topic(NotFound, 400, "List the instances of this project; the id may be mistyped, deleted, or of another "
                      "project or region.", """
        DBS.200002 404 The DB instance does not exist.
        DBS.201028 403 The DB instance was not found.
        DBS.201501 The instance does not exist.
        DBS.201502 The instance was not found.
        DBS.216016 The specified DB instance does not exist.
        DBS.280110 No such DB instance.
        DBS.200604 The DB instance does not belong to this user.
        DBS.200010 The DB instance does not belong to this project.""")
    yield from _topic(InvalidRequest, 400, "Copy the id from the list of instances.", """
        DBS.280404 Invalid DB instance ID.""")
    yield from _topic(NotFound, 400, "Look at the nodes in the list of instances.", """
        DBS.200013 404 The node does not exist.
        DBS.200451 The node was not found.
        DBS.216030 The node does not belong to the DB instance.
        DBS.280407 The specified node does not exist.""")
    yield from _topic(Busy, 403, "Wait until the instance is normal and try again; if its state is final, this cannot be "
                      "done.", """
        DBS.200011 The DB instance status does not allow this operation.
        DBS.200018 The current DB instance status does not support this operation.
        DBS.200076 The node status does not allow this operation.
        DBS.201000 The instance is in a state that forbids this operation.
        DBS.201014 The status of the DB instance is abnormal for this operation.
        DBS.200047 400 The operation is not possible in the current instance status.
        DBS.201202 400 The instance status does not allow a backup operation.""")
    yield from _topic(Busy, 403, "Wait until the instance is normal and has no running actions, then try again.", """
        DBS.200019 Another operation is being performed on the DB instance.
        DBS.201015 Another operation is in progress.
        DBS.212035 400 Another operation is being performed on the parameter template.
        DBS.201319 400 The backup is being used by a restoration.
        DBS.200311 400 The node status does not allow a storage change.
        CBC.99003651 400 Another operation is being performed on the order.""")
    yield from _topic(Busy, 500, "Wait a moment and try again.", """
        DBS.200998 The system is busy.""")
    yield from _topic(InvalidRequest, 400, "This instance does not take that operation.", """
        DBS.212003 The operation is not allowed.
        DBS.216029 The operation is not supported for this instance.
        DBS.280456 The billing mode does not allow this operation.
        DBS.280406 403 The DB instance cannot be deleted.""")
    yield from _topic(PermissionDenied, 403, "Ask the account's administrator for the GeminiDB permission of this "
                      "operation.", """
        DBS.280032 You do not have the permission for this operation.
        DBS.280015 400 The user is not authorized.
        DBS.280063 400 Insufficient permissions.""")
    yield from _topic(AuthenticationError, 403, "Log in again; the token is no longer accepted.", """
        DBS.280056 The token is invalid.""", retry="token")
    yield from _topic(ServerError, 500, "Try again later; if it stays, give the request id to the vendor.", """
        DBS.280064 The permission check failed.""")
    yield from _topic(ServerError, 500, "The service could not take the request now; look at the instance, then try "
                      "again.", """
        DBS.280005 Server error.""", retry="busy")
    yield from _topic(ServerError, 500, "Do not send it again: the change usually goes through, so watch the instance.", """
        DBS.111205 The service timed out.""", retry="never")
    yield from _topic(Throttled, 429, "Slow down and try again after a pause.", """
        DBS.280443 Too many requests.""")
    yield from _topic(QuotaExceeded, 500, "Delete something, or ask for a higher quota of the enterprise project.", """
        DBS.200165 The instance quota of the enterprise project is used up.
        DBS.200166 The vCPU quota of the enterprise project is used up.
        DBS.200167 The memory quota of the enterprise project is used up.""")
    yield from _topic(QuotaExceeded, 400, "Look at quotas.list(); delete an instance or ask for a higher quota.", """
        DBS.280280 The number of instances reaches the upper limit.""")
    yield from _topic(InvalidRequest, 400, "Use 4 to 64 characters: a letter, then letters, digits, - or _.", """
        DBS.280234 Invalid DB instance name.""")
    yield from _topic(InvalidRequest, 400, "Choose another name.", """
        DBS.200022 The DB instance name already exists.""")
    yield from _topic(InvalidRequest, 400, "The region must be the one of this endpoint.", """
        DBS.200024 Invalid region.""")
    yield from _topic(InvalidRequest, 400, "Use the project of the token; it differs for each region.", """
        DBS.280408 Invalid project ID.""")
    yield from _topic(InvalidRequest, 400, "Choose an enterprise project you may use, or leave it out where enterprise "
                      "projects are not enabled.", """
        DBS.280433 403 The enterprise project does not exist or cannot be used.
        DBS.280437 The enterprise project function is not enabled.""")
    yield from _topic(InvalidRequest, 400, "Choose availability zones where flavors.list() shows the flavor as normal.", """
        DBS.200025 The availability zone does not exist.
        DBS.200470 The availability zone is not supported.
        DBS.280244 Invalid availability zone.""")
    yield from _topic(InvalidRequest, 400, "Choose a VPC of this project and region.", """
        DBS.200048 The VPC is invalid.
        DBS.280247 Invalid VPC ID.""")
    yield from _topic(NotFound, 400, "Choose a VPC of this project and region.", """
        DBS.200503 The VPC does not exist.""")
    yield from _topic(InvalidRequest, 400, "Choose a subnet of the VPC, and give its network id.", """
        DBS.200049 The subnet is invalid.
        DBS.280248 Invalid subnet ID.""")
    yield from _topic(NotFound, 400, "Choose a subnet of the VPC, and give its network id.", """
        DBS.200501 The subnet does not exist.""")
    yield from _topic(InvalidRequest, 400, "Choose a security group of this project, other than the present one.", """
        DBS.200050 The security group is invalid.
        DBS.280249 Invalid security group ID.
        DBS.301040 The security group is the same as the current one.""")
    yield from _topic(NotFound, 400, "Choose a security group of this project.", """
        DBS.200502 The security group does not exist.""")
    yield from _topic(NotFound, 404, "Choose an engine this region offers.", """
        DBS.200042 The DB engine does not exist.""")
    yield from _topic(InvalidRequest, 400, "Choose an engine and storage engine this region offers, in lower case.", """
        DBS.201020 The DB engine is not supported.
        DBS.280235 Invalid DB engine type.
        DBS.280347 The DB engine type is not supported.
        DBS.280122 Invalid storage engine.
        DBS.280269 Invalid database information.
        DBS.280446 The database information is missing.""")
    yield from _topic(InvalidRequest, 400, "Choose a version of this engine.", """
        DBS.200041 The DB engine version does not exist.
        DBS.280236 Invalid DB engine version.
        DBS.212008 The DB engine version is not supported.""")
    yield from _topic(InvalidRequest, 400, "Choose a mode of this engine; its case matters.", """
        DBS.200063 The DB instance type is not supported.
        DBS.280341 Invalid DB instance type.
        DBS.280342 Invalid DB instance mode.
        DBS.200075 Invalid node role.
        DBS.280327 Invalid node type.
        DBS.280414 Invalid group type.
        DBS.280469 Invalid host group policy.""")
    yield from _topic(InvalidRequest, 400, "Choose a flavor from flavors.list() for this engine, mode and zone.", """
        DBS.200053 The specification does not exist.
        DBS.200054 The specification is not supported.
        DBS.280239 Invalid instance specifications.
        DBS.280240 Invalid specification code.
        DBS.280267 The specification code does not match the DB instance.
        DBS.280434 The specification is sold out.
        DBS.280445 The specification is not available in the availability zone.
        DBS.280480 The specification is the same as the current one.
        DBS.239013 The target specification is not suitable.
        DBS.240013 The target specification is too small for the data.""")
    yield from _topic(InvalidRequest, 400, "Choose a number of nodes this engine and mode allow.", """
        DBS.280123 Invalid number of nodes.
        DBS.240001 The number of nodes to be added is invalid.
        DBS.240002 The nodes cannot be added.
        DBS.239010 The nodes cannot be deleted.
        DBS.239011 The number of nodes to be deleted is invalid.
        DBS.239012 The node to be deleted is invalid.
        DBS.239014 Too few nodes would remain.
        DBS.240009 Deleting nodes is not supported.
        DBS.240010 The remaining nodes cannot hold the data.""")
    yield from _topic(QuotaExceeded, 400, "The instance has as many nodes as it may have.", """
        DBS.240012 The number of nodes reaches the upper limit.""")
    yield from _topic(InvalidRequest, 400, "Choose a size within the limits of the flavor; storage only grows.", """
        DBS.200072 Invalid storage space.
        DBS.200302 The storage space cannot be reduced.
        DBS.200306 The storage space is out of range.
        DBS.280242 Invalid storage size.
        DBS.280266 The storage size does not match the specification.
        DBS.280311 The storage size to be added is invalid.
        DBS.200303 The storage space exceeds what the instance supports.
        DBS.200304 The storage space can be scaled up four times at most.
        DBS.280453 Invalid storage pool.""")
    yield from _topic(QuotaExceeded, 403, "The instance has as much storage as it may have.", """
        DBS.200028 The storage space reaches the upper limit.""")
    yield from _topic(InvalidRequest, 400, "Use ULTRAHIGH.", """
        DBS.280241 Invalid storage type.
        DBS.280314 The storage type is not supported.""")
    yield from _topic(InvalidRequest, 400, "Check threshold, step and switch of the automatic storage scaling.", """
        DBS.03000002 Invalid autoscaling threshold.
        DBS.03000003 Invalid autoscaling step.
        DBS.03000004 Invalid autoscaling switch.""")
    yield from _topic(InvalidRequest, 400, "Use 8 to 32 characters with upper case, lower case, digits and some of "
                      "~!@#%^*-_=+?.", """
        DBS.200029 The password is invalid.
        DBS.200052 The password does not meet the requirements.
        DBS.280465 Invalid password length.
        DBS.280200 Invalid characters in the password.
        DBS.200068 The password is too weak.""")
    yield from _topic(ServerError, 400, "Look at the instance, then try again.", """
        DBS.200077 The password could not be changed.""")
    yield from _topic(InvalidRequest, 400, "Choose another user name.", """
        DBS.280292 Invalid user name.""")
    yield from _topic(InvalidRequest, 400, "Choose a port from 1024 to 65535 that is not reserved; only Redis takes one.", """
        DBS.200059 Invalid database port.
        DBS.200060 The database port cannot be used.
        DBS.200462 The database port is the same as the current one.""")
    yield from _topic(InvalidRequest, 400, "Choose a free address of the subnet.", """
        DBS.200091 Invalid IP address.
        DBS.200092 The IP address is in use.
        DBS.280284 The private IP address is invalid.""")
    yield from _topic(InvalidRequest, 400, "Choose an elastic IP address of this project that is not bound, and a node that "
                      "has none.", """
        DBS.238007 The EIP status does not allow this operation.
        DBS.200700 The EIP does not exist.
        DBS.200701 The EIP is already bound.
        DBS.200702 The EIP could not be bound.
        DBS.200705 The EIP could not be unbound.
        DBS.280421 Invalid EIP.
        DBS.238009 No EIP is bound to the node.""")
    yield from _topic(InvalidRequest, 400, "Choose an enabled KMS key of this project; a restored instance keeps the key of "
                      "its source.", """
        DBS.200506 The encryption key does not exist.
        DBS.200507 The encryption key cannot be used.
        DBS.280438 Invalid encryption key ID.""")
    yield from _topic(ServerError, 400, "Look at the instance, then try again.", """
        DBS.200434 The DB instance could not be restarted.""")
    yield from _topic(NotFound, 400, "List the backups of this project.", """
        DBS.201204 The backup does not exist.
        DBS.201214 The backup file was not found.""")
    yield from _topic(InvalidRequest, 400, "Check the backup settings; times are UTC.", """
        DBS.201201 The backup already exists.
        DBS.201212 The backup ID is invalid.
        DBS.280124 Invalid backup ID.
        DBS.201215 Invalid backup time.
        DBS.280125 Invalid backup policy.
        DBS.201106 The backup retention period is out of range.
        DBS.280214 Invalid backup retention period.
        DBS.201101 The backup cycle is out of range.
        DBS.280215 Invalid backup cycle.
        DBS.280251 The backup cycle is not supported.
        DBS.280216 Invalid backup start time.
        DBS.280416 Invalid backup end time.
        DBS.280277 Invalid backup name.
        DBS.280127 Invalid backup description.
        DBS.301024 Invalid restoration information.""")
    yield from _topic(NotFound, 400, "List the parameter templates of this project.", """
        DBS.200057 The parameter template was not found.
        DBS.200058 404 The parameter template does not exist.
        DBS.280045 404 The specified parameter template does not exist.""")
    yield from _topic(InvalidRequest, 400, "Check the parameter template: its engine, version, names and values.", """
        DBS.212001 The parameter template is invalid.
        DBS.212013 Invalid parameter in the template.
        DBS.212031 Invalid parameter template name.
        DBS.212030 The parameter template name already exists.
        DBS.212028 Invalid parameter template description.
        DBS.212032 The parameter template is in use.""")
    yield from _topic(Busy, 400, "Wait until all nodes are normal.", """
        DBS.212006 A node of the DB instance is abnormal.""")
    yield from _topic(NotFound, 400, "List the databases or accounts of the instance.", """
        DBS.200823 The database does not exist.
        DBS.200824 The account does not exist.
        DBS.03280008 The account was not found.
        DBS.03050010 The memory acceleration mapping does not exist.""")
    yield from _topic(InvalidRequest, 400, "Choose another database, collection or account.", """
        DBS.200826 The database already exists.
        DBS.201035 The database name is already used.
        DBS.201038 The collection is invalid.
        DBS.200827 The account already exists.
        DBS.200828 A built-in account cannot be changed.""")
    yield from _topic(ServerError, 400, "Look at the databases and accounts of the instance, then try again.", """
        DBS.200816 The creation failed.
        DBS.200817 The query failed.
        DBS.200818 The deletion failed.
        DBS.301076 The sessions could not be queried.
        DBS.301077 The session could not be ended.""")
    yield from _topic(InvalidRequest, 400, "Use a limit from 1 to 100 and an offset from 0.", """
        DBS.280439 Invalid limit.
        DBS.280440 Invalid offset.""")
    yield from _topic(InvalidRequest, 400, "Check keys and values of the tags.", """
        DBS.280441 Invalid tag key.
        DBS.280444 Invalid tag value.""")
    yield from _topic(InvalidRequest, 400, "Check the type and the period of the log query.", """
        DBS.280066 Invalid log type.
        DBS.280067 Invalid log start time.
        DBS.280068 Invalid log end time.""")
    yield from _topic(InvalidRequest, 400, "Check the filters of the session query.", """
        DBS.301071 Invalid session ID.
        DBS.301072 Invalid session plan.
        DBS.301073 Invalid session operation.
        DBS.301074 Invalid session namespace.
        DBS.301075 Invalid session cost time.""")
    yield from _topic(InvalidRequest, 400, "Build the dual-active relationship first.", """
        DBS.03000001 No dual-active relationship has been set up.""")

    yield from _topic(NotFound, 404, "Check endpoint, method and path; this service may not exist in this region.", """
        APIGW.0101 The API does not exist or has not been published.
        APIGW.0103 The backend does not exist.""")
    yield from _topic(InvalidRequest, 400, "Check the request; if it is right, give the request id to the vendor.", """
        APIGW.0104 The plug-in configuration was not found.
        APIGW.0105 The backend configuration was not found.
        APIGW.0106 Orchestration error.
        APIGW.0204 The TLS version is not supported.
        APIGW.0602 Bad request.
        APIGW.0607 The request protocol is not supported.""")
    # Said with many statuses; `code_for` lets the status decide.
    yield from _topic(ServerError, 502, "Try again later; look before repeating a write.", """
        APIGW.0201 Backend unavailable.""")
    yield from _topic(AuthenticationError, 401, "Check user, password and account name, or access key, secret key and "
                      "this computer's clock.", """
        APIGW.0301 Incorrect IAM authentication information.""", retry="token")
    yield from _topic(AuthenticationError, 401, "Log in again; the token has expired or was ended.", """
        APIGW.0307 The token must be updated.""", retry="token")
    yield from _topic(AuthenticationError, 401, "Check the credentials: this API expects a token or a signature.", """
        APIGW.0303 Incorrect app authentication information.
        APIGW.0305 Incorrect authentication information.""")
    yield from _topic(PermissionDenied, 403, "Ask the account's administrator for access to this API, project and region.", """
        APIGW.0302 The IAM user is not authorized to access the API.
        APIGW.0304 The app is not authorized to access the API.
        APIGW.0306 API access denied.
        APIGW.0310 The project is not available.
        APIGW.0401 Unknown client IP address.
        APIGW.0402 The IP address is not authorized to access the API.
        APIGW.0404 Access to the backend IP address has been denied.
        APIGW.0502 405 The app has been frozen.
        APIGW.0802 The IAM user is forbidden in the current region.""")
    yield from _topic(Throttled, 429, "Slow down and try again after a pause.", """
        APIGW.0308 The throttling threshold has been reached.""")
    yield from _topic(QuotaExceeded, 405, "Ask the account's administrator for a higher request quota.", """
        APIGW.0501 The app quota has been used up.""")
    yield from _topic(ServerError, 500, "Try again later; look before repeating a write.", """
        APIGW.0601 Internal server error.
        APIGW.0605 The backend name could not be resolved.
        APIGW.0606 The API configuration could not be loaded.
        APIGW.0610 502 No backend is available.
        APIGW.0613 503 IAM is not available.""")

    yield from _topic(AuthenticationError, 401, "Check user name, password and account name; accounts that became a HUAWEI "
                      "ID need an IAM user.", """
        IAM.0001 Authentication failed.
        IAM.0062 The user name or password is incorrect.
        IAM.0067 The token is invalid.""")
    yield from _topic(AuthenticationError, 401, "Wait until the lock ends; more attempts prolong it.", """
        IAM.0061 The user is locked.""")
    yield from _topic(AuthenticationError, 401, "Log in again; the token has expired.", """
        IAM.0066 The token has expired.""", retry="token")
    yield from _topic(AuthenticationError, 400, "Check the access key in My Credentials, or use another one.", """
        IAM.1104 The access key is blacklisted.
        IAM.1105 The access key has expired.
        IAM.1106 The owner of the access key is unknown.
        IAM.1107 The access key is inactive.
        IAM.1108 The temporary access key has expired.
        IAM.1109 The project of the access key does not exist.""")
    yield from _topic(PermissionDenied, 403, "Ask the account's administrator; the user needs programmatic access and a "
                      "right to this region.", """
        IAM.0002 You do not have the permission to perform this action.
        IAM.0003 The policy does not allow this action.
        IAM.0080 The user is disabled.
        IAM.0081 The user may use the console only.
        IAM.0082 The account is disabled.
        IAM.0083 The user has no access to this region.""")
    yield from _topic(NotFound, 404, "Check the names of the project and of the account.", """
        IAM.0004 The project or domain could not be found.""")
    yield from _topic(InvalidRequest, 400, "Check the login: user name, password, account name and project.", """
        IAM.0007 The request body is invalid.
        IAM.0011 The request parameter is invalid.
        IAM.0072 A mandatory field is missing.
        IAM.0073 A field has a wrong format.""")
    yield from _topic(Throttled, 429, "Slow down and try again after a pause.", """
        IAM.0012 The throttling threshold of IAM has been reached.""")
    yield from _topic(ServerError, 500, "Try again later.", """
        IAM.0006 IAM internal error.""")

    yield from _topic(NotSimulated, 501, "This endpoint does not carry the operation out; gaussnb.operations() shows what "
                      "the sandbox simulates.", f"""
        {NOT_SIMULATED} The sandbox does not simulate this operation.""")
# fmt: on


CODES: Mapping[str, Code] = MappingProxyType(dict(_table()))
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

    Parameters
    ----------
    status:
        HTTP status of the answer.
    code:
        Error code of the answer, if any.

    Returns
    -------
    Code
        The row of `CODES`, or one made from the status for codes nobody has documented.

    Example
    -------
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
    return Code(kind, hint, "token" if kind is AuthenticationError else _usual_retry(kind), status, text)


def class_for(status: int, code: str = "") -> type[ApiError]:
    """The exception class of an error answer; the service's code decides before the HTTP status does.

    Example
    -------
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

    Parameters
    ----------
    status:
        HTTP status.
    headers:
        Answer headers, in any case.
    body:
        Answer body: one of the service's, the gateway's or IAM's JSON shapes, a proxy's HTML, cut off, or empty.
    operation:
        Name of the operation that was called.

    Returns
    -------
    ApiError
        An instance of the class that `class_for` names, with secrets masked.

    Example
    -------
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

_SECRET = re.compile(
    r"""
    (?P<name>
        (?: [\w-]{0,30} (?: passw(?:or)?d | passphrase | pwd | secret | token | signature | authorization ) [\w-]{0,20}
          | (?<![\w-]) sk )
        \\* ["']? \s* [:=] \s*
    )
    (?: \\* "(?:[^"\\]|\\.)*"? | \\* '(?:[^'\\]|\\.)*'? | (?:bearer|basic|sdk-[\w-]+)\s+[^\r\n]* | [^\s,;&"'}\]]+ )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TOKEN = re.compile(r"\b(?:MII|gAAAA|eyJ)[\w+/=.-]{20,}|[\w+/=-]{200,}")


def mask(text: str) -> str:
    """Blot out what looks like a password, key or token in text that came from elsewhere.

    Example
    -------
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
