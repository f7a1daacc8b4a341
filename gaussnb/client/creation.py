"""Creating things that cost money: noted before they are asked for, looked for when the answer is lost.

The API has no idempotency key and allows equal names, so a create is never sent again by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..cloud.transport import AnswerLost, Reply
from ..core.answers import Columns, leaves, word
from ..core.errors import (
    AuthenticationError,
    BadAnswer,
    CredentialsError,
    GaussnbError,
    PermissionDenied,
    UnknownOutcome,
    Unreachable,
)
from ..core.frames import frame_from, frame_of
from ..core.rows import Row
from ..nosql.operations.instances import ListInstances
from ..nosql.operations.jobs import ListJobs
from .ledger import Ledger, Made

if TYPE_CHECKING:
    import pandas as pd

    from . import Client

LOOKS = (0, 2, 4, 8, 16)
"""Seconds before each look for what a create with a lost answer has made: the service may still be at it."""
AT_IT = timedelta(minutes=10)
"""How long a create without an answer counts as being under way, and not as one of a kernel that has died."""


class Making:
    """The creates of a client, and its ledger of them.

    Args:
        client: sends, lists, and knows where it is.
        ledger: what this machine asked for.
    """

    def __init__(self, client: Client, ledger: Ledger) -> None:
        self._client, self._ledger = client, ledger

    def create(
        self, operation: str, name: str, columns: Columns, send: Callable[[], Reply], digest: str = ""
    ) -> pd.DataFrame:
        """Send a create: noted before it is sent, looked up when its answer is lost, never repeated."""
        there = self.ids_called(name)
        key = self._ledger.begin(
            at=self._client.clock.now(),
            endpoint=self._client.endpoint,
            project_id=self._client.project_id,
            operation=operation,
            name=name,
            there=there,
            digest=digest,
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
            columns.add(answer)
            return frame_of(columns, self._client.attrs(operation, "", reply))
        return self._resolve(operation, name, columns.row, key, there, why)

    def ids_called(self, name: str) -> set[str] | None:
        """The instances of this name that are there before another one is asked for."""
        try:
            return set(self._client.send(ListInstances(name=name))["id"].dropna())
        except (AuthenticationError, CredentialsError, Unreachable):
            raise  # the create would fare no better, and a second wrong login brings the lock nearer
        except GaussnbError:
            return None  # who may create but not list still may create

    def _resolve(
        self, operation: str, name: str, returns: type[Row], key: int, there: set[str] | None, why: str
    ) -> pd.DataFrame:
        """Look what became of a create whose answer was lost."""
        found: pd.DataFrame | None = None
        clear = False
        for pause in LOOKS:
            self._client.clock.sleep(pause)
            try:
                now = self._client.send(ListInstances(name=name))
            except GaussnbError:
                continue
            entries = self._ledger.entries(self._client.endpoint, self._client.project_id)
            others = [entry for entry in entries if entry["key"] != key]
            found = _unclaimed(now, name, there, others)
            clear = not self._others_at_it(name, others)
            if len(found) and clear:
                break
        if found is not None and len(found) == 1 and clear and there is not None:
            record = {column: _scalar(found[column].iloc[0]) for column in found.columns}
            record["job_id"] = self._job_of(record["id"])
            self._ledger.end(key, "recovered", id=record["id"], job_id=record["job_id"] or "")
            attrs = {name: found.attrs[name] for name in ("request_id", "endpoint", "fetched_at")}
            return frame_from(returns, [record], operation=operation, recovered=True, **attrs)
        self._ledger.end(key, "unknown")
        count = "it could not be looked up" if found is None else f"{len(found)} that may be it were found"
        raise UnknownOutcome(
            f"{operation} of {name!r}: {why} It was looked for, and {count}. It was not sent again: "
            f"look at gdb.instances.list(name={name!r}) and gdb.made() before you do.",
            operation=operation,
            name=name,
            candidates=found,
            key=str(key),
        )

    def _others_at_it(self, name: str, others: Sequence[Mapping[str, Any]]) -> bool:
        """Whether this machine is asking for another one of that name just now, so that one could be mistaken."""
        since = self._client.clock.now() - AT_IT
        return any(
            entry["name"] == name and entry["outcome"] == "asked" and datetime.fromisoformat(entry["asked_at"]) > since
            for entry in others
        )

    def _job_of(self, instance_id: str) -> str | None:
        try:
            jobs = self._client.send(ListJobs(limit=50))  # the newest ones
        except GaussnbError:
            return None
        # Called CreateInstance in one document, CreateCassandra in another.
        job = jobs.loc[(jobs["instance_id"] == instance_id) & jobs["name"].str.startswith(("Create", "Restore")), "id"]
        return str(job.iloc[-1]) if len(job) else None

    def made(self) -> pd.DataFrame:
        """As :meth:`gaussnb.Client.made`."""
        entries = self._ledger.entries(self._client.endpoint, self._client.project_id)
        now = self._live() if any(entry["outcome"] != "refused" for entry in entries) else None
        if now is not None:
            for entry in entries:
                self._look_for(entry, entries, now)
            states = now.set_index("id")[["status", "actions"]].astype("object").T.to_dict()
            for entry in entries:
                if entry["id"]:
                    entry |= states.get(entry["id"], {"status": "gone", "actions": ""})
        fetched_at = self._client.clock.now().isoformat()
        return frame_from(Made, entries, endpoint=self._client.endpoint, fetched_at=fetched_at)

    def _live(self) -> pd.DataFrame | None:
        try:
            return self._client.instances.list()
        except PermissionDenied:
            return None  # the ledger itself can be shown all the same

    def _look_for(self, entry: dict[str, Any], entries: Sequence[Mapping[str, Any]], now: pd.DataFrame) -> None:
        """Complete an entry whose answer is missing, where only one instance can be the one."""
        if entry["outcome"] not in ("asked", "unknown") or entry["there"] is None:
            return
        others = [other for other in entries if other is not entry]
        if any(other["name"] == entry["name"] and other["outcome"] in ("asked", "unknown") for other in others):
            return
        found = _unclaimed(now, entry["name"], entry["there"], others)
        if len(found) == 1:
            id = str(found["id"].iloc[0])
            entry |= {"outcome": "recovered", "id": id, "job_id": self._job_of(id)}
            self._ledger.end(entry["key"], "recovered", id=id, job_id=entry["job_id"] or "")


def _unclaimed(
    now: pd.DataFrame, name: str, there: Sequence[str] | set[str] | None, others: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """The instances of a name that were not there before and that nobody else is known to have made."""
    known = {*(there or ()), *(other["id"] for other in others if other["id"])}
    return now[(now["name"] == name).fillna(False) & ~now["id"].isin(known)].reset_index(drop=True)


def _scalar(value: Any) -> Any:
    import pandas as pd

    if pd.isna(value):
        return None
    if pd.api.types.is_bool(value):
        return int(value)  # as this service writes it
    return value.isoformat() if hasattr(value, "isoformat") else value
