"""Tags: setting one again overwrites it, taking a missing one away is no error."""

from __future__ import annotations

from typing import Any

from ...operations.tags import BatchTagAction, ListInstanceTags
from ..messages import Refused
from . import Call, simulates

_MOST = 20


@simulates(ListInstanceTags)
def list_tags(op: ListInstanceTags, call: Call) -> dict[str, Any]:
    tags = call.instance(op.instance_id).tags
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


@simulates(BatchTagAction)
def change_tags(op: BatchTagAction, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if op.action == "create":
        tags = instance.tags | {tag.key: tag.value or "" for tag in op.tags}
    else:
        taken = {tag.key for tag in op.tags if tag.value in (None, instance.tags.get(tag.key))}
        tags = {key: value for key, value in instance.tags.items() if key not in taken}
    if len(tags) > _MOST:
        raise Refused("DBS.280441", f"An instance has at most {_MOST} tags.")
    instance.tags = tags
    call.world.touch(instance, call.now)
    return {}
