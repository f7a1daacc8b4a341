"""The toy service in the sandbox: what is stored, the work, and a behaviour for each operation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gaussnb.sandbox.engine.behaviours import Behaviours, Context, Page, matching
from gaussnb.sandbox.engine.messages import Refused
from gaussnb.sandbox.engine.sandbox import Sandbox
from gaussnb.sandbox.engine.service import SandboxService
from gaussnb.sandbox.engine.tables import Kinds, State, TaskStatuses
from gaussnb.sandbox.engine.work import Work, Works

from .operations import BuyKettle, Kettles, ListKettles, ThrowAwayKettle
from .service import SERVICE, Client
from .states import JOB

KINDS = Kinds()


@KINDS.keep("kettle")
@dataclass
class Kettle:
    """A stored kettle."""

    id: str
    name: str
    liters: int
    status: str = "filling"
    actions: list[str] = field(default_factory=list)
    prepaid: bool = False

    def wire(self) -> dict[str, Any]:
        """The kettle as the list shows it."""
        return {name: getattr(self, name) for name in ("id", "name", "status", "actions", "liters")}


class Kitchen(State):
    """The world: kettles."""

    kinds = KINDS
    task_statuses = TaskStatuses(*JOB)

    @property
    def things(self) -> dict[str, Kettle]:
        return self.table(Kettle)


WORKS = Works(usable=frozenset({"boiling", "burnt"}), busy="TOY.0409", wrong_state="TOY.0409")
FILL = WORKS.register(
    Work("BuyKettle", "POUR", BuyKettle.route.takes, going="filling", done="boiling", failed="burnt")
)  # fmt: skip
SCRAP = WORKS.register(Work("ThrowAwayKettle", "SCRAP", ThrowAwayKettle.route.takes, gone=True))
BEHAVIOURS = Behaviours()
QUOTA = 9


@BEHAVIOURS.simulates(BuyKettle)
def buy(op: BuyKettle, context: Context) -> dict[str, Any]:
    if len(context.world.things) >= QUOTA:
        raise Refused("TOY.0500")
    kettle = context.world.table(Kettle).put(Kettle(context.world.ids.hex("kettle"), op.name, op.liters))
    return context.start(FILL, kettle) | kettle.wire()


@BEHAVIOURS.simulates(ListKettles)
def list_kettles(op: ListKettles, context: Context) -> Page:
    found = matching(context.world.things.values(), id=op.id, name=op.name)
    return Page([kettle.wire() for kettle in found])


@BEHAVIOURS.simulates(ThrowAwayKettle)
def throw_away(op: ThrowAwayKettle, context: Context) -> dict[str, Any]:
    kettle = context.world.things.get(op.kettle_id)
    if kettle is None:
        raise Refused("TOY.0404")
    context.start(SCRAP, kettle)
    return {}


class KettleSandbox(Sandbox):
    """A pretend cloud with the toy service."""

    service = SandboxService(
        SERVICE,
        behaviours=BEHAVIOURS,
        works=WORKS,
        world=Kitchen,
        version="v9",
        groups={"kettles": Kettles},
    )

    client: type[Client] = Client

    def connect(self, **overrides: Any) -> Client:
        """A client of this sandbox."""
        return self.client.open(**{**self.settings(), "seed": self.seed, "keep": False, **overrides})
