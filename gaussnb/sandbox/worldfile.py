"""A world as a file people read and write: how a lesson begins, or where one stands.

::

    clock: 2026-01-01T09:00:00        # where time stands; left out, it runs
    quota: 5
    instances:
      - name: orders                  # what is left out is as in the Quick Start
        tags: {team: blue}
      - name: metrics
        status: createfail
    backups:
      - name: before-the-lesson       # made by hand, and complete
        instance: orders              # the name of one of the instances, or an id
        begin: 2025-12-31T22:00:00    # left out, as late as it can be complete by now
    faults:
      - where: RestartInstance        # the arguments of Sandbox.inject
        code: DBS.200019
        times: 2

YAML or JSON. What :meth:`gaussnb.sandbox.Sandbox.export` writes has everything below ``things`` instead, whole and by
kind; ``instances`` and ``backups`` may stand beside it. It holds no password, no key and no token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from datetime import UTC, datetime
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from .. import quickstart
from ..core.rules import NO_SUCH_FIELD
from ..nosql import engines
from ..nosql.instance_spec import InstanceSpec
from ..nosql.operations.backups import CreateBack
from . import lifecycle
from .behaviours import Call, backups, load, volumes
from .behaviours.instance_spec import create
from .clock import epoch
from .faults import Fault
from .messages import Refused, Request
from .world import KINDS, OWNED, Instance, Job, World

if TYPE_CHECKING:
    from .app import App

_NO_PASSWORD = "Aa1!" * 3  # a spec needs one; no instance keeps it
_FAILED = "The world began that way."
_CONFIG: Any = {"extra": "forbid", "hide_input_in_errors": True}
_SAYS = {
    "unexpected_keyword_argument": NO_SUCH_FIELD,
    "extra_forbidden": NO_SUCH_FIELD,
    "missing": "this field is required",
}
Place = tuple[str | int, ...]


@checked(config=_CONFIG)
class WorldFile:
    """Everything such a file may say."""

    region: Annotated[str, Field(min_length=1)] | None = None
    seed: int | None = None
    speed: Annotated[float, Field(gt=0)] | None = None
    quota: Annotated[int, Field(ge=0)] | None = None
    clock: datetime | None = None
    """Where time stands."""
    saved_at: datetime | None = None
    """Where the time of a running world was when it was written; it goes on from there."""
    counts: dict[str, Annotated[int, Field(ge=0)]] = field(default_factory=dict)
    """How many ids of each kind were given away."""
    things: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Whole things by kind, in the order they came to be."""
    instances: list[dict[str, Any]] = field(default_factory=list)
    """What a creation asks for, with status and tags."""
    backups: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """As :meth:`gaussnb.sandbox.Sandbox.inject` takes them, the place under ``where``."""


class _Born(InstanceSpec):
    """A short instance."""

    status: Literal["normal", "creating", "createfail", "abnormal", "enlargefail", "data_disk_full", "frozen"] = (
        "normal"
    )
    tags: dict[str, Annotated[str, Field(coerce_numbers_to_str=True)]] = Field(default_factory=dict)


@checked(config=_CONFIG)
class _Saved:
    """A short backup."""

    name: str
    instance: str
    begin: datetime | None = None
    description: str | None = None


_FILE: TypeAdapter[WorldFile] = TypeAdapter(WorldFile)
_SAVED: TypeAdapter[_Saved] = TypeAdapter(_Saved)


def read(path: str | PathLike[str]) -> WorldFile:
    """What a file says.

    Raises:
        ValueError: it is no such file; the text says where it is wrong.
        OSError: it cannot be opened.
        ImportError: it is YAML, and YAML is not installed.
    """
    try:
        told = _parsed(Path(path).read_text(encoding="utf-8"), path)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} cannot be read: byte {error.start} is no UTF-8 text") from None
    with _blaming(path):
        return _FILE.validate_python({} if told is None else told)


def fill(file: WorldFile, app: App, path: object) -> None:
    """Put what a file says into a new world.

    Args:
        app: it has that world.
        path: what its errors call the file.

    Raises:
        ValueError: something in it cannot be; the text says what.
    """
    load()
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
            _backup(_SAVED.validate_python(entry), world, now)
    for number, fault in enumerate(file.faults):
        with _blaming(path, "faults", number):
            app.faults.add(fault, app.places)


def write(app: App, path: str | PathLike[str]) -> None:
    """Write the present world; the lock of the application is held.

    Raises:
        ImportError: the path ends in .yaml, and YAML is not installed.
    """
    load()
    world, clock, now = app.world, app.clock, app.clock.time()
    lifecycle.settle(world, now)
    tables = sorted(world.tables.values(), key=lambda table: list(KINDS).index(table.name))
    told: dict[str, Any] = {
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
        "faults": [fault.told() for fault in app.faults.left()],
    }
    text = json.dumps(told, indent=2) if _is_json(path) else _yaml().safe_dump(told, sort_keys=False)
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
    """Refuse a thing that leads to something there is not."""
    if isinstance(one, Instance):
        _check_instance(one, world)
    elif isinstance(one, Job):
        _check_job(one, world)
    elif type(one) in OWNED:
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


def _check_job(one: Job, world: World) -> None:
    _among(one.work, lifecycle.WORKS, "work")
    if one.status == "Running" and one.instance_id and lifecycle.WORKS[one.work].action:
        _among(one.instance_id, world.instances, "instance_id")


def _among(value: str, known: Any, *place: str | int) -> None:
    if value not in known:
        few = sorted(known)[:20] if len(known) <= 20 else []
        _refuse(f"there is none of this name{'; there are ' + ', '.join(few) if few else ''}", *place)


# -------------------------------------------------------------------------------------------------------- short things


def _short(entry: dict[str, Any], world: World, now: float) -> None:
    """Make an instance the way a creation does, and let it have come to be by now."""
    born = _Born(**{**quickstart.body(world.region), "password": _NO_PASSWORD, **entry})
    took = 0.0 if born.status == "creating" else engines.engine(born.datastore.type).create_seconds
    fail = _FAILED if born.status == "createfail" else ""
    call = Call(world, now - took, Request("POST", "/"), None, fail)
    one = world.instances[create(born, call)["id"]]
    lifecycle.settle(world, now)
    one.tags = dict(born.tags)
    if born.status == "data_disk_full":
        volumes.fill(world, one, 100, now)
    else:
        one.status = one.group_status = born.status
    world.touch(one, now)


def _backup(saved: _Saved, world: World, now: float) -> None:
    """A complete backup made by hand, of an instance that was there before it."""
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
    def __init__(self, place: Place, says: str) -> None:
        super().__init__(says)
        self.place = place


def _refuse(says: str, *place: str | int) -> NoReturn:
    raise _Wrong(place, says)


@contextmanager
def _blaming(path: object, *place: str | int) -> Iterator[None]:
    """Say of what goes wrong inside, which file it was and where in it."""
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
    """The value in a text. What its errors say quotes nothing of it."""
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
    """What a parser says, up to where it begins to quote."""
    return (problem or "").split("'")[0].split('"')[0].strip()


def _is_json(path: str | PathLike[str]) -> bool:
    return fspath(path).lower().endswith(".json")


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise ImportError('A world in YAML: pip install "gaussnb[yaml]", or call the file .json') from None
    return yaml
