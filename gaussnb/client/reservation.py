"""The reservation under which a creation is sent. It goes with the thread, past every layer between."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from ..core.errors import GaussnbError


class Exists(GaussnbError):
    """A thing of the name has appeared since the cloud's list was asked, so the creation was not sent.

    Args:
        ids: the things of the name that are new.
    """

    def __init__(self, ids: Collection[str]) -> None:
        self.ids = frozenset(ids)
        super().__init__("It was not sent: a thing of this name exists.")


@dataclass(frozen=True)
class Reservation:
    """The right to send one creation."""

    holder: object
    """The :class:`gaussnb.client.creation.Creation` that reserved it: no other client may use it."""
    key: int
    """The key of the reservation in the ledger."""
    known: frozenset[str] | None
    """The things that may have the name already; None if any thing may have it."""

    def judge(self, there: Collection[str] | None) -> None:
        """Compare the things that have the name at the last moment before the creation is sent.

        Args:
            there: their ids; None if they cannot be listed.

        Raises:
            Exists: there are others than those that are known.
        """
        if self.known is not None and there is not None and not self.known.issuperset(there):
            raise Exists(set(there) - self.known)


_present: ContextVar[Reservation | None] = ContextVar("gaussnb_reservation", default=None)


@contextmanager
def under(reservation: Reservation) -> Iterator[None]:
    """Send the creation of this block under a reservation."""
    token = _present.set(reservation)
    try:
        yield
    finally:
        _present.reset(token)


def present(holder: object) -> Reservation | None:
    """The reservation of this thread; None for a creation that its holder did not reserve."""
    found = _present.get()
    return found if found is not None and found.holder is holder else None
