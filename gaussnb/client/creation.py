"""Creating things that cost money: noted before the request, looked up if the answer is lost.

The API has no idempotency key and allows equal names, so a create is never repeated automatically.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..cloud.transport import AnswerLost, Reply
from ..core.answers import leaves, word
from ..core.clock import Clock
from ..core.errors import (
    AuthenticationError,
    BadAnswer,
    CredentialsError,
    GaussnbError,
    PermissionDenied,
    UnknownOutcome,
    Unreachable,
)
from ..core.frames import frame_from
from ..core.service import Service
from .ledger import Ledger, Made, Reserved, Wanted
from .observer import Ask
from .reservation import present as reserved_creation

if TYPE_CHECKING:
    import pandas as pd

LOOKS = (0, 2, 4, 8, 16)
"""Seconds before each look for the thing of a create whose answer was lost: the service may still be making it."""
UNDER_WAY = timedelta(minutes=10)
"""The time for which a create without an answer counts as under way, and not as the create of a dead kernel."""


@dataclass(frozen=True)
class Recovery:
    """The thing of a create whose answer was lost, found by a look."""

    record: Mapping[str, Any]
    """The values of the listed thing by column, and ``job_id``."""
    attrs: Mapping[str, str]
    """The facts about the look."""


class Creation:
    """The creates of a client, and its ledger of them.

    Args:
        service: says how things are listed.
        ledger: notes the creates of this machine.
        clock: the time.
        ask: sends a read and returns its frame.
        where: returns the endpoint and the project id.
    """

    def __init__(
        self, service: Service, ledger: Ledger, clock: Clock, ask: Ask, where: Callable[[], tuple[str, str]]
    ) -> None:
        self._service, self._ledger, self._clock, self._ask, self._where = service, ledger, clock, ask, where

    def create(self, operation: str, name: str, send: Callable[[], Reply], digest: str = "") -> Reply | Recovery:
        """Send a create: note it first, look it up if its answer is lost, never repeat it.

        Args:
            operation: id of the operation.
            name: the name of the thing.
            send: sends the request.
            digest: :func:`gaussnb.core.wire.digest_of` of the operation.

        Returns:
            The reply; or the thing that was found after the answer was lost.

        Raises:
            UnknownOutcome: the answer was lost, and the look did not tell the outcome.
        """
        there = self.list_ids(name)
        reservation = reserved_creation()
        if reservation is not None:
            reservation.judge(there)
        endpoint, project_id = self._where()
        key = self._ledger.begin(
            at=self._clock.now(),
            endpoint=endpoint,
            project_id=project_id,
            operation=operation,
            name=name,
            there=there,
            digest=digest,
            key=None if reservation is None else reservation.key,
        )
        try:
            reply = send()
            answer = reply.json()
            made = word(next(leaves(answer, "id"), None))
            if not made:
                raise reply.bad("no id in it")
        except (AnswerLost, BadAnswer) as lost:
            why = str(lost)
        except GaussnbError:
            self._ledger.end(key, "refused")
            raise
        except KeyboardInterrupt as stop:
            stop.add_note(f"{operation} of {name!r} may have been sent, and goes on then: gdb.made() shows it.")
            raise
        else:
            job = word(next(leaves(answer, "job_id"), None))
            self._ledger.end(key, "accepted", id=made, job_id=job, request_id=reply.request_id)
            return reply
        return self._resolve(operation, name, key, there, why)

    def list_ids(self, name: str) -> set[str] | None:
        """List the ids of the things that have a name already; None if they cannot be listed."""
        try:
            named = self._ask(self._service.list_named(name))
            return set(named.loc[(named["name"] == name).fillna(False), "id"].dropna())
        except (AuthenticationError, CredentialsError, Unreachable):
            raise  # the create would fail as well, and a second wrong login could lock the user out
        except GaussnbError:
            return None  # a user without the permission to list may still create

    def _resolve(self, operation: str, name: str, key: int, there: set[str] | None, why: str) -> Recovery:
        """Look for the thing of a create whose answer was lost."""
        found: pd.DataFrame | None = None
        clear = False
        for pause in LOOKS:
            self._clock.sleep(pause)
            try:
                now = self._ask(self._service.list_named(name))
            except GaussnbError:
                continue
            others = [entry for entry in self._ledger.entries(*self._where()) if entry["key"] != key]
            found = _unclaimed(now, name, there, others)
            clear = not self._is_under_way(name, others)
            if len(found) and clear:
                break
        if found is not None and len(found) == 1 and clear and there is not None:
            record = {column: _scalar(found[column].iloc[0]) for column in found.columns}
            record["job_id"] = self._find_job(record["id"])
            self._ledger.end(key, "recovered", id=record["id"], job_id=record["job_id"] or "")
            attrs = {name: found.attrs[name] for name in ("request_id", "endpoint", "fetched_at")}
            return Recovery(record, attrs)
        self._ledger.end(key, "unknown")
        count = "it could not be looked up" if found is None else f"{len(found)} that may be it were found"
        raise UnknownOutcome(
            f"{operation} of {name!r}: {why} It was looked for, and {count}. It was not sent again: "
            f"look at gdb.{self._service.group}.list(name={name!r}) and gdb.made() before you do.",
            operation=operation,
            name=name,
            candidates=found,
            key=str(key),
        )

    def _is_under_way(self, name: str, others: Sequence[Mapping[str, Any]]) -> bool:
        """True if this machine is creating another thing of that name now: the two could be mistaken."""
        since = self._clock.now() - UNDER_WAY
        return any(
            entry["name"] == name and entry["outcome"] == "asked" and datetime.fromisoformat(entry["asked_at"]) > since
            for entry in others
        )

    def _find_job(self, id: str) -> str | None:
        """Find the job that makes a thing; None if it is not listed."""
        if self._service.list_newest_jobs is None:
            return None
        try:
            jobs = self._ask(self._service.list_newest_jobs())
        except GaussnbError:
            return None
        makes = jobs["name"].str.startswith(self._service.creation_jobs)
        job = jobs.loc[(jobs[self._service.thing_column] == id) & makes, "id"]
        return str(job.iloc[-1]) if len(job) else None

    # -- for many creations at once

    def reserve(self, wanted: Sequence[Wanted], *, again: bool, besides: Collection[int]) -> list[Reserved]:
        """Reserve creations in the ledger, as :meth:`gaussnb.client.ledger.Ledger.reserve` documents it."""
        endpoint, project_id = self._where()
        return self._ledger.reserve(
            wanted, at=self._clock.now(), endpoint=endpoint, project_id=project_id, again=again, besides=besides
        )

    def release(self, *keys: int) -> None:
        """Release the reservations of creations that were not sent."""
        self._ledger.release(*keys)

    def entries(self) -> list[dict[str, Any]]:
        """The entries of this project in the ledger, newest first."""
        return self._ledger.entries(*self._where())

    # -- what was made

    def made(self) -> pd.DataFrame:
        """Read the ledger, and the present status of each thing; :meth:`gaussnb.Client.made` documents the frame."""
        endpoint, project_id = self._where()
        entries = self._ledger.entries(endpoint, project_id)
        now = self._list_things() if any(entry["outcome"] != "refused" for entry in entries) else None
        if now is not None:
            for entry in entries:
                self._complete(entry, entries, now)
            columns = [name for name in ("status", "actions") if name in now.columns]
            states = now.set_index("id")[columns].astype("object").T.to_dict()
            for entry in entries:
                if entry["id"]:
                    entry |= states.get(entry["id"], {"status": "gone", "actions": ""})
        return frame_from(Made, entries, endpoint=endpoint, fetched_at=self._clock.now().isoformat())

    def _list_things(self) -> pd.DataFrame | None:
        try:
            return self._ask(self._service.list_things(()))
        except PermissionDenied:
            return None  # the ledger itself can still be shown

    def _complete(self, entry: dict[str, Any], entries: Sequence[Mapping[str, Any]], now: pd.DataFrame) -> None:
        """Complete an entry without an answer, if only one listed thing can be its thing."""
        if entry["outcome"] not in ("asked", "unknown") or entry["there"] is None:
            return
        others = [other for other in entries if other is not entry]
        if any(other["name"] == entry["name"] and other["outcome"] in ("asked", "unknown") for other in others):
            return
        found = _unclaimed(now, entry["name"], entry["there"], others)
        if len(found) == 1:
            id = str(found["id"].iloc[0])
            entry |= {"outcome": "recovered", "id": id, "job_id": self._find_job(id)}
            self._ledger.end(entry["key"], "recovered", id=id, job_id=entry["job_id"] or "")


def _unclaimed(
    now: pd.DataFrame, name: str, there: Sequence[str] | set[str] | None, others: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """Filter a listing: the things of a name that were not there before and belong to no other entry."""
    known = {*(there or ()), *(other["id"] for other in others if other["id"])}
    return now[(now["name"] == name).fillna(False) & ~now["id"].isin(known)].reset_index(drop=True)


def _scalar(value: Any) -> Any:
    import pandas as pd

    if pd.isna(value):
        return None
    if pd.api.types.is_bool(value):
        return int(value)  # as this service writes it
    return value.isoformat() if hasattr(value, "isoformat") else value
