"""The behaviours of GaussDB NoSQL: a short function for each operation, in the module called like its chapter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...nosql.engines import modes_for
from ..engine import behaviours
from ..engine.behaviours import Behaviours, Page, matching, wanted
from ..engine.messages import Answer, encode
from ..engine.work import Work, Works
from ..lifecycle import WORKS
from ..refusals import Refused
from ..world import CHAPTERS, Instance, Node, World

__all__ = [
    "BEHAVIOURS",
    "UNSUPPORTED",
    "Answer",
    "Context",
    "Page",
    "Refused",
    "Variant",
    "Work",
    "encode",
    "matching",
    "simulates",
    "wanted",
]

UNSUPPORTED = "DBS.216029"
Variant = tuple[str, str]
"""Engine and mode of an instance."""


@dataclass(frozen=True)
class Context(behaviours.Context):
    """The circumstances of one request, for its behaviour."""

    world: World
    works: Works = field(default_factory=lambda: WORKS)

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


def _variants(name: str) -> list[Variant]:
    """The variants with a name: all modes of an engine, or one, like ``redis Replication``."""
    return [(mode.engine, mode.name) for mode in modes_for([name])]


def _variant_of(op: Any, context: Context) -> Variant:
    """The variant of the instance that an operation names, or whose node it names."""
    instance = context.instance(op.instance_id) if hasattr(op, "instance_id") else context.node(op.node_id)[0]
    return instance.engine, instance.mode


BEHAVIOURS = Behaviours(CHAPTERS, kinds_named=_variants, kind_of=_variant_of, refused=Refused, wrong_kind=UNSUPPORTED)
simulates = BEHAVIOURS.simulates
