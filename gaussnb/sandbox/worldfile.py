"""World files: the first or the present state of a sandbox as YAML or JSON that people read and write.

::

    clock: 2026-01-01T09:00:00        # the moment of a standing clock; without it the clock runs
    quota: 5
    instances:
      - name: orders                  # other fields are as in the Quick Start
        tags: {team: blue}
      - name: metrics
        status: createfail
    backups:
      - name: before-the-lesson       # a manual backup, complete
        instance: orders              # the name or the id of an instance
        begin: 2025-12-31T22:00:00    # without it, the latest moment for a complete backup
    faults:
      - where: RestartInstance        # the arguments of Sandbox.inject
        code: DBS.200019
        times: 2

The file is YAML or JSON. A file that :meth:`gaussnb.sandbox.Sandbox.export` writes lists all things completely under
``things``, by kind; ``instances`` and ``backups`` may be added. It holds no password, no key and no token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from datetime import UTC, datetime
from os import PathLike, fspath
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from .. import quickstart
from ..core.process import importing
from ..core.rules import NO_SUCH_FIELD
from ..nosql import engines, states
from ..nosql.instance_spec import InstanceSpec
from ..nosql.operations.backups import CreateBack
from . import lifecycle
from .behaviours import BEHAVIOURS, Context, backups, volumes
from .behaviours.instance_spec import create
from .engine.app import App
from .engine.clock import epoch
from .engine.faults import Fault
from .engine.messages import Request
from .engine.tables import Task
from .refusals import Refused
from .world import KINDS, Instance, World

_NO_PASSWORD = "Aa1!" * 3  # a spec needs a password; it is not stored
_FAILED = "The world began that way."
_CONFIG: Any = {"extra": "forbid", "hide_input_in_errors": True}
_SAYS = {
    "unexpected_keyword_argument": NO_SUCH_FIELD,
    "extra_forbidden": NO_SUCH_FIELD,
    "missing": "this field is required",
}
Location = tuple[str | int, ...]
"""A place in the file: keys and list positions, from outside to inside."""


@checked(config=_CONFIG)
class WorldFile:
    """The fields of a world file."""

    region: Annotated[str, Field(min_length=1)] | None = None
    seed: int | None = None
    speed: Annotated[float, Field(gt=0)] | None = None
    quota: Annotated[int, Field(ge=0)] | None = None
    clock: datetime | None = None
    """The moment of a standing clock."""
    saved_at: datetime | None = None
    """The moment of a running clock when the file was written; the clock continues from that moment."""
    counts: dict[str, Annotated[int, Field(ge=0)]] = field(default_factory=dict)
    """The number of ids of each kind that were used."""
    things: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Complete things by kind, oldest first."""
    instances: list[dict[str, Any]] = field(default_factory=list)
    """Short instances: the fields of a creation, with status and tags."""
    backups: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """The arguments of :meth:`gaussnb.sandbox.Sandbox.inject`, with the route or operation as ``where``."""


class _ShortInstance(InstanceSpec):
    """A short instance."""

    status: Literal["normal", "creating", "createfail", "abnormal", "enlargefail", "data_disk_full", "frozen"] = (
        "normal"
    )
    tags: dict[str, Annotated[str, Field(coerce_numbers_to_str=True)]] = Field(default_factory=dict)


@checked(config=_CONFIG)
class _ShortBackup:
    """A short backup."""

    name: str
    instance: str
    begin: datetime | None = None
    description: str | None = None


_FILE: TypeAdapter[WorldFile] = TypeAdapter(WorldFile)
_BACKUP: TypeAdapter[_ShortBackup] = TypeAdapter(_ShortBackup)


def read(path: str | PathLike[str]) -> WorldFile:
    """Read a world file.

    Raises:
        ValueError: the file is no world file; the text names the place of the mistake.
        OSError: the file cannot be opened.
        ImportError: the file is YAML, and YAML is not installed.
    """
    try:
        value = _parsed(Path(path).read_text(encoding="utf-8"), path)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} cannot be read: byte {error.start} is no UTF-8 text") from None
    with _blaming(path):
        return _FILE.validate_python({} if value is None else value)


