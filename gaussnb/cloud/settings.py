"""The connection settings: the one list of the names that arguments, profiles and credentials share.

`gaussnb.connect` describes each setting in its docstring.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias, TypedDict, get_args, get_type_hints

from pydantic import SecretStr

__all__ = [
    "IDENTITY",
    "IDENTITY_SETTINGS",
    "SECRETS",
    "SETTINGS",
    "IdentityKind",
    "Settings",
    "identity_kind",
    "missing_settings",
]


class TargetSettings(TypedDict, total=False):
    """The project, the region and the addresses that requests go to."""

    region: str | None
    project_id: str | None
    project_name: str | None
    endpoint: str | None
    iam_endpoint: str | None


class IdentitySettings(TypedDict, total=False):
    """The user, the access key or the token that requests are sent with."""

    username: str | None
    user_id: str | None
    password: str | SecretStr | None
    domain: str | None
    domain_id: str | None
    ak: str | None
    sk: str | SecretStr | None
    security_token: str | SecretStr | None
    token: str | SecretStr | None


class Settings(TargetSettings, IdentitySettings, total=False):
    """The keyword arguments of `gaussnb.connect` and the keys of a profile. None counts as not given."""


IDENTITY_SETTINGS = tuple(IdentitySettings.__annotations__)
SETTINGS = (*IDENTITY_SETTINGS, *TargetSettings.__annotations__)
"""All names, those of the identity first."""

SECRETS = frozenset(name for name, hint in get_type_hints(Settings).items() if SecretStr in get_args(hint))
"""The settings whose values are never shown."""

IdentityKind: TypeAlias = Literal["token", "aksk", "password"]

IDENTITY: Mapping[IdentityKind, tuple[str, ...]] = MappingProxyType(
    {
        "token": ("token",),
        "aksk": ("ak", "sk", "security_token"),
        "password": ("username", "user_id", "password", "domain"),
    }
)
"""The settings that each kind of identity uses."""


def identity_kind(given: Collection[str]) -> IdentityKind | None:
    """Name the best identity that some settings are enough for; None if they are enough for no identity.

    Args:
        given: the names of the settings that have a value.

    >>> identity_kind(["ak", "sk", "username"])
    'aksk'
    """
    names = set(given)
    if "token" in names:
        return "token"
    if {"ak", "sk"} <= names:
        return "aksk"
    if "password" in names and ("user_id" in names or ("username" in names and names & {"domain", "domain_id"})):
        return "password"
    return None


def missing_settings(given: Collection[str]) -> tuple[str, ...]:
    """Name the settings that would complete a half identity; empty if no identity was begun.

    Args:
        given: the names of the settings that have a value and are not enough for an identity.

    >>> missing_settings(["username"])
    ('domain', 'password')
    """
    names = set(given)
    if names & {"ak", "sk", "security_token"}:
        return tuple(name for name in ("ak", "sk") if name not in names)
    if not names & {"username", "user_id", "password"}:
        return ()
    missing = [] if names & {"username", "user_id"} else ["username"]
    if "user_id" not in names and not names & {"domain", "domain_id"}:
        missing.append("domain")
    if "password" not in names:
        missing.append("password")
    return tuple(missing)
