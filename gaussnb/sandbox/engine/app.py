"""The application of the sandbox: it turns a request into a response, without a socket."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from ...core.answers import list_key
from ...core.catalogue import Router
from ...core.errors import Unreachable
from ...core.operation import Operation
from ...core.process import PerProcess
from ...core.rules import MISSING, marks
from ...core.secrets import KnownSecrets
from ...core.wire import operation_of
from . import identity, openapi
from .behaviours import Page
from .clock import Clock
from .faults import Fault, Faults
from .iam import EXTRA, IAM
from .identity import Caller
from .journal import Journal
from .messages import JSON, Answer, Refused, Request, Response, encode
from .service import SandboxService
from .store import Store
from .tables import token_time

_LOG = logging.getLogger(__name__)
_ASKING_AGAIN = 30.0  # seconds that a standing clock moves when the same GET is repeated


@dataclass(frozen=True)
class Found:
    """The route that a request matches."""

    operation: type[Operation] | None
    holes: dict[str, str]
    place: str
    """``"METHOD /path"`` as declared, empty for an unknown path."""

    @property
    def id(self) -> str:
        return self.operation.route.id if self.operation else ""

    @property
    def service(self) -> str:
        return self.operation.route.service if self.operation else "iam"

    @property
    def signed(self) -> bool:
        return self.operation.route.signed if self.operation else True


class _Elsewhere:
    """The lock of an application in a forked child, which nobody can take."""

    def __init__(self, home: int) -> None:
        self._home = home

    def __enter__(self) -> None:
        raise Unreachable(
            f"This sandbox lives in process {self._home}, and not in this forked one; nothing was sent. "
            'Give it a port before the fork, or call gaussnb.connect("sandbox") here for another one.'
        )

    def __exit__(self, *error: object) -> None: ...


PageHandler = Callable[["App", Request], Response | None]


class App(PerProcess):
    """Answers requests, one at a time.

    Args:
        service: the service that is played.
        world: the state; a ``service.world``.
        answer_page: answers requests that only look at the sandbox, like the status page; None for other requests. The
            application holds its lock meanwhile.
    """

    def __init__(
        self, service: SandboxService, world: Any, clock: Clock, store: Store, answer_page: PageHandler | None = None
    ) -> None:
        self.service = service
        self.world = world
        self.clock = clock
        self.store = store
        self._answer_page = answer_page or show_document
        self.faults = Faults(service.product.catalogue, service.product.codes)
        self.secrets = KnownSecrets()
        """The secrets of the account and of the requests, for the journal and the page."""
        self.secrets.add(world.account.password, world.account.sk, login=True)
        self.journal = Journal(service.product.catalogue, self.secrets)
        self.home = os.getpid()
        """The process that plays. In a forked child, which has a dead copy of the world, nothing can be done."""
        self._own()
        self._router = Router(service.product.catalogue.chapters())
        self._handled = 0
        self._before: tuple[str, str, float] | None = None

    def _begin(self) -> None:
        self.lock: AbstractContextManager[Any] = threading.RLock() if self.is_home else _Elsewhere(self.home)

    @property
    def is_home(self) -> bool:
        """False in a forked child."""
        return self.home == os.getpid()

    @property
    def places(self) -> frozenset[str]:
        """Every ``"METHOD /path"`` a fault may name."""
        known = (
            f"{operation.route.method} {operation.route.path}" for operation in self.service.product.catalogue.values()
        )
        return frozenset(known) | {f"{method} {path}" for method, path in EXTRA}

    def handle(self, request: Request) -> Response:
        """Answer a request. The response also holds instructions for the transport."""
        if not request.is_local:
            return _elsewhere()
        with self.lock:
            return self._answer_page(self, request) or self._handle(request)

    def save(self, *, always: bool = False) -> None:
        """Write the changes to the file; see :meth:`.store.Store.save`."""
        self.store.save(self.world, self.clock, self.faults, always=always)

    def inject(self, fault: Fault) -> Fault:
        """Add a fault."""
        with self.lock:
            self.faults.add(fault, self.places)
            self.save()
        return fault

    def advance(self, seconds: float) -> None:
        """Let time pass, and end the tasks whose end has come."""
        with self.lock:
            self.clock.advance(seconds)
            self.settle()
            self.save()

    def settle(self) -> float:
        """End the tasks whose end has come; the present moment. The lock is held."""
        now = self.clock.time()
        self.service.works.settle(self.world, now)
        return now

    @contextmanager
    def changing(self) -> Iterator[float]:
        """Change the world from outside: yield the present moment with the lock held, then write the changes."""
        with self.lock:
            yield self.settle()
            self.save()

    # -- one request

    def _handle(self, request: Request) -> Response:
        began = time.perf_counter()
        self._pass_time(request)
        now = self.settle()
        request_id = self._request_id()
        found = self._find(request.method, request.path)
        fault = self.faults.strike(found.id, found.place)
        response, code = self._answer(request, found, fault, now, request_id)
        response, code = self._kept(response, code, request_id)
        self._before = (request.method, request.target, self.clock.time())
        self.journal.add(
            time=token_time(now),
            method=request.method,
            path=request.target,
            operation=found.operation,
            status=None if response.drop else response.status,
            error_code=code,
            request_id=request_id,
            seconds=time.perf_counter() - began,
            body=request.body,
        )
        return response

    def _kept(self, response: Response, code: str, request_id: str) -> tuple[Response, str]:
        """Write the changes. If that fails, the answer is an error."""
        try:
            self.save()
        except Exception:  # a full disk must not end the thread that serves
            _LOG.exception("the sandbox's file could not be written")
            failed = self._refused(self.service.failure_code, "The sandbox's file could not be written.", status=500)
            headers = {"Content-Type": JSON, "X-Request-Id": request_id}
            return Response(failed.status, headers, encode(failed.body(request_id))), failed.code
        return response, code

    def _refused(self, code: str, detail: str = "", **more: Any) -> Refused:
        """A refusal that reads the service's error codes."""
        refused = Refused(code, detail, **more)
        refused.codes = self.service.product.codes
        return refused

    def _pass_time(self, request: Request) -> None:
        """Move a standing clock when the same GET is repeated, so that the polling of a client ends."""
        now = self.clock.time()
        if self.clock.standing and request.method == "GET" and self._before == ("GET", request.target, now):
            self.clock.advance(_ASKING_AGAIN)

    def _request_id(self) -> str:
        self._handled += 1
        return str(self.world.ids.fixed(f"request {self.store.opened} {self._handled}"))

    def _find(self, method: str, path: str) -> Found:
        if (method, path.rstrip("/")) in EXTRA:
            return Found(None, {}, f"{method} {path.rstrip('/')}")
        match = self._router.find(method, path)
        if match is None:
            return Found(None, {}, "")
        operation, holes = match
        place = f"{method} {operation.route.path}"
        return Found(operation, {name: unquote(value) for name, value in holes.items()}, place)

    def _answer(
        self, request: Request, found: Found, fault: Fault, now: float, request_id: str
    ) -> tuple[Response, str]:
        headers = {"Content-Type": JSON, "X-Request-Id": request_id, "Date": formatdate(now, usegmt=True)}
        status, body, code = 0, b"", ""
        if not fault.prevents:
            status, body, more, code = self._act(request, found, fault, now, request_id)
            headers |= more
        if fault.answers:
            status, body, code = self._broken(fault, status, found, request_id)
        headers |= fault.headers
        if fault.redirect is not None:
            headers["Location"] = fault.redirect
        if status == 204 or request.method == "HEAD":
            body = b""
        if status == 204:
            headers.pop("Content-Type", None)
        return Response(status, headers, body, fault.delay, fault.drop is not None), code

    def _broken(self, fault: Fault, status: int, found: Found, request_id: str) -> tuple[int, bytes, str]:
        """The answer with which a fault replaces the right one."""
        status, code = fault.status or status or 200, fault.code or ""
        if fault.body is not None:
            return status, fault.body, code
        if status < 300:
            return status, b"{}", code
        refused = self._refused(code, status=status, words=fault.message)
        return status, encode(refused.body(request_id)), code

    def _act(
        self, request: Request, found: Found, fault: Fault, now: float, request_id: str
    ) -> tuple[int, bytes, dict[str, str], str]:
        """Carry a request out: status, body, headers and error code."""
        try:
            status, body, headers = self._done(request, found, fault, now)
            return status, body, headers, ""
        except Refused as refused:
            error = refused
            error.codes = self.service.product.codes
        except Exception:  # the real service would answer with status 500, too
            _LOG.exception("%s failed", found.place)
            error = self._refused(self.service.failure_code, status=500)
        shown = error.body(request_id)
        return error.status, encode(shown), dict(error.headers), error.code

    def _done(self, request: Request, found: Found, fault: Fault, now: float) -> tuple[int, bytes, dict[str, str]]:
        if not found.place:
            raise self._unknown(request)
        _check_filled(found)
        caller = self._caller(request, found, now)
        service = self.service
        context = service.context(self.world, now, request, caller, fault.fail or "", service.works, service.endpoints)
        if found.operation is None:
            answer: Any = EXTRA[request.method, found.place.partition(" ")[2]](context)
            return 200, encode(answer.body), dict(answer.headers)
        operation = self._parsed(found.operation, found.holes, request)
        behaviour = service.behaviours.find(found.operation) or IAM.find(found.operation)
        if behaviour is None:
            raise Refused(service.not_simulated_code, status=501)
        answer = behaviour(operation, context)
        status, headers = found.operation.route.success, dict[str, str]()
        if isinstance(answer, Answer):
            status, headers, answer = answer.status or status, dict(answer.headers), answer.body
        if isinstance(answer, list):
            answer = Page(answer)
        body = _page(answer, operation) if isinstance(answer, Page) else encode(answer)
        return status, body, headers

    def _caller(self, request: Request, found: Found, now: float) -> Caller | None:
        if not found.signed:
            return None
        try:
            caller = identity.authenticate(request, self.world, now)
        except Refused as refused:
            if found.service != "iam":
                raise
            refused.codes = self.service.product.codes
            raise Refused("", refused.message, status=401) from None
        if found.holes.get("project_id", caller.project_id) != caller.project_id:
            if caller.project_id is None:
                raise Refused("APIGW.0310", "The token is for an account, not for a project.")
            raise Refused(self.service.wrong_project_code, "The token or the key is for another project.")
        return caller

    # -- parsing

    def _parsed(self, kind: type[Operation], holes: dict[str, str], request: Request) -> Operation:
        """The operation in a request.

        Raises:
            Refused: with the service's code for the first thing that is wrong.
        """
        for_iam = kind.route.service == "iam"
        malformed = "IAM.0007" if for_iam else self.service.product.bad_value_code
        body: Any = {}
        if request.body.strip() and any(kind.place(name) == "body" for name in kind.model_fields):
            try:
                body = from_json(request.body, allow_inf_nan=False)  # refuses half a surrogate, too
            except ValueError:
                raise Refused(malformed, "The body is not JSON.") from None
            if not isinstance(body, dict):
                raise Refused(malformed, "The body is not a JSON object.")
        try:
            return operation_of(kind, holes, request.query, body)
        except RecursionError:
            raise Refused(malformed, "The body is nested too deeply.") from None
        except ValidationError as error:
            first = _first(kind, error.errors(include_url=False, include_input=False))
        code = self._code(kind, first)
        if for_iam:
            code = "IAM.0072" if code == self.service.product.missing_code else "IAM.0073"
        raise Refused(code, _words(first))

    def _code(self, kind: type[Operation], error: ErrorDetails) -> str:
        """The error code of a validation error."""
        if "code" in (context := error.get("ctx", {})):
            return self._sent_code(str(context["code"]))
        name = str(error["loc"][0]) if error["loc"] else ""
        if error["type"] == "missing":
            at_top = len(error["loc"]) == 1
            return self.service.missing_codes.get(name if at_top else "", self.service.product.missing_code)
        if name in kind.model_fields and kind.place(name) != "body":
            # A text that is no number breaks no rule, and yet gets the code of the rule of its field.
            info = kind.model_fields[name]
            rules = marks(info.annotation, info.metadata)
            return self._sent_code(next((str(rule.code) for rule in rules if hasattr(rule, "code")), ""))
        return self.service.product.bad_value_code

    def _sent_code(self, code: str) -> str:
        """The error code that is sent for the code of a rule."""
        return self.service.product.missing_code if code == MISSING else code or self.service.product.bad_value_code

    def _unknown(self, request: Request) -> Refused:
        extra = (method for method, path in EXTRA if path == request.path.rstrip("/"))
        methods = [*self._router.methods(request.path), *extra]
        if not methods:
            return Refused("APIGW.0101")
        allowed = ", ".join(dict.fromkeys(methods))
        return Refused("APIGW.0101", f"Here are: {allowed}.", status=405, headers={"Allow": allowed})


