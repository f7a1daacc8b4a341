"""Where credentials come from, in which order.

1. Arguments of the call.
2. The profile that the call names, if it names one.
3. The variables of the official SDK: ``HUAWEICLOUD_SDK_AK``, …
4. Terraform's variables: ``HW_ACCESS_KEY``, ``HW_USER_NAME``, …
5. OpenStack's variables: ``OS_USERNAME``, ``OS_PASSWORD``, …
6. The SDK's file, ``~/.huaweicloud/credentials``.
7. The profile ``default`` of ``profiles.toml``.

**An identity is taken whole.** It is the first of these places that holds a complete one: a token, an access key with
its secret key, or a user with password and account; if a place holds several, they are preferred in this order. A user
name from one place never meets a password from another. ``HW_…`` and ``OS_…`` are two places for this reason: the
latter may be about another cloud. Half an identity in the call itself is an error; elsewhere it is passed over, with a
warning.

**The rest is filled in** from the first place that names it: the region, the project (id and name go together), and the
endpoints; but a secret must not travel to a host it was not meant for, so **an endpoint is used only if**

* it was an argument of the call,
* or it stands in the same place as the identity,
* or neither names one and it follows from the region.

Any other endpoint is passed over, with a warning. A named profile with an endpoint but no identity is an error, because
it was named for that endpoint. Nothing is derived from the region across the border of this machine: who points one of
service and IAM at localhost has to point both there.
"""

from __future__ import annotations

import configparser
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from platformdirs import user_config_dir
from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from ..core.errors import CredentialsError
from .regions import check_endpoint, is_loopback, region

__all__ = ["Credentials", "Kind", "Looked", "find_credentials", "looked_at"]

Kind: TypeAlias = Literal["token", "aksk", "password"]

_SECRETS = frozenset({"password", "sk", "security_token", "token"})
_IDENTITY = ("username", "user_id", "password", "domain", "domain_id", "ak", "sk", "security_token", "token")
_PLACE = ("region", "project_id", "project_name", "endpoint", "iam_endpoint")
_SETTINGS = (*_IDENTITY, *_PLACE)
_PARTS: Mapping[Kind, tuple[str, ...]] = {
    "token": ("token",),
    "aksk": ("ak", "sk", "security_token"),
    "password": ("username", "user_id", "password", "domain"),
}

_Names: TypeAlias = Mapping[str, tuple[str, ...]]

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
}
_FILE: _Names = {name: (name,) for name in ("ak", "sk", "security_token", "domain_id", "project_id", "iam_endpoint")}
_ALL: _Names = {name: (name,) for name in _SETTINGS}

_ENDPOINT_VARIABLE = "HUAWEICLOUD_SDK_REGION_GAUSSDBFORNOSQL_"
_SANDBOX = 'No account at hand? gaussnb.connect("sandbox") needs none.'


# --- the result -------------------------------------------------------------------------------------------------------


class _Hidden:
    """Stands for input that must not be repeated in an error."""

    def __repr__(self) -> str:
        return "'**********'"


class Credentials(BaseModel):
    """Who calls, and where: an identity, a place, and where each setting came from.

    Args:
        username, user_id, password, domain, domain_id: an IAM user: name and account (``domain``), or id; and
            password.
        ak, sk, security_token: an access key; the security token belongs to a temporary one.
        token: a project-scoped IAM token.
        region, project_id, project_name: where to work.
        endpoint, iam_endpoint: URLs of the service and of IAM. `find_credentials` derives them from the
            region.
        sources: setting → where it came from. Never a value.
        warnings: things a careful person would like to know.

    Raises:
        pydantic.ValidationError: a wrong type or name, or no complete identity. It shows no value of a secret
            in any of its forms.

    >>> Credentials(ak="AK", sk="hush", region="cn-north-4").kind
    'aksk'
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="forbid")

    username: str | None = None
    user_id: str | None = None
    password: SecretStr | None = None
    domain: str | None = None
    domain_id: str | None = None
    ak: str | None = None
    sk: SecretStr | None = None
    security_token: SecretStr | None = None
    token: SecretStr | None = None
    region: str | None = None
    project_id: str | None = None
    project_name: str | None = None
    endpoint: str | None = None
    iam_endpoint: str | None = None
    sources: Mapping[str, str] = {}
    warnings: tuple[str, ...] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _quietly(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Wrap secrets, and whatever may be one under a mistyped name, before an error could quote them."""
        if isinstance(data, Mapping):
            known = cls.model_fields.keys() - _SECRETS
            data = {name: value if name in known else _covered(value) for name, value in data.items()}
        elif not isinstance(data, cls):
            data = _Hidden()
        made = handler(data)
        if not _complete(made._has()):
            text = "needs a token; or ak and sk; or password with user_id, or with username and domain"
            # Any other exception would be reported together with the whole input.
            raise ValidationError.from_exception_data(
                cls.__name__, [{"type": PydanticCustomError("identity", text), "input": _Hidden()}], hide_input=True
            )
        return made

    def _has(self) -> set[str]:
        return {name for name in _IDENTITY if getattr(self, name)}

    @property
    def kind(self) -> Kind:
        """Which identity is used: ``token`` before ``aksk`` before ``password``."""
        kind = _complete(self._has())
        assert kind is not None  # the validator saw to it
        return kind

    def __repr__(self) -> str:
        return f"Credentials(kind={self.kind!r}, region={self.region!r}, endpoint={self.endpoint!r})"

    __str__ = __repr__


