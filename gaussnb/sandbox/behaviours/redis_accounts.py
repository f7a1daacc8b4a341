"""Redis accounts: the built-in administrator, and accounts with rights to databases. No password is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...nosql.operations.redis_accounts import (
    AccountRights,
    CreateDbUser,
    DeleteDbUser,
    ListDbUsers,
    ModifyDbUserPrivilege,
    NewAccount,
    ResetDbUserPassword,
    ShowPasswordlessConfig,
    UpdatePasswordlessConfig,
)
from ..engine.work import Work
from ..lifecycle import End, register
from ..refusals import Refused
from ..world import Instance, kept
from . import Context, simulates
from .redis import databases, running, usable

ADMINISTRATOR = "rwuser"


@kept("redis account", ends_with_instance=True)
@dataclass
class RedisAccount:
    """An account that a request created."""

    id: str
    """The id of the instance and the name, which is unique within the instance."""
    instance_id: str
    name: str
    privilege: str
    databases: list[str]

    def wire(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "type": "acluser",
            "privilege": self.privilege,
            "databases": self.databases,
        }


@kept("redis passwordless", ends_with_instance=True)
@dataclass
class Passwordless:
    """The addresses from which an instance asks for no password."""

    id: str
    """The instance."""
    addresses: list[str]


def _id(instance_id: str, name: str) -> str:
    return f"{instance_id} {name}"


# ----------------------------------------------------------------------------------------- works


def _created(end: End) -> None:
    instance_id = end.instance.id
    for user in end.effect["users"]:
        account = RedisAccount(_id(instance_id, user["name"]), instance_id, **user)
        end.world.table(RedisAccount).put(account)


def _deleted(end: End) -> None:
    for name in end.effect["names"]:
        end.world.table(RedisAccount).drop(_id(end.instance.id, name))


def _changed(end: End) -> None:
    table = end.world.table(RedisAccount)
    for user in end.effect["users"]:
        account = table[_id(end.instance.id, user["name"])]
        account.privilege = user["privilege"]
        if user["databases"] is not None:
            account.databases = user["databases"]
        table.put(account)


CREATE = register(Work("CreateDbUser", "CREATE_DB_USER", 60, apply=_created))
DELETE = register(Work("DeleteDbUser", "DELETE_DB_USER", 60, apply=_deleted))
CHANGE = register(Work("ModifyDbUserPrivilege", "MODIFY_DB_USER", 60, apply=_changed))


@simulates(ListDbUsers)
def list_accounts(op: ListDbUsers, context: Context) -> list[dict[str, Any]]:
    instance = running(context, op.instance_id)
    administrator = {
        "name": ADMINISTRATOR,
        "type": ADMINISTRATOR,
        "privilege": "ReadWrite",
        "databases": [],  # an empty list means all databases
    }
    found = context.world.table(RedisAccount).of(instance.id)
    everybody = [administrator, *(account.wire() for account in found)]
    return [one for one in everybody if op.name in (None, one["name"])]


@simulates(CreateDbUser)
def create(op: CreateDbUser, context: Context) -> dict[str, Any]:
    instance = usable(context, op.instance_id)
    _check_once(user.name for user in op.users)
    for user in op.users:
        if user.name == ADMINISTRATOR or _id(instance.id, user.name) in context.world.table(RedisAccount):
            raise Refused("DBS.200827")
        _check_databases(instance, user.databases)
    return context.start(CREATE, instance, users=_plain(op.users))


@simulates(DeleteDbUser)
def delete(op: DeleteDbUser, context: Context) -> dict[str, Any]:
    instance = usable(context, op.instance_id)
    for name in op.names:
        _check_known(instance, name, context)
    return context.start(DELETE, instance, names=list(dict.fromkeys(op.names)))


@simulates(ModifyDbUserPrivilege)
def change(op: ModifyDbUserPrivilege, context: Context) -> dict[str, Any]:
    instance = usable(context, op.instance_id)
    _check_once(user.name for user in op.users)
    for user in op.users:
        _check_known(instance, user.name, context)
        _check_databases(instance, user.databases or ())
    return context.start(CHANGE, instance, users=_plain(op.users))


@simulates(ResetDbUserPassword)
def reset_password(op: ResetDbUserPassword, context: Context) -> dict[str, Any]:
    instance = usable(context, op.instance_id)
    if op.name != ADMINISTRATOR:
        _check_known(instance, op.name, context)
    context.world.touch(instance, context.now)  # the password itself is not stored
    return {}


def _plain(users: Iterable[NewAccount | AccountRights]) -> list[dict[str, Any]]:
    """The users of a request as JSON, without their passwords."""
    return [{"name": user.name, "privilege": user.privilege, "databases": user.databases} for user in users]


def _check_known(instance: Instance, name: str, context: Context) -> None:
    if name == ADMINISTRATOR:
        raise Refused("DBS.200828")
    if _id(instance.id, name) not in context.world.table(RedisAccount):
        raise Refused("DBS.03280008")


def _check_once(names: Iterable[str]) -> None:
    if any(times > 1 for times in Counter(names).values()):
        raise Refused("DBS.200827", "An account is named twice.")


def _check_databases(instance: Instance, named: Iterable[str]) -> None:
    if not set(named) <= set(databases(instance)):
        raise Refused("DBS.200823")


# -------------------------------------------------------------------------------------- passwordless


@simulates(ShowPasswordlessConfig)
def show_passwordless(op: ShowPasswordlessConfig, context: Context) -> list[str]:
    instance = running(context, op.instance_id)
    known = context.world.table(Passwordless).get(instance.id)
    return known.addresses if known else []


@simulates(UpdatePasswordlessConfig)
def set_passwordless(op: UpdatePasswordlessConfig, context: Context) -> dict[str, Any]:
    instance = usable(context, op.instance_id)
    context.world.table(Passwordless).put(Passwordless(instance.id, list(dict.fromkeys(op.config_ips))))
    return {}
