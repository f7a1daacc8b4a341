"""Clients behind a lying TCP proxy: every fate that only sockets know, for creations and for other writes.

``python -m tests.campaign.sockets`` runs this part alone, and prints its figures.
"""

from __future__ import annotations

import copy
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd

from gaussnb import Client, GaussnbError, InstanceSpec, Patience, UnknownOutcome, quickstart
from gaussnb.sandbox import Clock, Sandbox

from .figures import Figure
from .oracle import KINDS, Entry, Fault, Said, Told, Want, judge
from .proxy import ANSWER, FATES, READ, Proxy, key_of

CREATES, OTHERS = 60, 40
"""The creations and the other writes of a whole campaign, for each fate."""
CLIENTS = 8
SPEED = 60.0
"""Seconds of the clients' clock, and of the sandbox's, in a real one: pauses are short."""
SIZE = 500
PASSWORD = "-".join(["Canary", "Not", "A", "Real", "1"])


def run(size: float = 1.0, seed: int = 0) -> list[Figure]:
    """Send writes through the proxy, each with a planned fate, and compare what was said with what was done."""
    creates, others = (max(1, round(count * size)) for count in (CREATES, OTHERS))
    figures = []
    with tempfile.TemporaryDirectory() as folder, Sandbox(port=0, speed=SPEED, quota=0, seed=seed) as sandbox:
        things = iter(filled(sandbox, len(FATES) * others))
        with private_folders(folder), Proxy(sandbox.endpoint, seed, 0) as proxy:
            jobs: list[tuple[Want, str, str]] = []
            for fate in FATES:
                for number in range(creates):
                    name = f"new-{fate.replace(' ', '-')}-{number}"
                    jobs.append((Want(len(jobs), "create", name, True, 0), fate, ""))
                for number in range(others):
                    id, what = next(things), ("rename", "delete")[number % 2]
                    name = f"other-{fate.replace(' ', '-')}-{number}" if what == "rename" else id
                    jobs.append((Want(len(jobs), what, name, False, 0), fate, id))
            clients = [client_of(sandbox, proxy) for _ in range(CLIENTS)]

            def work(gdb: Client, share: Iterable[tuple[Want, str, str]]) -> None:
                for want, fate, id in share:
                    key = key_of(want.name, SIZE) if want.creates else want.name
                    proxy.plan[key] = fate
                    told = say(call_of(gdb, want, id))
                    told.served = proxy.served.setdefault(key, [])
                    want.told.append(told)

            with ThreadPoolExecutor(CLIENTS) as pool:
                for done in [pool.submit(work, gdb, jobs[place::CLIENTS]) for place, gdb in enumerate(clients)]:
                    done.result()
            proxy.settle()
            ledgers = {0: ledger_of(clients[0])}
            there = {str(id) for id in clients[0].instances.list()["id"]}
            for gdb in clients:
                gdb.close()
        for kind, many in (("creates", True), ("other writes", False)):
            for fate, method in FATES.items():
                wants = [want for want, planned, _ in jobs if planned == fate and want.creates is many]
                faults = judge(wants, ledgers, there)
                what = f"{kind}: {(method.__doc__ or fate).partition('.')[0]}"
                figures.append(Figure("sockets", what, len(wants), len(faults), examples(faults)))
    return figures


def examples(faults: Iterable[Fault]) -> tuple[str, ...]:
    """The first faults, in words."""
    return tuple(f"{KINDS[fault.kind]}: {fault.words}" for fault in list(faults)[:5])


def private_folders(folder: str) -> Any:
    """Let a process keep its tokens and its ledger in a folder of the campaign."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUAWEICLOUD_", "HW_", "OS_"))}
    places = {f"GAUSSNB_{what}_DIR": str(Path(folder) / what.lower()) for what in ("CACHE", "STATE")}
    return patch.dict(os.environ, {**kept, **places}, clear=True)


def spec(name: str, size: int = SIZE) -> InstanceSpec:
    """A valid spec."""
    body = quickstart.body("cn-north-4")
    flavor = [{**body["flavor"][0], "size": size}]
    return InstanceSpec(**{**body, "name": name, "flavor": flavor, "password": PASSWORD})


def client_of(sandbox: Sandbox, proxy: Proxy) -> Client:
    """A client behind the proxy, as a person connects it, on a quick clock."""
    login = {name: sandbox.credentials[name] for name in ("username", "password", "domain")}
    place = {"endpoint": proxy.endpoint, "iam_endpoint": proxy.endpoint, "project_id": sandbox.project_id}
    patience = Patience(connect=5, read=READ, answer=ANSWER)
    return Client.open(clock=Clock(speed=SPEED), patience=patience, region=sandbox.region, **place, **login)


def filled(sandbox: Sandbox, count: int) -> list[str]:
    """Put instances into a sandbox, faster than by requests; their ids."""
    with sandbox.connect() as gdb:
        first = str(gdb.instances.create(spec("there-0"))["id"].iloc[0])
    sandbox.advance(3600)
    with sandbox._app.changing():
        world = sandbox._app.world
        for number in range(count):
            twin = copy.deepcopy(world.instances[first])
            twin.id, twin.name = f"{number:032x}in06", f"there-{number + 1}"
            for place, node in enumerate(twin.nodes):
                node.id = f"{number * 10 + place:032x}no06"
            world.instances.put(twin)
    return [f"{number:032x}in06" for number in range(count)]


def call_of(gdb: Client, want: Want, id: str, size: int = SIZE) -> Callable[[], pd.DataFrame]:
    """The call that a want is."""
    calls: dict[str, Callable[[], pd.DataFrame]] = {
        "create": lambda: gdb.instances.create(spec(want.name, size)),
        "rename": lambda: gdb.instances.rename(id, want.name),
        "delete": lambda: gdb.instances.delete(id),
    }
    return calls[want.what]


def say(call: Callable[[], pd.DataFrame]) -> Told:
    """What a client says about a call."""
    said: Said
    try:
        frame = call()
    except UnknownOutcome as error:
        said, thing, words = "unknown", "", str(error)
    except GaussnbError as error:
        said, thing, words = "not done", "", f"{type(error).__name__}: {error}"
    except Exception as error:
        said, thing, words = "untyped", "", f"{type(error).__name__}: {error}"
    else:
        said, thing, words = "done", str(frame["id"].iloc[0]) if "id" in frame and len(frame) else "", ""
    return Told(said, [], thing, words)


def ledger_of(gdb: Client) -> list[Entry]:
    """What the ledger says at the end."""
    lines = gdb.made().astype("object").where(lambda frame: frame.notna(), "").to_dict("records")
    return [Entry(line["name"], line["id"], line["outcome"], line["status"]) for line in lines]


if __name__ == "__main__":
    for figure in run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0):
        print(figure.count, figure.bad, figure.what, *figure.examples, sep=" | ")