def _covered(value: Any) -> Any:
    if value is None or isinstance(value, SecretStr):
        return value
    return SecretStr(value) if isinstance(value, str) else _Hidden()


def _complete(has: Iterable[str]) -> Kind | None:
    """The best identity that these settings make up."""
    names = set(has)
    if "token" in names:
        return "token"
    if {"ak", "sk"} <= names:
        return "aksk"
    if "password" in names and ("user_id" in names or ("username" in names and names & {"domain", "domain_id"})):
        return "password"
    return None


def _lacking(has: Iterable[str]) -> tuple[str, ...]:
    """What half an identity lacks; empty if there is not even half a one."""
    names = set(has)
    if names & {"ak", "sk", "security_token"}:
        return tuple(name for name in ("ak", "sk") if name not in names)
    if not names & {"username", "user_id", "password"}:
        return ()
    lacking = [] if names & {"username", "user_id"} else ["username"]
    if "user_id" not in names and not names & {"domain", "domain_id"}:
        lacking.append("domain")
    return (*lacking, *(() if "password" in names else ("password",)))


# --- the places -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Looked:
    """One place that was looked at; names only, never values.

    Attributes:
        source: the place.
        found: what it has, as it is called there.
        missing: what it could have had.
        note: anything worth saying: no such file, half an identity, …
    """

    source: str
    found: tuple[str, ...]
    missing: tuple[str, ...]
    note: str = ""


@dataclass(slots=True, eq=False)
class _Source:
    name: str
    names: _Names
    # All of them wrapped: `%xmode Verbose` prints the arguments and variables of every frame an error passes through.
    values: dict[str, SecretStr] = field(default_factory=dict)
    spelled: dict[str, str] = field(default_factory=dict)
    note: str = ""
    explicit: bool = False  # named by the caller, so its faults are errors
    environ: Mapping[str, str] | None = None

    def put(self, setting: str, value: str, spelled: str) -> None:
        if value:
            self.values[setting] = SecretStr(value)
            self.spelled[setting] = spelled

    @property
    def kind(self) -> Kind | None:
        return _complete(self.values)

    @property
    def half(self) -> str:
        """What is wrong with half an identity, empty if nothing is."""
        lacking = () if self.kind else _lacking(self.values)
        if not lacking:
            return ""
        found = " and ".join(self.spelled[name] for name in _IDENTITY if name in self.values)
        needed = " and ".join(" or ".join(self.names[name]) for name in lacking if name in self.names)
        return f"{self.name}: found {found} but no {' and no '.join(lacking)}: set {needed or 'the rest'}"

    def for_region(self, region_id: str | None) -> None:
        """The endpoint variable of the SDK has the region in its name, so it can be read only now."""
        if self.environ is not None and region_id:
            variable = _ENDPOINT_VARIABLE + region_id.replace("-", "_").upper()
            self.put("endpoint", self.environ.get(variable, "").split(",")[0].strip(), variable)

    def looked(self) -> Looked:
        found = tuple(self.spelled[name] for name in _SETTINGS if name in self.spelled)
        missing = tuple(each for name in _SETTINGS for each in self.names.get(name, ()) if each not in found)
        return Looked(self.name, found, missing, "; ".join(filter(None, (self.note, self.half))))


