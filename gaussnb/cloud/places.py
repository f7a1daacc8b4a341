"""The places where settings are looked for: arguments, a profile, three families of variables and the SDK's file."""

from __future__ import annotations

import configparser
import errno
import os
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

from platformdirs import user_config_dir
from pydantic import SecretStr

from ..core.errors import CredentialsError
from ..core.secrets import Hidden, HiddenMapping
from .regions import ServiceAddress
from .settings import IDENTITY_SETTINGS, SECRETS, SETTINGS, IdentityKind, identity_kind, missing_settings

__all__ = ["CLOUDS", "SANDBOX_HINT", "Source", "SourceReport", "read_sources"]

SANDBOX_HINT = 'No account at hand? gaussnb.connect("sandbox") needs none.'

CLOUDS = ("cloud", "cloud_entry")
"""The words of other tools about the cloud: its domain (``HW_CLOUD``), or an entry of a file (``OS_CLOUD``) that
is not read here. Neither is a setting: they only show that the region's usual addresses may not be meant."""

_Names: TypeAlias = Mapping[str, tuple[str, ...]]
"""Setting → the names that a source has for the setting, the preferred name first."""

_SDK: _Names = {
    "ak": ("HUAWEICLOUD_SDK_AK",),
    "sk": ("HUAWEICLOUD_SDK_SK",),
    "security_token": ("HUAWEICLOUD_SDK_SECURITY_TOKEN",),
    "domain_id": ("HUAWEICLOUD_SDK_DOMAIN_ID",),
    "project_id": ("HUAWEICLOUD_SDK_PROJECT_ID",),
    "iam_endpoint": ("HUAWEICLOUD_SDK_IAM_ENDPOINT",),
}
_HW: _Names = {
    "token": ("HW_AUTH_TOKEN",),
    "ak": ("HW_ACCESS_KEY",),
    "sk": ("HW_SECRET_KEY",),
    "security_token": ("HW_SECURITY_TOKEN",),
    "username": ("HW_USER_NAME",),
    "user_id": ("HW_USER_ID",),
    "password": ("HW_USER_PASSWORD",),
    "domain": ("HW_DOMAIN_NAME",),
    "domain_id": ("HW_DOMAIN_ID",),
    "region": ("HW_REGION_NAME",),
    "project_id": ("HW_PROJECT_ID",),
    "project_name": ("HW_PROJECT_NAME",),
    "iam_endpoint": ("HW_AUTH_URL",),
    "cloud": ("HW_CLOUD",),
}
_OS: _Names = {
    "token": ("OS_AUTH_TOKEN",),
    "ak": ("OS_ACCESS_KEY",),
    "sk": ("OS_SECRET_KEY",),
    "username": ("OS_USERNAME",),
    "user_id": ("OS_USER_ID",),
    "password": ("OS_PASSWORD",),
    "domain": ("OS_USER_DOMAIN_NAME", "OS_DOMAIN_NAME", "OS_PROJECT_DOMAIN_NAME"),
    "domain_id": ("OS_USER_DOMAIN_ID", "OS_DOMAIN_ID", "OS_PROJECT_DOMAIN_ID"),
    "region": ("OS_REGION_NAME",),
    "project_id": ("OS_PROJECT_ID", "OS_TENANT_ID"),
    "project_name": ("OS_PROJECT_NAME", "OS_TENANT_NAME"),
    "iam_endpoint": ("OS_AUTH_URL",),
    "cloud_entry": ("OS_CLOUD",),
}
_FILE: _Names = {name: (name,) for name in _SDK}
_ALL: _Names = {name: (name,) for name in SETTINGS}


# --- one source -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SourceReport:
    """The settings that one source has and lacks; names only, never values.

    Attributes:
        source: name of the source.
        found: settings that have a value, as the source spells them.
        missing: settings that the source could have had.
        note: a remark about the source: no such file, half an identity, …
    """

    source: str
    found: tuple[str, ...]
    missing: tuple[str, ...]
    note: str = ""


