"""Logging in: one login for many clients, renewed tokens, refused logins, and joining a sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr

import gaussnb as gn
from gaussnb import Client, connection
from gaussnb.sandbox import Sandbox, login

LOGIN = "KeystoneCreateUserTokenByPassword"


def logins(sandbox: Sandbox) -> int:
    return int((sandbox.requests["operation"] == LOGIN).sum())


TEN_CLIENTS = """
import json, sys, threading
import gaussnb as gn
settings = json.loads(sys.stdin.readline())
clients = [gn.connect(**settings) for _ in range(10)]
print("ready", flush=True)
sys.stdin.readline()
threads = [threading.Thread(target=gdb.instances.list) for gdb in clients]
for thread in threads: thread.start()
for thread in threads: thread.join()
for gdb in clients: gdb.close()
print("done")
"""


def test_fifty_clients_in_five_processes_log_in_once(build: Callable[..., Sandbox], settings: Any) -> None:
    sandbox = build(port=0)
    given = {name: getattr(value, "get_secret_value", lambda v=value: v)() for name, value in settings(sandbox).items()}
    given["project_id"] = sandbox.project_id
    environment = {**os.environ, "PYTHONPATH": str(Path(gn.__file__).parents[1])}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TEN_CLIENTS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(5)
    ]
    for process in processes:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(given) + "\n")
        process.stdin.flush()
    for process in processes:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in processes:  # at the same time
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        assert process.communicate(timeout=30)[0] == "done\n" and process.returncode == 0
    assert logins(sandbox) == 1
    assert (sandbox.requests["operation"] == "ListInstances").sum() == 50


def test_an_expired_token_is_renewed_silently(server: Sandbox, settings: Any) -> None:
    with gn.connect(
        **settings(server), project_id=server.project_id
    ) as gdb:  # on the real clock, which does not follow the sandbox
        gdb.instances.list()
        server.advance(25 * 3600)
        assert len(gdb.instances.list()) == 0
        assert len(gdb.instances.list()) == 0
    assert logins(server) == 2
    assert (server.requests["status"] == 401).sum() == 1


def test_a_token_known_to_be_expired_is_not_sent(sandbox: Sandbox, gdb: Client) -> None:
    gdb.instances.list()
    sandbox.advance(25 * 3600)
    gdb.instances.list()
    assert logins(sandbox) == 2 and not (sandbox.requests["status"] == 401).any()


def test_a_wrong_password_is_raised_and_not_tried_twice(sandbox: Sandbox, spec: Any) -> None:
    gdb = sandbox.connect(password=SecretStr("wrong"))
    with pytest.raises(gn.AuthenticationError, match="username or password") as caught:
        gdb.instances.create(spec())
    assert "account name" in caught.value.hint and caught.value.operation == LOGIN
    assert logins(sandbox) == 1
    gdb.close()


def test_a_wrong_password_is_asked_once_by_all_clients_and_threads(server: Sandbox, settings: Any) -> None:
    wrong = {**settings(server), "password": "wrong", "project_id": server.project_id}
    clients = [gn.connect(**wrong) for _ in range(4)]

    def refused(call: Callable[[], Any]) -> str:
        with pytest.raises(gn.AuthenticationError, match="username or password") as caught:
            call()
        return caught.value.hint

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(refused, [call for gdb in clients for call in (gdb.instances.list, gdb.login, gdb.quotas.list)]))
    assert logins(server) == 1
    assert "gdb.login()" in refused(clients[0].instances.list)
    with gn.connect(**settings(server), project_id=server.project_id) as gdb:
        assert len(gdb.instances.list()) == 0  # the right password is asked
    for gdb in clients:
        gdb.close()
    assert logins(server) == 2


def test_a_refused_login_is_remembered_for_all_clients_of_a_sandbox(sandbox: Sandbox) -> None:
    for seconds, asked in ((0, 1), (10, 1), (400, 2)):
        sandbox.advance(seconds)
        for _ in range(2):
            with sandbox.connect(password=SecretStr("wrong")) as gdb, pytest.raises(gn.AuthenticationError):
                gdb.instances.list()
        kept = gdb  # the memory lasts as long as a client of the sandbox
        assert logins(sandbox) == asked and kept


def test_a_bare_401_at_a_login_is_no_refusal_to_remember(sandbox: Sandbox, gdb: Client) -> None:
    sandbox.inject(LOGIN, status=401, body=b"<title>Sign in to the Wi-Fi</title>", times=1)
    with pytest.raises(gn.GaussnbError):
        gdb.instances.list()
    assert len(gdb.instances.list()) == 0


def test_a_write_without_a_login_has_no_unknown_outcome(sandbox: Sandbox, spec: Any, fill: Any) -> None:
    (id,) = fill(sandbox, 1)
    for fault in ({"status": 502}, {"drop": "after"}, {"drop": "before"}):
        struck = sandbox.inject(LOGIN, times=None, **fault)
        with sandbox.connect() as gdb:
            for call in (gdb.instances.list, lambda: gdb.instances.restart(id), lambda: gdb.instances.create(spec())):
                with pytest.raises((gn.ServerError, gn.Unreachable)):
                    call()
        struck.remove()
    assert not sandbox.requests["operation"].isin(["RestartInstance"]).any()


def test_a_login_succeeds_after_a_short_outage(sandbox: Sandbox, gdb: Client) -> None:
    sandbox.inject(LOGIN, status=502)
    sandbox.inject(LOGIN, drop="after")
    assert len(gdb.instances.list()) == 0


@pytest.mark.parametrize(
    "fault", [{"body": b"<html>"}, {"body": b"{}"}, {"body": b"[]"}, {"body": b'{"token": {"issued_at": 7}}'}]
)
def test_an_unreadable_answer_to_a_login_is_a_bad_answer(
    fault: Any, sandbox: Sandbox, gdb: Client, canary: str
) -> None:
    sandbox.inject(LOGIN, status=201, **fault)
    with pytest.raises(gn.BadAnswer, match=LOGIN):
        gdb.instances.list()


def test_login_returns_user_project_and_end(gdb: Client, sandbox: Sandbox) -> None:
    row = gdb.login().iloc[0]
    assert (row["kind"], row["user"], row["project_id"]) == ("password", "explorer", sandbox.project_id)
    assert row["valid_until"] == pd.Timestamp(sandbox.clock.now()).floor("us") + pd.Timedelta(hours=24)


# ------------------------------------------------------------------------------------- every kind, every project


@pytest.mark.parametrize("kind", ["password", "aksk"])
@pytest.mark.parametrize("place", ["project_id", "region", "project_name"])
def test_an_endpoint_and_a_project_are_enough(kind: str, place: str, server: Sandbox, settings: Any) -> None:
    identity = ("ak", "sk") if kind == "aksk" else ("username", "password", "domain")
    value = server.project_id if place == "project_id" else server.region
    with gn.connect(**settings(server, *identity), **{place: value}) as gdb:
        assert len(gdb.instances.list()) == 0
        assert gdb.project_id == server.project_id
        assert gdb.login()["kind"].iloc[0] == kind
        assert len(gdb.projects.list()) == 1


def test_an_access_key_finds_its_only_project(server: Sandbox, settings: Any) -> None:
    with gn.connect(**settings(server, "ak", "sk")) as gdb:
        assert gdb.project_id == server.project_id
        assert gdb.region == ""
    assert server.requests["path"].tolist() == ["/v3/projects"]


def test_an_access_key_without_the_right_to_list_projects_finds_its_project(server: Sandbox, settings: Any) -> None:
    server.inject("KeystoneListProjects", code="IAM.0002", times=None)
    with gn.connect(**settings(server, "ak", "sk"), region=server.region) as gdb:
        assert gdb.project_id == server.project_id


def test_requests_carry_the_project_once_it_is_known(script: Any) -> None:
    adapter = script(
        (200, {"projects": [{"id": "p1", "name": "cn-north-4"}]}), (200, {"instances": [], "total_count": 0})
    )
    place = {"endpoint": "http://127.0.0.1:9", "iam_endpoint": "http://127.0.0.1:9", "region": "cn-north-4"}
    with Client.open(adapter=adapter, ak="AK", sk="SK", security_token="extra", **place) as gdb:
        gdb.instances.list()
    lookup, call = adapter.sent
    assert "X-Project-Id" not in lookup.headers and call.headers["X-Project-Id"] == "p1"
    for sent in adapter.sent:
        assert sent.headers["X-Security-Token"] == "extra"
        assert "x-security-token" in sent.headers["Authorization"]


@pytest.mark.parametrize("found", [[], [{"id": "a", "name": "cn-north-4"}, {"id": "b", "name": "cn-north-4"}]])
def test_no_or_several_projects_are_an_error(found: list[Any], script: Any) -> None:
    place = {"endpoint": "http://127.0.0.1:9", "iam_endpoint": "http://127.0.0.1:9", "region": "cn-north-4"}
    with (
        Client.open(adapter=script((200, {"projects": found})), ak="AK", sk="SK", **place) as gdb,
        pytest.raises(gn.CredentialsError, match=f"knows {len(found)} projects for cn-north-4"),
    ):
        gdb.instances.list()


def test_a_wrong_secret_key_is_raised(server: Sandbox, settings: Any) -> None:
    with (
        gn.connect(**{**settings(server, "ak"), "sk": "wrong"}, region=server.region) as gdb,
        pytest.raises(gn.AuthenticationError),
    ):
        gdb.instances.list()


def test_a_password_without_a_project_is_refused_before_a_request(server: Sandbox, settings: Any) -> None:
    with gn.connect(**settings(server)) as gdb, pytest.raises(gn.CredentialsError, match="project_id="):
        gdb.instances.list()
    assert len(server.requests) == 0


def test_a_user_by_account_id_or_user_id(server: Sandbox, settings: Any) -> None:
    account = server._app.world.account
    known = settings(server, "username", "password")
    with gn.connect(**known, domain_id=account.domain_id, region=server.region) as gdb:
        assert len(gdb.instances.list()) == 0
    known = settings(server, "password")
    with gn.connect(**known, user_id=account.user_id, region=server.region) as gdb:
        assert len(gdb.instances.list()) == 0


def test_a_given_token(server: Sandbox, settings: Any) -> None:
    with gn.connect(**settings(server), project_id=server.project_id) as gdb:
        gdb.login()
        token = gdb._access.iam_auth.token.value  # type: ignore[attr-defined]
    here = {"endpoint": server.endpoint, "iam_endpoint": server.endpoint}
    for place in ({"project_id": server.project_id}, {"region": server.region}, {}):
        with gn.connect(token=token, **here, **place) as gdb:
            assert len(gdb.instances.list()) == 0
            assert gdb.project_id == server.project_id
            assert gdb.login()["valid_until"].isna().all()
    with (
        gn.connect(token=token, endpoint=server.endpoint) as gdb,
        pytest.raises(gn.CredentialsError, match="iam_endpoint"),
    ):
        gdb.instances.list()
    server.advance(25 * 3600)
    with gn.connect(token=token, **here, project_id=server.project_id) as gdb, pytest.raises(gn.AuthenticationError):
        gdb.instances.list()
    assert logins(server) == 1


# ------------------------------------------------------------------------------------- joining a sandbox


def test_another_process_joins_a_sandbox(build: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = build(port=0, seed=3)
    monkeypatch.setenv("GAUSSNB_SANDBOX", f"{sandbox.endpoint}?seed=3")
    with gn.connect("sandbox") as gdb:
        assert len(gdb.instances.list()) == 0 and gdb.project_id == sandbox.project_id
        assert repr(gdb) == "<gaussnb cn-north-4 at sandbox>"


def test_login_returns_the_settings_of_a_running_sandbox(build: Callable[..., Sandbox]) -> None:
    for seed, region in ((0, "cn-north-4"), (7, "eu-west-101")):
        sandbox = build(port=0, seed=seed, region=region)
        known = login(f" {sandbox.endpoint}/?seed={seed}&region={region} ")
        assert known["endpoint"] == known["iam_endpoint"] == sandbox.endpoint and known["region"] == region
        assert known["project_id"] == sandbox.project_id
        assert {name: known[name] for name in ("username", "password", "domain")} == {
            name: sandbox.credentials[name] for name in ("username", "password", "domain")
        }


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1:8080",
        "https://example.org",
        "http://example.org",
        "http://u:p@127.0.0.1",
        "http://localhost?seed=x",
    ],
)
def test_only_a_sandbox_on_this_machine_is_joined(address: str) -> None:
    with pytest.raises(gn.CredentialsError):
        login(address)


def test_the_embedded_sandbox_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection._embedded, "sandbox", None)
    with gn.connect("sandbox") as one, gn.connect("sandbox") as other:
        assert one.endpoint == other.endpoint
        assert one.instances.list().attrs["fetched_at"].startswith("2026-01-01T08:00")
    connection.start_sandbox().close()
