"""A world as a file people read and write: how a lesson begins, or where one stands.

::

    clock: 2026-01-01T09:00:00        # where time stands; left out, it runs
    quota: 5
    instances:
      - name: orders                  # what is left out is as in the Quick Start
        tags: {team: blue}
      - name: metrics
        status: createfail
    faults:
      - where: RestartInstance        # the arguments of Sandbox.inject
        code: DBS.200019
        times: 2

YAML or JSON. It holds no secret: a sandbox keeps none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field, fields
from datetime import UTC, datetime
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from .. import engines, quickstart
from ..instance_spec import InstanceSpec
from . import lifecycle
from .behaviours import Call
from .behaviours.instance_spec import create
from .clock import Clock
from .faults import Fault
from .messages import Refused, Request
from .world import Instance, World

if TYPE_CHECKING:
    from .app import App

_NO_PASSWORD = "Aa1!" * 3  # a spec needs one; no instance keeps it
_BYTES = ("utf-8", "surrogateescape")  # any bytes, and text stays readable
_CONFIG: Any = {"extra": "forbid"}


@checked(config=_CONFIG)
class WorldFile:
    """Everything such a file may say."""

    region: str = ""
    seed: int | None = None
    speed: float | None = None
    quota: int | None = None
    clock: datetime | None = None
    """Where time stands."""
    saved_at: datetime | None = None
    """When a running world was written: what goes on then has as long to go when it is read."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many ids of each kind were given away."""
    instances: list[dict[str, Any]] = field(default_factory=list)
    """Short ones, as a creation asks for them with status and tags, or whole ones."""
    jobs: list[dict[str, Any]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    """As :meth:`gaussnb.sandbox.Sandbox.inject` takes them, the place under ``where``."""


_FILE: TypeAdapter[WorldFile] = TypeAdapter(WorldFile)
_FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)
_OF_FAULT = {one.name: one.default for one in fields(Fault) if one.init}


def read(path: str | PathLike[str]) -> WorldFile:
    """What a file says.

    Raises:
        ValueError: it is no such file; the text says where it is wrong.
        ImportError: it is YAML, and YAML is not installed.
    """
    text = Path(path).read_text(encoding="utf-8")
    try:
        return _FILE.validate_python((json.loads(text) if _is_json(path) else _yaml().safe_load(text)) or {})
    except ValidationError as error:
        raise ValueError(f"{path}: {_first(error)}") from None
    except Exception as error:
        raise ValueError(f"{path} cannot be read: {error}") from None


def fill(file: WorldFile, world: World, clock: Clock, path: object) -> list[Fault]:
    """Put what a file says into a new world.

    Args:
        path: what its errors call the file.

    Returns:
        The faults it wants to be injected.

    Raises:
        ValueError: something in it cannot be; the text says what.
    """
    world.ids.counts.update(file.counts)
    now = clock.time()
    later = now - file.saved_at.timestamp() if file.saved_at else 0.0
    for number, entry in enumerate(file.instances):
        try:
            if "nodes" in entry:
                _whole(entry, world, later)
            else:
                _short(entry, world, now)
        except ValidationError as error:
            says = _first(error)
        except Refused as refused:
            says = refused.message
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            says = str(error)
        else:
            continue
        raise ValueError(f"{path}: instance {number} ({entry.get('name', 'without a name')}): {says}")
    for record in file.jobs:
        try:
            job = world.jobs.codec.validate_python(record)
            lifecycle.WORKS[job.work]
        except (ValidationError, KeyError) as error:
            says = _first(error) if isinstance(error, ValidationError) else f"there is no work {error}"
            raise ValueError(f"{path}: a job: {says}") from None
        job.start, job.end = job.start + later, job.end + later
        world.jobs.put(job)
    world.restored()
    try:
        return [_fault(one) for one in file.faults]
    except ValidationError as error:
        raise ValueError(f"{path}: a fault: {_first(error)}") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: a fault: {error}") from None


def write(app: App, path: str | PathLike[str]) -> None:
    """Write the present world; the lock of the application is held.

    Raises:
        ImportError: the path ends in .yaml, and YAML is not installed.
    """
    world, clock, now = app.world, app.clock, app.clock.time()
    lifecycle.settle(world, now)
    moment = datetime.fromtimestamp(now, UTC).isoformat()
    told: dict[str, Any] = {
        "region": world.region,
        "seed": world.ids.seed,
        "quota": world.quota,
        **({"clock": moment} if clock.standing else {"saved_at": moment, "speed": clock.speed}),
        "counts": dict(world.ids.counts),
        "instances": [world.instances.codec.dump_python(one, mode="json") for one in world.instances.values()],
        "jobs": [world.jobs.codec.dump_python(one, mode="json") for one in world.jobs.values()],
        "faults": [_told(fault) for fault in app.faults.left()],
    }
    text = json.dumps(told, indent=2) if _is_json(path) else _yaml().safe_dump(told, sort_keys=False)
    Path(path).write_text(text, encoding="utf-8")


# ----------------------------------------------------------------------------------------------------------- instances


def _short(entry: Mapping[str, Any], world: World, now: float) -> None:
    """Make an instance the way a creation does, and let it have come to be by now."""
    asked = {**quickstart.body(world.region), "password": _NO_PASSWORD, **entry}
    status, tags = asked.pop("status", "normal"), asked.pop("tags", {})
    spec = InstanceSpec(**asked)
    took = 0.0 if status == "creating" else engines.engine(spec.datastore.type).create_seconds
    call = Call(world, now - took, Request("POST", "/"), None)
    one = world.instances[create(spec, call)["id"]]
    if took:
        lifecycle.settle(world, now)
        if status != "normal":
            one.status = one.group_status = str(status)
    one.tags = {str(key): str(value) for key, value in tags.items()}
    world.touch(one, now)


def _whole(entry: Mapping[str, Any], world: World, later: float) -> None:
    one: Instance = world.instances.codec.validate_python(entry)
    one.created, one.updated = one.created + later, one.updated + later
    if one.id in world.instances:
        raise ValueError("there are two with this id")
    if one.mode not in engines.engine(one.engine).modes:
        raise ValueError(f"{one.engine} has no mode {one.mode}")
    world.instances.put(one)


# -------------------------------------------------------------------------------------------------------------- faults


def _fault(given: Mapping[str, Any]) -> Fault:
    if strange := given.keys() - _OF_FAULT:
        raise ValueError(f"it has no {', '.join(sorted(strange))}")
    body = given.get("body")
    return _FAULT.validate_python({**given, "body": body.encode(*_BYTES) if isinstance(body, str) else body})


def _told(fault: Fault) -> dict[str, Any]:
    told = {name: getattr(fault, name) for name in _OF_FAULT}
    if fault.body is not None:
        told["body"] = fault.body.decode(*_BYTES)
    return {name: value for name, value in told.items() if value != _OF_FAULT[name] and value != {}}


# ---------------------------------------------------------------------------------------------------------------- text


def _is_json(path: str | PathLike[str]) -> bool:
    return fspath(path).lower().endswith(".json")


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise ImportError('A world in YAML: pip install "gaussnb[yaml]", or call the file .json') from None
    return yaml


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
