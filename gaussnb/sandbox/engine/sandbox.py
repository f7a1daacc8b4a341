"""The sandbox of any service: an application with a clock, a store, and a server or an adapter in front of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from os import PathLike
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import SecretStr

from ...core.catalogue import Chapters
from ...core.faces import face
from ...core.operation import Operation
from ...core.process import Stays
from .adapter import SandboxAdapter, Session
from .app import App, PageHandler
from .clock import Clock
from .faults import Drop, Fault, where
from .messages import Request, Response
from .service import SandboxService
from .store import FileStore, Origin, Store

if TYPE_CHECKING:
    import pandas as pd

REGION = "cn-north-4"
"""The region of a sandbox unless another one is given."""
SPEED = 60.0
_NO_SOCKET = "http://sandbox.localhost"
_SERVER = Chapters([f"{__package__}.server"])  # http.server is imported only for a sandbox with a socket


class Sandbox(Stays):
    """A pretend cloud with one service. A subclass names the service.

    A sandbox lives in the process that made it. In a forked child it answers nothing; clients reach it by its port.

    Args:
        path: a state file. Its seed, region and time go before the arguments; its speed is used unless another one is
            given. Without a file nothing is stored.
        port: the port on this machine; 0 for any free port, None for no socket.
        seed: makes ids and credentials; equal seeds make equal ones.
        speed: virtual seconds per real second; 60 unless a file has another speed.
        start: the first moment of a standing clock, see :class:`~.clock.Clock`.
        region: the region that is played.
    """

    stays = "a sandbox stays in its process; send its .endpoint and login, and call gaussnb.connect() in the worker"
    service: ClassVar[SandboxService]
    """The service that is played."""
    _answer_page: ClassVar[PageHandler | None] = None
    """Answers requests that only look; None for the OpenAPI document alone."""

    def __init__(
        self,
        path: str | PathLike[str] | None = None,
        port: int | None = 0,
        seed: int = 0,
        speed: float | None = None,
        start: datetime | str | None = None,
        region: str = REGION,
    ) -> None:
        origin = Origin(seed, region, SPEED if speed is None else speed)
        asked: dict[str, Any] = {} if speed is None else {"speed": speed}
        self._open(path, port, origin, asked, start, start is not None)

    def _open(
        self,
        path: str | PathLike[str] | None,
        port: int | None,
        new: Origin,
        asked: Mapping[str, Any],
        start: datetime | str | None,
        standing: bool,
        fill: Callable[[App], None] | None = None,
    ) -> None:
        """Make the world, or restore it from its file.

        Args:
            new: the settings of a new world.
            asked: the settings that go before those in the file: ``speed``, and the facts of the service.
            fill: puts things into a new world.
        """
        if port is not None and not 0 <= port < 65536:
            raise ValueError(f"a port is a number from 0 to 65535, not {port}")
        store = Store() if path is None else FileStore(path)
        try:
            origin = store.origin(new)
            if origin.time is not None:
                facts = {**origin.facts, **{name: value for name, value in asked.items() if name in origin.facts}}
                origin = replace(origin, speed=asked.get("speed", origin.speed), facts=facts)
            self.clock = Clock(start, origin.speed, standing)
            """The clock."""
            world = self.service.world(origin.seed, origin.region, **origin.facts)
            store.load(world)
            self._app = App(self.service, world, self.clock, store, type(self)._answer_page)
            if origin.time is not None:
                self.clock.move_to(origin.time)
                for fault in origin.faults:
                    self._app.faults.add(Fault(**fault), self._app.places)
            elif fill is not None:
                fill(self._app)
            self._app.save(always=True)
        except BaseException:
            store.close()
            raise
        self._port = port
        self._server: Any = None
        self._closed = False

    # -- life

    def start(self) -> Self:
        """Start the server, if the sandbox has a port."""
        with self._app.lock:
            if self._closed:
                raise RuntimeError("the sandbox is closed")
            if self._port is not None and self._server is None:
                server = _SERVER.find("server")
                assert server is not None
                self._server = server.Server(self._app, self._port)
        return self

    def close(self) -> None:
        """Stop the server and close the state file, which keeps the world. In a forked child, do nothing."""
        if not self._app.is_home:
            return
        if self._server is not None:
            self._server.close()
        with self._app.lock:
            if not self._closed:
                self._closed = True
                try:
                    self._app.save(always=True)
                finally:
                    self._app.store.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.close()

    @face
    def __repr__(self) -> str:
        return f"<sandbox {self.region}, seed {self.seed}{', closed' if self._closed else ''}>"

    # -- address and login

    @property
    def endpoint(self) -> str:
        """The address of the service."""
        if self._port is None:
            return _NO_SOCKET
        if self._server is None:
            raise RuntimeError("the sandbox has no address before it is started")
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def iam_endpoint(self) -> str:
        """The address of IAM, the same as of the service."""
        return self.endpoint

    @property
    def region(self) -> str:
        """The region that is played."""
        return str(self._app.world.region)

    @property
    def seed(self) -> int:
        """The seed of the ids and the credentials."""
        return int(self._app.world.ids.seed)

    @property
    def project_id(self) -> str:
        """The id of the one project."""
        return str(self._app.world.account.project_id)

    @property
    def credentials(self) -> Mapping[str, str | SecretStr]:
        """The login and the access key: username, password, domain, ak, sk."""
        account = self._app.world.account
        return MappingProxyType(
            {name: getattr(account, name) for name in ("username", "password", "domain", "ak", "sk")}
        )

    def environment(self) -> dict[str, str]:
        """Environment variables that point the official SDK to the sandbox. They hold secrets in clear text."""
        account, region = self._app.world.account, self.region.upper().replace("-", "_")
        variables = {
            "HUAWEICLOUD_SDK_AK": account.ak,
            "HUAWEICLOUD_SDK_SK": account.sk.get_secret_value(),
            "HUAWEICLOUD_SDK_PROJECT_ID": account.project_id,
            "HUAWEICLOUD_SDK_DOMAIN_ID": account.domain_id,
            "HUAWEICLOUD_SDK_IAM_ENDPOINT": self.iam_endpoint,
        }
        if self.service.product.endpoint_variable:
            variables[f"{self.service.product.endpoint_variable}{region}"] = self.endpoint
        return variables

    def settings(self) -> dict[str, Any]:
        """The keyword arguments with which a client connects: addresses, login, project, clock and adapter."""
        return {
            "endpoint": self.endpoint,
            "iam_endpoint": self.iam_endpoint,
            "region": self.region,
            **{name: self.credentials[name] for name in ("username", "password", "domain")},
            "project_id": self.project_id,
            "clock": self.clock,
            "adapter": SandboxAdapter(self.handle) if self._port is None else None,
        }

    def mount(self, session: Session) -> Session:
        """Connect a `requests` session to the sandbox without a socket."""
        session.mount(f"{self.endpoint}/", SandboxAdapter(self.handle))
        return session

    # -- control

    def handle(self, request: Request) -> Response:
        """Answer one request. Server and adapter call this.

        Raises:
            ConnectionError: when the sandbox is closed.
        """
        with self._app.lock:
            if self._closed:
                raise ConnectionError("the sandbox is closed")
            return self._app.handle(request)

    def advance(self, seconds: float) -> None:
        """Let time pass immediately, and end the work whose end has come."""
        self._app.advance(seconds)

    def inject(
        self,
        route_or_operation: str | type[Operation] | None = None,
        *,
        status: int | None = None,
        code: str | None = None,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        drop: Drop | None = None,
        delay: float = 0.0,
        redirect: str | None = None,
        fail: str | None = None,
        times: int | None = 1,
        after: int = 0,
    ) -> Fault:
        """Make requests fail, by a rule.

        Args:
            route_or_operation: an operation, its id, or ``"METHOD /path"`` as declared; None for every call.
            status: answer with this HTTP status; from 300 on without carrying the request out.
            code: answer with this error code, without carrying the request out.
            message: the text of that error.
            headers: add these headers to the answer, also to a right one.
            body: answer with these bytes, or this text; with a status below 300, or none, after the request was
                carried out.
            drop: close the connection without an answer, ``"before"`` or ``"after"`` the request is carried out.
            delay: answer this many real seconds late.
            redirect: answer with a redirect to this URL.
            fail: accept the request, and let the work it starts fail for this reason.
            times: the number of requests to hit; None for no limit.
            after: the number of matching requests to let pass first.

        Returns:
            A handle with ``count`` and ``remove()``.

        Raises:
            ValueError: for a place that no request leads to, and for an impossible answer; the text names it.
        """
        fault = Fault(
            where=where(route_or_operation),
            status=status,
            code=code,
            message=message,
            headers=headers or {},
            body=body,  # type: ignore[arg-type]  # a text becomes bytes there
            drop=drop,
            delay=delay,
            redirect=redirect,
            fail=fail,
            times=times,
            after=after,
        )
        return self._app.inject(fault)

    @property
    def requests(self) -> pd.DataFrame:
        """The last 10 000 requests as a frame, secrets masked."""
        with self._app.lock:
            return self._app.journal.frame()
