"""No frame of an error holds a secret: verbose tracebacks print the variables of every frame.

Each case calls a public entry with a secret and a fault. The frames of ours, those below them, the chain of the error
and its notes are searched for the secret, also inside of dicts, lists and the attributes of objects.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest
from campaign.canary import CANARY, PLAIN, in_frames
from making import ALL, by_name, parts
from pydantic import BaseModel, SecretStr

import gaussnb as gn
from gaussnb import quickstart
from gaussnb.cloud import signature
from gaussnb.cloud.credentials import Credentials, find_credentials
from gaussnb.cloud.iam import KeystoneCreateUserTokenByPassword
from gaussnb.cloud.settings import SECRETS
from gaussnb.core.operation import Operation
from gaussnb.core.rules import is_secret, unwrap
from gaussnb.core.secrets import Hidden, HiddenMapping
from gaussnb.nosql.service import SERVICE
from gaussnb.widgets import Form

Call = Callable[[], Any]
HOME = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for what in ("CACHE", "STATE"):
        monkeypatch.setenv(f"GAUSSNB_{what}_DIR", str(tmp_path / what.lower()))
    monkeypatch.setenv("GAUSSNB_PROFILES", str(tmp_path / "profiles.toml"))
    monkeypatch.setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def refused(call: Call) -> BaseException:
    """The error of a call, which must not show a canary anywhere."""
    with pytest.raises(Exception) as caught:
        call()
    assert in_frames(caught.value, CANARY, PLAIN) == []
    return caught.value


def test_the_search_finds_a_canary_in_a_frame_and_in_a_chain() -> None:
    class Holder:
        def __init__(self) -> None:
            self.inner = {"list": [PLAIN]}

    space: dict[str, Any] = {"__name__": "gaussnb.pretend"}
    exec("def entry(held):\n    plain = held\n    raise ValueError('no')", space)
    for held in (PLAIN, [PLAIN], Holder(), {"a": {"b": PLAIN.encode()}}):
        with pytest.raises(ValueError) as caught:
            space["entry"](held)
        assert in_frames(caught.value, PLAIN), held
    outer = ValueError("outer")
    outer.__cause__ = caught.value
    assert in_frames(outer, PLAIN)
    for hidden in (Hidden(PLAIN), HiddenMapping({"a": PLAIN}), SecretStr(PLAIN)):
        with pytest.raises(ValueError) as caught:
            space["entry"](hidden)
        assert in_frames(caught.value, PLAIN) == []


# ------------------------------------------------------------------------------------------------------------- settings

FAULTS: Mapping[str, Mapping[str, Any]] = {
    "no such setting": {"nonsense": 1},
    "no text": {"region": 5},
    "nowhere": {"region": "nowhere"},
    "not https": {"endpoint": "http://example.org"},
    "with a user": {"endpoint": "https://ann:pass@example.org"},
    "half": {"endpoint": HOME},
}


def identities(secret: str) -> Iterator[dict[str, Any]]:
    yield {"username": "ann", "domain": "acme", "password": secret}
    yield {"ak": "AK", "sk": secret}
    yield {"ak": "AK", "sk": "sk" * 8, "security_token": secret}
    yield {"token": secret}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("number", range(4))
def test_settings(fault: str, number: int) -> None:
    identity = list(identities(PLAIN))[number]
    more = dict(FAULTS[fault])
    if fault == "half":
        identity = {name: value for name, value in identity.items() if value == PLAIN}
        identity = {"password": PLAIN} if "token" in identity else identity
    refused(lambda: gn.connect(**identity, **more))
    refused(lambda: find_credentials(None, {}, service=SERVICE, **identity, **more))
    wrapped = {name: SecretStr(value) if name in SECRETS else value for name, value in identity.items()}
    refused(lambda: gn.connect(**wrapped, **more))
    refused(lambda: Credentials(**{**identity, "nonsense": 1, **more}))
    refused(lambda: Credentials.model_validate({**identity, "region": 5}))
    refused(lambda: Credentials.model_validate_json(json.dumps({**identity, "region": 5})))


@pytest.mark.parametrize("name", sorted(SECRETS))
@pytest.mark.parametrize("value", [PLAIN.encode(), [PLAIN], {"a": PLAIN}, f"{PLAIN}\nx"], ids=type)
def test_secrets_of_a_wrong_type(name: str, value: Any) -> None:
    rest = {"username": "ann", "domain": "acme", "ak": "AK"} if name != "token" else {}
    refused(lambda: gn.connect(**{**rest, name: value, "region": "nowhere"}))
    refused(lambda: Credentials(**{**rest, name: value, "nonsense": value}))


TOMLS = {
    "misspelled": f'[work]\nak = "AK"\nsk = "{PLAIN}"\nregoin = "cn-north-4"',
    "misspelled secret": f'[work]\nak = "AK"\nsecret = "{PLAIN}"',
    "no text": f'[work]\nak = 5\nsk = "{PLAIN}"',
    "list": f'[work]\nsk = ["{PLAIN}"]',
    "top level": f'sk = "{PLAIN}"\nak = "AK"\n',
    "another": f'[home]\nak = "AK"\nsk = "{PLAIN}"',
    "nested": f'[profiles.home.deeper]\nsk = "{PLAIN}"\n[other]\nsk = "{PLAIN}"',
    "no TOML": f'[work]\nsk = "{PLAIN}\n',
    "no region": f'[work]\nak = "AK"\nsk = "{PLAIN}"',
}


@pytest.mark.parametrize("kind", TOMLS)
def test_profiles(kind: str, tmp_path: Path) -> None:
    (tmp_path / "profiles.toml").write_text(TOMLS[kind])
    refused(lambda: gn.connect("work"))
    refused(lambda: find_credentials("work", {"GAUSSNB_PROFILES": str(tmp_path / "profiles.toml")}, service=SERVICE))


@pytest.mark.parametrize(
    "text", [f"[basic]\nak = AK\nsk = {PLAIN}\n", f"[basic]\nsk = {PLAIN}\n", f"[basic\nsk = {PLAIN}", f"sk = {PLAIN}"]
)
def test_files_of_the_sdk(text: str, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(text)
    refused(lambda: gn.connect())


@pytest.mark.parametrize(
    "name", ["HUAWEICLOUD_SDK_SK", "HW_SECRET_KEY", "HW_AUTH_TOKEN", "OS_PASSWORD", "OS_AUTH_TOKEN"]
)
def test_variables(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, PLAIN)
    refused(lambda: gn.connect())
    refused(lambda: gn.connect("missing"))


# ----------------------------------------------------------------------------------------------------------- operations


def secret_places(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    """The dotted paths of the secret fields of a request class."""
    for name, info in model.model_fields.items():
        if is_secret(info.annotation):
            yield (name,)
        for inner in (unwrap(each) for each in (info.annotation, *get_args(unwrap(info.annotation)))):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                for below in secret_places(inner):
                    yield (name, *below)


WITH_SECRETS = [operation for operation in ALL if list(secret_places(operation))]


def fields_with(path: tuple[str, ...], secret: Any) -> dict[str, Any]:
    name, *rest = path
    return {name: [fields_with(tuple(rest), secret)] if rest else secret}


def test_the_catalogue_has_operations_with_secrets() -> None:
    assert len(WITH_SECRETS) >= 7


@pytest.mark.parametrize("operation", WITH_SECRETS, ids=by_name)
def test_operations(operation: type[Operation]) -> None:
    for path in secret_places(operation):
        for secret in (CANARY, f"{CANARY} {CANARY}" * 5, [CANARY], {"x": CANARY}, CANARY.encode()):
            given = fields_with(path, secret)
            for fault in ({"nonsense": CANARY}, {"nonsense": [CANARY]}, {path[0]: [{"nonsense": CANARY}]}):
                wrong = {**given, **fault}
                refused(lambda wrong=wrong: operation(**wrong))
                refused(lambda wrong=wrong: operation.model_validate(wrong))
                refused(lambda wrong=wrong: operation.model_validate_json(json.dumps(wrong, default=str)))
                refused(lambda wrong=wrong: Form(operation).fill(**wrong))
            refused(lambda given=given: operation(*(CANARY for _ in range(40)), **given))
    for part in parts(operation):
        refused(lambda part=part: part(nonsense=CANARY))
        refused(lambda part=part: part.model_validate({"password": CANARY, "nonsense": 1}))


def test_calls() -> None:
    with (
        gn.Sandbox(port=None, start="2026-02-03T04:05:06") as sandbox,
        sandbox.connect(patience=gn.Patience(looks=(0,), tries=1, busy=0)) as gdb,
    ):
        refused(lambda: gdb.instances.create(password=CANARY, nonsense=1))
        refused(lambda: gdb.instances.create("demo", password=CANARY, name="demo"))
        refused(lambda: gdb.instances.create.form(password=CANARY, nonsense=1))
        refused(lambda: gdb.instances.reset_password("0f1e", CANARY))
        spec = gn.InstanceSpec(**{**quickstart.body("cn-north-4"), "password": CANARY})
        refused(lambda: spec.replace(password=CANARY, nonsense=1))
        refused(lambda: gdb.instances.create(spec, password=CANARY))
        for fault in ({"status": 500}, {"status": 400, "message": f"value {CANARY} is too weak"}, {"body": CANARY}):
            sandbox.inject("CreateInstance", times=None, **fault)  # type: ignore[arg-type]
            refused(lambda: gdb.instances.create(spec))
            refused(lambda: gdb.send(spec))
        refused(lambda: gdb.request("POST", "v3", json={"password": CANARY}))
        refused(lambda: gdb.request("POST", "/v3", json={"password": CANARY, "odd": object()}))
        refused(lambda: gdb.request("GET", "/v3/nothing", params={"token": CANARY, "note": CANARY}))
        refused(lambda: gdb.request("POST", "/v3/nothing", json={"users": [{"password": CANARY}]}))
        refused(lambda: gdb.request("POST", "/v3/nothing", json={"secret": CANARY}, service=""))
        refused(lambda: gdb.request("PO\nST", "/v3/nothing", json={"secret": CANARY}))


# --------------------------------------------------------------------------------------------------------------- tables

ROW = {
    "name": "orders", "password": CANARY, "datastore.type": "redis", "flavor.num": 3, "nonsense": CANARY,
}  # fmt: skip


def tables(folder: Path) -> Iterator[Any]:
    good = {name: value for name, value in ROW.items() if name != "nonsense"}
    rows = [good, ROW]
    yield rows
    yield pd.DataFrame(rows)
    yield [{**good, "datastore": "x"}, 5]
    yield {"password": CANARY}
    yield [{"password": {"deep": CANARY}}]
    yield [{1: CANARY, "password": CANARY}]
    for name, mark in (("a.csv", ","), ("b.csv", ";"), ("c.csv", "\t")):
        pd.DataFrame(rows).to_csv(folder / name, index=False, sep=mark)
        yield folder / name
    texts = {
        "headless.csv": f"orders,'{CANARY}',redis\n",
        "cells.csv": f"name,password\norders,'{PLAIN}',redis\n",
        "twice.csv": f"name,password,password\norders,{PLAIN},{PLAIN}\n",
        "quote.csv": f'name,password\norders,"{PLAIN}\n' + '"x',
        "list.yaml": f"- name: orders\n  password: '{PLAIN}'\n  nonsense: '{PLAIN}'\n",
        "broken.yaml": f"- name: [orders\n  password: '{PLAIN}'\n",
        "mapping.yaml": f"name: orders\npassword: '{PLAIN}'\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        yield folder / name
    (folder / "latin.csv").write_bytes(f"name,password\norders,{PLAIN}\xe9\n".encode("latin-1"))
    yield folder / "latin.csv"
    yield folder / "absent.csv"
    yield folder / "orders.txt"


def test_tables(tmp_path: Path) -> None:
    with gn.Sandbox(port=None, start="2026-02-03T04:05:06") as sandbox, sandbox.connect() as gdb:
        found = [refused(lambda table=table: gdb.instances.create_many(table, password=CANARY))  # type: ignore[misc]
                 for table in tables(tmp_path)]  # fmt: skip
        assert sum(isinstance(error, gn.InvalidRows) for error in found) >= 12
        good = {**quickstart.body("cn-north-4"), "password": CANARY}
        refused(lambda: gdb.instances.create_many([good], workers=0))
        refused(lambda: gdb.instances.create_many([good], password=CANARY, resume=pd.DataFrame()))
        refused(lambda: gdb.instances.create_many([good], password=[CANARY], nonsense=1))


# --------------------------------------------------------------------------------------------------------------- logins


def test_logins() -> None:
    with gn.Sandbox(port=None, start="2026-02-03T04:05:06") as sandbox:
        where = {"endpoint": sandbox.endpoint, "iam_endpoint": sandbox.iam_endpoint, "region": sandbox.region}
        more = {key: sandbox.settings()[key] for key in ("clock", "adapter")}
        for identity in identities(PLAIN):
            if "username" in identity:
                identity |= {"username": sandbox.credentials["username"], "domain": sandbox.credentials["domain"]}
            with gn.Client.open(**where, **identity, **more, keep=False) as gdb:
                error = refused(gdb.instances.list)
                assert isinstance(error, gn.AuthenticationError), identity
        login = KeystoneCreateUserTokenByPassword(
            identity={"methods": ["password"], "password": {"user": {"name": "ann", "password": CANARY}}}
        )
        for fault in ({"status": 500}, {"status": 201, "body": "{}"}, {"body": f"<html>{PLAIN}"}, {"drop": "after"}):
            sandbox.inject("KeystoneCreateUserTokenByPassword", **fault)  # type: ignore[arg-type]
            with gn.Client.open(**where, username="ann", domain="acme", password=PLAIN, **more, keep=False) as gdb:
                refused(gdb.login)
                refused(lambda gdb=gdb: gdb.send(login))


def test_signatures() -> None:
    refused(lambda: signature.sign("GET", "/", [], {"X-Security-Token": PLAIN}, b"", ak="AK", sk=PLAIN))
    headers = {"Host": "x", "X-Sdk-Date": "x", "X-Security-Token": PLAIN}
    refused(lambda: signature.sign("GET", "/", [], headers, b"", ak="AK", sk=PLAIN, signed_names=["missing"]))


# ---------------------------------------------------------------------------------------------------------------- forms


def test_forms() -> None:
    with gn.Sandbox(port=None, start="2026-02-03T04:05:06") as sandbox, sandbox.connect() as gdb:
        form = gdb.instances.create.form(**quickstart.body("cn-north-4"))
        form.fields["password"].value = CANARY
        refused(lambda: form.fill(nonsense=1))
        refused(lambda: form.fill(password=[CANARY]))
        refused(lambda: form.fill({"password": CANARY, "flavor": CANARY}))
        form.fill(name="?")
        refused(lambda: form.spec)
        form.fill(name="orders")
        for fault in ({"status": 400, "message": CANARY}, {"drop": "after"}, {"status": 502, "body": CANARY}):
            sandbox.inject("CreateInstance", **fault)  # type: ignore[arg-type]
            form.submit()
            if form.failure is not None:
                assert in_frames(form.failure, CANARY) == []
        form.close()
