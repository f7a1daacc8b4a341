"""Credentials: the order of the sources, whole identities, and the endpoints that a secret may be sent to."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import SecretStr, ValidationError

from gaussnb.cloud.credentials import Credentials, find_credentials, report_sources
from gaussnb.cloud.settings import SECRETS, SETTINGS
from gaussnb.core.errors import CredentialsError
from gaussnb.nosql.service import SERVICE

CANARY = "Can4ry" + "-" + "secret" * 3
CN4 = "https://gaussdb-nosql.cn-north-4.myhuaweicloud.com"
IAM4 = "https://iam.cn-north-4.myhuaweicloud.com"
LOCAL = "http://127.0.0.1:8080"

SDK_KEY = {"HUAWEICLOUD_SDK_AK": "sdk-ak", "HUAWEICLOUD_SDK_SK": "sdk-sk"}
HW_KEY = {"HW_ACCESS_KEY": "hw-ak", "HW_SECRET_KEY": "hw-sk", "HW_REGION_NAME": "cn-north-4"}
HW_USER = {"HW_USER_NAME": "hw-user", "HW_USER_PASSWORD": "hw-pass", "HW_DOMAIN_NAME": "hw-account"}
OS_USER = {
    "OS_USERNAME": "os-user",
    "OS_PASSWORD": "os-pass",
    "OS_USER_DOMAIN_NAME": "os-account",
    "OS_REGION_NAME": "cn-south-1",
}


class House:
    """A home directory with the SDK's file and the profiles."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ini = home / ".huaweicloud" / "credentials"
        self.toml = home / "profiles.toml"

    def write_ini(self, text: str, mode: int = 0o600) -> None:
        self.ini.parent.mkdir(exist_ok=True)
        self.ini.write_text(text)
        self.ini.chmod(mode)

    def write_toml(self, text: str, mode: int = 0o600) -> None:
        self.toml.write_text(text)
        self.toml.chmod(mode)

    def environ(self, extra: dict[str, str]) -> dict[str, str]:
        return {"GAUSSNB_PROFILES": str(self.toml), **extra}

    def find(self, environ: dict[str, str] | None = None, profile: str | None = None, **arguments: Any) -> Credentials:
        return find_credentials(profile, self.environ(environ or {}), self.home, service=SERVICE, **arguments)

    def refuse(self, environ: dict[str, str] | None = None, profile: str | None = None, **arguments: Any) -> str:
        with pytest.raises(CredentialsError) as caught:
            self.find(environ, profile, **arguments)
        assert caught.value.__context__ is None or caught.value.__suppress_context__
        return str(caught.value)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


# --- order ------------------------------------------------------------------------------------------------------------

INI = "[basic]\nak = ini-ak\nsk = ini-%sk\nproject_id = ini-project\n"
TOML = """
[default]
ak = "toml-ak"
sk = "toml-sk"
region = "cn-east-2"
[work]
token = "work-token"
region = "cn-east-3"
"""


def test_an_earlier_source_takes_precedence(house: House) -> None:
    house.write_ini(INI)
    house.write_toml(TOML)
    everything = {**SDK_KEY, **HW_KEY, **OS_USER}
    found = house.find(everything, token="argument")
    assert (found.kind, found.sources["token"]) == ("token", "argument token=")
    found = house.find(everything)
    assert (found.ak, secret(found.sk), found.sources["ak"]) == ("sdk-ak", "sdk-sk", "HUAWEICLOUD_SDK_AK")
    found = house.find({**HW_KEY, **OS_USER})
    assert (found.ak, secret(found.sk), found.region) == ("hw-ak", "hw-sk", "cn-north-4")
    found = house.find(OS_USER)
    assert (found.kind, found.username, secret(found.password), found.domain) == (
        "password",
        "os-user",
        "os-pass",
        "os-account",
    )
    found = house.find()
    assert (found.ak, secret(found.sk), found.project_id) == ("ini-ak", "ini-%sk", "ini-project")
    assert found.sources["ak"] == "~/.huaweicloud/credentials [basic] ak"
    assert (found.region, found.sources["region"]) == ("cn-east-2", "~/profiles.toml [default] region")
    house.ini.unlink()
    found = house.find()
    assert (found.ak, found.region, found.sources["ak"]) == ("toml-ak", "cn-east-2", "~/profiles.toml [default] ak")


