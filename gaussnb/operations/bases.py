"""What many requests begin with."""

from __future__ import annotations

from pydantic import Field

from ..fields import InstanceId, TrueFalse
from ..spec import Operation


class OfInstance(Operation):
    """A call about one instance."""

    instance_id: InstanceId
    """The instance."""


class Orders(OfInstance):
    """A call that changes what an instance costs."""

    is_auto_pay: TrueFalse | None = Field(default=None, kw_only=True)
    """Whether the order of a prePaid instance is paid by itself; left out means that it waits for you."""
