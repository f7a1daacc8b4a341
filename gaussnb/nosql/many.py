"""Many at once: a table of things to ask for, judged as a whole, sent a few at a time, one row of outcome for each.

Nothing is sent before every row holds. What was accepted is never sent again, and what is not known is looked up
first: the frame of outcomes, given back as ``resume=``, takes the work up where it stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from ..client.many import Job, Outcome, Record, key_in, record_of, send_all, send_to_each, take_up
from ..client.tables import Problem, Specs, Targets, Wrong, refuse, specs_of
from ..core.answers import word
from ..core.errors import AuthenticationError, CredentialsError, GaussnbError, Unreachable
from ..core.operation import Operation
from .instance_spec import InstanceSpec

if TYPE_CHECKING:
    import pandas as pd

    from ..client import Client

__all__ = ["Outcome", "Problem", "create_many", "delete_many", "update_many"]

NO_QUOTA = "DBS.280280"


def create_many(
    gdb: Client,
    specs: Specs,
    *,
    password: str | SecretStr | None = None,
    workers: int = 4,
    resume: pd.DataFrame | bool = False,
    again: bool = False,
) -> pd.DataFrame:
    """Create an instance for every row of a table.

    All rows are judged before the first is sent, and so is the quota of each engine. A row that is refused does
    not keep the others from being sent. A creation whose answer is lost is looked for and never sent again
    blindly. What was made from here before, and still exists, is not made a second time by running a cell again.

    Args:
        specs: a DataFrame with columns like ``name``, ``datastore.type`` and ``flavor.num``, or with nested
            values; the path of a CSV or YAML file of the same; or a list of specs and dicts. What is missing
            or empty is left out, and a row without anything is skipped.
        password: the administrator's password in every row that has none.
        workers: how many are sent at the same time; with 1 they are made in the order of the table, each time.
        resume: an earlier answer to the same table: only what was not accepted is sent. True takes what this
            machine's ledger remembers instead, by name, when that answer is gone.
        again: whether to make what may be there already: more instances of a name, and, with ``resume``, what is
            still unknown after it was looked for.

    Returns:
        A DataFrame with one row per row of the table, in its order, with the columns of
        :class:`gaussnb.client.many.Outcome`. ``gdb.wait(frame)`` waits for what was accepted.

    Raises:
        InvalidRows: a row does not hold, or its name was used before; nothing was sent, and ``errors`` says what
            is wrong.
        QuotaExceeded: the rows are more than the quota leaves; nothing was sent.
        ImportError: YAML is not installed; ``pip install "gaussnb[yaml]"``.
    """
    asked: list[InstanceSpec | None] = specs_of(specs, password)
    records = [
        record_of(number, InstanceSpec, spec, name=spec.name)
        if spec
        else record_of(number, InstanceSpec, None, message="There is nothing in this row.")
        for number, spec in enumerate(asked)
    ]
    if resume is True:
        asked = _remembered(gdb, asked, records, again)
    elif resume is not False and resume is not None:
        take_up(records, resume, "name")
    if not again:
        _refuse_twins(records)

    def check(rest: list[Job]) -> None:
        if rest and not again:
            _refuse_made(gdb, [record for _, record in rest], records)
        _check_quota(gdb, [operation for operation, _ in rest])

    return send_all(
        gdb,
        InstanceSpec,
        asked,
        records,
        workers=workers,
        tell="name",
        look=lambda spec, record: _made(gdb, record),
        check=check,
        again=again,
    )


def delete_many(gdb: Client, targets: Targets, *, workers: int = 4, resume: pd.DataFrame | None = None) -> pd.DataFrame:
    """Delete every instance of a list or a frame.

    Args:
        targets: ids in a list, or a frame with a column ``instance_id`` or ``id``; what has no id is skipped.
        workers: how many are sent at the same time.
        resume: an earlier answer to the same targets: only what was not accepted is sent.

    Returns:
        A DataFrame with one row per target, in their order, with the columns of :class:`gaussnb.client.many.Outcome`.
        ``gdb.wait(frame)`` waits until they are gone.

    Raises:
        InvalidRows: an id does not hold; nothing was sent, and ``errors`` says what is wrong.
        ValueError: the frame is not of instances, or ``resume`` is the answer to another call.
    """
    from .operations.instances import DeleteInstance  # its module needs this one

    def gone(operation: Operation, record: Record) -> bool | None:
        found = gdb.instances.list(id=record["id"])
        actions = found["actions"].iloc[0] if len(found) else "DELETE"
        return True if "DELETE" in actions else None if actions else False

    def ask(id: str) -> Operation:
        return DeleteInstance(instance_id=id)

    return send_to_each(gdb, DeleteInstance, targets, ask, gone, workers, resume)


def update_many(
    gdb: Client,
    targets: Targets,
    action: str,
    tags: Any,
    *,
    workers: int = 4,
    resume: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Set or take away the same tags of every instance of a list or a frame.

    Args:
        targets: ids in a list, or a frame with a column ``instance_id`` or ``id``; what has no id is skipped.
        action: create sets the tags, delete takes them away.
        tags: the tags, each key once, as in ``[{"key": "team", "value": "blue"}]``.
        workers: how many are sent at the same time.
        resume: an earlier answer to the same targets: only what was not accepted is sent.

    Returns:
        A DataFrame with one row per target, in their order, with the columns of :class:`gaussnb.client.many.Outcome`.

    Raises:
        InvalidRows: an id or a tag does not hold; nothing was sent, and ``errors`` says what is wrong.
        ValueError: the frame is not of instances, or ``resume`` is the answer to another call or of other tags.
    """
    from .operations.tags import BatchTagAction

    def tagged(operation: Operation, record: Record) -> bool | None:
        assert isinstance(operation, BatchTagAction)
        found = gdb.tags.list(record["id"])
        has = dict(zip(found["key"], found["value"].fillna("")))
        if operation.action == "create":
            return all(has.get(tag.key) == tag.value for tag in operation.tags)
        return not any(tag.key in has and tag.value in (None, has[tag.key]) for tag in operation.tags)

    def ask(id: str) -> Operation:
        given: dict[str, Any] = {"instance_id": id, "action": action, "tags": tags}
        return BatchTagAction(**given)

    return send_to_each(gdb, BatchTagAction, targets, ask, tagged, workers, resume)


