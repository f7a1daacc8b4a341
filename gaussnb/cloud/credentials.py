"""The credentials of a client: an identity and the project, region and endpoints that go with it.

Settings are looked for in this order (`gaussnb.cloud.places` reads the places):

1. Arguments of the call.
2. The profile that the call names, if it names one.
3. The variables of the official SDK: ``HUAWEICLOUD_SDK_AK``, …
4. Terraform's variables: ``HW_ACCESS_KEY``, ``HW_USER_NAME``, …
5. OpenStack's variables: ``OS_USERNAME``, ``OS_PASSWORD``, …
6. The SDK's file, ``~/.huaweicloud/credentials``.
7. The profile ``default`` of ``profiles.toml``.

**An identity is taken whole** from the first place that holds a complete identity: a token, an access key with its
secret key, or a user with password and account. If a place holds several identities, they are preferred in this order.
A user name from one place is never combined with a password from another place. ``HW_…`` and ``OS_…`` are two places
for this reason: the ``OS_…`` variables may belong to another cloud. Half an identity in the arguments is an error; in
any other place it is ignored, with a warning.

**The other settings** come from the first place that names them: the region, the project (id and name together), and
the endpoints. But a secret must not be sent to a host that it was not meant for, so **an endpoint is used only if**

* the endpoint was an argument of the call,
* or the endpoint stands in the same place as the identity,
* or no place names an endpoint, and the endpoint follows from the region.

Any other endpoint is ignored, with a warning. A named profile with an endpoint but no identity is an error, because the
profile was named for that endpoint.

**One cloud's secret goes to no other cloud.** Other companies run the same software, with regions of the same names. An
endpoint is not derived from the region if anything says that another cloud may be meant:

* the other endpoint is named, and its host is not of the region's domain, such as ``myhuaweicloud.com``. A host of this
  machine is of no domain;
* ``HW_CLOUD``, Terraform's variable for the domain, has another value;
* the region comes from a place that names an endpoint of another domain, even if that endpoint is not used;
* ``OS_CLOUD`` names an entry of ``clouds.yaml``, which is not read here, and the identity or the region comes from the
  ``OS_…`` variables, which name no endpoint.

Then both endpoints have to be given.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from ..core.errors import CredentialsError
from ..core.faces import face
from ..core.secrets import Hidden, HiddenMapping, discreet
from .places import SANDBOX_HINT, Source, SourceReport, read_sources
from .regions import Region, ServiceAddress, check_endpoint, find_region, is_loopback
from .settings import IDENTITY, IDENTITY_SETTINGS, SECRETS, SETTINGS, IdentityKind, Settings, identity_kind

__all__ = ["Credentials", "find_credentials", "report_sources"]


# --- the result -------------------------------------------------------------------------------------------------------


class Credentials(BaseModel):
    """An identity, the place to work in, and the origin of each setting.

    The fields before ``sources`` are the settings of `gaussnb.cloud.settings.Settings`.

    Args:
        username, user_id, password, domain, domain_id: an IAM user: name and account (``domain``), or id; and
            password.
        ak, sk, security_token: an access key; the security token belongs to a temporary access key.
        token: a project-scoped IAM token.
        region, project_id, project_name: the region and the project to work in.
        endpoint, iam_endpoint: URLs of the service and of IAM. `find_credentials` derives them from the
            region.
        sources: setting → the variable, argument or file that the setting came from. Never a value.
        warnings: remarks on settings that were ignored and on files with secrets that others can read.

    Raises:
        pydantic.ValidationError: a wrong type or name, or no complete identity. No form of the error shows the
            value of a secret.

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

    if not TYPE_CHECKING:  # type checkers read the generated signature instead

        @discreet
        def __init__(self, /, **settings):
            super(Credentials, self).__init__(**settings)

        __init__.__pydantic_base_init__ = True

    @classmethod
    @discreet
    def model_validate(cls, obj: Any, **how: Any) -> Self:
        """Make credentials from a mapping; see :meth:`pydantic.BaseModel.model_validate`."""
        return super().model_validate(obj, **how)

    @classmethod
    @discreet
    def model_validate_json(cls, json_data: str | bytes | bytearray, **how: Any) -> Self:
        """Make credentials from JSON; see :meth:`pydantic.BaseModel.model_validate_json`."""
        return super().model_validate_json(json_data, **how)

    @model_validator(mode="wrap")
    @classmethod
    def _validate_quietly(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Wrap secrets, and values of unknown names that may be secrets, before an error can quote them."""
        if isinstance(data, Mapping):
            known = cls.model_fields.keys() - SECRETS
            data = {name: value if name in known else _hide(value) for name, value in data.items()}
        elif not isinstance(data, cls):
            data = Hidden(data)
        credentials = handler(data)
        if not identity_kind(credentials._identity_settings()):
            text = "needs a token; or ak and sk; or password with user_id, or with username and domain"
            # Pydantic reports any other exception together with the whole input.
            raise ValidationError.from_exception_data(
                cls.__name__, [{"type": PydanticCustomError("identity", text), "input": None}], hide_input=True
            )
        return credentials

    def _identity_settings(self) -> set[str]:
        return {name for name in IDENTITY_SETTINGS if getattr(self, name)}

    @property
    def kind(self) -> IdentityKind:
        """The kind of identity that is used: ``token`` before ``aksk`` before ``password``."""
        kind = identity_kind(self._identity_settings())
        assert kind is not None  # the validator refuses credentials without an identity
        return kind

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        """The secrets, which nothing may repeat."""
        return tuple(getattr(self, name) for name in SETTINGS if name in SECRETS and getattr(self, name))

    @face
    def __repr__(self) -> str:
        return f"Credentials(kind={self.kind!r}, region={self.region!r}, endpoint={self.endpoint!r})"

    __str__ = __repr__


def _hide(value: Any) -> Any:
    if value is None or isinstance(value, SecretStr):
        return value
    return SecretStr(value) if isinstance(value, str) else Hidden(value)


_ENDPOINTS = ("endpoint", "iam_endpoint")
_REGION = ("region",)
_PROJECT = ("project_id", "project_name")


# --- the search -------------------------------------------------------------------------------------------------------


def report_sources(
    profile: str | None = None,
    environ: Mapping[str, str] = os.environ,
    home: str | Path | None = None,
    *,
    service: ServiceAddress,
    **settings: Unpack[Settings],
) -> tuple[SourceReport, ...]:
    """Describe the places that `find_credentials` reads, in the same order; names only, never values.

    Args:
        profile, environ, home, service, settings: as for `find_credentials`.

    >>> from types import SimpleNamespace
    >>> vpc = SimpleNamespace(title="VPC", host="vpc", endpoint_variable="VPC_", regions={"cn-north-4"})
    >>> report_sources(environ={"OS_USERNAME": "ann"}, service=vpc)[3].found
    ('OS_USERNAME',)
    """
    environ, arguments = HiddenMapping(environ), HiddenMapping(settings)
    settings = {}  # not deleted: some tracebacks want a value for every parameter
    return tuple(source.report() for source in read_sources(profile, environ, home, arguments, service))


def find_credentials(
    profile: str | None = None,
    environ: Mapping[str, str] = os.environ,
    home: str | Path | None = None,
    *,
    service: ServiceAddress,
    **settings: Unpack[Settings],
) -> Credentials:
    """Find an identity, a project and endpoints, in the order that this module describes.

    Args:
        profile: name of a profile in ``profiles.toml``, in the user's configuration directory or where
            ``GAUSSNB_PROFILES`` points. Its tables are ``[name]`` or ``[profiles.name]``, with the names of the
            settings as keys.
        environ: the environment variables.
        home: the directory of ``.huaweicloud/credentials``; by default the user's home.
        service: the service whose endpoint is derived from the region.
        settings: any setting, as text or `SecretStr`; None counts as not given.

    Returns:
        Credentials with ``endpoint``, and with ``iam_endpoint`` wherever requests to IAM are needed.

    Raises:
        CredentialsError: no complete identity or no endpoint was found (the message names the places that were
            searched); an endpoint is not fit for secrets; or the code runs on Binder, where no real credentials
            belong (``GAUSSNB_ALLOW_BINDER=1`` overrides that).
        TypeError: an argument is not a setting.

    >>> from types import SimpleNamespace
    >>> vpc = SimpleNamespace(title="VPC", host="vpc", endpoint_variable="VPC_", regions={"cn-north-4"})
    >>> variables = {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "hush", "HW_REGION_NAME": "cn-north-4"}
    >>> found = find_credentials(environ=variables, service=vpc)
    >>> found.kind, found.sources["sk"], found.endpoint
    ('aksk', 'HW_SECRET_KEY', 'https://vpc.cn-north-4.myhuaweicloud.com')
    """
    environ, arguments = HiddenMapping(environ), HiddenMapping(settings)
    settings = {}  # not deleted: some tracebacks want a value for every parameter
    sources = read_sources(profile, environ, home, arguments, service)
    chosen = _Chosen()
    identity = _choose_identity(sources, chosen)
    regional = _choose_target(sources, chosen)
    _choose_endpoints(sources, identity, chosen)
    kind = identity.kind
    assert kind is not None  # _choose_identity saw to that
    _derive_endpoints(chosen, kind, service, list(_named_clouds(sources, identity, regional, chosen)))
    _refuse_binder(chosen, environ)
    return chosen.credentials()


class _Chosen:
    """The settings that were chosen so far, with their origins."""

    def __init__(self) -> None:
        self.secrets: dict[str, SecretStr] = {}
        self.settings: dict[str, str] = {}
        self.origins: dict[str, str] = {}
        self.warnings: list[str] = []

    def take(self, source: Source, names: tuple[str, ...]) -> None:
        """Take those of the named settings that a source has."""
        for name in source.values.keys() & set(names):
            origin = self.origins[name] = source.origin(name)
            value = _clean(name, source.values[name], origin)
            if name in SECRETS:
                self.secrets[name] = value
            else:
                self.settings[name] = value.get_secret_value()

    def credentials(self) -> Credentials:
        values = {**self.settings, **self.secrets}
        return Credentials.model_validate({**values, "sources": self.origins, "warnings": tuple(self.warnings)})


def _choose_identity(sources: list[Source], chosen: _Chosen) -> Source:
    """Take the identity of the first source that has a complete one, and return that source."""
    for source in sources:
        half = source.half
        if half and source.explicit:
            raise CredentialsError(f"{half}.")
        if source.kind:
            if source.note:
                chosen.warnings.append(f"{source.name} {source.note}")
            # Only the settings of this identity; another identity in the same source is not used.
            # The id of the account goes with each kind.
            chosen.take(source, (*IDENTITY[source.kind], "domain_id"))
            return source
        if half:
            chosen.warnings.append(f"{half}; passed over")
    halves = [source.half for source in sources if source.half]
    if halves:
        raise CredentialsError(f"{'; '.join(halves)}. {SANDBOX_HINT}")
    lines = (f"  {each.name}: {each.identities}{f' ({each.note})' if each.note else ''}" for each in sources)
    raise CredentialsError("\n".join(("No credentials were found. Looked for, in this order:", *lines, SANDBOX_HINT)))


def _choose_target(sources: list[Source], chosen: _Chosen) -> Source | None:
    """Take the region, and the project, each from the first source that names it, and return the region's source."""
    regional, projects = (
        next((each for each in sources if each.values.keys() & set(names)), None) for names in (_REGION, _PROJECT)
    )
    for source, names in ((regional, _REGION), (projects, _PROJECT)):
        if source:
            chosen.take(source, names)
    return regional


def _choose_endpoints(sources: list[Source], identity: Source, chosen: _Chosen) -> None:
    """Take the endpoints that the secrets of the identity may be sent to."""
    arguments = sources[0]
    for name in _ENDPOINTS:
        for source in sources:
            if name not in source.values:
                continue
            if source in (identity, arguments) or (source.explicit and identity.explicit):
                chosen.take(source, (name,))
                break
            if source.explicit:
                raise CredentialsError(
                    f"{source.name} names {name} but no credentials, and those of {identity.name} may not be meant for "
                    "it. Put credentials into the profile or give them as arguments."
                )
            chosen.warnings.append(
                f"{source.origin(name)} was passed over: the credentials come from {identity.name} and may not be "
                "meant for that host"
            )
        if name in chosen.settings:
            chosen.settings[name] = check_endpoint(chosen.settings[name], chosen.origins[name])


def _clean(name: str, value: SecretStr, origin: str) -> SecretStr:
    """Strip a line break that was copied along, and refuse characters that a header cannot carry.

    They are refused here because the HTTP library would quote the value in its error.
    """
    if name == "password":
        if _is_text(value):
            return value
        raise CredentialsError(f"{origin} has characters that are no text.")
    text = value.get_secret_value().strip()
    if name == "iam_endpoint":
        text = text.rstrip("/").removesuffix("/v3")  # OpenStack's variables name the API, not the host
    in_header = name in ("token", "ak", "sk", "security_token", "project_id", "domain_id")
    if not text or not text.isprintable() or (in_header and (not text.isascii() or " " in text)):
        raise CredentialsError(f"{origin} has characters that do not belong there (blanks, line breaks or the like).")
    return SecretStr(text)


def _is_text(value: SecretStr) -> bool:
    """True if UTF-8 can carry a value: a variable may hold any bytes, and they become lone surrogates."""
    try:
        return bool(value.get_secret_value().encode())
    except UnicodeEncodeError:
        return False


def _named_clouds(
    sources: list[Source], identity: Source, regional: Source | None, chosen: _Chosen
) -> Iterator[tuple[str, str]]:
    """Yield everything that says which cloud is meant: the origin of the word, and the word."""
    for name in _ENDPOINTS:
        if name in chosen.settings:
            yield chosen.origins[name], chosen.settings[name]
    for source in sources:
        endpoints = [name for name in _ENDPOINTS if name in source.values]
        passed_over = [name for name in endpoints if name not in chosen.settings] if source is regional else []
        entry = ["cloud_entry"] if source in (identity, regional) and not endpoints else []
        for name in (*passed_over, "cloud", *entry):
            if name in source.values:
                word = source.values[name].get_secret_value().strip()
                if not is_loopback(word):
                    yield source.origin(name), word


def _derive_endpoints(
    chosen: _Chosen, kind: IdentityKind, service: ServiceAddress, clouds: list[tuple[str, str]]
) -> None:
    """Derive the endpoints that no source names from the region, unless something names another cloud."""
    settings = chosen.settings
    given = [settings[name] for name in _ENDPOINTS if name in settings]
    local = any(map(is_loopback, given))
    id = settings.get("region")
    region: Region | None = None
    if id and not local and len(given) < 2:
        try:
            region = find_region(id, service)
        except CredentialsError:
            # A region that is newer than the table may be used if the needed endpoints are given.
            if "endpoint" not in settings:
                raise
    others = [origin for origin, word in clouds if region and not region.has(word)]
    if region and not others:
        derived = {"endpoint": region.service_endpoint(service.host), "iam_endpoint": region.iam_endpoint}
        for name in derived.keys() - settings.keys():
            settings[name], chosen.origins[name] = derived[name], f"region {id}"
    needs_iam = kind == "password" or (kind == "aksk" and "project_id" not in settings)
    needed = [name for name in (_ENDPOINTS if needs_iam else ("endpoint",)) if name not in settings]
    if not needed:
        return
    names = " and ".join(f"{name}=" for name in needed)
    if local:
        advice = f"give {names} too, since the other one is on this machine"
    elif region and others:
        advice = (
            f"{' and '.join(others)} may mean another cloud than {region.domain}, to which region {id} belongs, so no "
            f"address follows from the region: give {names}"
        )
    else:
        advice = f'say where: region="cn-north-4" or another, HW_REGION_NAME, OS_REGION_NAME, or {names}'
    raise CredentialsError(f"Credentials were found, but no {' and no '.join(needed)}: {advice}. {SANDBOX_HINT}")


def _refuse_binder(chosen: _Chosen, environ: Mapping[str, str]) -> None:
    on_binder = environ.get("BINDER_SERVICE_HOST") or environ.get("BINDER_LAUNCH_HOST")
    if not on_binder or environ.get("GAUSSNB_ALLOW_BINDER") == "1":
        return
    endpoints = [chosen.settings[name] for name in ("endpoint", "iam_endpoint") if name in chosen.settings]
    if not all(map(is_loopback, endpoints)):
        raise CredentialsError(
            "This is Binder, a shared public service: real credentials do not belong here. Use "
            'gaussnb.connect("sandbox"). If this Binder is your own, set GAUSSNB_ALLOW_BINDER=1.'
        )
