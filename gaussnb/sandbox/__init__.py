"""A pretend cloud in this process: the same wire format as the real one, without an account and without costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from os import PathLike
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from ..cloud.regions import check_endpoint, is_loopback
from ..cloud.settings import Settings
from ..core.catalogue import Chapters
from ..core.errors import CredentialsError
from ..core.operation import Operation
from ..core.secrets import discreet
from ..nosql.client import Client
from ..nosql.groups import GROUPS
from ..nosql.service import SERVICE
from . import page
from .behaviours import BEHAVIOURS, Context
from .engine.app import App
from .engine.clock import Clock
from .engine.faults import Fault
from .engine.iam import IAM
from .engine.sandbox import REGION, SPEED
from .engine.sandbox import Sandbox as EngineSandbox
from .engine.service import SandboxService
from .engine.store import Origin
from .engine.tables import Ids, account
from .lifecycle import WORKS
from .world import World

__all__ = ["Clock", "Fault", "Sandbox", "login", "simulated"]

QUOTA = 50
_WORLDFILE = Chapters([f"{__name__}.worldfile"])  # imports half of the behaviours

NOSQL = SandboxService(
    SERVICE,
    behaviours=BEHAVIOURS,
    works=WORKS,
    context=Context,
    world=World,
    groups=GROUPS,
    missing_codes={"datastore": "DBS.280446"},
    failure_code="DBS.280005",
    wrong_project_code="DBS.280408",
    # The catalog type of the real service is not known: the sandbox offers all that are in use.
    endpoints={"geminidb": "v3", "gaussdb-nosql": "v3", "nosql": "v3", "vpc": "v1"},
)
"""GaussDB NoSQL, as the sandbox plays it."""


def simulated() -> Mapping[type[Operation], str]:
    """The operations with a behaviour, and its depth: ``"state"`` reads or changes the world, ``"data"`` answers
    plausible data, ``"fixed"`` always the same. The sandbox refuses all other operations with status 501."""
    BEHAVIOURS.load()
    return MappingProxyType({**IAM.depths, **BEHAVIOURS.depths})


def login(address: str) -> Settings:
    """The settings that connect to a sandbox which runs elsewhere on this machine.

    Args:
        address: the endpoint of the sandbox, with its seed and region in the query unless they are the usual ones:
            ``http://127.0.0.1:8080?seed=3&region=cn-north-4``.

    Returns:
        Settings for :func:`gaussnb.connect`.

    Raises:
        CredentialsError: the address is on another machine, or the seed is no number.

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


