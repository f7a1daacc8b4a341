"""Faults by rule: what goes wrong, where, how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ..errors import CODES
from ..spec import OPERATIONS, Operation

Drop = Literal["before", "after"]


@dataclass(eq=False)
class Fault:
    """A fault that was injected. :meth:`remove` ends it, ``count`` tells how often it struck.

    Attributes:
        where: an operation id, ``"METHOD /path"`` as declared, or None for every call.
        status: answer with this HTTP status; from 300 on nothing is done before.
        code: answer with this error code; nothing is done before.
        message: the words of the error.
        headers: added to the answer, be it a fault or not.
        body: answer with these bytes, JSON or not.
        drop: close the connection, before or after the work is done.
        delay: answer so many real seconds late.
        redirect: answer with a redirect to this URL.
        fail: the work the call starts fails in the end, for this reason.
        times: how often it strikes; None for ever.
        after: how many calls it lets pass first.
    """

    where: str | None = None
    status: int | None = None
    code: str | None = None
    message: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    drop: Drop | None = None
    delay: float = 0.0
    redirect: str | None = None
    fail: str | None = None
    times: int | None = 1
    after: int = 0
    count: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False, repr=False)
    _removed: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.status is None and self.redirect is not None:
            self.status = 307
        if self.status is None and self.code is not None:
            self.status = CODES[self.code].status if self.code in CODES else 400

    def remove(self) -> None:
        """Let it strike no more."""
        self._removed = True

    def left(self) -> Fault | None:
        """A new fault with what this one has still to do, if anything."""
        times = None if self.times is None else self.times - self.count
        if self._removed or times == 0:
            return None
        return replace(self, times=times, after=max(0, self.after - self._seen))

    @property
    def answers(self) -> bool:
        """Whether it puts another answer in the place of the right one."""
        return self.status is not None or self.body is not None

    @property
    def prevents(self) -> bool:
        """Whether nothing is done."""
        return self.drop == "before" or (self.status or 200) >= 300

    def strikes(self, operation: str, place: str) -> bool:
        """Whether this call is hit; asking counts."""
        if self._removed or self.where not in (None, operation, place):
            return False
        self._seen += 1
        if self._seen <= self.after or (self.times is not None and self.count >= self.times):
            return False
        self.count += 1
        return True


NO_FAULT = Fault(times=None)


class Faults:
    """The faults of a sandbox, asked in the order they were injected."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault, places: frozenset[str]) -> Fault:
        """Take a fault in.

        Raises:
            ValueError: when it could never strike.
        """
        if fault.where is not None and fault.where not in OPERATIONS and fault.where not in places:
            raise ValueError(f"no operation or route is called {fault.where!r}")
        self._faults.append(fault)
        return fault

    def left(self) -> list[Fault]:
        """What is still to strike, as new faults."""
        return [left for fault in self._faults if (left := fault.left())]

    def strike(self, operation: str, place: str) -> Fault:
        """The fault that hits this call, or one that does nothing."""
        for fault in self._faults:
            if fault.strikes(operation, place):
                return fault
        return NO_FAULT


def where(route_or_operation: str | type[Operation] | None) -> str | None:
    """The name of a place: of an operation class its id, of a text the text."""
    if isinstance(route_or_operation, type):
        return route_or_operation.route.id
    return route_or_operation