def _check_quota(gdb: Client, specs: Sequence[Any]) -> None:
    for engine, count in Counter(spec.datastore.type for spec in specs).items():
        try:
            quotas = gdb.quotas.list(datastore_type=engine)
        except (AuthenticationError, CredentialsError, Unreachable):
            raise  # the creations would fare no better
        except GaussnbError:
            continue  # who may not see quotas may still create
        for quota, used in quotas.loc[quotas["type"] == "instance", ["quota", "used"]].dropna().itertuples(index=False):
            if quota and used + count > quota:
                raise gdb.codes.error(
                    status=200,
                    error_code=NO_QUOTA,
                    error_msg=f"{count} {engine} instances are asked for, and {max(0, quota - used)} of {quota} "
                    "are left; nothing was sent",
                    request_id=str(quotas.attrs.get("request_id", "")),
                    operation=InstanceSpec.route.id,
                )


# ------------------------------------------------------------------------------------------------ what was made before


def _entries(gdb: Client) -> list[Record]:
    """What the ledger knows of creations that were or may have been done, and not deleted since; newest first."""
    made = gdb.made()
    made = made[(made["operation"] == InstanceSpec.route.id) & ~made["outcome"].isin(["refused"])]
    going = (made["status"] == "gone") | made["actions"].str.contains("DELETE")
    return _records(made[~going.fillna(False)])


def _records(frame: pd.DataFrame) -> list[Record]:
    return [{str(name): value for name, value in line.items()} for line in frame.to_dict("records")]


def _is_there(entry: Record) -> bool:
    return entry["outcome"] in ("accepted", "recovered")


def _made(gdb: Client, record: Record) -> bool | None:
    """Whether the ledger knows by now what became of a creation."""
    entry = next((entry for entry in _records(gdb.made()) if key_in(gdb, entry["key"]) == record["key"]), None)
    if entry is None:
        return None  # of another machine's ledger, or nothing tells this one from another one of its name
    if _is_there(entry):
        record |= {column: word(entry[column]) or None for column in ("id", "status", "job_id")}
        return True
    return False if entry["outcome"] == "refused" else None


def _remembered(
    gdb: Client, asked: Sequence[InstanceSpec | None], records: Sequence[Record], again: bool
) -> list[InstanceSpec | None]:
    """Put what the ledger knows into the records, each of its entries once, and say what is left to ask for."""
    entries = _entries(gdb)
    left = list(asked)
    for number, record in enumerate(records):
        named = [entry for entry in entries if entry["name"] == record["name"]]
        # An earlier version noted no digest: then the name has to do.
        same = [entry for entry in named if word(entry["digest"]) in ("", record["digest"])]
        if not named or (again and not same):
            continue
        entry = (same or named)[0]
        entries.remove(entry)
        record |= {column: word(entry[column]) or None for column in ("id", "status", "job_id")}
        if not same:
            left[number] = None
            record["message"] = (
                "It was not sent: one of this name was made from here, but of another spec. "
                "Change the name, or say again=True to make this one as well."
            )
        elif _is_there(entry):
            record |= {"outcome": "accepted", "message": None}
        else:
            says = "It was sent, and it is not known what became of it; with again=True as well it is sent again."
            record |= {"outcome": "unknown", "message": says, "key": key_in(gdb, entry["key"])}
    return left


def _refuse_twins(records: Sequence[Record]) -> None:
    """Refuse names that two rows have, as the service would make both, unless it was begun with one of them."""
    begun = {record["name"] for record in records if record["outcome"] != "skipped"}
    first: dict[str, int] = {}
    wrong: Wrong = []
    for record in records:
        row = first.setdefault(record["name"], record["row"])
        if record["name"] and record["name"] not in begun and row != record["row"]:
            wrong.append((record["row"], "name", f"the name of row {row} as well; again=True makes them all"))
    refuse(wrong, len(records))


def _refuse_made(gdb: Client, rest: Sequence[Record], records: Sequence[Record]) -> None:
    """Refuse names that were made from here and are there, unless another row of this very table stands for them."""
    claimed = {record[column] for record in records for column in ("id", "key")}
    made = {
        entry["name"]: entry
        for entry in _entries(gdb)
        if word(entry["id"]) not in claimed and key_in(gdb, entry["key"]) not in claimed
    }
    wrong: Wrong = []
    for record in rest:
        entry = made.get(record["name"])
        if entry is not None:
            was = f"was made from here as {entry['id']}" if _is_there(entry) else "may have been made from here"
            says = f"{record['name']} {was}: resume=True goes on with it, again=True makes another one"
            wrong.append((record["row"], "name", says))
    refuse(wrong, len(records))
