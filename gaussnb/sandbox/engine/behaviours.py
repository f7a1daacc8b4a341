"""Behaviours: the functions that act operations out, the context they get, and helpers for lists.

A behaviour gets the parsed operation and a :class:`Context`. It checks the state, changes the world, and answers the
body; for a paged list it answers all items, and the application cuts out the page.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Literal, TypeVar

from ...core.catalogue import Chapters
from ...core.operation import Operation
from .identity import Caller
from .messages import Refused, Request, encode
from .work import Work, Workable, Works

Op = TypeVar("Op", bound=Operation)
C = TypeVar("C", bound="Context")
Behaviour = Callable[[Any, Any], Any]
Depth = Literal["state", "data", "fixed"]
"""The depth of a behaviour: it reads or changes the state, answers plausible data, or always answers the same."""


def chapters_in(file: str, package: str) -> Chapters:
    """The modules of a package, none of them imported yet.

    Args:
        file: the ``__file__`` of the module that stands beside the package.
        package: the full name of the package.
    """
    folder = Path(file).parent / package.rpartition(".")[2]
    return Chapters(f"{package}.{module.name}" for module in iter_modules([str(folder)]))


class Behaviours:
    """The behaviours of a service by operation. A module is imported when an operation of its chapter is called.

    Args:
        chapters: the modules with behaviours, each with the same last name as the module of the declarations.
        kinds_named: the kinds of things that a name in ``Route.only`` stands for; raises ValueError for none.
        kind_of: the kind of the thing that an operation names.
        wrong_kind: raises the refusal for another kind: gets the code that :meth:`simulates` was given, or an empty
            text, and a sentence.
    """

    def __init__(
        self,
        chapters: Chapters | None = None,
        *,
        kinds_named: Callable[[str], Iterable[Hashable]] | None = None,
        kind_of: Callable[[Any, Any], Hashable] | None = None,
        refused: type[Refused] = Refused,
        wrong_kind: str = "",
    ) -> None:
        self.chapters = chapters or Chapters(())
        self.functions: dict[type[Operation], Behaviour] = {}
        self.depths: dict[type[Operation], Depth] = {}
        self.only: dict[type[Operation], tuple[frozenset[Hashable], str]] = {}
        """The operations that are for some kinds of things only: these kinds, and the error code for other ones."""
        self._kinds_named, self._kind_of = kinds_named, kind_of
        self._refused, self._wrong_kind = refused, wrong_kind

    def simulates(
        self, operation: type[Op], depth: Depth = "state", *, wrong: str = ""
    ) -> Callable[[Callable[[Op, C], Any]], Callable[[Op, C], Any]]:
        """Decorate the behaviour of an operation.

        It is not reached when the operation is for some kinds of things only (``Route.only``) and names another one.

        Args:
            operation: the operation that is acted out.
            depth: how deep the behaviour goes.
            wrong: the error code for a thing of another kind; empty for the usual one of the service.
        """

        def bind(behaviour: Callable[[Op, C], Any]) -> Callable[[Op, C], Any]:
            self.depths[operation], self.functions[operation] = depth, behaviour
            if operation.route.only:
                self.functions[operation] = self._guarded(behaviour, operation, wrong or self._wrong_kind)
            return behaviour

        return bind

    def _guarded(self, behaviour: Behaviour, operation: type[Operation], wrong: str) -> Behaviour:
        """A behaviour that is reached for things of the right kind only."""
        names, kind_of = operation.route.only, self._kind_of
        if self._kinds_named is None or kind_of is None:
            raise ValueError(f"{operation.__name__} is for {', '.join(names)}, and this service knows no kinds")
        kinds = frozenset(kind for name in names for kind in self._kinds_named(name))
        self.only[operation] = kinds, wrong

        @wraps(behaviour)
        def checked(op: Any, context: Any) -> Any:
            if kind_of(op, context) not in kinds:
                raise self._refused(wrong, f"It is for {', '.join(names)}.")
            return behaviour(op, context)

        return checked

    def find(self, operation: type[Operation]) -> Behaviour | None:
        """The behaviour of an operation, or None. Imports the module with the last name of the declaration's."""
        if operation not in self.functions:
            self.chapters.find(operation.__module__.rpartition(".")[2])
        return self.functions.get(operation)

    def load(self) -> None:
        """Import every module with behaviours."""
        self.chapters.load()


@dataclass(frozen=True)
class Page:
    """All items of a paged list, and the function that writes one."""

    items: Sequence[Any]
    encode: Callable[[Any], bytes] = encode
    more: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the answer besides the list and the total."""
    limit: int | None = None
    """The size of a page when the request names none, if that is not the largest one."""
    key: str = ""
    """The field of the list, when the declaration names several."""


@dataclass(frozen=True)
class Context:
    """The circumstances of one request, for its behaviour. A service derives its own class, with a typed world."""

    world: Any
    now: float
    request: Request
    caller: Caller | None
    """The caller; None for operations that need no authentication."""
    fail: str = ""
    """The reason why the work of this request is going to fail; empty for success."""
    works: Works = field(default_factory=Works)
    """The kinds of work of the service."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """The types of services in the catalog of a token, and the version in their paths."""

    def start(self, work: Work, thing: Workable | None, /, **effect: Any) -> dict[str, Any]:
        """Begin work on a thing. The usual answer: a job or, if the work changes the price of a yearly or monthly
        thing, an order.

        Args:
            effect: the coming changes, as JSON, for the ``apply`` of the work; no secrets.
        """
        task = self.works.begin(self.world, work, thing, self.now, fail=self.fail, effect=effect)
        return {"job_id": task.id} if task.listed else {"order_id": self.order()}

    def order(self) -> str:
        """The number of a new order."""
        digits = f"{datetime.fromtimestamp(int(self.now), UTC):%y%m%d%H%M}"
        return f"CS{digits}{self.world.ids.hex('order')[:5].upper()}"


def wanted(pattern: str | None, text: str) -> bool:
    """True if a text passes a filter: no filter, an equal text or, after a leading ``*``, a part of the text."""
    if pattern is None:
        return True
    return pattern[1:] in text if pattern.startswith("*") else pattern == text


def matching(things: Iterable[Any], **filters: Any) -> list[Any]:
    """The things whose attributes equal the given filters. A filter of None is no filter."""
    given = {name: value for name, value in filters.items() if value is not None}
    if not given:
        return list(things)
    return [thing for thing in things if all(getattr(thing, name) == value for name, value in given.items())]
