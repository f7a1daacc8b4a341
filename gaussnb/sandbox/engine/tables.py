"""The state of a sandbox: ids, tables of things, the account, and the tasks that end at a moment."""

from __future__ import annotations

import hashlib
import heapq
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from pydantic import SecretStr, TypeAdapter

from ...core.catalogue import Chapters
from ...core.process import cached_property

K = TypeVar("K")


class Ids:
    """The only source of ids of a sandbox. All of them follow from the seed.

    Each kind of thing has its own counter. An id therefore depends on how many things of its kind were made before,
    and not on how many requests were answered meanwhile.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.counts: Counter[str] = Counter()

    def fixed(self, what: str, length: int = 32) -> str:
        """The hexadecimal id of the only thing with this name."""
        return hashlib.sha256(f"{self.seed} {what}".encode()).hexdigest()[:length]

    def number(self, kind: str) -> int:
        """Count one more thing of a kind; the number of things before it."""
        self.counts[kind] += 1
        return self.counts[kind] - 1

    def hex(self, kind: str) -> str:
        """The next id of a kind, 32 hexadecimal digits."""
        return self.fixed(f"{kind} {self.number(kind)}")

    def uuid(self, kind: str) -> str:
        """The next id of a kind as a UUID."""
        return str(uuid.UUID(self.hex(kind)))


# ------------------------------------------------------------------------------------------ registers


class Declared(dict[str, K]):
    """The things that behaviours declare, by name. Before a name counts as missing, all behaviours are imported.

    Args:
        chapters: the modules with behaviours.
    """

    def __init__(self, chapters: Chapters | None = None) -> None:
        super().__init__()
        self._chapters = chapters or Chapters(())

    def __missing__(self, name: str) -> K:
        self._chapters.load()
        if name not in self:
            raise KeyError(name)
        return self[name]


class Thing(Protocol):
    """Anything with an id. A table holds things."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Thing)


class Kinds(Declared[type[Any]]):
    """The classes of things that a sandbox stores, by the name they have in the state file."""

    def __init__(self, chapters: Chapters | None = None) -> None:
        super().__init__(chapters)
        self.owned: set[type[Any]] = set()
        """The kinds that are deleted together with the thing they belong to."""
        self.tying: set[type[Any]] = set()
        """The kinds that tie other things together."""

    def keep(self, name: str, *, ends_with_instance: bool = False, ties: bool = False) -> Callable[[type[K]], type[K]]:
        """Decorate a dataclass whose objects are stored; :meth:`State.table` holds them.

        Args:
            name: the name in the file.
            ends_with_instance: True if a thing is deleted with its instance: the one that ``instance_id`` names or,
                in a class without that attribute, the one with the same id.
            ties: True if a thing ties instances together, so that none of them can be deleted alone.
        """

        def bind(thing: type[K]) -> type[K]:
            if name in self:
                raise ValueError(f"there are {name}s already")
            self[name] = thing
            if ends_with_instance:
                self.owned.add(thing)
            if ties:
                self.tying.add(thing)
            return thing

        return bind

    def name_of(self, thing: type[Any]) -> str:
        """The name of a kind in the file."""
        return next(name for name, kind in self.items() if kind is thing)


class Table(dict[str, T]):
    """Things of one kind by id, oldest first. ``unsaved`` lists the changes that are not written to the file yet."""

    def __init__(self, kind: type[T], kinds: Kinds) -> None:
        super().__init__()
        self.kind = kind
        self.unsaved: dict[str, T | None] = {}
        self._kinds = kinds

    @cached_property
    def name(self) -> str:
        """The name of the kind in the file."""
        return self._kinds.name_of(self.kind)

    @cached_property
    def codec(self) -> TypeAdapter[T]:
        """Writes and reads things of the kind as JSON."""
        return TypeAdapter(self.kind)

    def put(self, thing: T) -> T:
        """Add a thing, or note that it changed."""
        self[thing.id] = self.unsaved[thing.id] = thing
        return thing

    def drop(self, id: str) -> None:
        """Delete a thing."""
        del self[id]
        self.unsaved[id] = None

    def of(self, instance_id: str) -> list[T]:
        """The things whose ``instance_id`` is the given one, oldest first."""
        return [thing for thing in self.values() if getattr(thing, "instance_id", None) == instance_id]

    def newest_first(self) -> Iterable[T]:
        return reversed(self.values())


# -------------------------------------------------------------------------------------------- the account


@dataclass(frozen=True)
class Account:
    """The login and the access key of a sandbox, and its one project."""

    domain_id: str
    domain: str
    user_id: str
    username: str
    password: SecretStr
    ak: str
    sk: SecretStr
    project_id: str
    project: str


def account(ids: Ids, region: str) -> Account:
    """The account of a seed."""
    return Account(
        domain_id=ids.fixed("domain"),
        domain="sandbox",
        user_id=ids.fixed("user"),
        username="explorer",
        password=SecretStr(f"Sandbox-{ids.fixed('password', 16)}"),
        ak=ids.fixed("ak", 20).upper(),
        sk=SecretStr(ids.fixed("sk", 40)),
        project_id=ids.fixed("project"),
        project=region,
    )


