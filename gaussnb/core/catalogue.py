"""The decorators that declare an operation, the catalogue of all operations, and the router from paths to them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TypedDict, TypeVar, Unpack

from .operation import Ends, Operation, Route
from .process import importing
from .rows import Row

Op = TypeVar("Op", bound=Operation)


class RouteFacts(TypedDict, total=False):
    """The facts of a :class:`Route` that a declaration may add to its path, as keyword arguments of the decorators."""

    success: int
    service: str
    asks: bool
    total: str
    page_size: int
    reach: int
    ends: Ends
    takes: float | None
    creates: bool
    signed: bool
    deprecated: bool
    superseded: str
    only: tuple[str, ...]
    id: str


def route(method: str, path: str, *, returns: type[Row], **facts: Unpack[RouteFacts]) -> Callable[[type[Op]], type[Op]]:
    """Declare the route of an operation; :func:`get`, :func:`post`, :func:`put` and :func:`delete` use this.

    Raises:
        TypeError: a hole of the path has no field of its name.
    """

    def bind(operation: type[Op]) -> type[Op]:
        operation.route = Route(method, path, returns, **{"id": operation.__name__, **facts})  # type: ignore[arg-type]
        missing = set(operation.route.holes) - {"project_id"} - operation.model_fields.keys()
        if missing:
            raise TypeError(f"{operation.__name__}: no field for {', '.join(sorted(missing))}")
        return operation

    return bind


def get(path: str, *, returns: type[Row], **facts: Unpack[RouteFacts]) -> Callable[[type[Op]], type[Op]]:
    """``@get("/v3/{project_id}/quotas", returns=Quota)``: see :class:`Route` for the other facts."""
    return route("GET", path, returns=returns, **facts)


def post(path: str, *, returns: type[Row], **facts: Unpack[RouteFacts]) -> Callable[[type[Op]], type[Op]]:
    """As :func:`get`, for POST."""
    return route("POST", path, returns=returns, **facts)


def put(path: str, *, returns: type[Row], **facts: Unpack[RouteFacts]) -> Callable[[type[Op]], type[Op]]:
    """As :func:`get`, for PUT."""
    return route("PUT", path, returns=returns, **facts)


def delete(path: str, *, returns: type[Row], **facts: Unpack[RouteFacts]) -> Callable[[type[Op]], type[Op]]:
    """As :func:`get`, for DELETE."""
    return route("DELETE", path, returns=returns, **facts)


# ---------------------------------------------------------------------------------------------------------- catalogue


def load_chapter(name: str) -> ModuleType:
    """Import a module that declares operations, groups or behaviours, when something in it is first needed.

    Args:
        name: the full name of the module.
    """
    with importing():
        return import_module(name)


class Chapters:
    """Modules that are imported one at a time, when a declaration or behaviour in them is first needed.

    The one lazy mechanism of the package: with every declaration and behaviour imported at the start, ``import
    gaussnb`` takes about 110 ms more, and the sandbox about 250 ms more until its first answer.

    Args:
        modules: full names, like ``package.operations.nodes``.
    """

    def __init__(self, modules: Iterable[str]) -> None:
        self.names = tuple(dict.fromkeys(modules))

    def __iter__(self) -> Iterator[ModuleType]:
        """The modules in order, each imported when the iteration reaches it."""
        return map(load_chapter, self.names)

    def find(self, last: str) -> ModuleType | None:
        """The module with this last name, imported; None if there is none."""
        name = next((name for name in self.names if name.rpartition(".")[2] == last), None)
        return None if name is None else load_chapter(name)

    def load(self) -> None:
        """Import every module."""
        for _ in self:
            pass


class Catalogue(Mapping[str, type[Operation]]):
    """The operations of a service by their ids. A chapter is imported when an operation of it may be needed.

    Args:
        chapters: the full names of the modules that declare operations.

    Raises:
        TypeError: two operations have the same id.
    """

    def __init__(self, chapters: Iterable[str]) -> None:
        self._chapters = Chapters(chapters)
        self._read: dict[str, list[type[Operation]]] = {}
        self._by_id: dict[str, type[Operation]] = {}

    def chapters(self) -> list[Chapter]:
        """The operations of each chapter, which is imported when it is read; the imported chapters first."""
        return [Chapter(self, name) for name in sorted(self._chapters.names, key=lambda name: name not in sys.modules)]

    def read(self, name: str) -> list[type[Operation]]:
        """The operations of a chapter, which is imported first."""
        if name not in self._read:
            found = [each for each in vars(load_chapter(name)).values() if _is_declared(each)]
            for operation in found:
                if self._by_id.setdefault(operation.route.id, operation) is not operation:
                    raise TypeError(f"{operation.route.id} is declared twice")
            self._read[name] = found
        return self._read[name]

    def __getitem__(self, id: str) -> type[Operation]:
        for chapter in self.chapters():
            if id in self._by_id:
                break
            chapter.read()
        return self._by_id[id]

    def __iter__(self) -> Iterator[str]:
        for chapter in self.chapters():
            chapter.read()
        return iter(self._by_id)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True)
class Chapter:
    """A module that declares operations. Iterate over it to import the module and to get its operations."""

    catalogue: Catalogue
    name: str

    def read(self) -> list[type[Operation]]:
        """The operations."""
        return self.catalogue.read(self.name)

    def __iter__(self) -> Iterator[type[Operation]]:
        return iter(self.read())


def _is_declared(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Operation) and "route" in vars(value)


class _Node:
    """A place in the tree of paths: the next segments, and the operations whose path ends here."""

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.operations: dict[str, type[Operation]] = {}


_DIGIT = re.compile(r"[0-9]")
_HOLE = "{}"


class Router:
    """Finds the operation for a method and a path. A literal segment is preferred to a hole.

    To read a chapter twice changes nothing, so threads and forked children need no lock.

    Args:
        chapters: the operations, one chapter at a time. The next chapter is read only while the operation may be in it.
    """

    def __init__(self, chapters: Iterable[Iterable[type[Operation]]]) -> None:
        self._tree = _Node()
        self._further = list(chapters)

    def _add(self, operation: type[Operation]) -> None:
        node = self._tree
        for segment in operation.route.path.strip("/").split("/"):
            node = node.below.setdefault(_HOLE if segment.startswith("{") else segment, _Node())
        node.operations[operation.route.method] = operation

    def find(self, method: str, path: str) -> tuple[type[Operation], dict[str, str]] | None:
        """Find the operation for a method and a path, with the values of the holes; None if there is none."""
        while True:
            further = self._further  # before the look: another thread may read the last chapter during the look
            found = self._here(method, path)
            # An id has a digit. A word without a digit may be a literal segment in a chapter that was not read yet.
            if not further or (found is not None and all(map(_DIGIT.search, found[1].values()))):
                return found
            for one in further[0]:
                self._add(one)
            self._further = further[1:]  # only now: another thread must not miss the chapter

    def _here(self, method: str, path: str) -> tuple[type[Operation], dict[str, str]] | None:
        segments = path.strip("/").split("/")
        operation = self._walk(self._tree, segments, method)
        if operation is None:
            return None
        template = operation.route.path.strip("/").split("/")
        return operation, {hole[1:-1]: value for hole, value in zip(template, segments) if hole.startswith("{")}

    def methods(self, path: str) -> list[str]:
        """The HTTP methods that have an operation at ``path``."""
        return [method for method in ("GET", "POST", "PUT", "DELETE") if self.find(method, path)]

    def _walk(self, node: _Node, segments: list[str], method: str) -> type[Operation] | None:
        if not segments:
            return node.operations.get(method)
        for key in (segments[0], _HOLE):
            if key in node.below and (found := self._walk(node.below[key], segments[1:], method)):
                return found
        return None