def test_a_named_profile_comes_second_after_the_arguments(house: House) -> None:
    house.write_ini(INI)
    house.write_toml(TOML)
    found = house.find({**SDK_KEY, **HW_KEY}, profile="work")
    assert (found.kind, secret(found.token), found.region) == ("token", "work-token", "cn-east-3")
    found = house.find(SDK_KEY, profile="work", ak="a", sk="s", region="cn-north-9")
    assert (found.kind, found.ak, found.region) == ("aksk", "a", "cn-north-9")


@pytest.mark.parametrize("text", ['[profiles.default]\ntoken = "t"\n', 'default = "other"\n[other]\ntoken = "t"\n'])
def test_tables_and_the_default_of_the_profile_file(house: House, text: str) -> None:
    house.write_toml(text)
    assert secret(house.find(region="cn-north-4").token) == "t"


def test_the_global_section_of_the_sdk_file(house: House) -> None:
    house.write_ini("[global]\nak = a\nsk = s\ndomain_id = d\n")
    found = house.find({"HW_REGION_NAME": "cn-north-4"})
    assert (found.ak, found.domain_id) == ("a", "d")


def test_a_variable_names_the_sdk_file(house: House, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text(INI)
    assert house.find({"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(other)}, region="cn-north-4").ak == "ini-ak"


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({**HW_KEY, **HW_USER, "HW_AUTH_TOKEN": "t"}, "token"),
        ({**HW_KEY, **HW_USER}, "aksk"),
        ({**HW_USER, "HW_REGION_NAME": "cn-north-4"}, "password"),
        ({**HW_USER, "HW_SECRET_KEY": "alone", "HW_REGION_NAME": "cn-north-4"}, "password"),
        ({"HW_USER_ID": "i", "HW_USER_PASSWORD": "p", "HW_REGION_NAME": "cn-north-4"}, "password"),
        ({**OS_USER, "OS_AUTH_TOKEN": "t"}, "token"),
        ({**OS_USER, "OS_ACCESS_KEY": "a", "OS_SECRET_KEY": "s"}, "aksk"),
        ({"OS_USERNAME": "u", "OS_PASSWORD": "p", "OS_DOMAIN_ID": "d", "OS_REGION_NAME": "cn-north-4"}, "password"),
    ],
)
def test_one_source_prefers_token_then_key_then_password(house: House, environ: dict[str, str], kind: str) -> None:
    found = house.find(environ)
    assert found.kind == kind
    # Unused secrets are not in the result.
    used = {"token": {"token"}, "aksk": {"sk"}, "password": {"password"}}[kind]
    assert {name for name in ("token", "sk", "password") if getattr(found, name)} == used


@pytest.mark.parametrize(
    ("variable", "setting"),
    [
        ("OS_TENANT_ID", "project_id"),
        ("OS_TENANT_NAME", "project_name"),
        ("OS_PROJECT_ID", "project_id"),
        ("HW_PROJECT_NAME", "project_name"),
    ],
)  # fmt: skip
def test_project_variables(house: House, variable: str, setting: str) -> None:
    assert getattr(house.find({**HW_KEY, variable: "p"}), setting) == "p"


def test_project_id_and_name_go_together(house: House) -> None:
    found = house.find({**HW_KEY, "HW_PROJECT_NAME": "near", "OS_PROJECT_ID": "far"})
    assert (found.project_name, found.project_id) == ("near", None)


# --- half identities and mixtures -------------------------------------------------------------------------------------


def test_name_and_password_come_from_the_same_source(house: House) -> None:
    message = house.refuse({"HW_USER_NAME": "u", "HW_DOMAIN_NAME": "d", "OS_PASSWORD": CANARY})
    assert "found HW_USER_NAME and HW_DOMAIN_NAME but no password: set HW_USER_PASSWORD" in message
    assert "found OS_PASSWORD but no username and no domain" in message
    assert CANARY not in message
    assert house.find({"HW_USER_NAME": "u", "HW_DOMAIN_NAME": "d", **OS_USER}).username == "os-user"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"OS_USERNAME": "u", "OS_USER_DOMAIN_NAME": "d"}, "no password: set OS_PASSWORD"),
        ({"OS_USERNAME": "u", "OS_PASSWORD": "p"}, "no domain: set OS_USER_DOMAIN_NAME or OS_DOMAIN_NAME"),
        ({"HUAWEICLOUD_SDK_AK": "a"}, "no sk: set HUAWEICLOUD_SDK_SK"),
        ({"HUAWEICLOUD_SDK_SECURITY_TOKEN": "t"}, "no ak and no sk: set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"),
        ({"HW_SECRET_KEY": "s"}, "found HW_SECRET_KEY but no ak: set HW_ACCESS_KEY"),
    ],
)
def test_the_error_names_the_missing_half_of_an_identity(house: House, environ: dict[str, str], expected: str) -> None:
    message = house.refuse(environ)
    assert expected in message
    assert "sandbox" in message