class _Quiet(dict[str, Any]):
    """Variables or arguments, kept out of tracebacks that print what they see."""

    def __repr__(self) -> str:
        return f"<{len(self)} settings>"


def _arguments(arguments: Mapping[str, Any]) -> _Source:
    source = _Source("arguments", _ALL, explicit=True)
    for name, value in arguments.items():
        if name not in _ALL:
            raise TypeError(f"unknown credential setting {name!r}{_meant(name, _ALL)}")
        if value is None:
            continue
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str):
            raise CredentialsError(f"{name} must be text, not {type(value).__name__}.")
        source.put(name, text, f"{name}=")
    return source


def _variables(name: str, names: _Names, environ: Mapping[str, str]) -> _Source:
    source = _Source(name, names)
    for setting, candidates in names.items():
        variable = next((each for each in candidates if environ.get(each)), None)
        if variable:
            source.put(setting, environ[variable], variable)
    return source


def _sdk_file(environ: Mapping[str, str], home: Path) -> _Source:
    chosen = environ.get("HUAWEICLOUD_SDK_CREDENTIALS_FILE")
    path = Path(chosen) if chosen else home / ".huaweicloud" / "credentials"
    source = _Source(_shown(path, home), _FILE)
    # The SDK interpolates "%"; a secret key is better taken as it stands.
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text("utf-8"))
        section = next((each for each in ("basic", "global") if parser.has_section(each)), None)
        found = dict(parser[section]) if section else {}
    except FileNotFoundError:
        source.note = "no such file"
        return source
    except (OSError, UnicodeDecodeError, configparser.Error):
        source.note = "cannot be read as an INI file"  # the parser's own words quote the line
        return source
    if not section:
        source.note = "has no section [basic]"
    for name in _FILE:
        source.put(name, found.get(name, "").strip(), f"[{section}] {name}")
    _mind_mode(source, path)
    return source


def _profile(named: str | None, environ: Mapping[str, str], home: Path) -> _Source:
    chosen = environ.get("GAUSSNB_PROFILES")
    path = Path(chosen) if chosen else Path(user_config_dir("gaussnb")) / "profiles.toml"
    where = _shown(path, home)
    problem = ""
    tables: dict[str, Any] = {}
    try:
        content = tomllib.loads(path.read_text("utf-8"))
        inner = content.get("profiles")
        tables = {**content, **(inner if isinstance(inner, dict) else {})}
    except FileNotFoundError:
        problem = "no such file"
    except (OSError, ValueError):
        problem = "cannot be read as a TOML file"
    # `default = "work"` points to another profile.
    default = tables.get("default")
    profile = named or (default if isinstance(default, str) else "default")
    source = _Source(f"{where} [{profile}]", _ALL, note=problem, explicit=named is not None)
    table = tables.get(profile)
    if not isinstance(table, dict):
        source.note = problem or "no such profile"
        if named:
            there = [name for name, each in tables.items() if isinstance(each, dict) and name != "profiles"]
            have = f" It has {', '.join(there)}." if there else ""
            raise CredentialsError(
                f"Profile {named!r} was not found in {where}: {source.note}{_meant(named, there)}.{have} {_SANDBOX}"
            )
        return source
    for name, value in table.items():
        if name not in _ALL:
            source.note = f"{name!r} is not a setting{_meant(name, _ALL)}"
        elif not isinstance(value, str):
            source.note = f"{name!r} must be text"
        else:
            source.put(name, value, name)
    if source.note:
        if named:
            raise CredentialsError(f"{source.name}: {source.note}.")
        source.values.clear()  # what is misspelled could have changed the meaning of the rest
        source.spelled.clear()
        return source
    _mind_mode(source, path)
    return source


def _mind_mode(source: _Source, path: Path) -> None:
    if os.name == "posix" and _SECRETS & source.values.keys() and path.stat().st_mode & 0o077:
        source.note = "holds secrets and can be read by other users; chmod 600 helps"


def _shown(path: Path, home: Path) -> str:
    try:
        return f"~/{path.relative_to(home).as_posix()}"
    except ValueError:
        return str(path)


