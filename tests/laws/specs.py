"""Makes valid specs of instances: any engine, any mode, any of the optional parts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from making import made, values

from gaussnb.nosql import engines
from gaussnb.nosql.instance_spec import BackupStrategy, ChargeInfo, InstanceSpec, LbAccessControl, RestoreInfo

FIELDS = InstanceSpec.model_fields
TIED = {"datastore", "flavor", "mode", "product_type", "port"}
"""Fields that depend on engine and mode."""
RARE = {
    "restore_info": "point-in-time restore",
    "dr_info": "disaster recovery",
    "disk_encryption_id": "disk encryption",
    "availability_zone_detail": "two zones",
}
PARTS = {"backup_strategy": BackupStrategy, "charge_info": ChargeInfo, "lb_access_control_settings": LbAccessControl}


def either(number: int) -> st.SearchStrategy[int | str]:
    """A number as JSON number or as text: both are sent as given."""
    return st.sampled_from([number, str(number)])


@st.composite
def specs(draw: Any) -> InstanceSpec:
    """A valid spec."""
    mode = draw(st.sampled_from(engines.modes()))
    spec_code = draw(st.sampled_from([one.spec_code for one in engines.flavors(mode.engine, mode.name)]))
    storage = engines.storage(mode, spec_code)
    nodes = draw(st.integers(mode.nodes.low, mode.nodes.high or 200))
    size = draw(st.integers(storage.low, storage.high or 10_000))
    given: dict[str, Any] = {
        "datastore": {
            "type": mode.engine,
            "version": draw(st.sampled_from(mode.versions)),
            "storage_engine": engines.STORAGE_ENGINE,
        },
        "mode": mode.name,
        "flavor": [
            {"num": draw(either(nodes)), "size": draw(either(size)), "storage": "ULTRAHIGH", "spec_code": spec_code}
        ],
    }
    for name, info in FIELDS.items():
        if name in TIED or (name in RARE and RARE[name] not in mode.features):
            continue
        if info.is_required() or draw(st.booleans()):
            kind = made(PARTS[name]) if name in PARTS else values(info.annotation, info.metadata)
            given[name] = draw(kind)
    if mode.product_types:
        given["product_type"] = draw(st.sampled_from(mode.product_types))
    engine = engines.engine(mode.engine)
    if draw(st.booleans()):
        given["port"] = draw(either(engine.port))
    if draw(st.booleans()):
        given["restore_info"] = RestoreInfo(backup_id="0f1e" * 8 + "br01")
    if given.get("restore_info") is not None:
        given.pop("disk_encryption_id", None)  # never together
    return InstanceSpec(**given)