def test_half_an_identity_in_the_environment_is_a_warning(house: House) -> None:
    found = house.find({"HUAWEICLOUD_SDK_AK": "a", **HW_KEY})
    assert found.ak == "hw-ak"
    assert any("HUAWEICLOUD_SDK_AK" in each and "passed over" in each for each in found.warnings)


def test_half_an_identity_in_arguments_or_named_profile_is_an_error(house: House) -> None:
    house.write_toml('[work]\nusername = "u"\ndomain = "d"\n')
    assert "arguments: found username= but no domain and no password" in house.refuse(HW_KEY, username="u")
    assert "[work]: found username and domain but no password: set password" in house.refuse(HW_KEY, profile="work")


# --- endpoints --------------------------------------------------------------------------------------------------------


def test_endpoints_follow_from_the_region(house: House) -> None:
    found = house.find(HW_KEY)
    assert (found.endpoint, found.iam_endpoint) == (CN4, IAM4)
    assert found.sources["endpoint"] == "region cn-north-4"


def test_endpoints_of_the_identity_source_are_used(house: House) -> None:
    environ = {
        **SDK_KEY,
        "HW_REGION_NAME": "cn-north-4",
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": LOCAL + "/",
        "HUAWEICLOUD_SDK_REGION_GAUSSDBFORNOSQL_CN_NORTH_4": f"{LOCAL},https://second.example.org",
    }
    found = house.find(environ)
    assert (found.endpoint, found.iam_endpoint) == (LOCAL, LOCAL)
    assert found.sources["endpoint"] == "HUAWEICLOUD_SDK_REGION_GAUSSDBFORNOSQL_CN_NORTH_4"
    assert found.warnings == ()


@pytest.mark.parametrize(
    "url", ["https://iam.example.org/v3", "https://iam.example.org/v3/", "https://iam.example.org"]
)
@pytest.mark.parametrize("brand", ["HW", "OS"])
def test_the_iam_endpoint_without_its_version(house: House, url: str, brand: str) -> None:
    environ = {"HW": {**HW_USER, "HW_REGION_NAME": "cn-north-4"}, "OS": OS_USER}[brand]
    found = house.find({**environ, f"{brand}_AUTH_URL": url}, endpoint="https://nosql.example.org")
    assert found.iam_endpoint == "https://iam.example.org"
    assert found.sources["iam_endpoint"] == f"{brand}_AUTH_URL"


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"OS_AUTH_URL": "https://other.example.org/v3"},
        {"HUAWEICLOUD_SDK_IAM_ENDPOINT": "https://other.example.org"},
        {"HUAWEICLOUD_SDK_REGION_GAUSSDBFORNOSQL_CN_NORTH_4": "https://other.example.org"},
        {"OS_AUTH_URL": "not even a URL"},
    ],
)
def test_an_endpoint_of_another_source_is_ignored(house: House, elsewhere: dict[str, str]) -> None:
    found = house.find({**HW_KEY, **HW_USER, **elsewhere})
    assert (found.endpoint, found.iam_endpoint) == (CN4, IAM4)
    assert len(found.warnings) == 1
    assert next(iter(elsewhere)) in found.warnings[0]


def test_endpoints_of_the_default_profile_need_its_credentials(house: House) -> None:
    house.write_toml('[default]\nendpoint = "https://private.example.org"\niam_endpoint = "https://iam.example.org"\n')
    found = house.find(HW_KEY)
    assert (found.endpoint, found.iam_endpoint) == (CN4, IAM4)
    assert len(found.warnings) == 2


def test_an_endpoint_in_the_arguments_is_used_with_any_credentials(house: House) -> None:
    found = house.find(HW_KEY, endpoint=LOCAL, iam_endpoint=LOCAL)
    assert (found.endpoint, found.iam_endpoint, found.ak) == (LOCAL, LOCAL, "hw-ak")