@dataclass(slots=True, eq=False)
class Source:
    """The settings of one place.

    Attributes:
        name: name of the place in messages.
        names: the settings that the place can hold.
        values: setting → value. Every value is wrapped, because ``%xmode Verbose`` prints the variables of every
            frame that an error passes through.
        spelled: setting → name of the setting in this place.
        note: a remark about the place.
        explicit: True if the caller named the place; then a fault in it is an error.
    """

    name: str
    names: _Names
    values: dict[str, SecretStr] = field(default_factory=dict)
    spelled: dict[str, str] = field(default_factory=dict)
    note: str = ""
    explicit: bool = False

    def put(self, setting: str, value: str, spelled: str) -> None:
        """Add the value of a setting; an empty value counts as none."""
        if value:
            self.values[setting] = SecretStr(value)
            self.spelled[setting] = spelled

    @property
    def kind(self) -> IdentityKind | None:
        """The best complete identity in this place."""
        return identity_kind(self.values)

    @property
    def half(self) -> str:
        """A sentence about the half identity in this place; empty if there is none."""
        missing = () if self.kind else missing_settings(self.values)
        if not missing:
            return ""
        found = " and ".join(self.spelled[name] for name in IDENTITY_SETTINGS if name in self.values)
        needed = " and ".join(" or ".join(self.names[name]) for name in missing if name in self.names)
        return f"{self.name}: found {found} but no {' and no '.join(missing)}: set {needed or 'the rest'}"

    @property
    def identities(self) -> str:
        """The identities that this place can hold, in its own names."""
        choices = (("token",), ("ak", "sk"), ("username", "password", "domain"))
        possible = (choice for choice in choices if set(choice) <= self.names.keys())
        return "; or ".join(" and ".join(self.names[name][0] for name in choice) for choice in possible)

    def origin(self, setting: str) -> str:
        """Name the variable, argument or line of a file that a setting came from."""
        spelled = self.spelled[setting]
        if self.name == "arguments":
            return f"argument {spelled}"
        return spelled if self.name.endswith("variables") else f"{self.name} {spelled}"

    def report(self) -> SourceReport:
        """Describe this source without values."""
        names = (*SETTINGS, *CLOUDS)
        found = tuple(self.spelled[name] for name in names if name in self.spelled)
        missing = tuple(each for name in names for each in self.names.get(name, ()) if each not in found)
        return SourceReport(self.name, found, missing, "; ".join(filter(None, (self.note, self.half))))


# --- all sources ------------------------------------------------------------------------------------------------------


def read_sources(
    profile: str | None,
    environ: Mapping[str, str],
    home: str | Path | None,
    arguments: Mapping[str, object],
    service: ServiceAddress,
) -> list[Source]:
    """Read every place where settings are looked for, in the order of `gaussnb.cloud.credentials`.

    Args:
        profile, environ, home, service: as for `gaussnb.cloud.credentials.find_credentials`.
        arguments: the settings that the caller gave.

    Raises:
        CredentialsError: the named profile does not exist or has a fault, or an argument is not text.
        TypeError: an argument is not a setting.
    """
    # A process without a home directory has "~": a place where nothing is found.
    home = Path(home if home is not None else os.path.expanduser("~"))
    given = _read_arguments(arguments)
    stored = _read_profile(profile, environ, home)
    sdk = _read_variables("HUAWEICLOUD_SDK_* variables", _SDK, environ)
    others = [
        _read_variables("HW_* variables", _HW, environ),
        _read_variables("OS_* variables", _OS, environ),
        _read_sdk_file(environ, home),
    ]
    sources = [given, stored, sdk, *others] if profile else [given, sdk, *others, stored]
    region = next((source.values["region"] for source in sources if "region" in source.values), None)
    if region:
        # The SDK's variable for an endpoint ends in the region, so the region has to be known first.
        variable = service.endpoint_variable + region.get_secret_value().strip().replace("-", "_").upper()
        sdk.put("endpoint", environ.get(variable, "").split(",")[0].strip(), variable)
    return sources


def _read_arguments(arguments: Mapping[str, object]) -> Source:
    source = Source("arguments", _ALL, explicit=True)
    for name in arguments:
        if name not in _ALL:
            raise TypeError(f"unknown credential setting {name!r}{_suggest(name, _ALL)}")
    for name, value in arguments.items():
        if value is None:
            continue
        held: Hidden[Any] = Hidden(value.get_secret_value() if isinstance(value, SecretStr) else value)
        del value  # a traceback may print the variables of this frame
        kind = type(held.open())
        if not issubclass(kind, str):
            raise CredentialsError(f"{name} must be text, not {kind.__name__}.")
        source.put(name, str(held.open()), f"{name}=")
    return source


def _read_variables(name: str, names: _Names, environ: Mapping[str, str]) -> Source:
    source = Source(name, names)
    for setting, candidates in names.items():
        variable = next((each for each in candidates if environ.get(each)), None)
        if variable:
            source.put(setting, environ[variable], variable)
    return source


