"""Create many instances from a table: the whole table is checked first, then sent a few rows at a time.

Nothing is sent if a row breaks a rule. An accepted row is never sent again, and a row whose outcome is unknown is
looked up first: the frame of outcomes, given back as ``resume=``, continues the work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydantic import SecretStr

from ..client import Client
from ..client.admission import Admission, copy_entry
from ..client.ledger import is_there
from ..client.likeness import rows_of
from ..client.many import Pending, Record, key_in, record_of, send_all, take_up
from ..client.progress import GONE
from ..client.tables import Table, Wrong, read_operations, refuse
from ..core.answers import word
from ..core.errors import AuthenticationError, CredentialsError, GaussnbError, Unreachable
from ..core.refusals import ErrorCodes
from ..core.secrets import discreet
from ..core.service import Lifecycle
from . import engines
from .instance_spec import InstanceSpec

if TYPE_CHECKING:
    import pandas as pd

NO_QUOTA = "DBS.280280"


class QuotaCalls(Protocol):
    """The group ``gdb.quotas``. Its module is a chapter, and chapters import this module."""

    list: Callable[..., pd.DataFrame]


class HasQuotas(Protocol):
    """The client of the service, with its group of quotas."""

    quotas: QuotaCalls
    codes: ErrorCodes


@discreet
def create_many(
    gdb: Client,
    specs: Table,
    *,
    password: str | SecretStr | None = None,
    workers: int = 4,
    resume: pd.DataFrame | bool = False,
    again: bool = False,
    marks: bool = True,
) -> pd.DataFrame:
    """Create an instance for every row of a table.

    All rows and the quota of each engine are checked before the first row is sent, and the list of instances is asked
    once: a name that exists there, or that another process of this machine is creating now, is not created a second
    time, and the other rows are sent. If the service refuses a row, the other rows are sent all the same. A creation
    whose answer is lost is looked up and never sent again blindly.

    Each new instance gets the tag ``gaussnb``, from which any machine can tell the row and the run that made it.

    Args:
        specs: a DataFrame with columns like ``name``, ``datastore.type`` and ``flavor.num``, or with nested
            values; the path of a CSV or YAML file of the same; or a list of specs and dicts. Empty cells are
            left out, and empty rows are skipped.
        password: the administrator's password for every row that has none.
        workers: the number of creations at the same time; with 1 they have the order of the table.
        resume: an earlier answer to the same table: only rows that were not accepted are sent. True reads this
            machine's ledger instead, by name, if that answer is gone.
        again: True to create instances whose name exists already, several instances of one name, and rows that
            are still unknown after a look-up.
        marks: False to leave out the tag, where tags are governed by other rules.

    Returns:
        A DataFrame with one row per row of the table, in its order, with the columns of
        :class:`gaussnb.client.many.Outcome`. A row with the outcome ``exists`` has the id and the status of the
        instance of its name, and its message says whether this very row made it or in which fields it differs.
        ``gdb.wait(frame)`` waits for what was accepted and for what exists; ``gdb.instances.delete_many(frame)``
        deletes only what was accepted.

    Raises:
        InvalidRows: a row breaks a rule, or two rows have one name; nothing was sent, and ``errors`` has a row for
            each problem.
        QuotaExceeded: the table has more rows than the quota leaves; nothing was sent.
        LedgerError: the creations cannot be noted; nothing was sent.
        ImportError: YAML is not installed; ``pip install "gaussnb[yaml]"``.
    """

    def complete(fields: dict[str, Any]) -> None:
        if password is not None:
            fields.setdefault("password", password)
        if isinstance(store := fields.get("datastore"), dict):
            engine = engines.ENGINES.get(str(store.get("type")))
            if engine is not None and not engine.has_versions:
                store.setdefault("version", "")  # a table cannot hold a text that is empty on purpose

    asked = read_operations(InstanceSpec, specs, complete=complete, examples="name, datastore.type, flavor.num")
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

    def check(rest: Sequence[Pending]) -> None:
        _check_quota(cast("HasQuotas", gdb), [operation for operation, _ in rest])

    admission = Admission(gdb, records, again=again, marks=marks, check=check)
    return send_all(
        InstanceSpec, asked, records, workers=workers, distinct="name", procedure=admission, again=again
    )  # fmt: skip


def _check_quota(gdb: HasQuotas, specs: Sequence[Any]) -> None:
    for engine, count in Counter(spec.datastore.type for spec in specs).items():
        try:
            quotas = gdb.quotas.list(datastore_type=engine)
        except (AuthenticationError, CredentialsError, Unreachable):
            raise  # the creations would fail as well
        except GaussnbError:
            continue  # a user without the permission to see quotas may still create
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


# --------------------------------------------------------------------------------------------------- earlier creations


def _stands(entry: Record, lifecycle: Lifecycle) -> bool:
    """True for an entry of the ledger whose instance exists or may exist."""
    deleted = entry["status"] == GONE or lifecycle.is_ending(word(entry["actions"]))
    return entry["operation"] == InstanceSpec.route.id and entry["outcome"] != "refused" and not deleted


def _remembered(
    gdb: Client, asked: Sequence[InstanceSpec | None], records: Sequence[Record], again: bool
) -> list[InstanceSpec | None]:
    """Copy the ledger's entries into the records, each entry once, and return the specs that are left to send."""
    entries = [entry for entry in rows_of(gdb.made()) if _stands(entry, gdb.service.lifecycle)]
    left = list(asked)
    for number, record in enumerate(records):
        named = [entry for entry in entries if entry["name"] == record["name"]]
        # An entry of an earlier version has no digest: the name decides.
        same = [entry for entry in named if word(entry["digest"]) in ("", record["digest"])]
        if not named or (again and not same):
            continue
        entry = (same or named)[0]
        entries.remove(entry)
        copy_entry(entry, record)
        if not same:
            left[number] = None
            record |= {"outcome": "skipped"}
            record["message"] = (
                "It was not sent: this machine created an instance of this name, but with another spec. "
                "Change the name, or give again=True to create this instance as well."
            )
        elif not is_there(entry):
            says = "It was sent, and its outcome is unknown; resume=True with again=True sends it again."
            record |= {"outcome": "unknown", "message": says, "key": key_in(gdb, entry["key"])}
    return left


def _refuse_twins(records: Sequence[Record]) -> None:
    """Refuse equal names of two rows, since the service would create both, unless one of them was sent before."""
    begun = {record["name"] for record in records if record["outcome"] != "skipped"}
    first: dict[str, int] = {}
    wrong: Wrong = []
    for record in records:
        row = first.setdefault(record["name"], record["row"])
        if record["name"] and record["name"] not in begun and row != record["row"]:
            wrong.append((record["row"], "name", f"the name of row {row} as well; again=True creates both"))
    refuse(wrong, len(records))
