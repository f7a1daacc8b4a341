"""The command line: ``gaussnb quickstart | lab | sandbox | doctor``."""

from __future__ import annotations

import argparse
import errno
import importlib.metadata
import importlib.util
import os
import platform
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pydantic import SecretStr

from . import quickstart as example
from .client import Client
from .client.progress import Progress
from .cloud.credentials import report_sources
from .cloud.transport import Patience
from .core.errors import CredentialsError, GaussnbError
from .nosql.address import ADDRESS

if TYPE_CHECKING:
    import pandas as pd

    from .sandbox import Sandbox

BAR = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the words behind ``gaussnb``; by default those of this process.

    Returns:
        The exit code: 0 when all went well, 1 when not, 130 after an interrupt.
    """
    options, rest = _parser().parse_known_args(arguments)
    if rest and options.run is not _lab:
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    try:
        code = int(options.run(options))
        sys.stdout.flush()  # here, where a reader who has gone is noticed
        return code
    except GaussnbError as error:
        print(f"gaussnb: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has gone (`| head`): nobody is left to tell, and Python must not try at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gaussnb", description="GaussDB NoSQL from a notebook.")
    parser.add_argument("--version", action="version", version=f"gaussnb {_version('gaussnb')}")
    commands = parser.add_subparsers(required=True, metavar="command")

    command = commands.add_parser("quickstart", help="create an instance on the sandbox and watch it get ready")
    command.add_argument("--speed", type=_positive, default=60, help="sandbox seconds in one second (60)")
    command.set_defaults(run=_quickstart)

    command = commands.add_parser("lab", help="open JupyterLab on the shipped notebooks")
    command.set_defaults(run=_lab)

    command = commands.add_parser("sandbox", help="run the sandbox alone, for any tool on this machine")
    command.add_argument("--port", type=_port, default=8080, help="where to listen; 0 for any free port (8080)")
    command.add_argument("--state", type=Path, help="a file that keeps everything")
    command.add_argument("--world", type=Path, help="a YAML or JSON file it begins with, as an export writes it")
    command.add_argument("--quota", type=_count, help="how many instances an engine may have; 0 for no limit (50)")
    command.add_argument("--speed", type=_positive, help="sandbox seconds in one second (60)")
    command.add_argument("--seed", type=int, default=0, help="makes ids and credentials (0)")
    command.set_defaults(run=_sandbox)

    command = commands.add_parser("doctor", help="say what was found, and what to do")
    command.add_argument("profile", nargs="?", help="a profile of profiles.toml, or sandbox")
    command.set_defaults(run=_doctor)
    return parser


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("a number above 0")
    return number


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("a whole number, 0 or more")
    return int(text)


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 65536):
        raise argparse.ArgumentTypeError("a number from 0 to 65535")
    return int(text)


# ------------------------------------------------------------------------------------- quickstart


def _quickstart(options: argparse.Namespace) -> int:
    from .nosql.instance_spec import InstanceSpec
    from .sandbox import Sandbox

    with Sandbox(speed=options.speed) as sandbox, sandbox.connect() as gdb:
        _say("sandbox", f"{sandbox.endpoint}, region {sandbox.region}, {options.speed:g} times real time")
        login = gdb.login().iloc[0]
        _say("token", f"for {login['user']}, valid until {login['valid_until']:%Y-%m-%d %H:%M} UTC")
        spec = InstanceSpec(**example.body(sandbox.region), password=example.password())
        _say("spec", f"{spec.name}: valid, {len(spec.wire())} fields")
        created = gdb.instances.create(spec)
        row = created.iloc[0]
        _say("create", f"{row['status']}, id {row['id']}, job {row['job_id']}")
        history = gdb.wait(created, on_look=_Show(gdb, str(row["job_id"])))
        print()
        _table("The instance", gdb.instances.get(row["id"]).T.set_axis([""], axis=1).dropna())
        _table("Its nodes", gdb.instances.nodes(row["id"])[["name", "status", "private_ip", "availability_zone"]])
        _table("What was seen while it was created", history[["time", "elapsed", "status", "actions", "note"]])
    print("Next: gaussnb lab opens the notebooks; gaussnb doctor looks for credentials of the real cloud.")
    return 0


class _Show:
    """Shows waiting as it happens: one moving line on a terminal, plain lines in a pipe."""

    def __init__(self, gdb: Client, job: str) -> None:
        self._gdb, self._job = gdb, job
        self._moving = sys.stdout.isatty()
        self._percent = 0.0
        self._columns = shutil.get_terminal_size().columns - 1  # a line that wraps does not move
        self._width = max(0, min(BAR, self._columns - 45))
        self._full, self._empty = "█·" if _can_show("█·") else "#."

    def __call__(self, progress: Progress) -> None:
        status, actions = next(iter(progress.states.values()), ("", ""))  # empty when the first look failed
        done = 100.0 if progress.done else self._done()
        elapsed = self._gdb.clock.time() - progress.began
        text = f"{elapsed:5.0f} s  {status:9} {actions:7} {done:3.0f} %"
        if not self._moving:
            _say("wait", text)
            return
        filled = round(self._width * done / 100)
        bar = self._full * filled + self._empty * (self._width - filled)
        shown = f"  wait     {text}  {bar}"[: self._columns]
        print(f"\r{shown}", end="\n" if progress.done else "", flush=True)

    def _done(self) -> float:
        for percent in self._gdb.jobs.get(self._job)["progress"].dropna():  # a job that has ended says none
            self._percent = float(percent)
        return self._percent


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return True


def _say(what: str, text: str) -> None:
    print(f"  {what:8} {text}", flush=True)


def _table(title: str, frame: pd.DataFrame) -> None:
    upright = list(frame.columns) == [""]  # one thing, its fields below each other
    text = frame.to_string(index=upright, header=not upright, max_colwidth=60)
    print(f"{title}\n{text}\n")


# -------------------------------------------------------------------------------------------- lab


def _lab(options: argparse.Namespace) -> int:
    if importlib.util.find_spec("jupyterlab") is None:
        print('gaussnb: JupyterLab is not installed. Do: pip install "gaussnb[lab]"', file=sys.stderr)
        return 1
    try:
        folder = _notebooks(Path(__file__).resolve().parent)
    except OSError as error:
        print(f"gaussnb: the notebooks cannot be copied here: {error}", file=sys.stderr)
        return 1
    print(f"The notebooks are in {_homely(folder)}", flush=True)
    words = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", *options.rest]
    # Ctrl-C reaches JupyterLab too, which asks before it ends its kernels: it is not to be killed meanwhile.
    signal.signal(signal.SIGINT, lambda *_: None)
    return subprocess.call([*words, str(folder / "01-quickstart.ipynb")])


def _notebooks(package: Path) -> Path:
    """The shipped notebooks: those of the checkout, or a copy in the folder one stands in."""
    shipped = package / "notebooks"
    if not shipped.is_dir():
        return package.parent / "notebooks"
    copy = Path.cwd() / "gaussnb-notebooks"
    if not copy.exists():
        shutil.copytree(shipped, copy)
    return copy


# ---------------------------------------------------------------------------------------- sandbox


def _sandbox(options: argparse.Namespace) -> int:
    from .sandbox import Sandbox

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # both are the ordinary way to end it
        signal.signal(number, lambda *_: ended.set())
    try:
        sandbox = Sandbox(
            path=options.state,
            port=options.port,
            seed=options.seed,
            speed=options.speed,
            quota=options.quota,
            world=options.world,
        ).start()
    except (ImportError, OSError, RuntimeError, ValueError, sqlite3.Error) as error:
        why = str(error)
        if isinstance(error, sqlite3.Error):
            why = f"{options.state}: {error}"
        elif isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            why = f"port {options.port} is in use; choose another with --port, or any free one with --port 0"
        print(f"gaussnb: the sandbox cannot start: {why}", file=sys.stderr)
        return 1
    try:
        print(_how_to_reach(sandbox), flush=True)
        while not ended.wait(0.2):
            pass
    finally:
        sandbox.close()
    return 0


def _how_to_reach(sandbox: Sandbox) -> str:
    from .sandbox import REGION

    known = sandbox.credentials.items()
    plain = {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in known}
    unusual = {"seed": sandbox.seed or None, "region": sandbox.region if sandbox.region != REGION else None}
    query = urlencode({name: value for name, value in unusual.items() if value is not None})
    address = f"{sandbox.endpoint}?{query}" if query else sandbox.endpoint
    lines = [
        "GaussDB NoSQL sandbox. Nothing here is real or costs anything; Ctrl-C ends it.",
        "",
        f"  endpoint      {sandbox.endpoint}",
        f"  IAM endpoint  {sandbox.iam_endpoint}/v3",
        f"  region        {sandbox.region}",
        f"  project id    {sandbox.project_id}",
        *(f"  {name:12}  {value}" for name, value in plain.items()),
        "",
        "gaussnb in another process:",
        f"  export GAUSSNB_SANDBOX={shlex.quote(address)}",
        "",
        "the official SDK:",
        *(f"  export {name}={value}" for name, value in sandbox.environment().items()),
        "",
        "OpenStack tools:",
        f"  export OS_AUTH_URL={sandbox.iam_endpoint}/v3 OS_IDENTITY_API_VERSION=3",
        f"  export OS_USERNAME={plain['username']} OS_PASSWORD={plain['password']}",
        f"  export OS_USER_DOMAIN_NAME={plain['domain']} OS_PROJECT_NAME={sandbox.region}"
        f" OS_PROJECT_DOMAIN_NAME={plain['domain']}",
    ]
    return "\n".join(lines)


# ----------------------------------------------------------------------------------------- doctor

PACKAGES = ("gaussnb", "requests", "pydantic", "pandas", "jupyterlab", "ipywidgets", "ipykernel")


def _doctor(options: argparse.Namespace) -> int:
    print(f"python      {platform.python_version()} on {platform.system()}")
    for name in PACKAGES:
        print(f"{name:11} {_version(name)}")
    print(flush=True)
    profile = options.profile
    if profile != "sandbox":
        places = report_sources(profile, service=ADDRESS)
        print("credentials, in the order they are looked for:")
        for place in places:
            found = ", ".join(place.found) or "nothing"
            note = f" ({place.note})" if place.note else ""
            print(f"  {_homely(place.source):44} {found}{note}")
        print()
    return _examine(profile)


def _examine(profile: str | None) -> int:
    from .connection import connect

    try:
        gdb = connect(profile, patience=Patience(connect=5, read=10, tries=1, busy=0))
    except CredentialsError as error:
        first, *more = str(error).split("\n")
        print(f"not usable  {first.partition(' Looked for')[0]}")
        if more:
            print(f"            {more[-1]}")  # the places between were listed above
        return 1
    with gdb:
        for warning in gdb.warnings:
            print(f"note        {warning}")
        print(f"endpoint    {gdb.endpoint}")
        for what, check in CHECKS.items():
            try:
                print(f"{what:11} {check(gdb)}")
            except GaussnbError as error:
                print(f"{what:11} no\n  {error}")
                return 1
    print("\nAll is well.")
    return 0


def _reachable(gdb: Client) -> str:
    return f"yes, API {', '.join(gdb.versions.list()['id'])}"


def _login(gdb: Client) -> str:
    """What can be said of the login before the first call that needs it."""
    row = gdb.login().iloc[0]
    said = {"password": "accepted", "aksk": "by access key", "token": "by the given token"}[row["kind"]]
    return f"{said}, project {row['project_id']}"


def _instances(gdb: Client) -> str:
    return f"{gdb.instances.list(limit=1).attrs.get('total_count', 0)} in this project"


CHECKS = {"reachable": _reachable, "login": _login, "instances": _instances}
"""What must work, each after the one before it."""


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return 'not installed; pip install "gaussnb[lab]"' if package != "gaussnb" else "not installed"


def _homely(path: str | Path) -> str:
    home = str(Path.home())
    return str(path).replace(home, "~", 1) if home != "/" else str(path)