class Sandbox(EngineSandbox):
    """A pretend cloud with GaussDB NoSQL. Use it in a ``with`` block, or call :meth:`start` and :meth:`close`.

    Args:
        path: a state file. Its seed, region and time go before the arguments; its quota and speed are used unless
            others are given. Without a file nothing is stored.
        port: the port on this machine; 0 for any free port, None for no socket: then :meth:`connect` and
            :meth:`mount` reach the sandbox.
        seed: makes ids and credentials; equal seeds make equal ones.
        speed: virtual seconds per real second; 60 unless a file has another speed.
        start: the first moment of a standing clock, see :class:`~gaussnb.sandbox.engine.clock.Clock`. With it a run
            can be repeated to the byte.
        region: the region that is played.
        quota: the largest number of instances of an engine, 50 unless a file has another quota; 0 for no limit, also
            for the enterprise projects.
        world: a YAML or JSON file with the first instances, backups, faults and the clock, see
            :mod:`gaussnb.sandbox.worldfile`. Its settings go before the arguments. It is not read when ``path`` was
            opened before.

    Raises:
        RuntimeError: when another sandbox has the file open.
        ValueError: when a file has another format or is damaged, or an argument is impossible.
        OSError: when a file cannot be opened.

    >>> with Sandbox(port=None, start="2026-01-01T00:00:00") as sandbox:
    ...     sandbox
    <sandbox cn-north-4, seed 0>
    """

    service = NOSQL
    _answer_page = page.answer_page

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
        given: dict[str, Any] = {"quota": quota, "speed": speed}
        asked = {name: value for name, value in given.items() if value is not None}
        new: dict[str, Any] = {"seed": seed, "region": region, "quota": QUOTA, "speed": SPEED, **asked}
        standing = start is not None
        fill: Callable[[App], None] | None = None
        if world is not None:
            worldfile: Any = _WORLDFILE.find("worldfile")
            file = worldfile.read(world)
            new |= {name: value for name in new if (value := getattr(file, name)) is not None}
            standing = standing or file.clock is not None
            start = file.clock or start or file.saved_at
            fill = partial(worldfile.fill, file, path=world)
        origin = Origin(new["seed"], new["region"], new["speed"], {"quota": new["quota"]})
        self._open(path, port, origin, asked, start, standing, fill)

    @discreet
    def connect(self, **overrides: Any) -> Client:
        """A client of this sandbox.

        Args:
            overrides: other arguments for the client.
        """
        settings: dict[str, Any] = {**self.settings(), "seed": self.seed, "keep": False, **overrides}
        return Client.open(**settings)

    # -- control

    def schedule(self, instance_id: str, what: str = "REBOOT", spec_code: str = "") -> str:
        """Plan work on an instance for its next maintenance window, as only the console can.

        Args:
            instance_id: the instance.
            what: the work: ``"REBOOT"``, ``"RESIZE_FLAVOR"`` or ``"UPGRADE_DATABASE"``.
            spec_code: for ``"RESIZE_FLAVOR"``, the new specification.

        Returns:
            The id of the scheduled job, for ``gdb.scheduled_jobs``.

        Raises:
            KeyError: when there is no such instance.
            ValueError: for other work, and for work that the instance does not allow.
        """
        behaviour: Any = BEHAVIOURS.chapters.find("scheduled_jobs")
        with self._app.lock:
            world = self._app.world
            planned = behaviour.schedule(world, world.instances[instance_id], self.clock.time(), what, spec_code)
            self._app.save()
        return str(planned.id)

    def export(self, path: str | PathLike[str]) -> None:
        """Write the present world to a file for ``Sandbox(world=…)``. The file holds no secrets.

        Args:
            path: a YAML file, or a JSON file if the name ends in ``.json``.

        Raises:
            ImportError: for YAML that is not installed; ``pip install "gaussnb[yaml]"``.
        """
        worldfile: Any = _WORLDFILE.find("worldfile")
        with self._app.lock:
            worldfile.write(self._app, path)

    def fill(self, instance_id: str, percent: float) -> None:
        """Fill the disk of an instance with data.

        Args:
            instance_id: the instance.
            percent: the percentage of its storage that is in use afterwards. From 97 on the disk is full, and the
                status is ``data_disk_full`` until there is more storage or less data.

        Raises:
            KeyError: when there is no such instance.
            ValueError: for less than 0 or more than 100 percent.
        """
        if not 0 <= percent <= 100:
            raise ValueError(f"from 0 to 100 percent of a disk can be in use, not {percent}")
        volumes: Any = BEHAVIOURS.chapters.find("volumes")
        with self._app.changing() as now:
            volumes.fill(self._app.world, self._app.world.instances[instance_id], percent, now)

    def load(self, instance_id: str, cpu: float, memory: float = 0, *, nodes: int | None = None) -> None:
        """Load nodes of an instance, as many clients would. An automatic policy may add nodes then.

        Args:
            instance_id: the instance.
            cpu: the percentage of their CPU that is in use from now on. Nodes that are added later are idle.
            memory: the percentage of their memory that is in use.
            nodes: the number of loaded nodes; None for all present ones.

        Raises:
            KeyError: when there is no such instance.
            ValueError: for less than 0 or more than 100 percent.
        """
        if not (0 <= cpu <= 100 and 0 <= memory <= 100):
            raise ValueError(f"from 0 to 100 percent can be in use, not {cpu} and {memory}")
        behaviour: Any = BEHAVIOURS.chapters.find("nodes")
        with self._app.changing() as now:
            behaviour.load(self._app.world, self._app.world.instances[instance_id], nodes, cpu, memory, now)
