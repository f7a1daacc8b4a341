"""Redis commands: dangerous ones can be renamed, or disabled for all clients or for single keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, get_args

from ...nosql.operations.redis_commands import (
    DeleteRedisDisabledCommands,
    DisabledCommands,
    HighRiskCommand,
    KeyCommands,
    SaveRedisDisabledCommands,
    ShowHighRiskCommands,
    ShowRedisDisabledCommands,
    UpdateHighRiskCommands,
)
from ..refusals import Refused
from ..world import kept
from . import Context, Page, simulates
from .redis import databases, running, usable

HIGH_RISK: tuple[str, ...] = get_args(get_args(HighRiskCommand)[0])
_MOST_KEYS = 20


@kept("redis commands", ends_with_instance=True)
@dataclass
class Commands:
    """The renamed and the disabled commands of an instance."""

    id: str
    """The instance."""
    names: dict[str, str] = field(default_factory=dict)
    """The new names of renamed commands; an empty name disables a command."""
    disabled: list[str] = field(default_factory=list)
    """The commands that are disabled for all clients."""
    keys: dict[str, list[str]] = field(default_factory=dict)
    """The commands that are disabled for single keys, by database and key."""


def _commands(context: Context, instance_id: str) -> Commands:
    return context.world.table(Commands).get(instance_id) or Commands(instance_id)


@simulates(ShowHighRiskCommands)
def list_high_risk(op: ShowHighRiskCommands, context: Context) -> dict[str, Any]:
    names = _commands(context, running(context, op.instance_id).id).names
    return {"commands": [{"origin_name": command, "name": names.get(command, command)} for command in HIGH_RISK]}


@simulates(UpdateHighRiskCommands)
def rename(op: UpdateHighRiskCommands, context: Context) -> dict[str, Any]:
    commands = _commands(context, usable(context, op.instance_id).id)
    names = {command: command for command in HIGH_RISK} | commands.names
    names |= {command.origin_name: command.name for command in op.commands}
    given = [name.lower() for name in names.values() if name]
    if len(set(given)) < len(given):
        raise Refused("DBS.280001", "commands: two of them would have the same name.")
    commands.names = {command: name for command, name in names.items() if command != name}
    context.world.table(Commands).put(commands)
    return {}


@simulates(ShowRedisDisabledCommands)
def list_disabled(op: ShowRedisDisabledCommands, context: Context) -> Page:
    commands = _commands(context, running(context, op.instance_id).id)
    items: list[Any] = list(commands.disabled)
    if op.type == "key":
        items = [
            {"db_id": place.partition(" ")[0], "key": place.partition(" ")[2], "commands": disabled}
            for place, disabled in commands.keys.items()
        ]
    beside = {"disabled_type": op.type, "total_count": str(len(items))}  # a text, as the vendor's document says
    return Page(items, key="keys" if op.type == "key" else "commands", more=beside)


@simulates(SaveRedisDisabledCommands)
def disable(op: SaveRedisDisabledCommands, context: Context) -> dict[str, Any]:
    commands = _copy_of(op, context)
    if op.disabled_type == "command":
        commands.disabled = _with(commands.disabled, op.commands or [])
    else:
        for key in op.keys or []:
            commands.keys[_place(key)] = _with(commands.keys.get(_place(key), []), key.commands)
    if len(commands.keys) > _MOST_KEYS:
        raise Refused("DBS.280001", f"keys: at most {_MOST_KEYS} in all.")
    context.world.table(Commands).put(commands)
    return {}


@simulates(DeleteRedisDisabledCommands)
def enable(op: DeleteRedisDisabledCommands, context: Context) -> dict[str, Any]:
    commands = _copy_of(op, context)
    if op.disabled_type == "command":
        commands.disabled = [one for one in commands.disabled if one not in (op.commands or ())]
    else:
        for key in op.keys or []:
            rest = [one for one in commands.keys.pop(_place(key), []) if one not in key.commands]
            if rest:
                commands.keys[_place(key)] = rest
    context.world.table(Commands).put(commands)
    return {}


def _copy_of(op: DisabledCommands, context: Context) -> Commands:
    """A copy of the commands of the instance in a request, so that a refused request changes nothing."""
    instance = usable(context, op.instance_id)
    if any(str(int(key.db_id)) not in databases(instance) for key in op.keys or []):
        raise Refused("DBS.200823")
    known = _commands(context, instance.id)
    return Commands(known.id, known.names, known.disabled, dict(known.keys))


def _place(key: KeyCommands) -> str:
    return f"{int(key.db_id)} {key.key}"


def _with(known: Iterable[str], more: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*known, *more]))
