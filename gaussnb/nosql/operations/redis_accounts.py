"""Redis accounts: their rights and passwords, and the addresses from which no password is required."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from ...core.catalogue import delete, get, post, put
from ...core.methods import Group, call
from ...core.operation import Model
from ...core.rows import At, Joined, Known
from ...core.rules import OneOf, Part, Rule, Secret, matches, some
from ..fields import Network
from .bases import OfInstance, Paged
from .rows import AboutInstance, Done, JobStarted

AccountName = Annotated[
    str,
    matches(
        r"[A-Za-z][A-Za-z0-9_-]{0,34}", "1 to 35 characters: a letter first, then letters, digits, '-' and '_'",
        "DBS.280292",
    ),
]  # fmt: skip
AccountPassword = Annotated[
    Secret,
    Rule("8 to 32 characters", lambda text: 8 <= len(text) <= 32, "DBS.280465"),
    matches(r"[A-Za-z0-9!@#$%^&*()_+=-]*", "only letters, digits and ! @ # $ % ^ & * ( ) _ + - =", "DBS.280200"),
    Rule(
        "at least three kinds of: small letters, capitals, digits, special characters",
        lambda text: sum(re.search(kind, text) is not None for kind in ("[a-z]", "[A-Z]", "[0-9]", r"[^\w]|_")) >= 3,
        "DBS.200068",
    ),
]
"""The password of a Redis account. It allows other special characters than the password of the administrator."""
Privilege = Annotated[Literal["ReadOnly", "ReadWrite"], OneOf()]


class Account(AboutInstance, at="users"):
    """One account of a Redis instance."""

    name: str
    """The name of the account."""
    type: Annotated[str, Known(("rwuser", "acluser"))]
    """rwuser for the administrator, acluser for all other accounts."""
    privilege: Annotated[str, Known(("ReadOnly", "ReadWrite"))]
    """The rights of the account: ReadOnly or ReadWrite."""
    databases: Annotated[str, Joined("databases")]
    """The databases that the account may use."""


class PasswordlessAddress(AboutInstance, at="config_ips"):
    """One address from which no password is required."""

    address: Annotated[str, At("")]
    """An IPv4 address or block."""


class NewAccount(Model):
    """An account to create."""

    name: AccountName
    """The name: fewer than 36 letters, digits, '-' and '_', beginning with a letter."""
    password: AccountPassword
    """The password: 8 to 32 characters of at least three kinds."""
    databases: Annotated[list[str], some("database")]
    """The databases that the account may use, at least one."""
    privilege: Privilege
    """ReadOnly or ReadWrite."""


class AccountRights(Model):
    """The new rights of an account."""

    name: AccountName
    """The account."""
    privilege: Privilege
    """ReadOnly or ReadWrite."""
    databases: list[str] | None = None
    """The databases that the account may use; left out, they stay as they are."""


@post(
    "/v3/{project_id}/redis/instances/{instance_id}/db-users",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("redis",),
)
class CreateDbUser(OfInstance):
    """Create accounts of a Redis instance."""

    users: Annotated[Part[list[NewAccount]], some("account")]
    """The accounts."""


@get("/v3/{project_id}/redis/instances/{instance_id}/db-users", returns=Account, only=("redis",))
class ListDbUsers(OfInstance, Paged):
    """List the accounts of a Redis instance."""

    name: AccountName | None = None
    """Only this account."""


@delete(
    "/v3/{project_id}/redis/instances/{instance_id}/db-users",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("redis",),
)
class DeleteDbUser(OfInstance):
    """Delete accounts of a Redis instance."""

    names: Annotated[list[AccountName], some("account")]
    """The accounts."""


@put(
    "/v3/{project_id}/redis/instances/{instance_id}/db-users/privilege",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("redis",),
)
class ModifyDbUserPrivilege(OfInstance):
    """Change the rights of accounts of a Redis instance."""

    users: Annotated[Part[list[AccountRights]], some("account")]
    """The accounts with their new rights."""


@put("/v3/{project_id}/redis/instances/{instance_id}/db-users/password", returns=Done, success=204, only=("redis",))
class ResetDbUserPassword(OfInstance):
    """Give an account of a Redis instance a new password."""

    name: AccountName
    """The account."""
    password: AccountPassword
    """The new password: 8 to 32 characters of at least three kinds."""


@get("/v3/{project_id}/instances/{instance_id}/passwordless-config", returns=PasswordlessAddress, only=("redis",))
class ShowPasswordlessConfig(OfInstance, Paged):
    """List the addresses from which a Redis instance requires no password."""


@put("/v3/{project_id}/instances/{instance_id}/passwordless-config", returns=Done, only=("redis",))
class UpdatePasswordlessConfig(OfInstance):
    """Set the addresses from which a Redis instance requires no password."""

    config_ips: list[Network]
    """All such addresses, as IPv4 addresses or blocks; an empty list requires a password everywhere."""


class RedisAccounts(Group):
    """Accounts of Redis instances, and addresses from which no password is required."""

    list = call(ListDbUsers)
    create = call(CreateDbUser)
    delete = call(DeleteDbUser)
    set_privileges = call(ModifyDbUserPrivilege)
    reset_password = call(ResetDbUserPassword)
    list_passwordless = call(ShowPasswordlessConfig)
    set_passwordless = call(UpdatePasswordlessConfig)
