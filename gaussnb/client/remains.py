"""What earlier kernels left behind: creations that are still open are taken up again, and leftovers are cleaned up.

:class:`Resumed` is the answer of :meth:`gaussnb.Client.resume`, :class:`Leftovers` that of
:meth:`gaussnb.Client.clean_up`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from ..core.answers import word
from ..core.errors import GaussnbError
from ..core.faces import face
from ..core.frames import frame_from
from ..core.process import cached_property
from ..core.rows import Known, Row
from ..core.service import Lifecycle
from ..view.output import show
from ..view.report import Line, Report, faces, text_of
from ..view.snapshot import Phase
from .admission import is_there
from .creation import is_under_way
from .ledger import Made
from .likeness import rows_of
from .marks import Mark, read_marks
from .progress import GONE, Seen

if TYPE_CHECKING:
    import pandas as pd

    from . import Client
    from .watch import Watch

Entry = Mapping[str, Any]

# ------------------------------------------------------------------------------------------------------ taking up again

BECAME: Mapping[str, Phase] = {
    "going": "going", "ready": "ready", "failed": "failed", "gone": "gone", "unknown": "unseen", "elsewhere": "going",
}  # fmt: skip
"""The words for what became of a creation, each with the phase whose sign it has."""


class Open(Made):
    """One creation that was open, and what became of it."""

    became: Annotated[str, Known(tuple(BECAME))]
    """going (still being made), ready, failed, gone, unknown (nothing was found that is surely it), or elsewhere
    (another call on this machine is sending it now)."""
    message: str
    """The meaning, and what to do next."""


class Resumed:
    """The creations that were open, and a watch on those that are still being made.

    ``frame`` has a row for each, with the columns of :class:`Open`. Shown in a notebook, the going ones are followed
    live; :meth:`wait` blocks until they are ready.
    """

    def __init__(self, gdb: Client, entries: Sequence[Entry]) -> None:
        self._gdb = gdb
        self._entries = entries
        self.frame = frame_from(
            Open, entries, endpoint=gdb.endpoint, fetched_at=gdb.clock.now().isoformat()
        )  # fmt: skip

    @property
    def going(self) -> pd.DataFrame:
        """The rows of the things that are still being made."""
        return self.frame[self.frame["became"] == "going"].reset_index(drop=True)

    @cached_property
    def watch(self) -> Watch | None:
        """A watch on the things that are still being made, begun when it is first read; None if there are none."""
        return self._gdb.watch(self.going, until="ready") if len(self.going) else None

    def wait(self, timeout: float = 3600) -> pd.DataFrame:
        """Wait until everything that is still being made is ready.

        Args:
            timeout: seconds after which to stop waiting; the cloud's work goes on.

        Returns:
            The history, as for :meth:`gaussnb.Client.wait`; empty if nothing is being made.

        Raises:
            WaitFailed, WaitTimeout: as for :meth:`gaussnb.Client.wait`.
        """
        going = self.going
        return self._gdb.wait(going, timeout, until="ready") if len(going) else frame_from(Seen, [])

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def _headline(self) -> str:
        noun = self._gdb.service.noun
        if not self._entries:
            return f"No {noun} is open: this machine knows the end of everything that it asked for."
        counts = ((sum(entry["became"] == became for entry in self._entries), became) for became in BECAME)
        return f"{_count(len(self._entries), noun)} open: " + ", ".join(f"{n} {word}" for n, word in counts if n)

    @property
    def _report(self) -> Report:
        lines = [
            Line(BECAME[entry["became"]], entry["became"], entry["name"], word(entry["id"]), entry["message"])
            for entry in self._entries
        ]
        return Report(self._headline, lines, "Wait with .wait(), follow with .watch, read .frame." if lines else "")

    @face
    def __repr__(self) -> str:
        return f"<resumed: {self._headline}>"

    @face
    def __str__(self) -> str:
        return text_of(self._report)

    @face
    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return faces(self._report)

    def _ipython_display_(self) -> None:
        show(faces(self._report), self.watch)


def resume(gdb: Client) -> Resumed:
    """Take up what is open; :meth:`gaussnb.Client.resume` documents it."""
    open_before = {entry["key"]: entry for entry in gdb.creation.entries() if entry["outcome"] in ("asked", "unknown")}
    entries = []
    for entry in rows_of(gdb.made()):
        before = open_before.get(entry["key"])
        became = _became(entry, before, gdb.service.lifecycle, gdb.clock.now())
        # An entry whose end was known before, and whose thing is made, is not open.
        if became in ("going", "failed", "unknown", "elsewhere") or (before is not None and became):
            says = _says(became, entry, before, gdb)
            entries.append({**_plain(entry), "became": became, "message": says})
    return Resumed(gdb, entries)


def _became(entry: Entry, before: Entry | None, lifecycle: Lifecycle, now: datetime) -> str:
    """A word of :data:`BECAME` for what became of a creation; empty for a refused one."""
    if entry["outcome"] == "refused":
        return ""
    if not is_there(entry):
        return "elsewhere" if before is not None and is_under_way(before, now) else "unknown"
    status = word(entry["status"])
    if status == GONE or lifecycle.is_ending(word(entry["actions"])):
        return "gone"
    if _failed_for_ever(lifecycle, status):
        return "failed"
    # The work on a thing that was made, like a restart, is another matter.
    return "going" if lifecycle.phase_of(status) == "going" else "ready"


def _failed_for_ever(lifecycle: Lifecycle, status: str) -> bool:
    """True if the creation of a thing failed. A thing that broke later is no leftover: it may hold data."""
    known = lifecycle.statuses.get(status)
    return known is not None and known.phase == "failed" and known.final


def _says(became: str, entry: Entry, before: Entry | None, gdb: Client) -> str:
    noun, group = gdb.service.noun, gdb.service.group
    found = "Its answer was lost, and it was found. " if before is not None and is_there(entry) else ""
    return found + {
        "going": f"The {noun} is still being made.",
        "ready": f"The {noun} is made.",
        "failed": "Its creation failed. gdb.clean_up() reviews what can be deleted.",
        "gone": f"The {noun} does not exist any more.",
        "unknown": f"No {noun} was found that is surely it: look at gdb.{group}.list(name={entry['name']!r}) "
                   "before you create it again.",
        "elsewhere": "Another call on this machine is creating it now.",
    }[became]  # fmt: skip


def _plain(entry: Entry) -> dict[str, Any]:
    """A record of a frame as values that another frame can be made of."""
    return {name: value.isoformat() if isinstance(value, datetime) and value == value else value
            for name, value in entry.items()}  # fmt: skip


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


# --------------------------------------------------------------------------------------------------------- cleaning up

WHY: Mapping[str, str] = {
    "failed": "Its creation failed.",
    "found": "A creation whose answer was lost made it.",
    "double": "It is the double of {other}, which was made from the same row.",
    "made": "This machine made it.",
}
"""The reasons for which a thing is in the review, in the order in which they are judged."""


class Leftover(Row):
    """One thing that this machine made, and that may be a leftover."""

    id: str
    """The thing."""
    name: str
    """The name."""
    status: str
    """The present status."""
    why: Annotated[str, Known(tuple(WHY))]
    """failed (could not be created), found (made by a creation whose answer was lost), double (another thing was made
    from the same row) or made (anything else that this machine made)."""
    delete: bool
    """True if ``delete()`` without ids deletes it."""
    created: datetime
    """The time of creation."""
    message: str
    """The reason, and what to look at before it is deleted."""


class Leftovers:
    """The review of what can be cleaned up. Nothing is deleted before :meth:`delete`.

    ``frame`` has a row for each thing, with the columns of :class:`Leftover`. Only things that this machine made are in
    it, as its ledger and the marks in the cloud say.
    """

    def __init__(self, gdb: Client, records: Sequence[Mapping[str, Any]]) -> None:
        self._gdb = gdb
        self._records = records
        self.frame = frame_from(
            Leftover, records, endpoint=gdb.endpoint, fetched_at=gdb.clock.now().isoformat()
        )  # fmt: skip

    def delete(self, ids: Collection[str] | None = None) -> pd.DataFrame:
        """Delete the chosen things of this review. A thing whose status has changed since the review is left alone.

        Args:
            ids: the things to delete, all of this review; by default those whose ``delete`` is True.

        Returns:
            One row of outcome for each thing, with the columns of :class:`gaussnb.client.many.Outcome`;
            ``gdb.wait(frame)`` waits until they are gone.

        Raises:
            ValueError: one of ``ids`` is not in this review.
        """
        reviewed = {record["id"]: record for record in self._records}
        if isinstance(ids, str):
            ids = [ids]
        chosen = (
            [id for id, record in reviewed.items() if record["delete"]] if ids is None else list(dict.fromkeys(ids))
        )
        if strangers := [id for id in chosen if id not in reviewed]:
            raise ValueError(f"{strangers[0]!r} is not in this review, so clean_up() does not delete it")
        service = self._gdb.service
        assert service.delete_many is not None
        now = {thing["id"]: word(thing["status"]) for thing in _list(self._gdb)} if chosen else {}
        same = [id for id in chosen if now.get(id) == reviewed[id]["status"]]
        return service.delete_many(self._gdb, same)

    def __len__(self) -> int:
        return len(self._records)

    @property
    def _headline(self) -> str:
        noun = self._gdb.service.noun
        if not self._records:
            return f"Nothing to clean up: no {noun} that this machine made is a leftover."
        marked = sum(bool(record["delete"]) for record in self._records)
        return f"{_count(len(self._records), noun)} to review, {marked} to delete. Nothing was deleted yet."

    @property
    def _report(self) -> Report:
        lines = [
            Line(
                "failed" if record["delete"] else "unseen", "delete" if record["delete"] else "keep", record["name"],
                " · ".join(filter(None, (record["id"], record["status"]))), record["message"],
            )
            for record in self._records
        ]  # fmt: skip
        foot = ".delete() deletes what is marked so, .delete([id, …]) what you choose of these." if lines else ""
        return Report(self._headline, lines, foot)

    @face
    def __repr__(self) -> str:
        return f"<leftovers: {self._headline}>"

    @face
    def __str__(self) -> str:
        return text_of(self._report)

    @face
    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return faces(self._report)


def clean_up(gdb: Client, everything: bool) -> Leftovers:
    """Review what can be cleaned up; :meth:`gaussnb.Client.clean_up` documents it."""
    service = gdb.service
    if service.delete_many is None:
        raise GaussnbError(f"{service.title} has no deletions, so there is nothing to clean up.")
    lost = {entry["key"] for entry in gdb.creation.entries() if entry["outcome"] in ("asked", "unknown")}
    made = {entry["id"]: entry for entry in rows_of(gdb.made()) if is_there(entry) and word(entry["id"])}
    marks = read_marks(service, gdb)
    ledger = gdb.ledger_id
    things = [thing for thing in _list(gdb) if not service.lifecycle.is_ending(word(thing.get("actions")))]
    doubles = dict(_doubles(things, made, marks))
    records = []
    for thing in things:
        id, entry, mark = thing["id"], made.get(thing["id"]), marks.get(thing["id"])
        if entry is None and (mark is None or mark.ledger != ledger):
            continue  # somebody else made it
        status = word(thing["status"])
        if _failed_for_ever(service.lifecycle, status):
            why, sure = "failed", True
        elif entry is not None and entry["key"] in lost:
            why, sure = "found", True
        elif entry is not None and entry["outcome"] == "recovered":
            why, sure = "found", False  # it was told before, and somebody may use it
        elif id in doubles:
            why, sure = "double", False  # again=True makes doubles on purpose
        elif everything:
            why, sure = "made", True
        else:
            continue
        delete = sure or everything
        says = WHY[why].format(other=doubles.get(id, ""))
        records.append({
            "id": id, "name": word(thing["name"]), "status": status, "why": why, "delete": delete,
            "created": _plain(thing).get("created"),
            "message": says if delete else f"{says} Delete it by its id if nobody uses it.",
        })  # fmt: skip
    return Leftovers(gdb, records)


def _list(gdb: Client) -> list[dict[str, Any]]:
    return rows_of(gdb.send(gdb.service.list_things(())))


def _doubles(
    things: Sequence[Mapping[str, Any]], made: Mapping[str, Entry], marks: Mapping[str, Mark]
) -> Iterator[tuple[str, str]]:
    """Find things that were made from the same row as an older one: pairs of the double and the older thing."""
    first: dict[tuple[str, str], str] = {}
    for thing in reversed(things):  # the list has the newest first
        entry, mark = made.get(thing["id"]), marks.get(thing["id"])
        digest = word(entry["digest"]) if entry is not None else mark.digest if mark is not None else ""
        if not digest:
            continue
        older = first.setdefault((digest, word(thing["name"])), thing["id"])
        if older != thing["id"]:
            yield thing["id"], older