def _read_sdk_file(environ: Mapping[str, str], home: Path) -> Source:
    chosen = environ.get("HUAWEICLOUD_SDK_CREDENTIALS_FILE")
    path = Path(chosen) if chosen else home / ".huaweicloud" / "credentials"
    source = Source(_shorten(path, home), _FILE)
    try:
        file = _read_file(path)
        section, found = _read_section(file.text.open())
    except FileNotFoundError:
        source.note = "no such file"
        return source
    except (*_UNREADABLE, configparser.Error):
        source.note = "cannot be read as an INI file"  # the parser's own message quotes the line
        return source
    if not section:
        source.note = "has no section [basic]"
    for name in _FILE:
        source.put(name, found.get(name, "").strip(), f"[{section}] {name}")
    _note_mode(source, file)
    return source


def _read_section(text: str) -> tuple[str | None, Mapping[str, str]]:
    """Read the section of the SDK's file that holds the credentials."""
    # The SDK interpolates "%"; this parser does not, because a secret key may contain "%".
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    section = next((each for each in ("basic", "global") if parser.has_section(each)), None)
    return section, HiddenMapping(dict(parser[section]) if section else {})


def _read_profile(named: str | None, environ: Mapping[str, str], home: Path) -> Source:
    chosen = environ.get("GAUSSNB_PROFILES")
    path = Path(chosen) if chosen else Path(user_config_dir("gaussnb")) / "profiles.toml"
    where = _shorten(path, home)
    tables, file, problem = _read_profiles(path)
    # `default = "work"` points to another profile.
    default = tables.get("default")
    profile = named or (default if isinstance(default, str) else "default")
    source = Source(f"{where} [{profile}]", _ALL, note=problem, explicit=named is not None)
    table = tables.get(profile)
    if not isinstance(table, HiddenMapping):
        source.note = problem or "no such profile"
        if named:
            profiles = [name for name, each in tables.items() if isinstance(each, HiddenMapping) and name != "profiles"]
            others = f" It has {', '.join(profiles)}." if profiles else ""
            raise CredentialsError(
                f"Profile {named!r} was not found in {where}: {source.note}{_suggest(named, profiles)}.{others} "
                f"{SANDBOX_HINT}"
            )
        return source
    _put_table(source, table)
    if source.note:
        if named:
            raise CredentialsError(f"{source.name}: {source.note}.")
        source.values.clear()  # the misspelled setting could change the meaning of the others
        source.spelled.clear()
        return source
    _note_mode(source, file)
    return source


def _read_profiles(path: Path) -> tuple[Mapping[str, Any], _File, str]:
    """Read all tables of ``profiles.toml``, and say what is wrong with the file."""
    file = _File(Hidden(""), 0)
    try:
        file = _read_file(path)
        content = tomllib.loads(file.text.open())
    except FileNotFoundError:
        return {}, file, "no such file"
    except _UNREADABLE:
        return {}, file, "cannot be read as a TOML file"
    inner = content.get("profiles")
    tables = {**content, **(inner if isinstance(inner, dict) else {})}
    named = {name: HiddenMapping(each) if isinstance(each, dict) else each for name, each in tables.items()}
    return HiddenMapping(named), file, ""


def _put_table(source: Source, table: Mapping[str, object]) -> None:
    """Put the settings of a profile into a source, and note the last fault."""
    for name, value in table.items():
        if name not in _ALL:
            source.note = f"{name!r} is not a setting{_suggest(name, _ALL)}"
        elif not isinstance(value, str):
            source.note = f"{name!r} must be text"
        else:
            source.put(name, value, name)


@dataclass(frozen=True)
class _File:
    """The text of a file with settings, and the mode of the file."""

    text: Hidden[str]
    mode: int


_MOST = 2**20  # bytes of a file with settings
_UNREADABLE = (OSError, ValueError, RecursionError)


def _read_file(path: Path) -> _File:
    """Read a file with settings.

    Raises:
        OSError: the file cannot be read, or is none that ends: a device, a pipe, a file of more than 1 MiB.
        ValueError: the file is not UTF-8, or its name is none that a file can have.
    """
    state = path.stat()  # before the file is opened: to open a pipe waits for its other end
    if not stat.S_ISREG(state.st_mode) or state.st_size > _MOST:
        raise OSError(errno.EINVAL, "no file of settings")
    with path.open("rb") as opened:
        return _File(Hidden(opened.read(_MOST).decode("utf-8")), state.st_mode)


def _note_mode(source: Source, file: _File) -> None:
    if os.name == "posix" and SECRETS & source.values.keys() and file.mode & 0o077:
        source.note = "holds secrets and can be read by other users; chmod 600 helps"


def _shorten(path: Path, home: Path) -> str:
    try:
        return f"~/{path.relative_to(home).as_posix()}"
    except ValueError:
        return str(path)


def _suggest(name: str, names: Iterable[str]) -> str:
    close = get_close_matches(name, list(names), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
