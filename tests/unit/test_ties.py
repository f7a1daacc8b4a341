"""Rules over several fields: a broken one is refused before sending, and blamed on one field."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gaussnb.core.rules import MISSING
from gaussnb.nosql.operations.backups import ListBackups, SetBackupPolicy
from gaussnb.nosql.operations.configurations import CreateConfiguration, UpdateConfiguration
from gaussnb.nosql.operations.flavors import ShowIpNumRequirement
from gaussnb.nosql.operations.nodes import ShrinkInstanceNode
from gaussnb.nosql.operations.tags import BatchTagAction
from gaussnb.nosql.operations.volumes import SetAutoEnlargePolicy

DAYS = "1,2,3,4,5,6,7"
REFUSED: list[tuple[Any, dict[str, Any], list[tuple[str, ...]]]] = [
    (ShrinkInstanceNode, {"instance_id": "i"}, [("num",)]),
    (ShowIpNumRequirement, {"node_num": 3}, [("engine_name",), ("instance_mode",)]),
    (ShowIpNumRequirement, {"node_num": 3, "engine_name": "redis"}, [("instance_mode",)]),
    (CreateConfiguration, {"name": "t"}, [("datastore",)]),
    (UpdateConfiguration, {"config_id": "c"}, [("values",)]),
    (ListBackups, {"begin_time": "2026-01-01T00:00:00"}, [("end_time",)]),
    (ListBackups, {"end_time": "2026-01-01T00:00:00"}, [("begin_time",)]),
    (SetBackupPolicy, {"instance_id": "i", "keep_days": 0, "period": "1"}, [("period",)]),
    (SetBackupPolicy, {"instance_id": "i", "keep_days": 0, "start_time": "01:00-02:00"}, [("start_time",)]),
    (SetBackupPolicy, {"instance_id": "i", "keep_days": 3, "period": "1,2"}, [("period",)]),
    (SetBackupPolicy, {"instance_id": "i", "keep_days": 3}, [("period",)]),
    (SetBackupPolicy, {"instance_id": "i", "keep_days": 8}, [("period",)]),
    (SetAutoEnlargePolicy, {"instance_ids": ["i", "j"], "policy": {"size": 500}}, [("policy", "size")]),
    (BatchTagAction, {"instance_id": "i", "action": "create", "tags": [{"key": "k"}]}, [("tags",)]),
    (BatchTagAction, {"instance_id": "i", "action": "delete", "tags": [{"key": "k"}, {"key": "k"}]}, [("tags",)]),
]
ACCEPTED: list[tuple[Any, dict[str, Any]]] = [
    (ShrinkInstanceNode, {"instance_id": "i", "num": 1}),
    (ShrinkInstanceNode, {"instance_id": "i", "node_list": ["n"]}),
    (ShowIpNumRequirement, {"node_num": 3, "instance_id": "i"}),
    (CreateConfiguration, {"name": "t", "instance_id": "i"}),
    (UpdateConfiguration, {"config_id": "c", "description": ""}),
    (ListBackups, {"begin_time": "2026-01-01T00:00:00", "end_time": "2026-01-02T00:00:00"}),
    (SetBackupPolicy, {"instance_id": "i", "keep_days": 0}),
    (SetBackupPolicy, {"instance_id": "i", "keep_days": 6, "period": DAYS, "start_time": "01:00-02:00"}),
    (SetBackupPolicy, {"instance_id": "i", "keep_days": 732, "period": "1"}),  # some sources allow that many
    (SetAutoEnlargePolicy, {"instance_ids": ["i"], "policy": {"size": 500, "threshold": 65, "step": 15}}),
    (SetAutoEnlargePolicy, {"instance_ids": ["i", "j"], "policy": {"threshold": 90}}),
]


@pytest.mark.parametrize(("operation", "fields", "blamed"), REFUSED)
def test_a_broken_tie_is_refused(operation: Any, fields: dict[str, Any], blamed: list[tuple[str, ...]]) -> None:
    with pytest.raises(ValidationError) as refusal:
        operation(**fields)
    assert [line["loc"] for line in refusal.value.errors()] == blamed
    assert all(line["ctx"]["code"].startswith(("DBS.", MISSING)) for line in refusal.value.errors())


@pytest.mark.parametrize(("operation", "fields"), ACCEPTED)
def test_fields_that_fit_together_are_accepted(operation: Any, fields: dict[str, Any]) -> None:
    operation(**fields)
