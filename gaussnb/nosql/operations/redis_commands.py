"""Redis commands: high-risk commands that are renamed or disabled, for all keys or for single keys."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from ...core.catalogue import delete, get, post, put
from ...core.methods import Group, call
from ...core.operation import Model, Tie, Ties
from ...core.rows import Above, At
from ...core.rules import OneOf, Part, Whole, at_most, matches, some
from .bases import OfInstance, SmallPages
from .rows import AboutInstance, Done

HighRiskCommand = Annotated[Literal["keys", "flushdb", "flushall", "hgetall", "hkeys", "hvals", "smembers"], OneOf()]
DisabledType = Annotated[Literal["command", "key"], OneOf()]


class HighRisk(AboutInstance, at="commands"):
    """One command that can be renamed or disabled."""

    origin_name: str
    """The command as Redis calls it."""
    name: str
    """The present name of the command, empty if the command is disabled."""


class DisabledCommand(AboutInstance, at="keys.commands|commands"):
    """One command that is disabled, for all keys or for one key."""

    command: Annotated[str, At("")]
    """The command."""
    db_id: Annotated[int, Above("keys", "db_id")]
    """The database of the key; missing if the command is disabled for all keys."""
    key: Annotated[str, Above("keys", "key")]
    """The key for which the command is disabled; missing if it is disabled for all keys."""


class CommandName(Model):
    """A command with a new name."""

    origin_name: HighRiskCommand
    """The command as Redis calls it."""
    name: Annotated[str, matches(r"\w{0,30}", "at most 30 letters, digits and '_'; empty disables the command")]
    """The new name of the command; empty disables the command."""


class KeyCommands(Model):
    """A key, and the commands to disable or enable for it."""

    db_id: Annotated[int | str, Whole(0)]
    """The database of the key."""
    key: str
    """The key."""
    commands: Annotated[list[str], some("command")]
    """The commands."""


@get("/v3/{project_id}/instances/{instance_id}/high-risk-commands", returns=HighRisk, only=("redis",))
class ShowHighRiskCommands(OfInstance):
    """List the high-risk commands of a Redis instance with their present names."""


@put("/v3/{project_id}/instances/{instance_id}/high-risk-commands", returns=Done, only=("redis",))
class UpdateHighRiskCommands(OfInstance):
    """Rename high-risk commands of a Redis instance, or disable them."""

    commands: Annotated[Part[list[CommandName]], some("command")]
    """The commands with their new names."""


@get(
    "/v3/{project_id}/redis/instances/{instance_id}/disabled-commands",
    returns=DisabledCommand,
    page_size=50,
    only=("redis",),
)
class ShowRedisDisabledCommands(OfInstance, SmallPages):
    """List disabled commands of a Redis instance."""

    type: DisabledType
    """command for those disabled for all keys, key for those disabled for single keys."""


class DisabledCommands(OfInstance):
    """The commands to disable or to enable."""

    disabled_type: DisabledType
    """command for all keys, key for single keys."""
    commands: list[HighRiskCommand] | None = None
    """The commands, for all keys."""
    keys: Annotated[Part[list[KeyCommands]], at_most(20, "keys")] | None = None
    """The keys with their commands, at most 20."""

    ties: ClassVar[Ties] = (
        Tie(
            ("commands",),
            "DBS.280040",
            "required when disabled_type is command",
            lambda asked: asked.disabled_type != "command" or bool(asked.commands),
        ),
        Tie(
            ("keys",),
            "DBS.280040",
            "required when disabled_type is key: the keys with their commands",
            lambda asked: asked.disabled_type != "key" or bool(asked.keys),
        ),
    )


@post("/v3/{project_id}/redis/instances/{instance_id}/disabled-commands", returns=Done, only=("redis",))
class SaveRedisDisabledCommands(DisabledCommands):
    """Disable commands of a Redis instance, for all keys or for single keys."""


@delete("/v3/{project_id}/redis/instances/{instance_id}/disabled-commands", returns=Done, only=("redis",))
class DeleteRedisDisabledCommands(DisabledCommands):
    """Enable disabled commands of a Redis instance."""


class RedisCommands(Group):
    """Commands of Redis instances that can be renamed or disabled."""

    list = call(ShowHighRiskCommands)
    rename = call(UpdateHighRiskCommands)
    list_disabled = call(ShowRedisDisabledCommands)
    disable = call(SaveRedisDisabledCommands)
    enable = call(DeleteRedisDisabledCommands)
