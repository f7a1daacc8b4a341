"""Tags: setting a tag again overwrites it, and deleting a missing tag is no error."""

from __future__ import annotations

from typing import Any

from ...nosql.operations.tags import (
    BatchTagAction,
    ListInstancesByResourceTags,
    ListInstancesByTags,
    ListInstanceTags,
    ListProjectTags,
)
from ..engine.messages import encode
from ..refusals import Refused
from ..world import Instance
from . import Context, Page, simulates, wanted

_MOST = 20


@simulates(ListInstanceTags)
def list_tags(op: ListInstanceTags, context: Context) -> dict[str, Any]:
    return {"tags": _shown(context.instance(op.instance_id))}


@simulates(BatchTagAction)
def change_tags(op: BatchTagAction, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    if op.action == "create":
        tags = instance.tags | {tag.key: tag.value or "" for tag in op.tags}
    else:
        taken = {tag.key for tag in op.tags if tag.value in (None, instance.tags.get(tag.key))}
        tags = {key: value for key, value in instance.tags.items() if key not in taken}
    if len(tags) > _MOST:
        raise Refused("DBS.280441", f"An instance has at most {_MOST} tags.")
    instance.tags = tags
    context.world.touch(instance, context.now)
    return {}


@simulates(ListProjectTags)
def list_project_tags(op: ListProjectTags, context: Context) -> list[dict[str, Any]]:
    values: dict[str, dict[str, None]] = {}
    for instance in context.world.instances.values():
        for key, value in instance.tags.items():
            values.setdefault(key, {})[value] = None
    return [{"type": "user", "key": key, "values": list(values[key])} for key in sorted(values)]


@simulates(ListInstancesByTags)
@simulates(ListInstancesByResourceTags)
def find(op: ListInstancesByResourceTags, context: Context) -> Page | dict[str, Any]:
    found = [one for one in context.world.instances.newest_first() if _has(one, op)]
    if op.action == "count":  # documented: only the count, with an empty list
        return {"instances": [], "total_count": len(found)}
    return Page(
        found,
        lambda one: encode({"instance_id": one.id, "instance_name": one.name, "tags": _shown(one)}),
    )


def _has(instance: Instance, op: ListInstancesByResourceTags) -> bool:
    """True if an instance has each requested tag, with any of its values, and passes the filters of name and id."""
    known = {"instance_id": instance.id, "instance_name": instance.name}
    return all(
        tag.key in instance.tags and (not tag.values or instance.tags[tag.key] in tag.values) for tag in op.tags or ()
    ) and all(wanted(match.value, known[match.key]) for match in op.matches or ())


def _shown(instance: Instance) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in instance.tags.items()]
