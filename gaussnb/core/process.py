"""State that belongs to one process: connections, threads, locks, random numbers, and what a forked child does with it.

``os.fork`` copies the memory of a process, but not its threads. A child that goes on with the copy reads the answers of
its parent from shared sockets, waits for locks that no thread will release, and closes files that the parent uses.
Therefore each object with such state is a :class:`PerProcess`. In a forked child, before any other code runs, each of
them gives up what belongs to the parent and makes it anew. Where there is no fork, this module does nothing.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

if TYPE_CHECKING:
    from functools import cached_property as cached_property

_IMPORT_SECONDS = 10.0  # a fork waits so long for an import of another thread
_numbers = itertools.count()
_owners: weakref.WeakValueDictionary[int, PerProcess] = weakref.WeakValueDictionary()
_importing = threading.RLock()


class Stays:
    """The base of objects that cannot be copied and cannot be sent to another process."""

    stays: ClassVar[str] = "this stays in its process; make another one in the worker"
    """The message of the error."""

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(self.stays)


class PerProcess(Stays):
    """The base of objects with state that belongs to one process.

    A subclass makes this state in :meth:`_begin` and nowhere else, and its ``__init__`` calls :meth:`_own`.
    """

    def _own(self) -> None:
        """Make the state of this process, and make it again in each forked child."""
        self._begin()
        _owners[next(_numbers)] = self

    def _begin(self) -> None:
        """Make the state of this process: locks, threads, connections, random numbers."""

    def _leave(self) -> None:
        """Give up the state of the parent, in a forked child. Take no lock: a thread of the parent may hold it."""


def abandon(*things: object) -> None:
    """Keep things of the parent for ever, also at the end of the process, so that Python does not close them.

    A database that a forked child closes is damaged for its parent: SQLite would roll back a transaction of the
    parent, or delete the log that the parent writes.
    """
    import ctypes

    with suppress(AttributeError):  # there is no such function where Python does not count references
        for thing in things:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


@contextmanager
def importing() -> Iterator[None]:
    """Import a module inside a function: no fork happens meanwhile.

    A child that is forked during an import finds half a module, whose lock no thread will release.
    """
    with _importing:
        yield


if not TYPE_CHECKING:

    class cached_property:
        """An attribute that is computed once for each object.

        In Python 3.11, that of :mod:`functools` holds a lock of the class during the computation. All objects of the
        class wait for a slow one, and a child that is forked meanwhile waits for ever.
        """

        def __init__(self, function: Callable[[Any], Any]) -> None:
            self.func = function
            self.__doc__ = function.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, thing: Any, owner: type) -> Any:
            return self if thing is None else vars(thing).setdefault(self._name, self.func(thing))


def _before_fork() -> None:
    _importing.acquire(timeout=_IMPORT_SECONDS)


def _after_fork() -> None:
    with suppress(RuntimeError):  # another thread did not end its import in time
        _importing.release()


def _in_child() -> None:
    global _importing
    _importing = threading.RLock()
    owners = list(_owners.values())
    for owner in owners:
        owner._leave()
    for owner in owners:
        owner._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)