def _meant(name: str, names: Iterable[str]) -> str:
    close = get_close_matches(name, list(names), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _sources(
    profile: str | None, environ: Mapping[str, str], home: str | Path | None, arguments: Mapping[str, Any]
) -> list[_Source]:
    house = Path(home) if home is not None else Path.home()
    given = _arguments(arguments)
    kept = _profile(profile, environ, house)
    sdk = _variables("HUAWEICLOUD_SDK_* variables", _SDK, environ)
    sdk.environ = environ
    places = [
        sdk,
        _variables("HW_* variables", _HW, environ),
        _variables("OS_* variables", _OS, environ),
        _sdk_file(environ, house),
    ]
    sources = [given, kept, *places] if profile else [given, *places, kept]
    place = next((each.values["region"] for each in sources if "region" in each.values), None)
    sdk.for_region(place.get_secret_value().strip() if place else None)
    return sources


# --- the search -------------------------------------------------------------------------------------------------------


def looked_at(
    profile: str | None = None,
    environ: Mapping[str, str] = os.environ,
    home: str | Path | None = None,
    **arguments: str | SecretStr | None,
) -> tuple[Looked, ...]:
    """The places `find_credentials` looks at, in its order, and what each has; without values.

    Args:
        profile, environ, home, arguments: as for `find_credentials`.

    >>> looked_at(environ={"OS_USERNAME": "ann"})[3].found
    ('OS_USERNAME',)
    """
    environ, arguments = _Quiet(environ), _Quiet(arguments)
    return tuple(source.looked() for source in _sources(profile, environ, home, arguments))


def find_credentials(
    profile: str | None = None,
    environ: Mapping[str, str] = os.environ,
    home: str | Path | None = None,
    **arguments: str | SecretStr | None,
) -> Credentials:
    """Find out who calls, and where, in the order this module describes.

    Args:
        profile: name of a profile in ``profiles.toml``, in the user's configuration directory or where
            ``GAUSSNB_PROFILES`` points. Its tables are ``[name]`` or ``[profiles.name]``, with the parameters
            of `Credentials` as keys.
        environ: the variables.
        home: the directory where ``.huaweicloud/credentials`` is; by default the user's home.
        arguments: any parameter of `Credentials`, as text or `SecretStr`; None counts as not given.

    Returns:
        With ``endpoint`` set, and ``iam_endpoint`` wherever it is needed.

    Raises:
        CredentialsError: nothing, or not enough, was found, and where it was looked for; an endpoint is not
            fit for secrets; or this runs on Binder, where no real credentials belong
            (``GAUSSNB_ALLOW_BINDER=1`` overrides that).
        TypeError: an argument that is not a setting.

    >>> variables = {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "hush", "HW_REGION_NAME": "cn-north-4"}
    >>> found = find_credentials(environ=variables)
    >>> found.kind, found.sources["sk"], found.endpoint
    ('aksk', 'HW_SECRET_KEY', 'https://gaussdb-nosql.cn-north-4.myhuaweicloud.com')
    """
    environ, arguments = _Quiet(environ), _Quiet(arguments)
    sources = _sources(profile, environ, home, arguments)
    identity, warnings = _choose_identity(sources)
    kind = identity.kind
    assert kind is not None
    secrets: dict[str, SecretStr] = {}
    settings: dict[str, str] = {}
    origins: dict[str, str] = {}

    def take(source: _Source, *names: str) -> None:
        for name in source.values.keys() & set(names):
            origins[name] = _origin(source, name)
            value = _clean(name, source.values[name], origins[name])
            if name in _SECRETS:
                secrets[name] = value
            else:
                settings[name] = value.get_secret_value()

    # Only the identity that is used; what else stands beside it stays where it is. The account id is harmless.
    take(identity, *_PARTS[kind], "domain_id")
    for group in ({"region"}, {"project_id", "project_name"}):
        named = next((source for source in sources if source.values.keys() & group), None)
        if named:
            take(named, *group)
    for name in ("endpoint", "iam_endpoint"):
        for source in sources:
            if name not in source.values:
                continue
            if source in (identity, sources[0]) or (source.explicit and identity.explicit):
                take(source, name)
                break
            if source.explicit:
                raise CredentialsError(
                    f"{source.name} names {name} but no credentials, and those of {identity.name} may not be meant for "
                    "it. Put credentials into the profile or give them as arguments."
                )
            warnings.append(
                f"{_origin(source, name)} was passed over: the credentials come from {identity.name} and may not be "
                "meant for that host"
            )
        if name in settings:
            settings[name] = check_endpoint(settings[name], origins[name])

    _derive_endpoints(settings, origins, kind)
    _refuse_binder(settings, environ)
    return Credentials.model_validate({**settings, **secrets, "sources": origins, "warnings": tuple(warnings)})


def _origin(source: _Source, name: str) -> str:
    spelled = source.spelled[name]
    if source.name == "arguments":
        return f"argument {spelled}"
    return spelled if source.name.endswith("variables") else f"{source.name} {spelled}"


def _choose_identity(sources: list[_Source]) -> tuple[_Source, list[str]]:
    """The first place with a whole identity, and what should be known about the places before it."""
    warnings = []
    for source in sources:
        half = source.half
        if half and source.explicit:
            raise CredentialsError(f"{half}.")
        if source.kind:
            if source.note:
                warnings.append(f"{source.name} {source.note}")
            return source, warnings
        if half:
            warnings.append(f"{half}; passed over")
    halves = [source.half for source in sources if source.half]
    if halves:
        raise CredentialsError(f"{'; '.join(halves)}. {_SANDBOX}")
    lines = (f"  {each.name}: {_wanted(each)}{f' ({each.note})' if each.note else ''}" for each in sources)
    raise CredentialsError("\n".join(("No credentials were found. Looked for, in this order:", *lines, _SANDBOX)))


def _wanted(source: _Source) -> str:
    names = source.names
    ways = (("token",), ("ak", "sk"), ("username", "password", "domain"))
    return "; or ".join(" and ".join(names[name][0] for name in way) for way in ways if set(way) <= names.keys())


def _clean(name: str, value: SecretStr, origin: str) -> SecretStr:
    """A value that can be sent. A line break at its end is from copying; what a header cannot carry is refused here,
    because the HTTP library would quote it in its error."""
    if name == "password":
        return value
    text = value.get_secret_value().strip()
    if name == "iam_endpoint":
        text = text.rstrip("/").removesuffix("/v3")  # OpenStack's variables name the API, not the host
    in_header = name in ("token", "ak", "sk", "security_token", "project_id", "domain_id")
    if not text or not text.isprintable() or (in_header and (not text.isascii() or " " in text)):
        raise CredentialsError(f"{origin} has characters that do not belong there (blanks, line breaks or the like).")
    return SecretStr(text)


def _derive_endpoints(settings: dict[str, str], origins: dict[str, str], kind: Kind) -> None:
    """What the region tells about endpoints that nobody named; never from this machine to the cloud or back."""
    given = [settings[name] for name in ("endpoint", "iam_endpoint") if name in settings]
    local = any(map(is_loopback, given))
    here = settings.get("region")
    if here and not local and len(given) < 2:
        try:
            known = region(here)
        except CredentialsError:
            # A region newer than the table is fine as long as the endpoints that are needed are named.
            if "endpoint" not in settings:
                raise
        else:
            for name, url in (("endpoint", known.endpoint), ("iam_endpoint", known.iam_endpoint)):
                if name not in settings:
                    settings[name] = url
                    origins[name] = f"region {here}"
    needs_iam = kind == "password" or (kind == "aksk" and "project_id" not in settings)
    for name, needed in (("endpoint", True), ("iam_endpoint", needs_iam)):
        if needed and name not in settings:
            way = f'say where: region="cn-north-4" or another, HW_REGION_NAME, OS_REGION_NAME, or {name}='
            if local:
                way = f"give {name}= too, since the other one is on this machine"
            raise CredentialsError(f"Credentials were found, but no {name}: {way}. {_SANDBOX}")


def _refuse_binder(settings: Mapping[str, str], environ: Mapping[str, str]) -> None:
    on_binder = environ.get("BINDER_SERVICE_HOST") or environ.get("BINDER_LAUNCH_HOST")
    if not on_binder or environ.get("GAUSSNB_ALLOW_BINDER") == "1":
        return
    real = [name for name in ("endpoint", "iam_endpoint") if name in settings and not is_loopback(settings[name])]
    if real:
        raise CredentialsError(
            "This is Binder, a shared public service: real credentials do not belong here. Use "
            'gaussnb.connect("sandbox"). If this Binder is your own, set GAUSSNB_ALLOW_BINDER=1.'
        )
