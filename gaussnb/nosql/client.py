"""The client of GaussDB NoSQL: the engine's client with the groups of the service."""

from __future__ import annotations

from .. import client
from .groups import NosqlGroups
from .service import SERVICE


class Client(NosqlGroups, client.Client):
    """One project in one region. :func:`gaussnb.connect` makes a client.

    Args:
        credentials: the identity, the project and the addresses.
        clock: the time; by default real time.
        transport: sends the requests.
        keep: True to keep tokens and the ledger on disk.
        unguarded: True to create things although the ledger cannot note them.

    Every call answers with a DataFrame; the documentation of each call lists the columns.
    """

    service = SERVICE
