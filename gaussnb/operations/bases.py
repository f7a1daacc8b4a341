"""What many requests begin with."""

from __future__ import annotations

from ..fields import InstanceId
from ..spec import Operation


class OfInstance(Operation):
    """A call about one instance."""

    instance_id: InstanceId
    """The instance."""
