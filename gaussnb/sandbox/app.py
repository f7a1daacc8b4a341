"""The sandbox as a pure function: a request in, a response out, no socket in the middle."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from ..core.answers import list_key
from ..core.catalogue import Router
from ..core.operation import Operation
from ..core.refusals import NOT_SIMULATED
from ..core.rules import MISSING, marks
from ..core.wire import operation_of
from ..nosql.error_codes import BAD_VALUE_CODE, MISSING_CODE
from ..nosql.service import OPERATIONS
from . import identity, lifecycle, page
from .behaviours import Call, Page, behaviour_of
from .behaviours.iam import EXTRA
from .clock import Clock
from .faults import Fault, Faults
from .identity import Caller
from .journal import Journal, secret_names
from .messages import JSON, SERVICE, Answer, Refused, Request, Response, encode
from .store import Store
from .world import World, token_time

_LOG = logging.getLogger(__name__)
_ASKING_AGAIN = 30.0  # seconds that pass on a standing clock when the same question is asked again


@dataclass(frozen=True)
class Found:
    """Where a request leads."""

    operation: type[Operation] | None
    holes: dict[str, str]
    place: str
    """``"METHOD /path"`` as declared, empty for an unknown path."""

    @property
    def id(self) -> str:
        return self.operation.route.id if self.operation else ""

    @property
    def service(self) -> str:
        return self.operation.route.service or SERVICE if self.operation else "iam"

    @property
    def signed(self) -> bool:
        return self.operation.route.signed if self.operation else True


class App:
    """Answers requests, one at a time."""

    def __init__(self, world: World, clock: Clock, store: Store) -> None:
        self.world = world
        self.clock = clock
        self.store = store
        self.faults = Faults()
        self.journal = Journal()
        self.lock = threading.RLock()
        self._router = Router(OPERATIONS.chapters())
        self._handled = 0
        self._before: tuple[str, str, float] | None = None

    @property
    def places(self) -> frozenset[str]:
        """Every place a fault may be tied to."""
        known = (f"{operation.route.method} {operation.route.path}" for operation in OPERATIONS.values())
        return frozenset(known) | {f"{method} {path}" for method, path in EXTRA}

    def handle(self, request: Request) -> Response:
        """Answer a request. The response says what the transport shall do besides sending it."""
        if not request.is_local:
            return _elsewhere()
        with self.lock:
            return page.look(self, request) or self._handle(request)

    def save(self, *, always: bool = False) -> None:
        """Keep what changed; see :meth:`gaussnb.sandbox.store.Store.save`."""
        self.store.save(self.world, self.clock, self.faults, always=always)

    def inject(self, fault: Fault) -> Fault:
        """Take a fault in."""
        with self.lock:
            self.faults.add(fault, self.places)
            self.save()
        return fault

    def advance(self, seconds: float) -> None:
        """Let time pass, and everything end that ends in it."""
        with self.lock:
            self.clock.advance(seconds)
            lifecycle.settle(self.world, self.clock.time())
            self.save()

    def fill(self, instance_id: str, percent: float) -> None:
        """Let data take so many percent of an instance's disk."""
        from .behaviours import volumes

        with self.lock:
            now = self.clock.time()
            lifecycle.settle(self.world, now)
            volumes.fill(self.world, self.world.instances[instance_id], percent, now)
            self.save()

    def load(self, instance_id: str, nodes: int | None, cpu: float, memory: float) -> None:
        """Let nodes of an instance be so many percent busy."""
        from .behaviours import nodes as behaviour

        with self.lock:
            now = self.clock.time()
            lifecycle.settle(self.world, now)
            behaviour.load(self.world, self.world.instances[instance_id], nodes, cpu, memory, now)
            self.save()

    # -- one request

    def _handle(self, request: Request) -> Response:
        began = time.perf_counter()
        now = self._present(request)
        lifecycle.settle(self.world, now)
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
            operation=found.id,
            status=None if response.drop else response.status,
            error_code=code,
            request_id=request_id,
            seconds=time.perf_counter() - began,
            body=request.body,
            secrets=secret_names(found.operation),
        )
        return response

    def _kept(self, response: Response, code: str, request_id: str) -> tuple[Response, str]:
        """Keep what changed; an answer that could not be kept is no answer."""
        try:
            self.save()
        except Exception:  # a full disk must not end the thread that serves
            _LOG.exception("the sandbox's file could not be written")
            failed = Refused("DBS.280005", "The sandbox's file could not be written.")
            headers = {"Content-Type": JSON, "X-Request-Id": request_id}
            return Response(failed.status, headers, encode(failed.body(SERVICE, request_id))), failed.code
        return response, code

    def _present(self, request: Request) -> float:
        now = self.clock.time()
        if self.clock.standing and request.method == "GET" and self._before == ("GET", request.target, now):
            self.clock.advance(_ASKING_AGAIN)
        return self.clock.time()

    def _request_id(self) -> str:
        self._handled += 1
        return self.world.ids.fixed(f"request {self.store.opened} {self._handled}")

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
        headers = {"Content-Type": JSON, "X-Request-Id": request_id}
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
        """The answer a fault puts in the place of the right one."""
        status, code = fault.status or status or 200, fault.code or ""
        if fault.body is not None:
            return status, fault.body, code
        if status < 300:
            return status, b"{}", code
        refused = Refused(code, status=status)
        if fault.message is not None:
            refused.message = fault.message
        return status, encode(refused.body(found.service, request_id)), code

    def _act(
        self, request: Request, found: Found, fault: Fault, now: float, request_id: str
    ) -> tuple[int, bytes, dict[str, str], str]:
        """Do what is asked: status, body, headers and error code."""
        try:
            status, body, headers = self._done(request, found, fault, now)
            return status, body, headers, ""
        except Refused as refused:
            error = refused
        except Exception:  # the real service would say 500, too
            _LOG.exception("%s failed", found.place)
            error = Refused("DBS.280005")
        shown = error.body(found.service, request_id)
        return error.status, encode(shown), dict(error.headers), error.code

    def _done(self, request: Request, found: Found, fault: Fault, now: float) -> tuple[int, bytes, dict[str, str]]:
        if not found.place:
            raise self._unknown(request)
        _check_filled(found)
        caller = self._caller(request, found, now)
        call = Call(self.world, now, request, caller, fault.fail or "")
        if found.operation is None:
            answer: Any = EXTRA[request.method, found.place.partition(" ")[2]](call)
            return 200, encode(answer.body), dict(answer.headers)
        operation = _parsed(found.operation, found.holes, request)
        behaviour = behaviour_of(found.operation)
        if behaviour is None:
            raise Refused(NOT_SIMULATED)
        answer = behaviour(operation, call)
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
            raise Refused("", refused.message, status=401) from None
        if found.holes.get("project_id", caller.project_id) != caller.project_id:
            if caller.project_id is None:
                raise Refused("APIGW.0310", "The token is for an account, not for a project.")
            raise Refused("DBS.280408", "The token or the key is for another project.")
        return caller

    def _unknown(self, request: Request) -> Refused:
        extra = (method for method, path in EXTRA if path == request.path.rstrip("/"))
        methods = [*self._router.methods(request.path), *extra]
        if not methods:
            return Refused("APIGW.0101")
        allowed = ", ".join(dict.fromkeys(methods))
        return Refused("APIGW.0101", f"Here are: {allowed}.", status=405, headers={"Allow": allowed})


