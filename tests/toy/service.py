"""The toy service as the engine sees it, and its client."""

from __future__ import annotations

from gaussnb import client
from gaussnb.cloud.error_codes import CLOUD_CODES
from gaussnb.core.catalogue import Catalogue
from gaussnb.core.methods import Groups, chapter
from gaussnb.core.refusals import ErrorCodes
from gaussnb.core.service import Lifecycle, Service

from . import states
from .operations import Kettles, ListKettles


class KettleGroups(Groups):
    """The groups of the client, as its attributes."""

    kettles: Kettles = chapter("operations")


OPERATIONS = Catalogue((*KettleGroups.chapters(), "gaussnb.cloud.iam"))
"""The operations, and those of IAM."""

CODES = CLOUD_CODES | ErrorCodes.from_text(
    """\
InvalidRequest 400: Change the order.
    TOY.0001 The name is not valid.
    TOY.0002 The size is not valid.
    TOY.0003 The request is not valid.
    TOY.0004 A field is missing.
NotFound 404: Look at the list of kettles.
    TOY.0404 There is no such kettle.
Busy 409: Wait until the water boils.
    TOY.0409 The kettle is being filled.
QuotaExceeded 403: Throw a kettle away first.
    TOY.0500 There are too many kettles.
"""
)
"""The error codes of the service, of the gateway and of IAM."""

SERVICE = Service(
    name="kettles",
    title="Toy Kettles",
    host="toy-kettles",
    catalogue=OPERATIONS,
    lifecycle=Lifecycle(
        states.KETTLE,
        states.ACTIONS,
        typical=lambda operation, kind: OPERATIONS[operation].route.takes if operation in OPERATIONS else None,
    ),
    codes=CODES,
    list_things=lambda ids: ListKettles(id=ids[0]) if len(ids) == 1 else ListKettles(),
    list_named=lambda name: ListKettles(name=name),
    noun="kettle",
    group="kettles",
    thing_column="kettle_id",
    find=lambda sender, id: Kettles(sender).get(id),
    regions=frozenset({"cn-north-4", "eu-west-101"}),
    bad_value_code="TOY.0003",
    missing_code="TOY.0004",
)
"""A service without jobs."""


class Client(KettleGroups, client.Client):
    """A client of the toy service."""

    service = SERVICE