def test_a_named_profile_with_an_endpoint_needs_credentials_of_its_own(house: House) -> None:
    house.write_toml('[private]\nendpoint = "https://private.example.org"\niam_endpoint = "https://iam.example.org"\n')
    message = house.refuse(HW_KEY, profile="private")
    assert "[private] names endpoint but no credentials, and those of HW_* variables" in message
    found = house.find(HW_KEY, profile="private", token="t")
    assert found.endpoint == "https://private.example.org"


def test_one_local_endpoint_prevents_deriving_the_other(house: House) -> None:
    assert "iam_endpoint" in house.refuse({**HW_USER, "HW_REGION_NAME": "cn-north-4"}, endpoint=LOCAL)
    assert "no endpoint" in house.refuse({**HW_USER, "HW_REGION_NAME": "cn-north-4"}, iam_endpoint=LOCAL)
    found = house.find({"HW_AUTH_TOKEN": "t", "HW_REGION_NAME": "cn-north-4"}, endpoint=LOCAL)
    assert found.iam_endpoint is None
    assert house.find(HW_KEY, endpoint=LOCAL, project_id="p").iam_endpoint is None
    assert "iam_endpoint" in house.refuse(HW_KEY, endpoint=LOCAL)


def test_no_region_and_no_endpoint(house: House) -> None:
    message = house.refuse(SDK_KEY)
    assert "no endpoint" in message and "region=" in message and "HW_REGION_NAME" in message and "sandbox" in message


def test_an_unknown_region_needs_endpoints(house: House) -> None:
    assert "cn-north-4" in house.refuse(SDK_KEY, region="cn-nort-4")
    assert "endpoint=" in house.refuse(SDK_KEY, region="aaa")
    found = house.find(SDK_KEY, region="aaa", endpoint="https://x.example.org", project_id="p")
    assert (found.region, found.endpoint, found.iam_endpoint) == ("aaa", "https://x.example.org", None)
    assert "no iam_endpoint" in house.refuse(SDK_KEY, region="aaa", endpoint="https://x.example.org")


@pytest.mark.parametrize(
    "url", ["http://gaussdb.example.org", "https://u:p@x.example.org", "https://x.example.org?y", "x.example.org"]
)
def test_endpoints_unfit_for_secrets(house: House, url: str) -> None:
    assert house.refuse(HW_KEY, endpoint=url).startswith("argument endpoint= ")
    assert house.refuse({**HW_KEY, "HW_AUTH_URL": url}).startswith("HW_AUTH_URL ")


@pytest.mark.parametrize("binder", ["BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST"])
def test_binder_allows_only_local_endpoints(house: House, binder: str) -> None:
    environ = {**HW_KEY, binder: "hub.mybinder.org"}
    assert "Binder" in house.refuse(environ)
    assert "sandbox" in house.refuse(environ, endpoint=LOCAL, iam_endpoint="https://iam.example.org")
    assert house.find(environ, endpoint=LOCAL, iam_endpoint=LOCAL).endpoint == LOCAL
    assert "Binder" in house.refuse({**environ, "GAUSSNB_ALLOW_BINDER": "0"})
    assert house.find({**environ, "GAUSSNB_ALLOW_BINDER": "1"}).endpoint == CN4


# --- nothing, and nonsense --------------------------------------------------------------------------------------------


def test_the_error_lists_the_searched_sources(house: House) -> None:
    message = house.refuse()
    for part in (
        "arguments: token; or ak and sk; or username and password and domain",
        "HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK",
        "HW_AUTH_TOKEN; or HW_ACCESS_KEY and HW_SECRET_KEY; or HW_USER_NAME and HW_USER_PASSWORD and HW_DOMAIN_NAME",
        "OS_USERNAME and OS_PASSWORD",
        "~/.huaweicloud/credentials: ak and sk (no such file)",
        "~/profiles.toml [default]",
        'gaussnb.connect("sandbox")',
    ):
        assert part in message
    assert str(house.home) not in message


def test_empty_values_count_as_not_given(house: House) -> None:
    assert "No credentials" in house.refuse(dict.fromkeys((*SDK_KEY, *HW_KEY, *OS_USER), ""), ak=None, sk="")


def test_unknown_and_wrongly_typed_arguments(house: House) -> None:
    with pytest.raises(TypeError, match="did you mean 'password'"):
        house.find(pasword=CANARY)
    assert house.refuse(password=5) == "password must be text, not int."


