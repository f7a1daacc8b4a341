"""Tags: words that classify instances, as keys with values; at most 20 an instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...client import Client
from ...client.many import Finding, Record, send_to_each
from ...client.tables import Targets
from ...core.catalogue import get, post
from ...core.methods import Group, call, many
from ...core.operation import AsText, Model, Operation, Tie, Ties
from ...core.rows import Above, At, FromRequest, Joined, Row
from ...core.rules import OneOf, Part, Rule, at_most
from ..fields import Limit, Offset, TagKey, TagValue
from .bases import OfInstance, Paged
from .rows import Done

if TYPE_CHECKING:
    import pandas as pd


class TagRow(Row, at="tags"):
    """One tag of an instance."""

    instance_id: Annotated[str, FromRequest("instance_id")]
    """The instance."""
    key: str
    """The key of the tag, unique in the instance."""
    value: str
    """The value of the tag, which may be empty."""


class ProjectTag(Row, at="tags.values"):
    """One tag that is in use in the project."""

    key: Annotated[str, Above("tags", "key")]
    """The key of the tag."""
    value: Annotated[str, At("")]
    """One of its values, which may be empty."""
    type: Annotated[str, Above("tags", "type")]
    """The creator of the tag: the user or the service."""


class TaggedInstance(Row, at="instances"):
    """One instance with the tags of the request."""

    instance_id: str
    """The instance."""
    instance_name: str
    """The name of the instance."""
    keys: Annotated[str, Joined("tags.key")]
    """The keys of its tags."""


class InstanceTag(Row, at="instances.tags"):
    """One tag of an instance that was found."""

    instance_id: Annotated[str, Above("instances", "instance_id")]
    """The instance."""
    instance_name: Annotated[str, Above("instances", "instance_name")]
    """The name of the instance."""
    key: str
    """The key of the tag."""
    value: str
    """The value of the tag, which may be empty."""


class TaggedCount(Row):
    """The number of instances with the tags of the request."""

    total_count: int
    """The number of instances."""


class Tag(Model):
    """A tag to set or to delete."""

    key: TagKey
    """The key."""
    value: TagValue | None = None
    """The value. Required to set a tag; a delete with a value removes the tag only if it has this value."""


@get("/v3/{project_id}/instances/{instance_id}/tags", returns=TagRow)
class ListInstanceTags(OfInstance):
    """List the tags of an instance."""


@post("/v3/{project_id}/instances/{instance_id}/tags/action", returns=Done)
class BatchTagAction(OfInstance):
    """Set or delete tags of an instance. An existing key gets the new value."""

    action: Annotated[Literal["create", "delete"], OneOf("DBS.280391")]
    """create sets the tags, delete removes them; deleting a tag that does not exist is no error."""
    tags: Annotated[Part[list[Tag]], at_most(20, "tags", "DBS.280441")]
    """The tags, each key once."""

    ties: ClassVar[Ties] = (
        Tie(("tags",), "DBS.280441", "each key once", lambda ask: len({tag.key for tag in ask.tags}) == len(ask.tags)),
        Tie(
            ("tags",),
            "DBS.280444",
            "a value for each tag that is set; it may be empty",
            lambda ask: ask.action == "delete" or all(tag.value is not None for tag in ask.tags),
        ),
    )


@get("/v3/{project_id}/tags", returns=ProjectTag)
class ListProjectTags(Paged):
    """List the tags that are in use in the project."""


class TagMatch(Model):
    """A name or an id to search for."""

    key: Annotated[Literal["instance_name", "instance_id"], OneOf("DBS.280441")]
    """instance_name or instance_id."""
    value: str
    """The name or id."""


class TagFilter(Model):
    """A tag to search for."""

    key: Annotated[str, Rule("a key", lambda text: bool(text.strip()), "DBS.280441")]
    """The key."""
    values: list[str]
    """The values to search for; an empty list means every value."""


@post("/v3/{project_id}/instances/resource-instances/action", returns=TaggedInstance, asks=True)
class ListInstancesByResourceTags(Paged):
    """List or count the instances that have certain tags."""

    tags: Annotated[Part[list[TagFilter]], at_most(20, "keys", "DBS.280441")] | None = None
    """The tags that an instance must all have, at most 20 keys."""
    matches: Part[list[TagMatch]] | None = None
    """The names or ids that an instance must have."""
    action: Annotated[Literal["filter", "count"], OneOf("DBS.280391")] = "filter"
    """filter lists the instances, count only counts them."""
    offset: Annotated[Offset | None, AsText()] = Field(default=None, kw_only=True)
    """The number of instances to skip. If given, one page is read instead of all."""
    limit: Annotated[Limit | None, AsText()] = Field(default=None, kw_only=True)
    """The number of instances to read, at most 100. If given, one page is read instead of all."""

    ties: ClassVar[Ties] = (
        Tie(("offset",), "DBS.280440", "not when counting", lambda ask: ask.action != "count" or ask.offset is None),
        Tie(("limit",), "DBS.280439", "not when counting", lambda ask: ask.action != "count" or ask.limit is None),
    )


@post(
    "/v3/{project_id}/instances/resource_instances/action",
    returns=TaggedInstance,
    asks=True,
    deprecated=True,
    superseded="ListInstancesByResourceTags",
)
class ListInstancesByTags(ListInstancesByResourceTags):
    """List or count the instances that have certain tags, in a deprecated form."""


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
        targets: ids in a list, or a frame with a column ``instance_id`` or ``id``; a row without an id is skipped.
        action: create sets the tags, delete takes them away.
        tags: the tags, each key once, as in ``[{"key": "team", "value": "blue"}]``.
        workers: the number of changes at the same time.
        resume: an earlier answer to the same targets: only instances that were not accepted are sent.

    Returns:
        A DataFrame with one row per target, in their order, with the columns of :class:`gaussnb.client.many.Outcome`.

    Raises:
        InvalidRows: an id or a tag breaks a rule; nothing was sent, and ``errors`` has a row for each problem.
        ValueError: the frame is not of instances, or ``resume`` is the answer to another call or of other tags.
    """

    def look(operation: Operation, record: Record) -> Finding:
        assert isinstance(operation, BatchTagAction)
        found = gdb.send(ListInstanceTags(record["id"]))
        has = dict(zip(found["key"], found["value"].fillna("")))
        if operation.action == "create":
            return "done" if all(has.get(tag.key) == tag.value for tag in operation.tags) else "not done"
        still = any(tag.key in has and tag.value in (None, has[tag.key]) for tag in operation.tags)
        return "not done" if still else "absent"

    def make(id: str) -> Operation:
        given: dict[str, Any] = {"instance_id": id, "action": action, "tags": tags}
        return BatchTagAction(**given)

    return send_to_each(gdb, BatchTagAction, targets, make, look, workers, resume)


class Tags(Group):
    """Words that classify instances, as keys with values."""

    list = call(ListInstanceTags)
    update = call(BatchTagAction)
    update_many = many(update_many)
    in_project = call(ListProjectTags)
    find = call(ListInstancesByResourceTags)
    found = call(ListInstancesByResourceTags, returns=InstanceTag)
    count = call(ListInstancesByResourceTags, returns=TaggedCount)
