"""Creating things that cost money: noted before the request, looked up if the answer is lost.

The API has no idempotency key and allows equal names, so a create is never repeated automatically.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..cloud.transport import AnswerLost, Patience, Reply
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
from .evidence import Evidence
from .ledger import LIVING, Ledger, Made, Reserved, Wanted, is_held
from .likeness import differences, rows_of
from .marks import Mark
from .observer import Ask
from .reservation import present as reserved_creation

if TYPE_CHECKING:
    import pandas as pd

UNDER_WAY = timedelta(minutes=10)
"""The time for which a create without an answer counts as under way, and not as the create of a dead kernel."""

Entry = Mapping[str, Any]
"""An entry of the ledger by column."""


@dataclass(frozen=True)
class Order:
    """A creation that is about to be requested."""

    operation: str
    """The id of the operation."""
    name: str
    """The name of the new thing."""
    digest: str = ""
    """The digest of the request, from :func:`gaussnb.core.wire.digest_of`."""
    asked: Mapping[str, Any] = field(default_factory=dict)
    """The values of the request that a listing shows, from :func:`gaussnb.client.likeness.read_asked`."""
    project_id: str = ""
    """The project in the path of the request; empty for that of the client."""


@dataclass(frozen=True)
class Recovery:
    """The thing of a create whose answer was lost, found by a look."""

    record: Mapping[str, Any]
    """The values of the listed thing by column, and ``job_id``."""
    attrs: Mapping[str, str]
    """The facts about the look."""


@dataclass(frozen=True)
class _Found:
    """The things of a listing that a create may have made."""

    fitting: pd.DataFrame
    """The things that nothing tells from the wanted one."""
    others: tuple[str, ...] = ()
    """The namesakes that differ from the wanted thing, in words."""


class Creation:
    """The creates of a client, and its ledger of them.

    Args:
        service: says how things are listed.
        ledger: notes the creates of this machine.
        clock: the time.
        patience: says how often, and for how long, a thing is looked for.
        ask: sends a read and returns its frame.
        where: returns the endpoint and the project id.
        marks: reads who made the things that carry a mark, by the id of the thing.
    """

    def __init__(
        self,
        service: Service,
        ledger: Ledger,
        clock: Clock,
        patience: Patience,
        ask: Ask,
        where: Callable[[], tuple[str, str]],
        marks: Callable[[], Mapping[str, Mark]],
    ) -> None:
        self._service, self._ledger, self._clock, self._patience = service, ledger, clock, patience
        self._ask, self._where, self._marks = ask, where, marks

    # -- reservations

    def reserve(self, wanted: Sequence[Wanted], again: bool = False, besides: Collection[int] = ()) -> list[Reserved]:
        """Reserve creations in the ledger, in one step between all processes: :meth:`Ledger.reserve`."""
        endpoint, project_id = self._where()
        return self._ledger.reserve(
            wanted, at=self._clock.now(), endpoint=endpoint, project_id=project_id, again=again, besides=besides
        )

    def release(self, keys: Iterable[int]) -> None:
        """Drop reservations that were not sent; a key that was sent changes nothing."""
        self._ledger.release(*keys)

    # -- one creation

    def create(self, order: Order, send: Callable[[], Reply]) -> Reply | Recovery:
        """Send a create: note it first, look it up if its answer is lost, never repeat it.

        Args:
            order: the creation.
            send: sends the request.

        Returns:
            The reply; or the thing that was found after the answer was lost.

        Raises:
            LedgerError: the create cannot be noted, so it was not sent.
            UnknownOutcome: the answer was lost, and the look did not tell the outcome.
        """
        endpoint, own = self._where()
        project_id = order.project_id or own
        before = self.list_ids(order.name) if project_id == own else None
        there, since = before or (None, "")
        reservation = reserved_creation()
        if reservation is not None:
            reservation.judge(there)
        key = self._ledger.begin(
            at=self._clock.now(),
            endpoint=endpoint,
            project_id=project_id,
            operation=order.operation,
            name=order.name,
            there=there,
            digest=order.digest,
            asked=order.asked,
            since=since,
            key=None if reservation is None else reservation.key,
        )
        try:
            reply = send()
            answer = reply.json()
            made = word(next(leaves(answer, "id"), None))
            if not made:
                raise reply.bad("no id in it")
        except (AnswerLost, BadAnswer) as lost:
            doubt = {"reason": str(lost), "status": lost.status, "request_id": lost.request_id}
        except GaussnbError:
            self._ledger.end(key, "refused")
            raise
        except KeyboardInterrupt as stop:
            stop.add_note(f"{order.operation} of {order.name!r} may have been sent, and goes on then: "
                          "gdb.made() shows it.")  # fmt: skip
            raise
        else:
            job = word(next(leaves(answer, "job_id"), None))
            self._ledger.end(key, "accepted", id=made, job_id=job, request_id=reply.request_id)
            return reply
        entry = {"key": key, "there": there, "asked": order.asked, "since": since}
        return self._resolve(order, entry, doubt, listed=project_id == own)

    def list_ids(self, name: str) -> tuple[set[str], str] | None:
        """List the ids of the things that have a name already; None if they cannot be listed.

        Returns:
            The ids, and the time of the answer by the clock of the service, in ISO format; empty if it named none. A
            thing that is requested afterwards is not older.
        """
        try:
            named = self._ask(self._service.list_named(name))
        except (AuthenticationError, CredentialsError, Unreachable):
            raise  # the create would fail as well, and a second wrong login could lock the user out
        except GaussnbError:
            return None  # a user without the permission to list may still create
        # A service may read a name as a search for a part of the name.
        ids = named.loc[(named["name"] == name).fillna(False), "id"]
        return set(ids.dropna()), str(named.attrs.get("served_at", ""))

    def _resolve(self, order: Order, entry: Entry, doubt: Mapping[str, Any], listed: bool) -> Recovery:
        """Look for the thing of a create whose answer was lost."""
        found: _Found | None = None
        clear = False
        for pause in self._patience.looks if listed else ():
            self._clock.sleep(pause)
            try:
                now = self._ask(self._service.list_named(order.name))
                entries = self._ledger.entries(*self._where(), name=order.name)
                claimed = self._ledger.claimed(*self._where())
                found = self._compare(entry, now[(now["name"] == order.name).fillna(False)], claimed)
            except GaussnbError:  # also a ledger that cannot be read: the request was sent, so this is no refusal
                continue
            clear = not any(is_under_way(other, self._clock.now()) for other in entries if other["key"] != entry["key"])
            if len(found.fitting) and clear:
                break
        if found is not None and len(found.fitting) == 1 and clear and entry["there"] is not None:
            record = {name: _scalar(value) for name, value in rows_of(found.fitting)[0].items()}
            record["job_id"] = self._find_job(record["id"])
            self._ledger.end(entry["key"], "recovered", id=record["id"], job_id=record["job_id"] or "")
            attrs = {name: found.fitting.attrs[name] for name in ("request_id", "endpoint", "fetched_at")}
            return Recovery(record, attrs)
        self._ledger.end(entry["key"], "unknown")
        count = "it could not be looked up" if found is None else f"{len(found.fitting)} that may be it were found"
        others = f" {'; '.join(found.others)}." if found is not None and found.others else ""
        raise UnknownOutcome(
            f"{order.operation} of {order.name!r}: {doubt['reason'].rstrip('.')}. It may have been done: it was looked "
            f"for, and {count}.{others} It was not sent again: "
            f"look at gdb.{self._service.group}.list(name={order.name!r}) and gdb.made() before you do.",
            operation=order.operation,
            name=order.name,
            candidates=None if found is None else found.fitting,
            key=str(entry["key"]),
            **doubt,
        )

    def _compare(self, entry: Entry, named: pd.DataFrame, claimed: Collection[str]) -> _Found:
        """Divide the namesakes of a wanted thing that belong to no other entry.

        Args:
            entry: the create in the ledger.
            named: the listed things of its name.
            claimed: the ids of the things of other entries.
        """
        new = named[~named["id"].isin({*claimed, *(entry["there"] or ())})].reset_index(drop=True)
        unlike = [
            differences(self._service, entry["asked"] or {}, entry["since"] or "", thing) for thing in rows_of(new)
        ]
        if not all(unlike):  # only a thing that may be it is worth the call
            marks, own = self._marks(), (self._ledger.id, entry["key"])
            for id, differing in zip(new["id"], unlike):
                if id in marks and (marks[id].ledger, marks[id].key) != own:
                    differing["mark"] = "it carries the mark of another request"
        others = tuple(
            f"{id} of the same name is another {self._service.noun}: {', '.join(differing.values())}"
            for id, differing in zip(new["id"], unlike)
            if differing
        )
        fitting = [number for number, differing in enumerate(unlike) if not differing]
        return _Found(new.iloc[fitting].reset_index(drop=True), others)

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

    # -- all creations

    def entries(self) -> list[dict[str, Any]]:
        """The entries of this project in the ledger, newest first."""
        return self._ledger.entries(*self._where())

    def made(self) -> pd.DataFrame:
        """Read the ledger, and the present status of each thing; :meth:`gaussnb.Client.made` documents the frame."""
        endpoint, project_id = self._where()
        entries = self._ledger.entries(endpoint, project_id)
        if any(entry["outcome"] in LIVING and not entry["gone_at"] for entry in entries):
            try:
                now = self._ask(self._service.list_things(()))
            except PermissionDenied:
                pass  # the ledger itself can still be shown
            else:
                self._complete(entries, now)
                self._add_states(entries, now)
        for entry in entries:
            if entry["gone_at"]:
                entry |= _GONE
        return frame_from(Made, entries, endpoint=endpoint, fetched_at=self._clock.now().isoformat())

    def _add_states(self, entries: Sequence[dict[str, Any]], now: pd.DataFrame) -> None:
        """Write the present states of things into their entries, and note which things are gone, or there again."""
        states = _states_of(now)
        missing = {entry["id"] for entry in entries if entry["id"] and not entry["gone_at"]} - states.keys()
        gone = self._confirm_gone(missing, states) if missing else set()
        for entry in entries:
            entry |= states.get(entry["id"], {})
        lost = [entry for entry in entries if entry["id"] in gone and not entry["gone_at"]]
        back = [entry for entry in entries if entry["id"] in states and entry["gone_at"]]
        for changed, at in ((lost, self._clock.now()), (back, None)):
            if changed:
                self._ledger.note_gone([entry["key"] for entry in changed], at)
            for entry in changed:
                entry["gone_at"] = at and at.isoformat()

    def _confirm_gone(self, missing: set[str], states: dict[str, dict[str, Any]]) -> set[str]:
        """Look for missing things until their absence counts; returns the ids of those that are gone.

        Args:
            missing: ids that the first listing did not show.
            states: the states of listed things by id; things that are found after all are added.
        """
        evidence = Evidence(self._patience)
        gone: set[str] = set()
        while True:
            now = self._clock.monotonic()
            confirmed = {id for id in missing if evidence.confirms(id, "missing", now)}
            gone |= confirmed
            missing = missing - confirmed
            if not missing:
                return gone
            self._clock.sleep(evidence.pause)
            try:
                states |= _states_of(self._ask(self._service.list_things(tuple(missing))))
            except GaussnbError:
                return gone  # what could not be looked for has no status
            missing = missing - states.keys()
            if not missing:
                return gone

    def _complete(self, entries: Sequence[dict[str, Any]], now: pd.DataFrame) -> None:
        """Complete the entries without an answer for which only one listed thing can be the thing."""
        unanswered = defaultdict(list)
        for entry in entries:
            if entry["outcome"] in ("asked", "unknown"):
                unanswered[entry["name"]].append(entry)
        if not unanswered:
            return
        claimed = {entry["id"] for entry in entries if entry["id"]}
        # pandas would turn the names and ids of a long ledger into arrays first.
        unclaimed = now[[name in unanswered and id not in claimed for name, id in zip(now["name"], now["id"])]]
        for name, named in unclaimed.groupby("name", observed=True):
            found = {entry["key"]: set(self._compare(entry, named, ()).fitting["id"]) for entry in unanswered[name]}
            for entry in unanswered[name]:
                fitting = found[entry["key"]]
                rivals = (ids for key, ids in found.items() if key != entry["key"])
                if entry["there"] is None or len(fitting) != 1 or any(fitting & ids for ids in rivals):
                    continue
                (id,) = fitting
                entry |= {"outcome": "recovered", "id": id, "job_id": self._find_job(id)}
                self._ledger.end(entry["key"], "recovered", id=id, job_id=entry["job_id"] or "")


def is_under_way(entry: Entry, now: datetime) -> bool:
    """True if a living process of this machine is about to send the create of an entry, or waits for its answer.

    Args:
        entry: an entry of the ledger.
        now: the present time.
    """
    if entry["outcome"] != "asked":
        return bool(entry["outcome"] == "reserved")  # the ledger shows no reservation of a dead process
    if entry["holder"] is not None and not is_held(entry):
        return False
    try:
        return now - datetime.fromisoformat(entry["asked_at"]) <= UNDER_WAY
    except (TypeError, ValueError):
        return False


_GONE = {"status": "gone", "actions": ""}


def _states_of(now: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The status of each listed thing, and the work on it, by its id."""
    columns = [name for name in ("status", "actions") if name in now.columns]
    values = zip(*(now[name].astype(object) for name in columns))
    return {id: dict(zip(columns, state)) for id, state in zip(now["id"], values)}


def _scalar(value: Any) -> Any:
    import pandas as pd

    if pd.isna(value):
        return None
    if pd.api.types.is_bool(value):
        return int(value)  # as this service writes it
    return value.isoformat() if hasattr(value, "isoformat") else value