def _elsewhere() -> Response:
    """Refuse a request with another host name. A web page whose name was rebound to this machine sends such ones."""
    words = "The sandbox answers to names of this machine only, like 127.0.0.1 or localhost."
    refused = Refused("APIGW.0201", status=421, words=words)
    return Response(refused.status, {"Content-Type": JSON}, encode(refused.body("")))


PRIVATE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of answers that browsers show: nothing is stored, and nothing else is loaded or run."""


def shown(request: Request, kind: str, body: bytes) -> Response:
    """The response to a request that only looks."""
    return Response(200, {"Content-Type": kind, **PRIVATE}, b"" if request.method == "HEAD" else body)


def show_document(app: App, request: Request) -> Response | None:
    """The OpenAPI document at ``/openapi.json``; None for other requests."""
    if request.method not in ("GET", "HEAD") or request.path != "/openapi.json":
        return None
    return shown(request, JSON, encode(openapi.document(app.service)))


def _check_filled(found: Found) -> None:
    for name, value in found.holes.items():
        if value.startswith("{"):
            raise Refused("APIGW.0101", f"The {name} in the path was not filled in: the client does not know it.")


def _first(kind: type[Operation], errors: Iterable[ErrorDetails]) -> ErrorDetails:
    """The error to answer with: path before query before body, missing before wrong."""
    return min(errors, key=lambda error: _rank(kind, error))


def _words(error: ErrorDetails) -> str:
    place = ".".join(str(part) for part in error["loc"])
    says = error.get("ctx", {}).get("says", error["msg"])
    return f"{place}: {says}." if place else f"{says}."


def _rank(kind: type[Operation], error: ErrorDetails) -> tuple[int, int]:
    where = ("path", "query", "body").index(kind.place(str(error["loc"][0]))) if error["loc"] else 3
    if error["type"] == "missing":
        return where, 0
    return where, 2 if "code" in error.get("ctx", {}) else 1


# ------------------------------------------------------------------------------------------- paging


def _page(page: Page, operation: Operation) -> bytes:
    """The requested page of a list, under the keys that the declaration names."""
    route = operation.route
    offset = getattr(operation, "offset", None) or 0
    limit = getattr(operation, "limit", None) or page.limit or route.page_size
    shown = b",".join(page.encode(item) for item in page.items[offset : offset + limit])
    more = {**({route.total: len(page.items)} if route.total else {}), **page.more}
    end = b"," + encode(more)[1:] if more else b"}"
    return b'{"%b":[%b]%b' % ((page.key or list_key(route.returns)).encode(), shown, end)
