"""The operations of the toy service: kettles are bought, listed and thrown away."""

from __future__ import annotations

from typing import Annotated

from gaussnb.core.catalogue import delete, get, post
from gaussnb.core.methods import Group, call, one
from gaussnb.core.operation import Operation, Paged
from gaussnb.core.rows import FromRequest, Known, Row
from gaussnb.core.rules import between, matches

from .states import KETTLE


class Kettle(Row, at="kettles"):
    """One kettle."""

    id: str
    """The kettle."""
    name: str
    """Its name."""
    status: Annotated[str, Known(tuple(KETTLE))]
    """boiling when tea can be made."""
    actions: str
    """The work on the kettle."""
    liters: int
    """Its size."""


class Bought(Row):
    """The receipt of an order."""

    id: str
    """The new kettle."""
    name: str
    """Its name."""
    status: Annotated[str, Known(tuple(KETTLE))]
    """filling, until it boils."""
    job_id: str
    """The job that fills it."""


class ThrownAway(Row):
    """The receipt of a removal."""

    kettle_id: Annotated[str, FromRequest("kettle_id")]
    """The kettle."""


@post("/v9/{project_id}/kettles", returns=Bought, success=202, creates=True, ends="ready", takes=90)
class BuyKettle(Operation):
    """Buy a kettle."""

    name: Annotated[str, matches(r"[a-z]{2,20}", "2 to 20 small letters", "TOY.0001")]
    """The name of the kettle."""
    liters: Annotated[int, between(1, 5, "liters,", "TOY.0002")] = 1
    """The size of the kettle."""


@get("/v9/{project_id}/kettles", returns=Kettle)
class ListKettles(Paged):
    """List kettles."""

    id: str | None = None
    """Only this kettle."""
    name: str | None = None
    """Only kettles of this name."""


@delete("/v9/{project_id}/kettles/{kettle_id}", returns=ThrownAway, success=202, ends="gone", takes=20)
class ThrowAwayKettle(Operation):
    """Throw a kettle away."""

    kettle_id: str
    """The kettle."""


class Kettles(Group):
    """Kettles."""

    buy = call(BuyKettle)
    list = call(ListKettles)
    get = one(ListKettles, "id", "TOY.0404")
    throw_away = call(ThrowAwayKettle)
