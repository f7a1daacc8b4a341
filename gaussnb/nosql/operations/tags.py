"""Tags: words that classify instances, as keys with values; at most 20 an instance."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ...core.catalogue import get, post
from ...core.methods import Group, call, many
from ...core.operation import AsText, Model, Tie, Ties
from ...core.rows import Above, At, FromRequest, Joined, Row
from ...core.rules import OneOf, Part, Rule, at_most
from .. import many as bulk
from ..fields import Limit, Offset, TagKey, TagValue
from .bases import OfInstance, Paged
from .rows import Done


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


class Tags(Group):
    """Words that classify instances, as keys with values."""

    list = call(ListInstanceTags)
    update = call(BatchTagAction)
    update_many = many(bulk.update_many)
    in_project = call(ListProjectTags)
    find = call(ListInstancesByResourceTags)
    found = call(ListInstancesByResourceTags, returns=InstanceTag)
    count = call(ListInstancesByResourceTags, returns=TaggedCount)
