"""Tags: words that sort instances, at most 20 an instance."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import model_validator

from ..binding import Group, call
from ..fields import InstanceId, OneOf, Part, TagKey, TagValue, at_most, refuse
from ..spec import Asked, Model, Operation, Row, get, post
from .rows import Done


class TagRow(Row, at="tags"):
    """One tag of an instance."""

    instance_id: Annotated[str, Asked("instance_id")]
    """The instance."""
    key: str
    """The tag's key, unique in the instance."""
    value: str
    """The tag's value, may be empty."""


class Tag(Model):
    """A tag to set, or to take away."""

    key: TagKey
    """The key."""
    value: TagValue | None = None
    """The value. Needed to set a tag; when deleting, only a tag with this value is taken."""


@get("/v3/{project_id}/instances/{instance_id}/tags", returns=TagRow)
class ListInstanceTags(Operation):
    """List the tags of an instance."""

    instance_id: InstanceId
    """The instance."""


@post("/v3/{project_id}/instances/{instance_id}/tags/action", returns=Done)
class BatchTagAction(Operation):
    """Set or take away tags of an instance. An existing key gets the new value."""

    instance_id: InstanceId
    """The instance."""
    action: Annotated[Literal["create", "delete"], OneOf("DBS.280391")]
    """create sets the tags, delete takes them away; a missing one is no error."""
    tags: Annotated[Part[list[Tag]], at_most(20, "tags", "DBS.280441")]
    """The tags, each key once."""

    @model_validator(mode="after")
    def _fits(self) -> BatchTagAction:
        keys = [tag.key for tag in self.tags]
        if len(set(keys)) < len(keys):
            raise refuse("each key once", "DBS.280441")
        if self.action == "create" and any(tag.value is None for tag in self.tags):
            raise refuse("a value for each tag that is set; it may be empty", "DBS.280444")
        return self


class Tags(Group):
    """Words that sort instances."""

    list = call(ListInstanceTags)
    update = call(BatchTagAction)