# --------------------------------------------------------------------------------------------------- tasks


@dataclass
class Task:
    """Accepted work, or a timer. It ends when its moment has come. The file calls it a job."""

    id: str
    work: str
    """The name of its kind of work, a key of :class:`~.work.Works`."""
    instance_id: str
    """The thing that is worked on; empty for none."""
    instance_name: str
    start: float
    end: float
    status: str = ""
    """One of the words of :attr:`State.task_statuses`; empty before the task is scheduled."""
    fail_reason: str = ""
    """The reason of a failure; in a running task, the reason it is going to fail for."""
    listed: bool = True
    """False for a timer, and for an order of a yearly or monthly thing: the list of jobs shows neither."""
    effect: dict[str, Any] = field(default_factory=dict)
    """The coming changes, as JSON, for the function at the end of the work. Never a secret."""

    def percent(self, now: float) -> int:
        """The progress of the running task."""
        share = (now - self.start) / (self.end - self.start) if self.end > self.start else 0.0
        return min(99, int(100 * share))


@dataclass(frozen=True)
class TaskStatuses:
    """The service's words for the status of a task."""

    going: str = "going"
    done: str = "done"
    failed: str = "failed"


class State:
    """Everything in a sandbox. A service derives its world, which adds the state of the service.

    Args:
        seed: makes the ids and the credentials.
        region: the one region that is played.
    """

    kinds: Kinds = Kinds()
    """The classes of things that are stored; a service sets its own."""
    task_statuses: TaskStatuses = TaskStatuses()
    """The words for the statuses of a task; a service sets its own."""

    def __init__(self, seed: int, region: str) -> None:
        self.ids = Ids(seed)
        self.region = region
        self.account = account(self.ids, region)
        self.tables: dict[type[Any], Table[Any]] = {}
        self.kinds.setdefault("job", Task)
        self.tasks = self.table(Task)
        self._due: list[tuple[float, int, str]] = []
        self._scheduled = 0

    # -- what a service adds

    @property
    def things(self) -> Mapping[str, Any]:
        """The things that work is done to, by id."""
        return {}

    def facts(self) -> dict[str, Any]:
        """The settings of the world that the file keeps besides seed and region, by name."""
        return {}

    def touch(self, thing: Any, now: float) -> None:
        """Note that a thing changed."""
        self.table(type(thing)).put(thing)

    def remove(self, thing: Any) -> None:
        """Delete a thing that is worked on, and everything that is deleted with it."""
        self.table(type(thing)).drop(thing.id)
        for kind, table in self.tables.items():
            if kind in self.kinds.owned:
                for owned in list(table.values()):
                    if getattr(owned, "instance_id", owned.id) == thing.id:
                        table.drop(owned.id)

    def reserve(self, task: Task) -> None:
        """Note what a running task is going to take, so that no other request gets the same."""

    def release(self, task_id: str) -> None:
        """Undo :meth:`reserve`: the end of the task has come."""

    # -- tables

    def table(self, kind: type[T]) -> Table[T]:
        """The things of a kind that is kept."""
        if (table := self.tables.get(kind)) is None:
            table = self.tables[kind] = Table(kind, self.kinds)
        return table

    # -- time

    def schedule(self, task: Task) -> None:
        """Add a task; :meth:`due` yields it when its end has come."""
        task.status = task.status or self.task_statuses.going
        self.tasks.put(task)
        self._scheduled += 1
        self.reserve(task)
        heapq.heappush(self._due, (task.end, self._scheduled, task.id))

    def due(self, now: float) -> Iterable[Task]:
        """The tasks whose end has come, in order of their ends; also those that are added meanwhile."""
        while self._due and self._due[0][0] <= now:
            task_id = heapq.heappop(self._due)[2]
            task = self.tasks.get(task_id)
            self.release(task_id)
            if task and self.is_going(task):
                yield task

    def is_going(self, task: Task) -> bool:
        """True if the end of a task has not come."""
        return task.status == self.task_statuses.going

    def running(self) -> list[Task]:
        """The running tasks, in no order."""
        going = (self.tasks.get(id) for _, _, id in self._due)
        return [task for task in going if task and self.is_going(task)]

    def restored(self) -> None:
        """Schedule the running tasks again, after the tables were filled from a file."""
        for task in self.tasks.values():
            task.status = task.status or self.task_statuses.going
        running = [task for task in self.tasks.values() if self.is_going(task)]
        numbers = {id: number for number, id in enumerate(self.tasks)}
        self._due = [(task.end, numbers[task.id], task.id) for task in running]
        heapq.heapify(self._due)
        self._scheduled = len(self.tasks)
        for task in running:
            self.reserve(task)


# ------------------------------------------------------------------------------------------- time formats


def time_text(moment: float, form: str) -> str:
    """A moment as UTC text, to the second."""
    return datetime.fromtimestamp(int(moment), UTC).strftime(form)


def job_time(moment: float) -> str:
    """A moment as the list of jobs writes it."""
    return time_text(moment, "%Y-%m-%dT%H:%M:%S+0000")


def token_time(moment: float) -> str:
    """A moment as IAM writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