def fill(file: WorldFile, app: App, path: object) -> None:
    """Fill a new world from a file.

    Args:
        app: the application with the new world.
        path: the name of the file, for errors.

    Raises:
        ValueError: something in the file is impossible; the text says what.
    """
    BEHAVIOURS.load()
    world, now = app.world, app.clock.time()
    world.ids.counts.update(file.counts)
    for kind, entries in file.things.items():
        for number, entry in enumerate(entries):
            with _blaming(path, "things", kind, number):
                _whole(kind, entry, world)
    for kind, entries in file.things.items():
        for number, entry in enumerate(entries):
            with _blaming(path, "things", kind, number):
                _check(world.table(KINDS[kind])[entry["id"]], world)
    world.restored()
    for number, entry in enumerate(file.instances):
        with _blaming(path, "instances", number):
            _short(entry, world, now)
    for number, entry in enumerate(file.backups):
        with _blaming(path, "backups", number):
            _backup(_BACKUP.validate_python(entry), world, now)
    for number, fault in enumerate(file.faults):
        with _blaming(path, "faults", number):
            app.faults.add(fault, app.places)


def write(app: App, path: str | PathLike[str]) -> None:
    """Write the present world; the lock of the application is held.

    Raises:
        ImportError: the path ends in .yaml, and YAML is not installed.
    """
    BEHAVIOURS.load()
    world, clock, now = app.world, app.clock, app.clock.time()
    lifecycle.settle(world, now)
    tables = sorted(world.tables.values(), key=lambda table: list(KINDS).index(table.name))
    file: dict[str, Any] = {
        "region": world.region,
        "seed": world.ids.seed,
        "speed": clock.speed,
        "quota": world.quota,
        "clock" if clock.standing else "saved_at": datetime.fromtimestamp(now, UTC).isoformat(),
        "counts": dict(world.ids.counts),
        "things": {
            table.name: [table.codec.dump_python(one, mode="json") for one in table.values()]
            for table in tables
            if table
        },
        "faults": [fault.settings() for fault in app.faults.left()],
    }
    text = json.dumps(file, indent=2) if _is_json(path) else _yaml().safe_dump(file, sort_keys=False)
    Path(path).write_text(text, encoding="utf-8")


# -------------------------------------------------------------------------------------------------------- whole things


def _whole(kind: str, entry: dict[str, Any], world: World) -> None:
    if kind not in KINDS:
        _refuse(f"there is no such kind of thing; there are {', '.join(sorted(KINDS))}")
    table = world.table(KINDS[kind])
    one = table.codec.validate_python(entry, extra="forbid")
    if one.id in table:
        _refuse("there are two with this id", "id")
    table.put(one)


def _check(one: Any, world: World) -> None:
    """Refuse a thing that refers to a missing thing."""
    if isinstance(one, Instance):
        _check_instance(one, world)
    elif isinstance(one, Task):
        _check_job(one, world)
    elif type(one) in KINDS.owned:
        name = "instance_id" if hasattr(one, "instance_id") else "id"
        _among(getattr(one, name), world.instances, name)


def _check_instance(one: Instance, world: World) -> None:
    going = {word for work in lifecycle.WORKS.values() for word in (work.going, work.done, work.failed) if word}
    _among(one.engine, engines.ENGINES, "engine")
    _among(one.mode, engines.engine(one.engine).modes, "mode")
    _among(one.status, lifecycle.ANY | going, "status")
    _among(one.vpc_id, world.vpcs, "vpc_id")
    _among(one.spec_code, engines.FLAVORS, "spec_code")
    if one.security_group_id:
        _among(one.security_group_id, world.security_groups, "security_group_id")
    for place, subnet_id in [
        (("subnet_id",), one.subnet_id),
        *((("nodes", number, "subnet_id"), node.subnet_id) for number, node in enumerate(one.nodes)),
    ]:
        _among(subnet_id, world.subnets, *place)


def _check_job(one: Task, world: World) -> None:
    _among(one.work, lifecycle.WORKS, "work")
    _among(one.status, {"", *states.JOB}, "status")
    if world.is_going(one) and one.instance_id and lifecycle.WORKS[one.work].action:
        _among(one.instance_id, world.instances, "instance_id")


