"""The base classes that many requests share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ...core import operation
from ...core.operation import Operation
from ...core.rules import between
from ..fields import InstanceId, Limit, Offset, TrueFalse


class OfInstance(Operation):
    """A call about one instance."""

    instance_id: InstanceId
    """The instance."""


class Paged(operation.Paged):
    """Paging with the error codes of this service."""

    offset: Offset | None = Field(default=None, kw_only=True)
    limit: Limit | None = Field(default=None, kw_only=True)


class SmallPages(Paged):
    """Paging of lists that give 50 at once."""

    limit: Annotated[int, between(1, 50, "items a page,", "DBS.280439")] | None = Field(default=None, kw_only=True)
    """Number of items to read, at most 50. With it one page is read instead of all pages."""


class Orders(OfInstance):
    """A call that changes the price of an instance."""

    is_auto_pay: TrueFalse | None = Field(default=None, kw_only=True)
    """True to pay the order of a prePaid instance automatically; left out, the order waits for your payment."""
