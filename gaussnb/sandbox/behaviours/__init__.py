"""What the sandbox does when an operation is called: one short function each.

A behaviour gets the parsed operation and a :class:`Call`. It checks the state, changes the world, and answers
the body; for a paged list it answers everything there is, and the application cuts out the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ...core.operation import Operation
from ...nosql.engines import modes
from .. import lifecycle
from ..lifecycle import Work
from ..messages import Refused, Request, encode
from ..world import Instance, Node, World, create_time

if TYPE_CHECKING:
    from ..identity import Caller

Op = TypeVar("Op", bound=Operation)
Behaviour = Callable[[Any, "Call"], Any]

SIMULATED: dict[type[Operation], Behaviour] = {}
"""The behaviours that were read, by operation."""


Depth = Literal["state", "data", "fixed"]
"""How deep a behaviour goes: it reads or changes what there is, it answers plausible data, always the same thing."""
DEPTHS: dict[type[Operation], Depth] = {}
"""How deep each behaviour goes."""


Kind = tuple[str, str]
"""Engine and mode of an instance."""
ONLY: dict[type[Operation], tuple[frozenset[Kind], str]] = {}
"""The operations that are not for every instance: what the one in their path must be, and the code for others."""
UNSUPPORTED = "DBS.216029"


def simulates(
    operation: type[Op], depth: Depth = "state", *, only: Sequence[str] = (), wrong: str = UNSUPPORTED
) -> Callable[[Callable[[Op, Call], Any]], Callable[[Op, Call], Any]]:
    """Make a function the behaviour of ``operation``.

    Args:
        operation: what it acts out.
        depth: how deep it goes.
        only: the engines it is for, or single modes like ``redis Replication``; none for all of them. The behaviour
            is not reached when the instance in the path is another.
        wrong: the code that says so.
    """

    def bind(behaviour: Callable[[Op, Call], Any]) -> Callable[[Op, Call], Any]:
        kinds = frozenset(kind for name in only for kind in _kinds(name))
        DEPTHS[operation], SIMULATED[operation] = depth, behaviour
        if kinds:
            ONLY[operation] = kinds, wrong
            SIMULATED[operation] = _choosy(behaviour, operation, f"It is for {', '.join(only)}.")
        return behaviour

    return bind


def _kinds(name: str) -> list[Kind]:
    """The kinds of instances of an engine, or the one with a mode."""
    known: list[Kind] = [(mode.engine, mode.name) for mode in modes()]
    found = [kind for kind in known if name in (kind[0], " ".join(kind))]
    if not found:
        raise ValueError(f"no engine or mode is called {name}")
    return found


def _choosy(behaviour: Behaviour, operation: type[Operation], reason: str) -> Behaviour:
    """A behaviour that sees only instances of the right kind."""
    kinds, wrong = ONLY[operation]

    @wraps(behaviour)
    def checked(op: Any, call: Call) -> Any:
        instance = call.instance(op.instance_id) if hasattr(op, "instance_id") else call.node(op.node_id)[0]
        if (instance.engine, instance.mode) not in kinds:
            raise Refused(wrong, reason)
        return behaviour(op, call)

    return checked


def behaviour_of(operation: type[Operation]) -> Behaviour | None:
    """What acts an operation out; it stands in the module that is called like the one with the declaration."""
    if operation not in SIMULATED and (module := operation.__module__.rpartition(".")[2]) in _MODULES:
        import_module(f".{module}", __name__)
    return SIMULATED.get(operation)


def load() -> None:
    """Read every behaviour."""
    for module in _MODULES:
        import_module(f".{module}", __name__)


_MODULES = frozenset(module.name for module in iter_modules(__path__))


@dataclass(frozen=True)
class Page:
    """Everything a paged list has, and how one item of it is written."""

    items: Sequence[Any]
    encode: Callable[[Any], bytes] = encode
    more: Mapping[str, Any] = field(default_factory=dict)
    """What the answer says besides the list and the total."""
    limit: int | None = None
    """How many there are on a page nobody gave a size, where that is not the most there may be."""
    key: str = ""
    """Where the list stands, when its declaration names several places."""


@dataclass(frozen=True)
class Call:
    """One call, as a behaviour sees it."""

    world: World
    now: float
    request: Request
    caller: Caller | None
    """Who calls; None where nobody needs to say."""
    fail: str = ""
    """Why the work this call starts is going to fail; empty when it will not."""

    def instance(self, instance_id: str) -> Instance:
        """The instance with this id.

        Raises:
            Refused: when there is none.
        """
        try:
            return self.world.instances[instance_id]
        except KeyError:
            raise Refused("DBS.200002") from None

    def node(self, node_id: str) -> tuple[Instance, Node]:
        """The node with this id, and its instance.

        Raises:
            Refused: when there is none.
        """
        for instance in self.world.instances.values():
            for node in instance.nodes:
                if node.id == node_id:
                    return instance, node
        raise Refused("DBS.200013")

    def start(self, work: Work, instance: Instance | None, /, **effect: Any) -> dict[str, Any]:
        """Begin work on an instance, and the usual answer to that: a job or, where it changes the price of a yearly
        or monthly instance, an order.

        Args:
            effect: what it is going to change, in words of JSON, for the work's ``apply``; never a secret.
        """
        job = lifecycle.begin(self.world, work, instance, self.now, fail=self.fail, effect=effect)
        return {"job_id": job.id} if job.listed else {"order_id": self.order()}

    def order(self) -> str:
        """The number of a new order."""
        digits = "".join(char for char in create_time(self.now) if char.isdigit())
        return f"CS{digits[2:12]}{self.world.ids.hex('order')[:5].upper()}"


def wanted(pattern: str | None, text: str) -> bool:
    """Whether a text is what a filter asks for: equal, or with a leading ``*`` containing the rest."""
    if pattern is None:
        return True
    return pattern[1:] in text if pattern.startswith("*") else pattern == text


def matching(things: Iterable[Any], **filters: Any) -> list[Any]:
    """The things whose attributes equal the filters that are given."""
    given = {name: value for name, value in filters.items() if value is not None}
    if not given:
        return list(things)
    return [thing for thing in things if all(getattr(thing, name) == value for name, value in given.items())]
