"""``gaussnb doctor``: found settings, checks of the connection, and advice; never the value of a secret."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
CANARY = "-".join(["canary", "must", "not", "sing"])


@pytest.fixture
def closed() -> str:
    """An address without a server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def profile(folder: Path, **settings: str) -> dict[str, str]:
    """Write a file with the profile ``work``, and return the variable that names the file."""
    path = folder / "profiles.toml"
    path.write_text("[work]\n" + "".join(f'{name} = "{value}"\n' for name, value in settings.items()))
    path.chmod(0o600)
    return {"GAUSSNB_PROFILES": str(path)}


def test_no_credentials(run: Run) -> None:
    done = run("doctor")
    assert (done.returncode, done.stderr) == (1, "")
    for place in ("HUAWEICLOUD_SDK_* variables", "HW_* variables", "OS_* variables", "~/.huaweicloud/credentials"):
        assert re.search(rf"^  {re.escape(place)} +nothing", done.stdout, re.MULTILINE), place
    assert done.stdout.count("No credentials were found") == 1
    assert 'gaussnb.connect("sandbox") needs none' in done.stdout.splitlines()[-1]


def test_the_sandbox(run: Run) -> None:
    done = run("doctor", "sandbox")
    assert (done.returncode, done.stderr) == (0, "")
    assert "API v3" in done.stdout and "0 in this project" in done.stdout
    assert done.stdout.splitlines()[-1] == "All is well."


def test_a_profile_that_works(run: Run, sandbox: Callable[..., Any], tmp_path: Path) -> None:
    running = sandbox()
    names = ("endpoint", "region", "username", "password", "domain")
    env = profile(tmp_path, **{name: running[name] for name in names}, iam_endpoint=running["IAM endpoint"])
    done = run("doctor", "work", env=env)
    assert done.returncode == 0, done.stdout
    assert f"accepted, project {running['project id']}" in done.stdout
    assert running["password"] not in done.stdout + done.stderr


def test_an_access_key_that_works(run: Run, sandbox: Callable[..., Any]) -> None:
    running = sandbox()
    given = {name: value for name, value in running.exports.items() if name.startswith("HUAWEICLOUD_")}
    done = run("doctor", env={**given, "HW_REGION_NAME": running["region"]})
    assert done.returncode == 0, done.stdout
    assert "by access key" in done.stdout and running["sk"] not in done.stdout


@pytest.mark.parametrize("kind", ["password", "aksk", "token"])
def test_a_login_that_is_refused(run: Run, sandbox: Callable[..., Any], tmp_path: Path, kind: str) -> None:
    running = sandbox()
    identity = {
        "password": {"username": running["username"], "domain": running["domain"], "password": CANARY},
        "aksk": {"ak": running["ak"], "sk": CANARY},
        "token": {"token": CANARY},
    }[kind]
    place = {"endpoint": running["endpoint"], "iam_endpoint": running["endpoint"], "region": running["region"]}
    env = profile(tmp_path, **place, project_id=running["project id"], **identity)
    done = run("doctor", "work", env=env)
    assert done.returncode == 1
    assert re.search("^(login|instances) +no$", done.stdout, re.MULTILINE), done.stdout
    assert "accepted" not in done.stdout and "All is well" not in done.stdout
    assert CANARY not in done.stdout + done.stderr


def test_an_endpoint_without_a_server(run: Run, closed: str, tmp_path: Path) -> None:
    place = {"endpoint": closed, "iam_endpoint": closed, "region": "cn-north-4"}
    env = profile(tmp_path, **place, username="ann", domain="house", password=CANARY)
    done = run("doctor", "work", env=env)
    assert (done.returncode, done.stderr) == (1, "")
    assert re.search(r"^reachable +no$", done.stdout, re.MULTILINE)
    assert f"no connection to {closed}" in done.stdout
    assert CANARY not in done.stdout


def test_a_sandbox_that_has_ended(run: Run, closed: str) -> None:
    done = run("doctor", "sandbox", env={"GAUSSNB_SANDBOX": closed})
    assert done.returncode == 1 and closed in done.stdout + done.stderr


def test_no_such_profile(run: Run, tmp_path: Path) -> None:
    done = run("doctor", "wrok", env=profile(tmp_path, region="cn-north-4"))
    assert done.returncode == 1 and "did you mean 'work'?" in done.stderr
    assert "credentials, in the order" not in done.stdout


VARIABLES = (
    "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN", "HW_AUTH_TOKEN", "HW_SECRET_KEY", "HW_SECURITY_TOKEN",
    "HW_USER_PASSWORD", "OS_AUTH_TOKEN", "OS_SECRET_KEY", "OS_PASSWORD",
)  # fmt: skip


@pytest.mark.parametrize("name", VARIABLES)
def test_half_an_identity_in_a_variable(run: Run, name: str) -> None:
    done = run("doctor", env={name: CANARY})
    assert done.returncode == 1 and name in done.stdout
    assert CANARY not in done.stdout + done.stderr


FILES = ("[basic]\nak = A\nsk = {}\n", "sk = {}\n", "[basic\nsk: {}", "[basic]\nsk = {} blank\nak=A")


@pytest.mark.parametrize("text", FILES)
def test_the_file_of_the_sdk(run: Run, environment: dict[str, str], text: str) -> None:
    folder = Path(environment["HOME"]) / ".huaweicloud"
    folder.mkdir()
    (folder / "credentials").write_text(text.format(CANARY))
    done = run("doctor")
    assert done.returncode == 1
    assert CANARY not in done.stdout + done.stderr


@pytest.mark.parametrize("text", ['[work]\npasword = "{}"', "[work\n{}", '[work]\npassword = ["{}"]', 'work = "{}"'])
def test_a_profile_with_a_fault(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "profiles.toml").write_text(text.format(CANARY))
    env = {"GAUSSNB_PROFILES": str(tmp_path / "profiles.toml")}
    for words in ((), ("work",)):
        done = run("doctor", *words, env=env)
        assert done.returncode == 1
        assert CANARY not in done.stdout + done.stderr


def test_the_home_directory_is_shortened(run: Run, environment: dict[str, str]) -> None:
    assert environment["HOME"] not in run("doctor").stdout
