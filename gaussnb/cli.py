"""The command line: ``gaussnb quickstart | lab | sandbox | doctor``."""

from __future__ import annotations

import argparse
import errno
import importlib.metadata
import importlib.util
import io
import os
import platform
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pydantic import SecretStr

from . import quickstart as example
from .client.progress import Progress
from .cloud.credentials import report_sources
from .cloud.transport import Patience
from .connection import connect
from .core.errors import CredentialsError, GaussnbError, LedgerError
from .core.secrets import one_line
from .nosql.client import Client
from .nosql.instance_spec import InstanceSpec
from .nosql.service import SERVICE
from .sandbox import Sandbox
from .sandbox.engine.sandbox import REGION

if TYPE_CHECKING:
    import pandas as pd

BAR = 30
"""Most characters of a progress bar."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the command line without ``gaussnb``; by default the command line of this process.

    Returns:
        The exit code: 0 for success, 1 for a failure, 130 after an interrupt. A failure is told in a sentence.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name of a file may be no text of this terminal
    options, rest = _parser().parse_known_args(arguments)
    if rest and options.run is not _lab:
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    try:
        code = int(options.run(options))
        sys.stdout.flush()  # raises BrokenPipeError here, and not at exit, if the reader has gone
        return code
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:
        pass  # the reader has gone (`| head`)
    except Exception as error:  # a full disk, a variable that points nowhere, a missing package, …
        print(f"gaussnb: {_sentence(error)}", file=sys.stderr)
    _end_output()
    return 1


def _end_output() -> None:
    """Write what is left of the output; to the null device if nothing can be written, as Python flushes once more."""
    try:
        sys.stdout.flush()
    except OSError:
        with open(os.devnull, "wb") as null:
            os.dup2(null.fileno(), sys.stdout.fileno())


def _sentence(error: Exception) -> str:
    """Say what went wrong, in one line for an error of a library."""
    if isinstance(error, GaussnbError):
        return str(error)
    what = one_line(str(error), 300)
    return f"{type(error).__name__}: {what}" if what else type(error).__name__


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
    command.add_argument("--port", type=_port, default=8080, help="port to listen on; 0 for any free port (8080)")
    command.add_argument("--state", type=Path, help="a file that keeps the state")
    command.add_argument(
        "--world", type=Path, help="a YAML or JSON file with the initial state, as an export writes it"
    )
    command.add_argument("--quota", type=_count, help="most instances of one engine; 0 for no limit (50)")
    command.add_argument("--speed", type=_positive, help="sandbox seconds in one second (60)")
    command.add_argument("--seed", type=int, default=0, help="seed of ids and credentials (0)")
    command.set_defaults(run=_sandbox)

    command = commands.add_parser("doctor", help="check packages, credentials and connection")
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
    with Sandbox(speed=options.speed) as sandbox, sandbox.connect() as gdb:
        _say("sandbox", f"{sandbox.endpoint}, region {sandbox.region}, {options.speed:g} times real time")
        login = gdb.login().iloc[0]
        _say("token", f"for {login['user']}, valid until {login['valid_until']:%Y-%m-%d %H:%M} UTC")
        spec = InstanceSpec(**example.body(sandbox.region), password=example.password())
        _say("spec", f"{spec.name}: valid, {len(spec.wire())} fields")
        created = gdb.instances.create(spec)
        row = created.iloc[0]
        _say("create", f"{row['status']}, id {row['id']}, job {row['job_id']}")
        history = gdb.wait(created, on_look=_ProgressLine(gdb, str(row["job_id"])))
        print()
        _table("The instance", gdb.instances.get(row["id"]).T.set_axis([""], axis=1).dropna())
        _table("Its nodes", gdb.instances.nodes(row["id"])[["name", "status", "private_ip", "availability_zone"]])
        _table("What was seen while it was created", history[["time", "elapsed", "status", "actions", "note"]])
    print("Next: gaussnb lab opens the notebooks; gaussnb doctor looks for credentials of the real cloud.")
    return 0


class _ProgressLine:
    """Prints the progress of wait() after each poll: one line with a bar on a terminal, one line a poll in a pipe."""

    def __init__(self, gdb: Client, job: str) -> None:
        self._gdb, self._job = gdb, job
        self._on_terminal = sys.stdout.isatty()
        self._percent = 0.0
        self._columns = shutil.get_terminal_size().columns - 1  # a wrapped line could not be overwritten
        self._width = max(0, min(BAR, self._columns - 45))
        self._full, self._empty = "█·" if _can_print("█·") else "#."

    def __call__(self, progress: Progress) -> None:
        status, actions = next(iter(progress.states.values()), ("", ""))  # empty if the first poll failed
        percent = 100.0 if progress.done else self._job_percent()
        elapsed = self._gdb.clock.monotonic() - progress.began.monotonic
        text = f"{elapsed:5.0f} s  {status:9} {actions:7} {percent:3.0f} %"
        if not self._on_terminal:
            _say("wait", text)
            return
        filled = round(self._width * percent / 100)
        bar = self._full * filled + self._empty * (self._width - filled)
        line = f"  wait     {text}  {bar}"[: self._columns]
        print(f"\r{line}", end="\n" if progress.done else "", flush=True)

    def _job_percent(self) -> float:
        for percent in self._gdb.jobs.get(self._job)["progress"].dropna():  # missing once the job has ended
            self._percent = float(percent)
        return self._percent


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return True


def _say(step: str, text: str) -> None:
    print(f"  {step:8} {text}", flush=True)


def _table(title: str, frame: pd.DataFrame) -> None:
    transposed = list(frame.columns) == [""]  # one record, a field a line
    text = frame.to_string(index=transposed, header=not transposed, max_colwidth=60)
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
    print(f"The notebooks are in {_shorten(folder)}", flush=True)
    words = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", *options.rest]
    # Ctrl-C reaches JupyterLab too. JupyterLab asks before it stops its kernels, so this process has to wait for it.
    signal.signal(signal.SIGINT, lambda *_: None)
    return subprocess.call([*words, str(folder / "01-quickstart.ipynb")])


def _notebooks(package: Path) -> Path:
    """Return the folder of the shipped notebooks: that of the checkout, or a copy in the current directory."""
    shipped = package / "notebooks"
    if not shipped.is_dir():
        return package.parent / "notebooks"
    copy = Path.cwd() / "gaussnb-notebooks"
    if not copy.exists():
        shutil.copytree(shipped, copy)
    return copy


# ---------------------------------------------------------------------------------------- sandbox


def _sandbox(options: argparse.Namespace) -> int:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # both end the sandbox in the ordinary way
        signal.signal(number, lambda *_: ended.set())
    with ExitStack() as stack:
        try:
            sandbox = stack.enter_context(
                Sandbox(
                    path=options.state,
                    port=options.port,
                    seed=options.seed,
                    speed=options.speed,
                    quota=options.quota,
                    world=options.world,
                )
            )
        except (ImportError, OSError, RuntimeError, ValueError, sqlite3.Error) as error:
            reason = str(error)
            if isinstance(error, sqlite3.Error):
                reason = f"{options.state}: {error}"
            elif isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
                reason = f"port {options.port} is in use; choose another with --port, or any free one with --port 0"
            print(f"gaussnb: the sandbox cannot start: {reason}", file=sys.stderr)
            return 1
        print(_instructions(sandbox), flush=True)
        while not ended.wait(0.2):
            pass
    return 0


def _instructions(sandbox: Sandbox) -> str:
    """Write the addresses and the login of a sandbox, and the variables that point other tools to the sandbox."""
    credentials = sandbox.credentials.items()
    plain = {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in credentials}
    not_default = {"seed": sandbox.seed or None, "region": sandbox.region if sandbox.region != REGION else None}
    query = urlencode({name: value for name, value in not_default.items() if value is not None})
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
        reports = report_sources(profile, service=SERVICE)
        print("credentials, in the order they are looked for:")
        for report in reports:
            found = ", ".join(report.found) or "nothing"
            note = f" ({report.note})" if report.note else ""
            print(f"  {_shorten(report.source):44} {found}{note}")
        print()
    return _check_connection(profile)


def _check_connection(profile: str | None) -> int:
    try:
        gdb = connect(profile, patience=Patience(connect=5, read=10, tries=1, busy=0))
    except CredentialsError as error:
        first, *more = str(error).split("\n")
        print(f"not usable  {first.partition(' Looked for')[0]}")
        if more:
            print(f"            {more[-1]}")  # the lines between name the places, which were printed above
        return 1
    with gdb:
        for warning in gdb.warnings:
            print(f"note        {warning}")
        guarded = _check_ledger(gdb)
        print(f"endpoint    {gdb.endpoint}")
        for name, check in CHECKS.items():
            try:
                print(f"{name:11} {check(gdb)}")
            except Exception as error:
                print(f"{name:11} no\n  {_sentence(error)}")
                return 1
    if not guarded:
        print("\nCreations are not safe: see the ledger above.")
        return 1
    print("\nAll is well.")
    return 0


def _check_ledger(gdb: Client) -> bool:
    """Describe the ledger that guards creations; True if it is as it should be."""
    ledger = gdb.ledger
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # each is printed below
            ledger.check()
    except LedgerError as error:
        print(f"ledger      no\n  {error}")
        return False
    print(f"ledger      {f'yes, {_shorten(ledger.path)}' if ledger.durable else 'in memory: nothing here is real'}")
    for warning in ledger.warnings:
        print(f"note        {warning}")
    older = [path for path in ledger.set_aside if not any(str(path) in warning for warning in ledger.warnings)]
    for path in older:
        print(f"note        {_shorten(path)} is a damaged ledger, which was set aside: compare gdb.made() with what "
              "exists, then delete the file")  # fmt: skip
    return not (ledger.warnings or older)


def _reachable(gdb: Client) -> str:
    return f"yes, API {', '.join(gdb.versions.list()['id'])}"


def _login(gdb: Client) -> str:
    """Describe the login. An access key or a given token is used, and so checked, only by the next call."""
    row = gdb.login().iloc[0]
    login = {"password": "accepted", "aksk": "by access key", "token": "by the given token"}[row["kind"]]
    return f"{login}, project {row['project_id']}"


def _instances(gdb: Client) -> str:
    return f"{gdb.instances.list(limit=1).attrs.get('total_count', 0)} in this project"


CHECKS = {"reachable": _reachable, "login": _login, "instances": _instances}
"""The checks of ``gaussnb doctor`` in their order: each check needs the one before it."""


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return 'not installed; pip install "gaussnb[lab]"' if package != "gaussnb" else "not installed"


def _shorten(path: str | Path) -> str:
    home = str(Path.home())
    return str(path).replace(home, "~", 1) if home != "/" else str(path)
