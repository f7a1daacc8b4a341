"""Every command ends with a sentence, whatever a library raises; never with a traceback."""

from __future__ import annotations

import errno
import os
import sqlite3
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from gaussnb import cli
from gaussnb.core.errors import CredentialsError, Unreachable

COMMANDS = {"quickstart": "_quickstart", "lab": "_lab", "sandbox": "_sandbox", "doctor": "_doctor"}
RAISED = [
    OSError("Could not find a suitable TLS CA certificate bundle, invalid path: /nowhere"),
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "file"),
    PermissionError(errno.EACCES, "denied"),
    ssl.SSLError("bad"),
    sqlite3.DatabaseError("file is not a database"),
    requests.ConnectionError("no route"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    RecursionError("maximum recursion depth exceeded"),
    RuntimeError("Could not determine home directory."),
    KeyError("name"),
    AssertionError(),
    ModuleNotFoundError("No module named 'yaml'"),
    CredentialsError("No credentials."),
    Unreachable("no connection"),
]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith(("HUAWEICLOUD_", "HW_", "OS_", "GAUSSNB_", "BINDER_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("HOME", "GAUSSNB_CACHE_DIR", "GAUSSNB_STATE_DIR"):
        monkeypatch.setenv(name, str(tmp_path))


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_a_command_ends_with_a_sentence(
    command: str, error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, COMMANDS[command], raising(error))
    assert cli.main([command]) == 1
    told = capsys.readouterr().err
    assert told.startswith("gaussnb: ") and told.count("\n") == 1 and "Traceback" not in told
    assert str(error) in told or type(error).__name__ in told


@pytest.mark.parametrize("check", cli.CHECKS)
@pytest.mark.parametrize("error", RAISED[:10], ids=lambda error: type(error).__name__)
def test_a_check_of_the_doctor_ends_with_a_sentence(
    check: str, error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "CHECKS", {check: raising(error)})
    monkeypatch.setenv("HW_AUTH_TOKEN", "t")
    monkeypatch.setenv("HW_REGION_NAME", "cn-north-4")
    assert cli.main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert f"{check:11} no\n" in shown and "All is well" not in shown


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_are_nowhere(
    variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "/nowhere/certificates.pem")
    monkeypatch.setenv("HW_AUTH_TOKEN", "t")
    monkeypatch.setenv("HW_PROJECT_ID", "p")
    profile = Path(os.environ["HOME"]) / "profiles.toml"
    profile.write_text('[work]\ntoken = "t"\nproject_id = "p"\nendpoint = "https://127.0.0.1:1"\n')
    profile.chmod(0o600)
    monkeypatch.setenv("GAUSSNB_PROFILES", str(profile))
    assert cli.main(["doctor", "work"]) == 1
    shown = capsys.readouterr()
    assert "reachable   no\n" in shown.out and shown.err == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
def test_an_output_that_is_full(start: Callable[..., Any]) -> None:
    with open("/dev/full", "w") as full:
        process = start("doctor", stdout=full)
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and told.startswith("gaussnb: OSError") and "Traceback" not in told


@pytest.mark.parametrize("home", ["", "/nonexistent\udcff"])
def test_an_unusual_home(home: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HOME", home)
    assert cli.main(["doctor"]) == 1
    assert "No credentials were found" in capsys.readouterr().out