def _among(value: str, known: Any, *place: str | int) -> None:
    if value not in known:
        few = sorted(known)[:20] if len(known) <= 20 else []
        _refuse(f"there is none of this name{'; there are ' + ', '.join(few) if few else ''}", *place)


# -------------------------------------------------------------------------------------------------------- short things


def _short(entry: dict[str, Any], world: World, now: float) -> None:
    """Create an instance in the past, so that its creation has ended by now."""
    spec = _ShortInstance(**{**quickstart.body(world.region), "password": _NO_PASSWORD, **entry})
    took = 0.0 if spec.status == "creating" else engines.engine(spec.datastore.type).create_seconds
    fail = _FAILED if spec.status == "createfail" else ""
    context = Context(world, now - took, Request("POST", "/"), None, fail)
    one = world.instances[create(spec, context)["id"]]
    lifecycle.settle(world, now)
    one.tags = dict(spec.tags)
    if spec.status == "data_disk_full":
        volumes.fill(world, one, 100, now)
    else:
        one.status = one.group_status = spec.status
    world.touch(one, now)


def _backup(saved: _ShortBackup, world: World, now: float) -> None:
    """Make a complete manual backup of an instance, which is made older than the backup where needed."""
    found = [one for one in world.instances.values() if saved.instance in (one.id, one.name)]
    if len(found) != 1:
        _refuse("there are several of this name: give an id" if found else "there is no such instance", "instance")
    (one,) = found
    begin = epoch(saved.begin) if saved.begin else now - backups.SECONDS
    if begin + backups.SECONDS > now:
        _refuse(f"it takes {backups.SECONDS} s, and would not be complete by now", "begin")
    if one.status not in lifecycle.FILLED:
        _refuse(f"an instance that is {one.status} has no complete backup", "instance")
    one.created = min(one.created, begin)
    backups.made(world, one, CreateBack(one.id, saved.name, saved.description), begin)
    world.touch(one, now)


# --------------------------------------------------------------------------------------------------------------- blame


class _Wrong(ValueError):
    def __init__(self, place: Location, says: str) -> None:
        super().__init__(says)
        self.place = place


def _refuse(says: str, *place: str | int) -> NoReturn:
    raise _Wrong(place, says)


@contextmanager
def _blaming(path: object, *place: str | int) -> Iterator[None]:
    """Turn errors inside the block into a ValueError that names the file and the place in it."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        inner, says = first["loc"], _SAYS.get(first["type"], first["msg"])
    except Refused as refused:
        inner, says = (), refused.message
    except _Wrong as wrong:
        inner, says = wrong.place, str(wrong)
    except ValueError as error:
        inner, says = (), str(error)
    else:
        return
    where = ".".join(str(part) for part in (*place, *inner))
    raise ValueError(f"{path}: {where}: {says}" if where else f"{path}: {says}")


# ---------------------------------------------------------------------------------------------------------------- text


def _parsed(text: str, path: str | PathLike[str]) -> Any:
    """The value in a text. Error messages quote nothing from it."""
    if _is_json(path):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            says = f"line {error.lineno}: {error.msg}"
        except RecursionError:
            says = "it is nested too deeply"
        raise ValueError(f"{path} cannot be read: {says}")
    yaml = _yaml()
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        says = f"{line}{type(error).__name__.removesuffix('Error').lower()} error, {_unquoted(error.problem)}"
    except (yaml.YAMLError, ValueError):
        says = "there is a character or a date that cannot be"
    except RecursionError:
        says = "it is nested too deeply"
    raise ValueError(f"{path} cannot be read: {says}")


def _unquoted(problem: str | None) -> str:
    """The message of a parser, without its quotes of the file."""
    return (problem or "").split("'")[0].split('"')[0].strip()


def _is_json(path: str | PathLike[str]) -> bool:
    return fspath(path).lower().endswith(".json")


def _yaml() -> Any:
    try:
        with importing():
            import yaml
    except ImportError:
        raise ImportError('A world in YAML: pip install "gaussnb[yaml]", or call the file .json') from None
    return yaml
