"""Tags: setting one again overwrites it, taking a missing one away is no error."""

from __future__ import annotations

from typing import Any

from ...operations.tags import (
    BatchTagAction,
    ListInstancesByResourceTags,
    ListInstancesByTags,
    ListInstanceTags,
    ListProjectTags,
)
from ..messages import Refused, encode
from ..world import Instance
from . import Call, Page, simulates

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


@simulates(ListProjectTags)
def project_tags(op: ListProjectTags, call: Call) -> Page:
    values: dict[str, dict[str, None]] = {}
    for instance in call.world.instances.values():
        for key, value in instance.tags.items():
            values.setdefault(key, {})[value] = None
    return Page(list(values), lambda key: encode({"type": "user", "key": key, "values": list(values[key])}))


@simulates(ListInstancesByTags)
@simulates(ListInstancesByResourceTags)
def find(op: ListInstancesByResourceTags, call: Call) -> Page | dict[str, Any]:
    found = [instance for instance in call.world.instances.newest_first() if _fits(instance, op)]
    return {"total_count": len(found), "instances": []} if op.action == "count" else Page(found, _tagged)


def _fits(instance: Instance, op: ListInstancesByResourceTags) -> bool:
    named = {"instance_name": instance.name, "instance_id": instance.id}
    return all(named[match.key] == match.value for match in op.matches or ()) and all(
        wanted.key in instance.tags and (not wanted.values or instance.tags[wanted.key] in wanted.values)
        for wanted in op.tags or ()
    )


def _tagged(instance: Instance) -> bytes:
    tags = [{"key": key, "value": value} for key, value in instance.tags.items()]
    return encode({"instance_id": instance.id, "instance_name": instance.name, "tags": tags})
