"""Canaries: secrets of every kind are used, the service quotes them in every encoding, and no surface shows one.

A surface is a place where people or programs read: a repr, an error, a log, a frame, the state of widgets, a file. The
part fails as well if a surface was not reached, since a surface without text holds nothing.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import pickle
import random
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import ipywidgets
import requests

import gaussnb as gn
from gaussnb import cli, quickstart
from gaussnb.cloud.credentials import report_sources
from gaussnb.nosql.service import SERVICE
from gaussnb.widgets import form as forms

from .canary import CANARY, ODD, in_frames, in_text, in_value, spellings
from .figures import Figure

START = "2026-02-03T04:05:06"
ROUNDS = 20
"""Rounds of the whole campaign; each round quotes the secrets in other spellings."""

SURFACES = (
    "repr of the client", "page of the client", "attributes of the client", "repr of the credentials",
    "dump of the credentials", "places of the credentials", "warnings of the client", "review of a change",
    "repr of a spec", "dump of a spec", "errors of a spec", "text of an error", "attributes of an error",
    "pickle of an error", "plain traceback", "verbose traceback", "cgitb traceback", "rich traceback",
    "frames of an error", "excerpt of a bad answer", "candidates of an unknown outcome", "errors of a table",
    "outcomes of many", "cells of a frame", "attrs of a frame", "HTML of a frame", "CSV of a frame",
    "parquet of a frame", "pickle of a frame", "JSON of a frame", "history of a wait", "text of a watch",
    "HTML of a watch", "state of a panel", "state of a form", "outputs of a notebook", "HTML of a form",
    "repr of a form", "code of a form", "JSON of a form", "failure of a form", "errors of a form", "log",
    "Python's warnings", "standard output", "creations of this machine", "file of the ledger", "names of the cache",
    "journal of the sandbox", "page of the sandbox", "document of the sandbox", "export of the sandbox",
    "state file of the sandbox", "repr of a fault", "doctor", "variables of this process", "command lines",
)  # fmt: skip
"""Every surface that has to be reached."""


class Watcher:
    """Looks for canaries on surfaces, and counts.

    Args:
        canaries: the secrets of a round.
    """

    def __init__(self) -> None:
        self.canaries: list[str] = []
        self.looked: Counter[str] = Counter()
        self.hits: dict[str, list[str]] = {}
        self.rendered: set[tuple[type, str]] = set()
        self.round = ""

    def look(self, surface: str, content: object) -> None:
        """Look at a surface: text, bytes, or anything with a str. An empty surface does not count as reached."""
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)
        if text:
            self.looked[surface] += 1
            if in_text(text, *self.canaries):
                self.note(surface)

    def note(self, surface: str) -> None:
        self.hits.setdefault(surface, []).append(self.round)

    def error(self, error: BaseException | None) -> None:
        """Look at every face of an error."""
        assert error is not None
        from IPython.core.ultratb import VerboseTB

        told = (type(error), error, error.__traceback__)
        self.look("text of an error", f"{error} {error!r}")
        self.look("attributes of an error", [vars(error), error.args, getattr(error, "__notes__", ())])
        self.look("pickle of an error", pickle.dumps(error))
        self.look("plain traceback", "".join(traceback.format_exception(error)))
        # The first frame is the one of this module, which holds the canaries.
        ours = error.__traceback__
        while ours is not None and not str(ours.tb_frame.f_globals.get("__name__")).startswith("gaussnb"):
            ours = ours.tb_next
        told = (type(error), error, ours)
        if ours is not None:
            self.look("verbose traceback", VerboseTB(theme_name="nocolor").text(*told))
            self.look("cgitb traceback", _cgitb(told))
            if (type(error), self.round) not in self.rendered:  # the slowest of all
                self.rendered.add((type(error), self.round))
                self.look("rich traceback", _rich(told))
        self.looked["frames of an error"] += 1
        for place in in_frames(error, *self.canaries):
            self.hits.setdefault("frames of an error", []).append(f"{self.round}: {place}")

    def frame(self, frame: Any) -> None:
        """Look at every face of a frame."""
        self.look("cells of a frame", frame.to_dict())
        self.look("attrs of a frame", frame.attrs)
        self.look("HTML of a frame", frame.to_html())
        self.look("CSV of a frame", frame.to_csv())
        self.look("JSON of a frame", frame.to_json())
        self.look("pickle of a frame", pickle.dumps(frame))
        stream = io.BytesIO()
        frame.astype(str).to_parquet(stream, compression=None)
        self.look("parquet of a frame", stream.getvalue())


def _cgitb(told: tuple[Any, ...]) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import cgitb
        except ImportError:  # from Python 3.13 on
            return "not here"
    return cgitb.text(told)


def _rich(told: tuple[Any, ...]) -> str:
    try:
        from rich.console import Console
        from rich.traceback import Traceback
    except ImportError:
        return "not here"
    console = Console(file=io.StringIO(), width=200)
    console.print(Traceback.from_exception(*told, show_locals=True, locals_max_string=None))
    stream: Any = console.file
    return str(stream.getvalue())


def refused(call: Callable[[], Any]) -> Exception:
    """The error of a call that must fail."""
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("the call should have failed")


# ---------------------------------------------------------------------------------------------------------- the parts


def settings(watch: Watcher, gdb: gn.Client, sandbox: gn.Sandbox, quote: Callable[[str], str]) -> None:
    """The client and its credentials."""
    watch.look("repr of the client", f"{gdb!r} {gdb} {gdb.instances!r} {gdb._transport!r} {gdb._access!r}")
    watch.look("page of the client", gdb._repr_markdown_())
    watch.looked["attributes of the client"] += 1
    hits = in_value(vars(gdb), *watch.canaries)
    watch.hits.setdefault("attributes of the client", []).extend(f"{watch.round}: {hit}" for hit in hits)
    watch.look("repr of the credentials", f"{gdb._credentials!r} {gdb._credentials}")
    watch.look("dump of the credentials", f"{gdb._credentials.model_dump()} {gdb._credentials.model_dump_json()}")
    watch.look("places of the credentials", report_sources(service=SERVICE, password=CANARY))
    watch.look("warnings of the client", [*gdb.warnings, "and no more"])
    for wrong in ({"nonsense": 1}, {"region": 5}, {"endpoint": "http://example.org"}):
        watch.error(refused(lambda wrong=wrong: gn.connect(ak="AK", sk=CANARY, **wrong)))  # type: ignore[misc]
    watch.error(refused(lambda: gn.connect("misspelled")))
    login = {"endpoint": sandbox.endpoint, "iam_endpoint": sandbox.iam_endpoint, "region": sandbox.region}
    with gn.connect(**login, username="ann", domain="acme", password=CANARY) as other:
        sandbox.inject("KeystoneCreateUserTokenByPassword", status=401, message=f"no user has {quote(CANARY)}")
        watch.error(refused(other.login))


def specs(watch: Watcher, gdb: gn.Client) -> None:
    """A spec, right and wrong, and tables of specs."""
    spec = spec_of()
    watch.look("repr of a spec", f"{spec!r} {spec}")
    watch.look("dump of a spec", f"{spec.model_dump()} {spec.model_dump_json()}")
    watch.look("review of a change", gdb.review(spec))
    wrong: Any = refused(lambda: spec_of(password=f"{CANARY} x", nonsense=CANARY))
    watch.look("errors of a spec", f"{wrong.errors()} {wrong.json()}")
    watch.error(wrong)
    rows = [{**quickstart.body("cn-north-4"), "password": CANARY, "nonsense": CANARY}]
    invalid: Any = refused(lambda: gdb.instances.create_many(rows, password=CANARY))
    watch.look("errors of a table", invalid.errors.to_csv())
    watch.error(invalid)


def files(watch: Watcher, gdb: gn.Client, sandbox: gn.Sandbox, home: Path) -> None:
    """The files of a sandbox with an instance. Looked at before the faults, since a file keeps those as they are."""
    gdb.instances.create(spec_of(name="stored"))
    with (
        mock.patch.dict(os.environ, {"GAUSSNB_SANDBOX": f"{sandbox.endpoint}?seed={sandbox.seed}"}),
        gn.connect("sandbox") as kept,
    ):
        kept.instances.create(spec_of(name="noted"))
        watch.look("creations of this machine", kept.made().to_csv())
        watch.look("file of the ledger", b"".join(path.read_bytes() for path in (home / "state").rglob("*.*")))
    sandbox.export(home / "world.yaml")
    watch.look("export of the sandbox", (home / "world.yaml").read_bytes())
    watch.look("state file of the sandbox", b"".join(path.read_bytes() for path in home.glob("sandbox.state*")))


def answers(watch: Watcher, gdb: gn.Client, sandbox: gn.Sandbox, quote: Callable[[str], str]) -> None:
    """Answers that quote secrets: errors, pages, headers, lists, receipts."""
    spec = spec_of()
    refused(lambda: gdb.request("POST", "/v3/odd", json={"password": CANARY, "secret": ODD}))  # known from here on
    said = [quote(secret) for secret in watch.canaries if secret != sandbox._app.world.account.sk.get_secret_value()]
    header = {"X-Request-Id": said[0] if said[0].isascii() and said[0].isprintable() else "id"}
    text = "; ".join(said)
    for fault in (
        {"status": 400, "code": "DBS.280465", "message": f"value {text} is too weak", "headers": header},
        {"status": 502, "body": f"<html><title>{text}</title>{text}</html>"},
        {"status": 403, "body": json.dumps({"error": {"message": text, "details": said}})},
        {"status": 400, "body": f'{{"error_msg": "{text}'},
    ):
        sandbox.inject("ResetPassword", **fault)  # type: ignore[arg-type]
        watch.error(refused(lambda: gdb.instances.reset_password(instance_id="0f1e", password=CANARY)))
        sandbox.inject(None, **fault)  # type: ignore[arg-type]
        watch.error(refused(lambda: gdb.request("POST", "/v3/odd", json={"password": CANARY, "secret": ODD})))
    sandbox.inject("ListInstances", status=200, body=f"{text} is no JSON", headers=header)
    bad: Any = refused(gdb.instances.list)
    watch.look("excerpt of a bad answer", bad.excerpt)
    watch.error(bad)
    listed = {"instances": [{"id": "0f1e", "name": text, "status": said[0]}], "total_count": 1}
    sandbox.inject("ListInstances", status=200, body=json.dumps(listed), headers=header)
    watch.frame(gdb.instances.list(limit=1))
    odd = {"things": [{"note": one, "more": {"deep": [one, text]}} for one in said], f"name {text}": 1}
    sandbox.inject(None, status=200, body=json.dumps(odd))
    watch.frame(gdb.request("GET", "/v3/{project_id}/odd", params={"password": CANARY}))
    rows = [{**quickstart.body("cn-north-4"), "name": "many-0", "password": CANARY}]
    sandbox.inject("CreateInstance", status=400, message=text)
    watch.look("outcomes of many", gdb.instances.create_many(rows).to_csv())
    sandbox.inject("CreateInstance", drop="before")
    unknown: Any = refused(lambda: gdb.instances.create(spec.replace(name="lost")))
    if unknown.candidates is not None:
        watch.look("candidates of an unknown outcome", unknown.candidates.to_csv())
    watch.error(unknown)


def work(watch: Watcher, gdb: gn.Client, sandbox: gn.Sandbox, quote: Callable[[str], str]) -> None:
    """Work that fails for a reason which quotes the password: a wait and a watch."""
    sandbox.inject("CreateInstance", fail=f"value {quote(CANARY)} is too weak")
    made = gdb.instances.create(spec_of(name="weak"))
    failed: Any = refused(lambda: gdb.wait(made))
    panel = gdb.watch(made)
    panel.frame, panel.history  # noqa: B018  # looks for the first time
    watch.look("history of a wait", failed.history.to_csv())
    watch.error(failed)
    watch.look("text of a watch", f"{panel} {panel!r} {panel.history.to_csv()} {panel.frame.to_csv()}")
    watch.look("HTML of a watch", panel._repr_html_() if hasattr(panel, "_repr_html_") else str(panel.snapshot()))
    watch.look("state of a panel", ipywidgets.Widget.get_manager_state())
    panel.stop()
    watch.look("creations of this machine", gdb.made().to_csv())


def form(watch: Watcher, gdb: gn.Client, sandbox: gn.Sandbox, quote: Callable[[str], str]) -> None:
    """A form: filled, refused with a quote, sent."""
    made = gdb.instances.create.form(**quickstart.body("cn-north-4"))
    made.fields["name"].value = "of-a-form"
    made.fields["password"].value = CANARY
    outputs: list[Any] = []

    def faces() -> None:
        state = json.dumps(ipywidgets.Widget.get_manager_state(), default=str)
        watch.look("state of a form", state)
        watch.look("HTML of a form", made._repr_html_())
        watch.look("repr of a form", f"{made!r} {made.values}")
        watch.look("code of a form", made.to_code())
        watch.look("JSON of a form", made.to_json())
        watch.look("errors of a form", made.errors.to_csv())
        outputs.append({"output_type": "display_data", "data": {"text/html": made._repr_html_(), "text": repr(made)}})
        book = {
            "cells": [{"cell_type": "code", "source": "form", "outputs": outputs}],
            "metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": json.loads(state)}},
        }
        watch.look("outputs of a notebook", json.dumps(book))

    with mock.patch.object(forms, "BURST", 0):
        faces()
        sandbox.inject("CreateInstance", status=400, message=f"value {quote(CANARY)} is too weak")
        made.submit()
        watch.look("failure of a form", made.failure)
        watch.error(made.failure)
        faces()
        made._button.click()
        faces()
        made._button.click()
        faces()
    made.close()


def outside(watch: Watcher, gdb: gn.Client, sandbox: gn.Sandbox, home: Path, printed: io.StringIO) -> None:
    """The surfaces of the sandbox, of the disk and of other processes."""
    fault = sandbox.inject("ListInstances", message=CANARY, headers={"X-Note": "note"}, body=CANARY, status=400)
    watch.look("repr of a fault", f"{fault!r} {fault}")
    fault.remove()
    gdb.request("GET", "/v3/{project_id}/instances", params={"token": CANARY, "note": CANARY})
    watch.look("journal of the sandbox", sandbox.requests.to_csv())
    page = requests.get(sandbox.endpoint, headers={"Accept": "text/html"}, timeout=30)
    watch.look("page of the sandbox", page.text)
    watch.look("document of the sandbox", requests.get(f"{sandbox.endpoint}/openapi.json", timeout=30).text)
    watch.look("names of the cache", [path.name for path in (home / "cache").iterdir()])
    with mock.patch.dict(os.environ, {"GAUSSNB_SANDBOX": f"{sandbox.endpoint}?seed={sandbox.seed}"}):
        before = printed.tell()
        cli.main(["doctor", "sandbox"])
        watch.look("doctor", printed.getvalue()[before:])
    watch.look("variables of this process", dict(os.environ))
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK)]
    watch.look("command lines", b"\n".join(lines) or " ".join(sys.argv).encode())


def spec_of(**changes: Any) -> gn.InstanceSpec:
    """The instance of the Quick Start, with a canary for its password."""
    return gn.InstanceSpec(**{**quickstart.body("cn-north-4"), "password": CANARY, **changes})


# ------------------------------------------------------------------------------------------------------------ the run


@contextlib.contextmanager
def _home() -> Iterator[Path]:
    """A directory for everything that is kept on disk, and no credentials of the user."""
    with tempfile.TemporaryDirectory(prefix="gaussnb-canaries-") as folder:
        home = Path(folder)
        strange = [name for name in os.environ if name.startswith(("HUAWEICLOUD_", "HW_", "OS_", "GAUSSNB_"))]
        variables = {
            "GAUSSNB_CACHE_DIR": str(home / "cache"), "GAUSSNB_STATE_DIR": str(home / "state"),
            "GAUSSNB_PROFILES": str(home / "profiles.toml"),
            "HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(home / "credentials"),
        }  # fmt: skip
        (home / "profiles.toml").write_text(f'[misspelled]\nak = "AK"\nsecret_key = "{CANARY}"\n')
        with mock.patch.dict(os.environ, variables):
            for name in strange:
                os.environ.pop(name, None)
            yield home


def one_round(watch: Watcher, seed: int) -> None:
    """Use every secret, and look at every surface."""
    chance = random.Random(seed)
    watch.round = f"seed {seed}"
    log, printed = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)

    def quote(secret: str) -> str:
        return chance.choice(list(spellings(secret).values()))

    try:
        with (
            _home() as home,
            contextlib.redirect_stdout(printed),
            warnings.catch_warnings(record=True) as warned,
            gn.Sandbox(home / "sandbox.state", start=START, seed=seed, speed=1e6) as sandbox,
            sandbox.connect(patience=gn.Patience(looks=(0,), tries=1, busy=0)) as gdb,
        ):
            warnings.simplefilter("always")
            print("begins")
            gdb.login()
            token = gdb._access.auth.token.value.get_secret_value()  # type: ignore[attr-defined]
            account = sandbox._app.world.account
            watch.canaries = [CANARY, ODD, token, account.password.get_secret_value(), account.sk.get_secret_value()]
            files(watch, gdb, sandbox, home)
            settings(watch, gdb, sandbox, quote)
            specs(watch, gdb)
            answers(watch, gdb, sandbox, quote)
            work(watch, gdb, sandbox, quote)
            form(watch, gdb, sandbox, quote)
            outside(watch, gdb, sandbox, home, printed)
            logging.getLogger("gaussnb").info("a round ends")
            watch.look("Python's warnings", [str(one.message) for one in warned] or "none")
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    watch.look("log", log.getvalue())
    watch.look("standard output", printed.getvalue())


def run(size: float = 1.0, seed: int = 0) -> list[Figure]:
    """Look at every surface; a surface that was not reached counts as a fault.

    Args:
        size: 1 for the whole campaign.
        seed: draws the secrets and the spellings in which the service quotes them.
    """
    watch = Watcher()
    for number in range(max(1, round(ROUNDS * size))):
        one_round(watch, seed + number)
    figures = []
    for surface in (*SURFACES, *sorted(watch.looked.keys() - set(SURFACES))):
        looked, hits = watch.looked[surface], watch.hits.get(surface, [])
        missing = [] if looked else ["this surface was not reached"]
        figures.append(Figure("canaries", surface, looked, len(hits) + len(missing), tuple((hits + missing)[:3])))
    return figures
