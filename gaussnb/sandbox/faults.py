"""Faults by rule: what goes wrong, where, how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields, replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from ..core.operation import Operation
from ..core.rules import matches
from ..nosql.error_codes import CODES
from ..nosql.service import OPERATIONS

Drop = Literal["before", "after"]
_BYTES = ("utf-8", "surrogateescape")  # any bytes, and text stays readable


def _bytes(body: Any) -> Any:
    return body.encode(*_BYTES) if isinstance(body, str) else body


# What goes into the head of an answer stays one line of it, in the characters HTTP has.
_HeaderName = Annotated[str, matches(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", "a header's name has no spaces")]
_HeaderText = Annotated[str, matches(r"[\t -~\u00a0-\u00ff]*", "one line of Latin-1 text")]


@dataclass(eq=False, config={"extra": "forbid", "hide_input_in_errors": True})
class Fault:
    """A fault that was injected. :meth:`remove` ends it, ``count`` tells how often it struck.

    Attributes:
        where: an operation id, ``"METHOD /path"`` as declared, or None for every call.
        status: answer with this HTTP status; from 300 on nothing is done before.
        code: answer with this error code; nothing is done before.
        message: the words of the error.
        headers: added to the answer, be it a fault or not.
        body: answer with these bytes, or this text, JSON or not.
        drop: close the connection, before or after the work is done.
        delay: answer so many real seconds late.
        redirect: answer with a redirect to this URL.
        fail: the work the call starts fails in the end, for this reason.
        times: how often it strikes; None for ever.
        after: how many calls it lets pass first.
    """

    where: str | None = None
    status: Annotated[int, Field(strict=True, ge=200, le=599)] | None = None
    code: str | None = None
    message: str | None = None
    headers: Mapping[_HeaderName, _HeaderText] = field(default_factory=dict)
    body: Annotated[bytes, BeforeValidator(_bytes)] | None = None
    drop: Drop | None = None
    delay: Annotated[float, Field(strict=True, ge=0, le=3600, allow_inf_nan=False)] = 0.0
    redirect: _HeaderText | None = None
    fail: str | None = None
    times: Annotated[int, Field(strict=True, ge=1)] | None = 1
    after: Annotated[int, Field(strict=True, ge=0)] = 0
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

    def told(self) -> dict[str, Any]:
        """What it is made with, in words of JSON, without what is as usual."""
        told = {one.name: getattr(self, one.name) for one in fields(self) if one.init}
        if self.body is not None:
            told["body"] = self.body.decode(*_BYTES)
        told["headers"] = dict(self.headers) or _USUAL["headers"]
        return {name: value for name, value in told.items() if value != _USUAL[name]}

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


_USUAL = {one.name: one.default for one in fields(Fault) if one.init}
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
