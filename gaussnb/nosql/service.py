"""GaussDB NoSQL as the engine sees it: its operations, its statuses and its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core.catalogue import Catalogue
from ..core.methods import Sender
from ..core.operation import Operation
from ..core.service import Lifecycle, Service
from . import states
from .error_codes import BAD_VALUE_CODE, CODES, MISSING_CODE
from .groups import NosqlGroups
from .operations.instances import Instances, ListInstances
from .operations.jobs import ListJobs

if TYPE_CHECKING:
    import pandas as pd

OPERATIONS = Catalogue(NosqlGroups.chapters())
"""Every declared operation, by the vendor's operation id."""


REGIONS = frozenset(
    (
        "af-south-1",
        *("ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5"),
        *("cn-east-2", "cn-east-3", "cn-east-4"),
        *("cn-north-1", "cn-north-2", "cn-north-4", "cn-north-9", "cn-north-11"),
        *("cn-south-1", "cn-south-2", "cn-south-4"),
        *("cn-southwest-2", "cn-southwest-3"),
        "eu-west-101",
        *("la-north-2", "la-south-2"),
        "me-east-1",
        *("ru-moscow-1", "ru-northwest-2"),
        "sa-brazil-1",
        "tr-west-1",
    )
)
"""The ids of the regions that offer the service."""


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


MARK = "gaussnb"
"""The key of the tag that holds the mark of a bulk creation."""


def _set_mark(id: str, mark: str) -> Operation:
    kind: Any = OPERATIONS["BatchTagAction"]  # a chapter that is imported when it is needed
    operation: Operation = kind(instance_id=id, action="create", tags=[{"key": MARK, "value": mark}])
    return operation


def _list_marks(sender: Sender) -> Mapping[str, str]:
    group: Any = NosqlGroups.groups()["tags"](sender)
    found = group.found(tags=[{"key": MARK, "values": []}])
    found = found[found["key"] == MARK]
    return dict(zip(found["instance_id"], found["value"].fillna("")))


SERVICE = Service(
    name="nosql",
    title="GaussDB NoSQL",
    host="gaussdb-nosql",
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
    set_mark=_set_mark,
    list_marks=_list_marks,
    delete_many=lambda sender, ids: Instances(sender).delete_many(ids),
    # The job is called CreateInstance in one document and CreateCassandra in another.
    creation_jobs=("Create", "Restore"),
    noun="instance",
    group="instances",
    thing_column="instance_id",
    kind_column="engine",
    endpoint_variable="HUAWEICLOUD_SDK_REGION_GAUSSDBFORNOSQL_",
    regions=REGIONS,
    bad_value_code=BAD_VALUE_CODE,
    missing_code=MISSING_CODE,
)
"""The service that :class:`gaussnb.Client` is for."""