def _elsewhere() -> Response:
    """No: a page of another site gets here, when its name is suddenly that of this machine, and may read nothing."""
    refused = Refused("APIGW.0201", status=421)
    refused.message = "The sandbox answers to names of this machine only, like 127.0.0.1 or localhost."
    return Response(refused.status, {"Content-Type": JSON}, encode(refused.body("gateway", "")))


def _check_filled(found: Found) -> None:
    for name, value in found.holes.items():
        if value.startswith("{"):
            raise Refused("APIGW.0101", f"The {name} in the path was not filled in: the client does not know it.")


# ------------------------------------------------------------------------------------------ parsing


def _parsed(kind: type[Operation], holes: dict[str, str], request: Request) -> Operation:
    """The operation a request stands for.

    Raises:
        Refused: with the service's code for the first thing that is wrong.
    """
    iam_speaks = kind.route.service == "iam"
    malformed = "IAM.0007" if iam_speaks else BAD_VALUE_CODE
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
        code, detail = _first(kind, error.errors(include_url=False, include_input=False))
    if iam_speaks:
        code = "IAM.0072" if code == MISSING_CODE else "IAM.0073"
    raise Refused(code, detail)


def _first(kind: type[Operation], errors: Iterable[ErrorDetails]) -> tuple[str, str]:
    """Code and words of the error to answer with: path before query before body, missing before wrong."""
    first = min(errors, key=lambda error: _rank(kind, error))
    place = ".".join(str(part) for part in first["loc"])
    says = first.get("ctx", {}).get("says", first["msg"])
    return _code(kind, first), f"{place}: {says}." if place else f"{says}."


def _rank(kind: type[Operation], error: ErrorDetails) -> tuple[int, int]:
    where = ("path", "query", "body").index(kind.place(str(error["loc"][0]))) if error["loc"] else 3
    if error["type"] == "missing":
        return where, 0
    return where, 2 if "code" in error.get("ctx", {}) else 1


def _code(kind: type[Operation], error: ErrorDetails) -> str:
    if "code" in (context := error.get("ctx", {})):
        return _sent_code(str(context["code"]))
    if error["type"] == "missing":
        return "DBS.280446" if error["loc"] == ("datastore",) else MISSING_CODE
    name = str(error["loc"][0]) if error["loc"] else ""
    if name in kind.model_fields and kind.place(name) != "body":
        # A text that is no number broke no rule, but it is the rule's field that is wrong.
        info = kind.model_fields[name]
        rules = marks(info.annotation, info.metadata)
        return _sent_code(next((str(rule.code) for rule in rules if hasattr(rule, "code")), ""))
    return BAD_VALUE_CODE


def _sent_code(code: str) -> str:
    """The error code that is sent for the code of a rule."""
    return MISSING_CODE if code == MISSING else code or BAD_VALUE_CODE


# ------------------------------------------------------------------------------------------- paging


def _page(page: Page, operation: Operation) -> bytes:
    """The part of a list that was asked for, under the keys its declaration names."""
    route = operation.route
    offset = getattr(operation, "offset", None) or 0
    limit = getattr(operation, "limit", None) or page.limit or route.page_size
    shown = b",".join(page.encode(item) for item in page.items[offset : offset + limit])
    more = {**({route.total: len(page.items)} if route.total else {}), **page.more}
    end = b"," + encode(more)[1:] if more else b"}"
    return b'{"%b":[%b]%b' % ((page.key or list_key(route.returns)).encode(), shown, end)
