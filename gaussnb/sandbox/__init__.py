"""A pretend cloud in this process: the same wire format as the real one, no account, nothing to pay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from os import PathLike
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from pydantic import SecretStr

from ..cloud.regions import check_endpoint, is_loopback
from ..cloud.settings import Settings
from ..core.errors import CredentialsError
from ..core.operation import Operation
from .app import App
from .behaviours import DEPTHS, load
from .clock import Clock
from .faults import Drop, Fault, where
from .messages import Request, Response
from .store import FileStore, Origin, Store
from .world import Ids, World, account

if TYPE_CHECKING:
    import pandas as pd
    import requests as http

    from ..nosql.client import Client
    from .server import Server

__all__ = ["Clock", "Fault", "Sandbox", "login", "simulated"]

REGION = "cn-north-4"
"""The region a sandbox plays unless it is told another one."""
SPEED, QUOTA = 60.0, 50
_NO_SOCKET = "http://sandbox.localhost"


def simulated() -> Mapping[type[Operation], str]:
    """The operations the sandbox acts out, and how deep: ``"state"`` reads or changes what there is, ``"data"`` answers
    plausible data, ``"fixed"`` always the same thing. Of all others it only knows that they exist."""
    load()
    return MappingProxyType(DEPTHS)


def login(address: str) -> Settings:
    """What it takes to join a sandbox that runs elsewhere on this machine.

    Args:
        address: its endpoint; behind it, where they are not the usual ones, its seed and region, as in
            ``http://127.0.0.1:8080?seed=3&region=cn-north-4``.

    Returns:
        Settings for :func:`gaussnb.connect`.

    Raises:
        CredentialsError: the address is none of this machine, or the seed is no number.

    >>> login("http://127.0.0.1:8080?seed=3")["username"]
    'explorer'
    """
    endpoint, _, query = address.strip().partition("?")
    given = dict(parse_qsl(query))
    endpoint, seed, region = endpoint.rstrip("/"), given.get("seed", "0"), given.get("region", REGION)
    if not (endpoint.startswith("http://") and is_loopback(check_endpoint(endpoint, "the sandbox's address"))):
        raise CredentialsError("The sandbox's address must be one of this machine, like http://127.0.0.1:8080.")
    if not seed.removeprefix("-").isdecimal():
        raise CredentialsError("The seed in the sandbox's address must be a whole number.")
    known = account(Ids(int(seed)), region)
    return {
        "endpoint": endpoint,
        "iam_endpoint": endpoint,
        "region": region,
        "project_id": known.project_id,
        "username": known.username,
        "password": known.password,
        "domain": known.domain,
    }


class Sandbox:
    """A pretend cloud. Use it in a ``with`` block, or call :meth:`start` and :meth:`close`.

    Args:
        path: a file that keeps everything; its seed, region and time go before the arguments, and its quota and
            speed are used unless others are given. Without it nothing stays.
        port: where to listen on this machine; 0 for any free port, None for no socket at all, then it is
            reached through :meth:`connect` and :meth:`mount` only.
        seed: makes ids and credentials; the same seed makes the same ones.
        speed: how many seconds pass in one real second; 60 unless a file says otherwise.
        start: where a standing clock begins, see :class:`~gaussnb.sandbox.clock.Clock`. With it a run can be
            repeated to the byte.
        region: the region it plays.
        quota: how many instances an engine may have, 50 unless a file says otherwise; 0 for no limit, and none of the
            enterprise project's either.
        world: a YAML or JSON file it begins with: instances, backups, faults and clock, see
            :mod:`gaussnb.sandbox.worldfile`. What it says goes before the arguments; where ``path`` has been opened
            before, that goes on instead.

    Raises:
        RuntimeError: when another sandbox has the file open.
        ValueError: when a file is something else, or damaged, or an argument cannot be.
        OSError: when it cannot be opened.

    >>> with Sandbox(port=None, start="2026-01-01T00:00:00") as sandbox:
    ...     sandbox
    <sandbox cn-north-4, seed 0>
    """

    def __init__(
        self,
        path: str | PathLike[str] | None = None,
        port: int | None = 0,
        seed: int = 0,
        speed: float | None = None,
        start: datetime | str | None = None,
        region: str = REGION,
        quota: int | None = None,
        world: str | PathLike[str] | None = None,
    ) -> None:
        if quota is not None and quota < 0:
            raise ValueError(f"the quota is a number of instances or 0 for no limit, not {quota}")
        if port is not None and not 0 <= port < 65536:
            raise ValueError(f"a port is a number from 0 to 65535, not {port}")
        wanted: dict[str, Any] = {"quota": quota, "speed": speed}
        asked = {name: value for name, value in wanted.items() if value is not None}
        new = {"seed": seed, "region": region, "quota": QUOTA, "speed": SPEED, **asked}
        standing, given = start is not None, None
        if world is not None:
            from . import worldfile

            given = worldfile.read(world)
            new |= {name: value for name in new if (value := getattr(given, name)) is not None}
            standing = standing or given.clock is not None
            start = given.clock or start or given.saved_at
        store = Store() if path is None else FileStore(path)
        try:
            origin = store.origin(Origin(**new))
            if origin.time is not None:
                origin = replace(origin, **asked)
            self.clock = Clock(start, origin.speed, standing)
            """Its time."""
            made = World(origin.seed, origin.region, origin.quota)
            store.load(made)
            self._app = App(made, self.clock, store)
            if origin.time is not None:
                self.clock.move_to(origin.time)
                for fault in origin.faults:
                    self._app.faults.add(Fault(**fault), self._app.places)
            elif given is not None:
                worldfile.fill(given, self._app, world)
            self._app.save(always=True)
        except BaseException:
            store.close()
            raise
        self._port = port
        self._server: Server | None = None
        self._closed = False

    # -- life

    def start(self) -> Self:
        """Listen, where there is a port to listen on."""
        if self._closed:
            raise RuntimeError("the sandbox is closed")
        if self._port is not None and self._server is None:
            from .server import Server

            self._server = Server(self._app, self._port)
        return self

    def close(self) -> None:
        """Stop. What is in a file stays there."""
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
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<sandbox {self.region}, seed {self.seed}{', closed' if self._closed else ''}>"

    # -- where and who

    @property
    def endpoint(self) -> str:
        """Its address."""
        if self._port is None:
            return _NO_SOCKET
        if self._server is None:
            raise RuntimeError("the sandbox has no address before it is started")
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def iam_endpoint(self) -> str:
        """Where its IAM is: at the same address."""
        return self.endpoint

    @property
    def region(self) -> str:
        """The region it plays."""
        return self._app.world.region

    @property
    def seed(self) -> int:
        """What makes its ids and credentials."""
        return self._app.world.ids.seed

    @property
    def project_id(self) -> str:
        """Its one project."""
        return self._app.world.account.project_id

    @property
    def credentials(self) -> Mapping[str, str | SecretStr]:
        """The login and the access key it knows: username, password, domain, ak, sk."""
        account = self._app.world.account
        return MappingProxyType(
            {
                "username": account.username,
                "password": account.password,
                "domain": account.domain,
                "ak": account.ak,
                "sk": account.sk,
            }
        )

    def environment(self) -> dict[str, str]:
        """Environment variables that point the official SDK at it. They hold secrets in clear text."""
        account, region = self._app.world.account, self.region.upper().replace("-", "_")
        return {
            "HUAWEICLOUD_SDK_AK": account.ak,
            "HUAWEICLOUD_SDK_SK": account.sk.get_secret_value(),
            "HUAWEICLOUD_SDK_PROJECT_ID": account.project_id,
            "HUAWEICLOUD_SDK_DOMAIN_ID": account.domain_id,
            "HUAWEICLOUD_SDK_IAM_ENDPOINT": self.iam_endpoint,
            f"HUAWEICLOUD_SDK_REGION_GAUSSDBFORNOSQL_{region}": self.endpoint,
        }

    def connect(self, **overrides: Any) -> Client:
        """A client of this sandbox.

        Args:
            overrides: other arguments for the client.
        """
        from ..nosql.client import Client

        login = {name: self.credentials[name] for name in ("username", "password", "domain")}
        here = {"endpoint": self.endpoint, "iam_endpoint": self.iam_endpoint, "region": self.region}
        more = {
            "project_id": self.project_id,
            "clock": self.clock,
            "adapter": self._adapter(),
            "seed": self.seed,
            "keep": False,
        }
        return Client.open(**{**here, **login, **more, **overrides})

    def mount(self, session: http.Session) -> http.Session:
        """Let a `requests` session reach the sandbox without a socket."""
        from .adapter import SandboxAdapter

        session.mount(f"{self.endpoint}/", SandboxAdapter(self.handle))
        return session

    def _adapter(self) -> Any:
        from .adapter import SandboxAdapter

        return SandboxAdapter(self.handle) if self._port is None else None

    # -- control

    def handle(self, request: Request) -> Response:
        """Answer one request; what server and adapter call.

        Raises:
            ConnectionError: when the sandbox is closed.
        """
        with self._app.lock:
            if self._closed:
                raise ConnectionError("the sandbox is closed")
            return self._app.handle(request)

    def advance(self, seconds: float) -> None:
        """Let time pass at once; what ends in it ends."""
        self._app.advance(seconds)

    def schedule(self, instance_id: str, what: str = "REBOOT", spec_code: str = "") -> str:
        """Do what only the console can: let work on an instance wait for its next maintenance window.

        Args:
            instance_id: the instance.
            what: the work: ``"REBOOT"``, ``"RESIZE_FLAVOR"`` or ``"UPGRADE_DATABASE"``.
            spec_code: for ``"RESIZE_FLAVOR"``, the specification to change to.

        Returns:
            The job that waits, for ``gdb.scheduled_jobs``.

        Raises:
            KeyError: when there is no such instance.
            ValueError: for other work, or work the instance is not fit for.
        """
        from .behaviours.scheduled_jobs import schedule

        with self._app.lock:
            world = self._app.world
            id = schedule(world, world.instances[instance_id], self.clock.time(), what, spec_code).id
            self._app.save()
        return id

    def export(self, path: str | PathLike[str]) -> None:
        """Write the present world to a file that ``Sandbox(world=…)`` begins with.

        Args:
            path: YAML, or JSON where it ends in ``.json``. It will hold no secret.

        Raises:
            ImportError: for YAML that is not installed; ``pip install "gaussnb[yaml]"``.
        """
        from . import worldfile

        with self._app.lock:
            worldfile.write(self._app, path)

    def fill(self, instance_id: str, percent: float) -> None:
        """Let data take a part of an instance's disk, as if somebody wrote it.

        Args:
            instance_id: the instance.
            percent: how many percent of its storage are in use then. From 97 on the disk is full, and the status
                ``data_disk_full`` until there is more storage or less data.

        Raises:
            KeyError: when there is no such instance.
            ValueError: for less than 0 or more than 100 percent.
        """
        if not 0 <= percent <= 100:
            raise ValueError(f"from 0 to 100 percent of a disk can be in use, not {percent}")
        self._app.fill(instance_id, percent)

    def load(self, instance_id: str, cpu: float, memory: float = 0, *, nodes: int | None = None) -> None:
        """Let nodes be busy, as if many clients came: what makes nodes come by themselves, where a policy says so.

        Args:
            instance_id: the instance.
            cpu: how many percent of their CPU are in use from now on; the nodes that come later are idle.
            memory: how many percent of their memory.
            nodes: how many nodes are that busy; None for all there are.

        Raises:
            KeyError: when there is no such instance.
            ValueError: for less than 0 or more than 100 percent.
        """
        if not (0 <= cpu <= 100 and 0 <= memory <= 100):
            raise ValueError(f"from 0 to 100 percent can be in use, not {cpu} and {memory}")
        self._app.load(instance_id, nodes, cpu, memory)

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
        """Let something go wrong.

        Args:
            route_or_operation: an operation, its id, or ``"METHOD /path"`` as declared; None for every call.
            status: answer with this HTTP status, and from 300 on do nothing.
            code: answer with this error code, and do nothing.
            message: the words of that error.
            headers: add these to the answer, be it right or wrong.
            body: answer with these bytes, or this text; with a status below 300, or none, after doing what was asked.
            drop: close the connection without an answer, ``"before"`` or ``"after"`` doing what was asked.
            delay: answer so many real seconds late.
            redirect: answer with a redirect to this URL.
            fail: accept the call, and let the work it starts fail in the end for this reason.
            times: how often; None for ever.
            after: let so many calls pass first.

        Returns:
            A handle with ``count`` and ``remove()``.

        Raises:
            ValueError: for a place no call ever leads to, and for what no answer can be; the text names it.
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
        """What was asked of it, secrets masked: the last 10 000 requests."""
        with self._app.lock:
            return self._app.journal.frame()