def test_an_unknown_profile_error_names_the_existing_profiles(house: House) -> None:
    house.write_toml(TOML)
    message = house.refuse(profile="wrok")
    assert "did you mean 'work'" in message and "default, work" in message and "sandbox" in message
    house.toml.unlink()
    assert "~/profiles.toml: no such file" in house.refuse(profile="work")


@pytest.mark.parametrize("line", [f'pasword = "{CANARY}"', "password = 5", f'password = ["{CANARY}"]'])
def test_a_faulty_profile_is_an_error_only_when_named(house: House, line: str) -> None:
    house.write_toml(f'[default]\nak = "a"\nsk = "{CANARY}"\n{line}\n')
    message = house.refuse(profile="default")
    assert "pasword" in message or "must be text" in message
    assert CANARY not in message
    assert house.find(HW_KEY).ak == "hw-ak"
    assert CANARY not in house.refuse()


@pytest.mark.parametrize("content", [f"[basic\nsk {CANARY}", f"{CANARY}", "\0", f"[basic]\n{CANARY}"])
def test_errors_name_broken_files_and_do_not_quote_them(house: House, content: str) -> None:
    house.write_ini(content)
    house.write_toml(content)
    message = house.refuse()
    assert "cannot be read" in message and CANARY not in message
    assert "cannot be read as a TOML file" in house.refuse(profile="work")
    assert house.find(HW_KEY).ak == "hw-ak"


@pytest.mark.parametrize("value", [f"{CANARY}\nx", f"{CANARY} x", f"{CANARY}\u540d", " \n"])
@pytest.mark.parametrize("setting", ["token", "sk"])
def test_a_value_unfit_for_a_header_is_refused_and_not_quoted(house: House, setting: str, value: str) -> None:
    message = house.refuse({}, None, region="cn-north-4", **{"ak": "a", setting: value})
    assert f"{setting}=" in message and CANARY not in message


def test_blanks_are_stripped_except_from_passwords(house: House) -> None:
    assert secret(house.find(token="t\n", region="cn-north-4").token) == "t"
    assert secret(house.find({**OS_USER, "OS_PASSWORD": " p "}).password) == " p "


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_a_file_readable_by_others_gives_a_warning(house: House) -> None:
    house.write_ini(INI, mode=0o644)
    assert any("chmod" in each for each in house.find(region="cn-north-4").warnings)
    house.write_ini(INI, mode=0o600)
    assert house.find(region="cn-north-4").warnings == ()
    house.write_toml(TOML, mode=0o640)
    assert any("chmod" in each for each in house.find(profile="work").warnings)


# --- the report of sources --------------------------------------------------------------------------------------------


def test_the_report_of_the_sources(house: House) -> None:
    house.write_ini(f"[basic]\nak = a\nsk = {CANARY}\n")
    environ = house.environ({"OS_USERNAME": "ann", "HW_REGION_NAME": "cn-north-4", "HUAWEICLOUD_SDK_SK": CANARY})
    reports = report_sources(None, environ, house.home, service=SERVICE, project_id="p")
    assert [each.source for each in reports] == [
        "arguments", "HUAWEICLOUD_SDK_* variables", "HW_* variables", "OS_* variables", "~/.huaweicloud/credentials",
        "~/profiles.toml [default]",
    ]  # fmt: skip
    by_name = {each.source: each for each in reports}
    assert by_name["arguments"].found == ("project_id=",)
    assert by_name["HW_* variables"].found == ("HW_REGION_NAME",)
    assert "HW_SECRET_KEY" in by_name["HW_* variables"].missing
    assert by_name["OS_* variables"].found == ("OS_USERNAME",)
    assert "no domain and no password" in by_name["OS_* variables"].note
    assert by_name["~/.huaweicloud/credentials"].found == ("[basic] ak", "[basic] sk")
    assert by_name["~/profiles.toml [default]"].note == "no such file"
    assert CANARY not in repr(reports)


# --- the list of settings --------------------------------------------------------------------------------------------


def test_the_fields_of_credentials_are_the_settings() -> None:
    fields = Credentials.model_fields
    assert tuple(fields) == (*SETTINGS, "sources", "warnings")
    assert {name for name in SETTINGS if SecretStr in get_args(fields[name].annotation)} == SECRETS
    assert {"password", "sk", "security_token", "token"} == SECRETS


