"""Kinds of work as data, and the one place where work begins and ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ...core.catalogue import Chapters
from .messages import Refused
from .tables import Declared, State, Task, Thing

_LOG = logging.getLogger(__name__)


class Workable(Thing, Protocol):
    """A thing that work is done to, like a server."""

    name: str
    status: str
    actions: list[str]
    """The words for the work that is going on; empty when the thing is idle."""

    @property
    def prepaid(self) -> bool:
        """True if it is paid by the month or year: a change of its price is an order, and no job."""
        ...


@dataclass(frozen=True)
class End:
    """The end of a task. The function that makes the effect of the work gets it."""

    world: Any
    task: Task

    @property
    def now(self) -> float:
        """The moment of the end."""
        return self.task.end

    @property
    def effect(self) -> dict[str, Any]:
        """The coming changes, as :meth:`~.behaviours.Context.start` got them."""
        return self.task.effect

    @property
    def thing(self) -> Any:
        """The thing that was worked on."""
        return self.world.things[self.task.instance_id]


Effect = Callable[[Any], object]
"""Changes the world; gets the :class:`End`."""


@dataclass(frozen=True)
class Work:
    """One kind of work.

    Attributes:
        job: its name in the list of jobs.
        action: the word in ``actions`` while the work goes on; empty for background work, during which the thing
            is free for other work, and which needs no thing.
        seconds: the duration; None if it depends on the thing.
        going: the status of the thing during the work; empty for no change.
        done: the status after success; empty for no change.
        failed: the status after a failure; empty for no change.
        gone: True if success deletes the thing.
        allowed: the statuses in which the work may begin; empty for the usual ones of the service.
        orders: True if the work changes the price: for a yearly or monthly thing it is an order, and no job.
        apply: changes the world after success.
        undo: changes the world after a failure.
    """

    job: str
    action: str
    seconds: float | None
    going: str = ""
    done: str = ""
    failed: str = ""
    gone: bool = False
    allowed: frozenset[str] = frozenset()
    orders: bool = False
    apply: Effect | None = None
    undo: Effect | None = None


Follow = Callable[[Any, Any, float], object]
"""A policy: gets the world, a thing and the present moment."""


class Works(Declared[Work]):
    """Every kind of work of a service, by the name of its job. Begins and ends work.

    A service derives its own class where things are more than a status: :meth:`set_status` and :meth:`settle_thing`.

    Args:
        chapters: the modules with behaviours, which declare the works.
        usable: the usual statuses in which work may begin.
        busy: the error code for a thing that is worked on already.
        wrong_state: the error code for a thing whose status does not allow the work.
        ordered: the word in ``actions`` while the order of a yearly or monthly thing is carried out; empty for the
            word of the work.
        refused: the class of refusals.
        end: the class of the ends that effects get.
    """

    def __init__(
        self,
        chapters: Chapters | None = None,
        *,
        usable: frozenset[str] = frozenset(),
        busy: str = "",
        wrong_state: str = "",
        ordered: str = "",
        refused: type[Refused] = Refused,
        end: type[End] = End,
    ) -> None:
        super().__init__(chapters)
        self.usable, self.busy, self.wrong_state, self.ordered = usable, busy, wrong_state, ordered
        self._refused, self._end = refused, end
        self._policies: list[Follow] = []

    def register(self, work: Work) -> Work:
        """Register a kind of work, so that its tasks find their end, also after a restart."""
        if work.job in self:
            raise ValueError(f"there is a work {work.job} already")
        self[work.job] = work if work.allowed else replace(work, allowed=self.usable)
        return self[work.job]

    def afterwards(self, follow: Follow) -> Follow:
        """Register a policy that looks at a thing after each change of it."""
        self._policies.append(follow)
        self._policies.sort(key=lambda one: one.__module__)  # the same order in whichever order chapters are imported
        return follow

    # -- what a service may do otherwise

    def set_status(self, thing: Any, status: str) -> None:
        """Give a thing a status, and its parts with it."""
        thing.status = status

    def settle_thing(self, world: Any, thing: Any, now: float) -> None:
        """Adapt a thing to its parts, after work on it has ended."""

    # -- begin

    def begin(
        self,
        world: State,
        work: Work,
        thing: Workable | None,
        now: float,
        *,
        seconds: float | None = None,
        fail: str = "",
        listed: bool = True,
        effect: dict[str, Any] | None = None,
    ) -> Task:
        """Accept work.

        Args:
            thing: the thing to work on; None for work on something that belongs to no present thing.
            seconds: the duration, for a kind of work that does not fix it.
            fail: the reason for a coming failure; empty for success.
            listed: False to keep the task out of the list of jobs.
            effect: the coming changes, for the ``apply`` of the work; no secrets.

        Raises:
            Refused: while other work goes on, or when the status of the thing does not allow the work.
        """
        ordered = work.orders and thing is not None and thing.prepaid
        if thing and work.action:
            self.check_idle(thing, work.allowed | {work.going})
            thing.actions = [(self.ordered if ordered else "") or work.action]
            if work.going:
                self.set_status(thing, work.going)
            world.touch(thing, now)
        took = work.seconds if seconds is None else seconds
        task = Task(
            id=world.ids.uuid("job"),
            work=work.job,
            instance_id=thing.id if thing else "",
            instance_name=thing.name if thing else "",
            start=now,
            end=now + (took or 0),
            fail_reason=fail,
            listed=listed and not ordered,
            effect=effect or {},
        )
        world.schedule(task)
        return task

    def later(self, world: State, work: Work, thing: Workable | None, moment: float, **effect: Any) -> None:
        """Start a timer: work that no request started and no list shows, and that ends at a moment."""
        world.schedule(
            Task(
                id=world.ids.uuid("timer"),
                work=work.job,
                instance_id=thing.id if thing else "",
                instance_name="",
                start=moment,
                end=moment,
                listed=False,
                effect=effect,
            )
        )

    def check_idle(self, thing: Workable, allowed: Collection[str]) -> None:
        """Refuse when the thing is worked on, or its status is not among ``allowed``."""
        if thing.actions:
            raise self._refused(self.busy)
        self.check_status(thing, allowed)

    def check_status(self, thing: Workable, allowed: Collection[str]) -> None:
        """Refuse when the status is not among ``allowed``: as busy while work goes on that may change the status."""
        if thing.status not in allowed:
            raise self._refused(self.busy if thing.actions else self.wrong_state)

    # -- end

    def settle(self, world: State, now: float) -> None:
        """End every task whose end has come."""
        for task in world.due(now):
            try:
                self._finish(world, task)
            except Exception:  # the request that is being answered has nothing to do with this task
                _LOG.exception("%s could not be ended", task.work)
                self._give_up(world, task)

    def abort(self, world: State, task: Task, reason: str, now: float) -> None:
        """Let a running task fail now."""
        task.fail_reason, task.end = reason, now
        self._finish(world, task)

    def settled(self, world: State, thing: Workable, now: float) -> None:
        """Adapt a thing to its parts, and let the policies look at it."""
        self.settle_thing(world, thing, now)
        for follow in self._policies:
            follow(world, thing, now)
        world.touch(thing, now)

    def _finish(self, world: State, task: Task) -> None:
        work = self[task.work]
        task.status = world.task_statuses.failed if task.fail_reason else world.task_statuses.done
        world.tasks.put(task)
        thing = world.things.get(task.instance_id)
        if thing and work.action:
            thing.actions = []
            if after := work.failed if task.fail_reason else work.done:
                self.set_status(thing, after)
        if change := work.undo if task.fail_reason else work.apply:
            change(self._end(world, task))
        if thing and work.gone and not task.fail_reason:
            world.remove(thing)
        elif thing and work.action:
            self.settled(world, thing, task.end)
        if not task.listed and task.start == task.end:  # a timer is deleted at its end; only jobs stay in the list
            world.tasks.drop(task.id)

    def _give_up(self, world: State, task: Task) -> None:
        """Let a task fail whose end raised an error, and set its thing free."""
        task.status, task.fail_reason = world.task_statuses.failed, "The sandbox made a mistake; its log has it."
        world.tasks.put(task)
        if thing := world.things.get(task.instance_id):
            thing.actions = []
            world.touch(thing, task.end)
