"""Faults: rules that make requests fail."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import field, fields, replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from ...core.operation import Operation
from ...core.refusals import Code
from ...core.rules import matches

Drop = Literal["before", "after"]
_BYTES = ("utf-8", "surrogateescape")  # keeps any bytes, and leaves text readable


def _bytes(body: Any) -> Any:
    return body.encode(*_BYTES) if isinstance(body, str) else body


# A header of an answer is one line, in the characters that HTTP allows.
_HeaderName = Annotated[str, matches(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", "a header's name has no spaces")]
_HeaderText = Annotated[str, matches(r"[\t -~\u00a0-\u00ff]*", "one line of Latin-1 text")]


@dataclass(eq=False, config={"extra": "forbid", "hide_input_in_errors": True})
class Fault:
    """A fault that was injected. :meth:`remove` ends it; ``count`` is the number of requests it hit.

    Attributes:
        where: an operation id, ``"METHOD /path"`` as declared, or None for every call.
        status: answer with this HTTP status; from 300 on the request is not carried out.
        code: answer with this error code; the request is not carried out.
        message: the text of the error.
        headers: added to the answer, to a faulty and to a right one.
        body: answer with these bytes, or this text; it need not be JSON.
        drop: close the connection, before or after the request is carried out.
        delay: answer this many real seconds late.
        redirect: answer with a redirect to this URL.
        fail: carry the request out, and let the work it starts fail for this reason.
        times: the number of requests to hit; None for no limit.
        after: the number of matching requests to let pass first.
    """

    where: str | None = None
    status: Annotated[int, Field(strict=True, ge=200, le=599)] | None = None
    code: str | None = None
    message: str | None = field(default=None, repr=False)  # what the service says may quote a secret
    headers: Mapping[_HeaderName, _HeaderText] = field(default_factory=dict, repr=False)
    body: Annotated[bytes, BeforeValidator(_bytes)] | None = field(default=None, repr=False)
    drop: Drop | None = None
    delay: Annotated[float, Field(strict=True, ge=0, le=3600, allow_inf_nan=False)] = 0.0
    redirect: _HeaderText | None = field(default=None, repr=False)
    fail: str | None = field(default=None, repr=False)
    times: Annotated[int, Field(strict=True, ge=1)] | None = 1
    after: Annotated[int, Field(strict=True, ge=0)] = 0
    count: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False, repr=False)
    _removed: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.status is None and self.redirect is not None:
            self.status = 307

    def remove(self) -> None:
        """End the fault."""
        self._removed = True

    def left(self) -> Fault | None:
        """A new fault for the requests this one has still to hit; None when it is over."""
        times = None if self.times is None else self.times - self.count
        if self._removed or times == 0:
            return None
        return replace(self, times=times, after=max(0, self.after - self._seen))

    def settings(self) -> dict[str, Any]:
        """The arguments that make this fault, as JSON, without those that equal the default."""
        settings = {one.name: getattr(self, one.name) for one in fields(self) if one.init}
        if self.body is not None:
            settings["body"] = self.body.decode(*_BYTES)
        settings["headers"] = dict(self.headers) or _USUAL["headers"]
        return {name: value for name, value in settings.items() if value != _USUAL[name]}

    @property
    def answers(self) -> bool:
        """True if the fault replaces the answer."""
        return self.status is not None or self.body is not None

    @property
    def prevents(self) -> bool:
        """True if the request is not carried out."""
        return self.drop == "before" or (self.status or 200) >= 300

    def strikes(self, operation: str, place: str) -> bool:
        """True if the fault hits this request. Counts the request."""
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
    """The faults of a sandbox, tried in the order they were injected.

    Args:
        operations: the ids of the operations a fault may name.
        codes: the HTTP status of each error code.
    """

    def __init__(self, operations: Container[str], codes: Mapping[str, Code]) -> None:
        self._faults: list[Fault] = []
        self._operations, self._codes = operations, codes

    def add(self, fault: Fault, places: frozenset[str]) -> Fault:
        """Add a fault.

        Args:
            places: every ``"METHOD /path"`` a fault may name.

        Raises:
            ValueError: when the fault names no operation or route.
        """
        if fault.where is not None and fault.where not in self._operations and fault.where not in places:
            raise ValueError(f"no operation or route is called {fault.where!r}")
        if fault.status is None and fault.code is not None:
            fault.status = self._codes[fault.code].status if fault.code in self._codes else 400
        self._faults.append(fault)
        return fault

    def left(self) -> list[Fault]:
        """The active faults, as new ones with the requests they have still to hit."""
        return [left for fault in self._faults if (left := fault.left())]

    def strike(self, operation: str, place: str) -> Fault:
        """The fault that hits this request, or a fault without effect."""
        for fault in self._faults:
            if fault.strikes(operation, place):
                return fault
        return NO_FAULT


def where(route_or_operation: str | type[Operation] | None) -> str | None:
    """The name of a route or an operation: the id of an operation class, or the given text."""
    if isinstance(route_or_operation, type):
        return route_or_operation.route.id
    return route_or_operation