# --- secrets ----------------------------------------------------------------------------------------------------------


def invalid() -> Iterator[Callable[[], Any]]:
    yield lambda: Credentials(password=CANARY)  # type: ignore[arg-type]
    yield lambda: Credentials(pasword=CANARY)  # type: ignore[call-arg]
    yield lambda: Credentials(token=CANARY, sk=5, region=7)  # type: ignore[arg-type]
    yield lambda: Credentials(token=CANARY.encode())  # type: ignore[arg-type]
    yield lambda: Credentials(token=[CANARY])  # type: ignore[arg-type]
    yield lambda: Credentials.model_validate({"sk": CANARY, "username": "u"})
    yield lambda: Credentials.model_validate({"token": {"value": CANARY}})
    yield lambda: Credentials.model_validate_json(json.dumps({"password": CANARY, "username": 1}))
    yield lambda: Credentials.model_validate(CANARY)
    yield lambda: Credentials.model_validate([CANARY])


@pytest.mark.parametrize("attempt", list(invalid()))
def test_validation_errors_hide_secrets_in_every_form(attempt: Callable[[], Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        attempt()
    error = caught.value
    for shown in (str(error), repr(error), repr(error.errors()), error.json()):
        assert CANARY not in shown


def test_credentials_do_not_show_secrets(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for arguments in (
        {"token": CANARY},
        {"ak": "AK", "sk": CANARY, "security_token": CANARY},
        {"username": "u", "domain": "d", "password": CANARY},
        {"username": "u", "domain": "d", "password": SecretStr(CANARY)},
    ):
        found = house.find(region="cn-north-4", **arguments)
        shown = (
            repr(found),
            str(found),
            f"{found}",
            repr(found.model_dump()),
            found.model_dump_json(),
            repr(dict(found.sources)),
        )
        assert CANARY not in "".join(shown) + caplog.text
        assert repr(found) == f"Credentials(kind={found.kind!r}, region='cn-north-4', endpoint={CN4!r})"
        assert Credentials.model_validate(found) == found == pickle.loads(pickle.dumps(found))


def failing(house: House) -> Iterator[Callable[[], Any]]:
    environ = house.environ({"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": CANARY, "OS_PASSWORD": CANARY})
    hidden = {"password": SecretStr(CANARY)}
    yield lambda: find_credentials(None, environ, house.home, service=SERVICE)
    yield lambda: find_credentials("missing", environ, house.home, service=SERVICE)
    yield lambda: find_credentials(None, environ, house.home, service=SERVICE, **hidden)
    yield lambda: find_credentials(None, environ, house.home, service=SERVICE, region="nowhere")
    yield lambda: find_credentials(
        None, {**environ, "BINDER_LAUNCH_HOST": "x"}, house.home, service=SERVICE, region="cn-north-4"
    )
    yield lambda: find_credentials(None, environ, house.home, service=SERVICE, endpoint="http://example.org")
    yield lambda: find_credentials("faulty", environ, house.home, service=SERVICE)
    yield lambda: find_credentials("missing", environ, house.home, service=SERVICE, password=CANARY)
    yield lambda: find_credentials(None, environ, house.home, service=SERVICE, password=CANARY.encode())  # type: ignore[arg-type]
    yield lambda: find_credentials(
        None, {**environ, "HW_AUTH_TOKEN": f"{CANARY}\nx"}, house.home, service=SERVICE, region="cn-north-4"
    )


@pytest.mark.parametrize("number", range(10))
def test_verbose_tracebacks_do_not_print_secrets(house: House, number: int) -> None:
    """`%xmode Verbose` prints the arguments and variables of our frames; the caller's own are the caller's."""
    ultratb = pytest.importorskip("IPython.core.ultratb")
    house.write_toml(f'[faulty]\nak = 5\nsk = "{CANARY}"\n')
    attempt = list(failing(house))[number]
    try:
        attempt()
    except CredentialsError as error:
        traceback = error.__traceback__
        while traceback and not traceback.tb_frame.f_code.co_filename.endswith("credentials.py"):
            traceback = traceback.tb_next
        while traceback and traceback.tb_frame.f_code.co_filename == __file__:
            traceback = traceback.tb_next
        text = ultratb.VerboseTB(theme_name="nocolor").text(type(error), error, traceback)
    assert "find_credentials" in text
    assert CANARY not in text
