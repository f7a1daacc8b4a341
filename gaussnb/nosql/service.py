"""GaussDB NoSQL as the engine sees it: its operations, its statuses and its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..core.catalogue import Catalogue
from ..core.methods import Sender
from ..core.operation import Operation
from ..core.service import Lifecycle, Service
from . import states
from .address import ADDRESS
from .error_codes import BAD_VALUE_CODE, CODES, MISSING_CODE
from .groups import NosqlGroups
from .operations.instances import Instances, ListInstances
from .operations.jobs import ListJobs

if TYPE_CHECKING:
    import pandas as pd

OPERATIONS = Catalogue(NosqlGroups.chapters())
"""Every declared operation, by the vendor's operation id."""


def typical_seconds(operation: str, engine: str) -> float | None:
    """Look up how many seconds the work of an operation usually takes; None if that is not known.

    >>> typical_seconds("CreateInstance", "cassandra")
    420
    """
    known = OPERATIONS.get(operation)
    if known is None:
        return None
    return states.create_seconds(engine) if known.route.creates else known.route.takes


def _list_things(ids: Sequence[str]) -> Operation:
    return ListInstances(id=ids[0]) if len(ids) == 1 else ListInstances()


def _list_jobs(ids: Sequence[str]) -> Operation:
    return ListJobs(id=ids[0]) if len(ids) == 1 else ListJobs()


def _find(sender: Sender, id: str) -> pd.DataFrame:
    return Instances(sender).get(id)


def _review(operation: Operation) -> Mapping[str, str]:
    charge = getattr(operation, "charge_info", None)
    return {"billing": charge.charge_mode if charge else "postPaid (pay-per-use)", "price": "not known"}


SERVICE = Service(
    name="nosql",
    title=ADDRESS.title,
    host=ADDRESS.host,
    catalogue=OPERATIONS,
    lifecycle=Lifecycle(states.INSTANCE, states.ACTIONS, states.JOB, typical_seconds),
    codes=CODES,
    list_things=_list_things,
    list_named=lambda name: ListInstances(name=name),
    list_jobs=_list_jobs,
    # One page: the progress of the newest fifty jobs is enough.
    list_running_jobs=lambda: ListJobs(status="Running", limit=50),
    list_newest_jobs=lambda: ListJobs(limit=50),
    find=_find,
    review=_review,
    # The job is called CreateInstance in one document and CreateCassandra in another.
    creation_jobs=("Create", "Restore"),
    noun="instance",
    group="instances",
    thing_column="instance_id",
    kind_column="engine",
    endpoint_variable=ADDRESS.endpoint_variable,
    regions=ADDRESS.regions,
    bad_value_code=BAD_VALUE_CODE,
    missing_code=MISSING_CODE,
)
"""The service that :class:`gaussnb.Client` is for."""
