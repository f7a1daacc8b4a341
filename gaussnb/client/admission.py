"""The rows of a bulk creation that are sent: neither what the cloud has, nor what this machine is making or has made.

The cloud's list is asked once, before the first row. Then one transaction of the ledger reserves the rows, so that two
processes which send the same table at the same time create it once. Two machines have no such step between them: the
look that each creation makes anyway closes all but the last moment, and the marks tell afterwards who made what.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core.answers import word
from ..core.errors import GaussnbError, PermissionDenied
from ..core.operation import Operation
from ..core.process import cached_property
from ..core.secrets import reveal
from .creation import is_under_way
from .ledger import Reserved, Wanted
from .likeness import differences, read_asked, rows_of
from .many import SURE, NotSent, Pending, Procedure, Record, key_in
from .marks import Mark, read_marks
from .progress import GONE
from .reservation import Exists, Reservation, under

if TYPE_CHECKING:
    import pandas as pd

    from . import Client

AGAIN = "again=True creates another one."

Thing = Mapping[str, Any]
"""One row of the list of things."""


class Admission(Procedure):
    """The way of creations: each name once, unless ``again`` says otherwise.

    Args:
        gdb: the client.
        records: the records of all rows: what one row stands for is not in the way of another row.
        again: True to create what exists already once more.
        marks: True to mark what is created.
        check: refuses what is about to be sent, by an error.
    """

    def __init__(
        self,
        gdb: Client,
        records: Sequence[Record],
        *,
        again: bool,
        marks: bool,
        check: Callable[[Sequence[Pending]], None],
    ) -> None:
        super().__init__(gdb)
        self._records, self._again, self._check = records, again, check
        self._marks = marks
        self._note = ""
        self._listed: dict[str, list[Thing]] = {}
        self._ending: set[str] = set()
        self._keys: dict[int, int] = {}
        self._unmarked: list[Record] = []

    # -- before the first row

    def look_up(self, lost: Sequence[Pending]) -> list[Pending]:
        """Look in the ledger for creations whose answers were lost, after one more look for all of them."""
        made = {key_in(self.gdb, entry["key"]): entry for entry in rows_of(self.gdb.made())} if lost else {}
        undone = []
        for operation, record in lost:
            # An entry of another machine's ledger, or a row without a key, stays unknown.
            entry = made.get(record["key"])
            if entry is not None and is_there(entry):
                copy_entry(entry, record)
            elif entry is not None and entry["outcome"] == "refused":
                undone.append((operation, record))
        return undone

    def admit(self, rest: Sequence[Pending]) -> Sequence[Pending]:
        """Look what exists, and reserve the rest."""
        left = list(rest)
        if left and not self._again:
            self._list()
            left = [(operation, record) for operation, record in left if not self._exists(operation, record)]
        self._check(left)
        return self._reserve(left) if left else left

    def _list(self) -> None:
        """List what exists, by name. What is being deleted is as good as gone."""
        service = self.gdb.service
        try:
            frame = self.gdb.send(service.list_things(()))
        except PermissionDenied:
            self._note = f"The list of {service.noun}s could not be read: only this machine's ledger was asked."
            return
        for thing in rows_of(frame):
            if service.lifecycle.is_ending(word(thing.get("actions"))):
                self._ending.add(thing["id"])
            else:
                self._listed.setdefault(word(thing["name"]), []).append(thing)

    def _exists(self, operation: Operation, record: Record) -> bool:
        """True if a thing of the name exists that no row of this table stands for; the record says which then."""
        claimed = {other["id"] for other in self._records if other["outcome"] == "accepted"}
        things = [thing for thing in self._listed.get(record["name"], ()) if thing["id"] not in claimed]
        if things:
            self._tell_existing(operation, record, things)
        return bool(things)

    def _tell_existing(self, operation: Operation, record: Record, things: Sequence[Thing]) -> None:
        """Write into a record which thing exists, and whether it was made from this very row."""
        noun = self.gdb.service.noun
        told = [(self._makers.get(thing["id"]), self._differences(operation, thing), thing) for thing in things]
        # First what was made from this very row, then what looks like it; the list has the newest first.
        origin, differs, thing = min(
            told, key=lambda one: (one[0] is None or one[0].digest != record["digest"], len(one[1]))
        )
        if origin is not None and origin.digest == record["digest"]:
            what = f"It was made from this very row, by {self._machine(origin)}."
            if thing["id"] not in self._marked:  # for example because the thing was busy when it was new
                self._mark(thing["id"], record, origin.key)
        else:
            what = f"It was made from another row, by {self._machine(origin)}" if origin else "It carries no mark"
            what += f", and differs from this row: {', '.join(differs)}." if differs else (
                ", and nothing that the list shows of it differs from this row.")  # fmt: skip
        more = f" {len(things) - 1} more {noun}s have this name." if len(things) > 1 else ""
        record |= {
            "outcome": "exists", "id": word(thing["id"]) or None, "status": word(thing["status"]) or None,
            "message": f"It was not sent: {self._a_noun} of this name exists. {what}{more} {AGAIN}",
        }  # fmt: skip

    @property
    def _a_noun(self) -> str:
        noun = self.gdb.service.noun
        return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"

    def _differences(self, operation: Operation, thing: Thing) -> list[str]:
        """The fields in which a listed thing differs from an operation, in words."""
        service = self.gdb.service
        asked = read_asked(service, operation.route.returns, reveal(operation.wire()))
        return list(differences(service, asked, "", thing).values())

    def _machine(self, origin: Mark) -> str:
        return "this machine" if origin.ledger == self.gdb.ledger_id else "another machine"

    @cached_property
    def _marked(self) -> Mapping[str, Mark]:
        """The marks in the cloud, by the id of the thing: one call, and only if a name exists."""
        return read_marks(self.gdb.service, self.gdb)

    @cached_property
    def _makers(self) -> Mapping[str, Mark]:
        """What is known of the origin of things, from the marks in the cloud and from this machine's ledger."""
        ledger = self.gdb.ledger_id
        noted = {
            entry["id"]: Mark(entry["digest"], ledger, entry["key"])
            for entry in self.gdb.creation.entries()
            if entry["id"] and entry["digest"]
        }
        return {**self._marked, **noted}

    # -- the reservation

    def _reserve(self, left: Sequence[Pending]) -> list[Pending]:
        """Reserve what is about to be sent, in one step between all processes of this machine."""
        besides = (
            {entry["key"] for entry in self.gdb.creation.entries() if self._is_no_hindrance(entry)} if left else set()
        )
        standing = self._try_to_reserve(left, besides)
        if standing and not all(self._is_under_way(entry) for _, _, entry in standing):
            # What became of an earlier creation is looked up once more, and an absence is made sure.
            now = self.gdb.made()
            gone = {entry["key"] for entry in rows_of(now) if entry["status"] == GONE}
            standing = self._try_to_reserve([(operation, record) for operation, record, _ in standing], besides | gone)
        for operation, record, entry in standing:
            self._tell_standing(operation, record, entry)
        return [(operation, record) for operation, record in left if record["row"] in self._keys]

    def _try_to_reserve(
        self, left: Sequence[Pending], besides: set[int]
    ) -> list[tuple[Operation, Record, Mapping[str, Any]]]:
        """Reserve the rows that can be reserved; returns the others, each with the entry that stands in its way."""
        standing = []
        layers: list[dict[str, Pending]] = []  # equal names: one after the other, since one is in the way of another
        for pending in left:
            name = pending[1]["name"]
            layer = next((layer for layer in layers if name not in layer), None)
            if layer is None:
                layers.append(layer := {})
            layer[name] = pending
        for layer in layers:
            answers = self._reserve_now(list(layer.values()), besides | set(self._keys.values()))
            for (operation, record), answer in zip(layer.values(), answers):
                if answer.standing is None:
                    self._keys[record["row"]] = answer.key
                else:
                    standing.append((operation, record, answer.standing))
        return standing

    def _reserve_now(self, layer: Sequence[Pending], besides: set[int]) -> list[Reserved]:
        wanted = [Wanted(operation.route.id, record["name"], record["digest"]) for operation, record in layer]
        return self.gdb.creation.reserve(wanted, again=self._again, besides=besides)

    def _is_no_hindrance(self, entry: Mapping[str, Any]) -> bool:
        """True for an entry that another row of this table stands for, or whose thing is being deleted."""
        claimed = {record[column] for record in self._records for column in ("id", "key") if record[column]}
        return entry["id"] in claimed | self._ending or key_in(self.gdb, entry["key"]) in claimed

    def _is_under_way(self, entry: Mapping[str, Any]) -> bool:
        return is_under_way(entry, self.gdb.clock.now())

    def _tell_standing(self, operation: Operation, record: Record, entry: Mapping[str, Any]) -> None:
        """Write into a record which entry of the ledger is in its way."""
        noun = self.gdb.service.noun
        if self._is_under_way(entry):
            record["message"] = (
                f"It was not sent: another call on this machine is creating {self._a_noun} of this name now. "
                f"When that call has ended, run this one again."
            )
        elif entry["id"]:
            record |= {
                "outcome": "exists", "id": entry["id"],
                "message": f"It was not sent: this machine created {self._a_noun} of this name. {AGAIN}",
            }  # fmt: skip
        else:
            record |= {
                "outcome": "unknown", "key": key_in(self.gdb, entry["key"]),
                "message": f"{self._a_noun.capitalize()} of this name may exist from an earlier try whose outcome is "
                           f"unknown: look at gdb.made() and at the {noun}s of this name.{SURE}",
            }  # fmt: skip

    # -- every row

    def send(self, operation: Operation, record: Record) -> pd.DataFrame:
        """Send a creation under its reservation."""
        same = {other["id"] for other in self._records if other["outcome"] == "accepted" and other["id"]}
        known = None if self._again else frozenset(same | self._ending)
        try:
            with under(Reservation(self._keys[record["row"]], known)):
                return self.gdb.send(operation)
        except Exists as found:
            ids = found.ids
        self._tell_existing(operation, record, self._list_again(record["name"], ids))
        raise NotSent

    def _list_again(self, name: str, ids: Collection[str]) -> Sequence[Thing]:
        try:
            things = [one for one in rows_of(self.gdb.send(self.gdb.service.list_named(name))) if one["id"] in ids]
        except GaussnbError:
            things = []
        return things or [{"id": id, "name": name, "status": None} for id in ids]

    def accepted(self, record: Record) -> None:
        """Mark what was created."""
        record["message"] = self._note or None
        if record["id"] and self._mark(record["id"], record, self._keys[record["row"]]):
            self._unmarked.append(record)

    def _mark(self, id: str, record: Record, key: int) -> str:
        """Mark a thing by one short try, which fails no creation; returns the reason if the thing has no mark."""
        set_mark = self.gdb.service.set_mark
        if set_mark is None or not self._marks:
            return ""
        try:
            self.gdb.attempt(set_mark(id, str(Mark(record["digest"], self.gdb.ledger_id, key))))
        except GaussnbError as error:
            return str(error)
        return ""

    # -- after the last row

    def finish(self, sent: Sequence[Pending]) -> None:
        """Mark once more what could not be marked, for example because it was busy."""
        for record in self._unmarked:
            if why := self._mark(record["id"], record, self._keys[record["row"]]):
                says = f"It could not be marked, so other machines see only its name and its fields: {why}"
                record["message"] = " ".join(filter(None, [record["message"], says]))

    def close(self) -> None:
        """Release what was reserved and not sent."""
        if self._keys:
            self.gdb.creation.release(self._keys.values())


def is_there(entry: Mapping[str, Any]) -> bool:
    """True if an entry of the ledger has its thing."""
    return entry["outcome"] in ("accepted", "recovered")


def copy_entry(entry: Mapping[str, Any], record: Record) -> None:
    """Copy what the ledger knows of a creation that succeeded."""
    known = {column: word(entry[column]) or None for column in ("id", "status", "job_id")}
    record |= {**known, "outcome": "accepted", "error_code": None, "message": None, "key": None}
