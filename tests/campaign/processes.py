"""Processes behind the lying proxy: forked, killed by SIGKILL, forking again, and with namesakes of each other.

The processes use one client, which they have from their parent, and the ledger of one machine. Their parent has threads
at every fork. ``python -m tests.campaign.processes`` runs this part alone, and prints its figures as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gaussnb import Client
from gaussnb.sandbox import Sandbox

from .figures import Figure
from .oracle import KINDS, Told, Want, judge
from .proxy import Proxy, key_of
from .sockets import SIZE, SPEED, call_of, client_of, examples, filled, ledger_of, private_folders, say, spec

CREATES, OTHERS, TABLES, ROWS = 2_000, 1_000, 25, 8
"""The creations, the other writes, the tables of a whole campaign, and the rows of each table."""
WORKERS = 6
TROUBLE = 0.3
"""The share of the writes that the proxy does not just deliver."""
FORKS, NAMESAKES = 7, 5
"""Every so many writes, a worker forks for one; every so many creations have a namesake in another worker."""
_SAID = {"accepted": "done", "recovered": "done", "exists": "exists", "unknown": "unknown"}


def run(size: float = 1.0, seed: int = 0) -> list[Figure]:
    """Run this part in a process of its own, since the calling process may have threads of any kind."""
    command = [sys.executable, "-W", "ignore", "-m", f"tests.campaign.{Path(__file__).stem}", str(size), str(seed)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"processes ended with {done.returncode}: {done.stderr[-2000:]}")
    return [Figure(**{**one, "examples": tuple(one["examples"])}) for one in json.loads(done.stdout)]


class Workers:
    """Forked processes that carry out wants, and are killed while they do.

    Args:
        gdb: the client that they have from this process.
        proxy: stands between the client and the sandbox.
        seed: makes the moments of the kills.
    """

    def __init__(self, gdb: Client, proxy: Proxy, seed: int) -> None:
        self.gdb, self.proxy = gdb, proxy
        self.kills = self.forks = 0
        self._draw, self._guard, self._alive = random.Random(seed), threading.Lock(), set[int]()

    def drive(self, jobs: Sequence[Job]) -> None:
        """Let processes carry out jobs, one process after the other."""
        left = list(jobs)
        while left:
            reader, process = self._fork(lambda write, jobs=tuple(left): self._work(jobs, write))
            begun: Job | None = None
            with os.fdopen(reader) as lines:
                for line in lines:
                    if not line.endswith("\n"):
                        break  # the process was killed while it wrote
                    if (heard := json.loads(line)) is None:
                        begun = left.pop(0)
                    elif begun is not None:
                        begun.want.told.append(Told(served=[], **heard))
                        begun = None
            if begun is not None:
                begun.want.told.append(Told("silent", []))
            with self._guard:
                self._alive.discard(process)
            os.waitpid(process, 0)

    def kill_some(self, halt: threading.Event) -> None:
        """Kill a process now and then."""
        while not halt.wait(self._draw.uniform(0.02, 0.3)):
            with self._guard, suppress(ProcessLookupError):
                if self._alive:
                    os.killpg(self._draw.choice(sorted(self._alive)), signal.SIGKILL)
                    self.kills += 1

    def ask(self, work: Callable[[], Any]) -> Any:
        """The answer of a function in a forked process that nobody kills."""
        reader, process = self._fork(lambda write: os.write(write, json.dumps(work()).encode()), doomed=False)
        with os.fdopen(reader) as lines:
            answer = json.load(lines)
        os.waitpid(process, 0)
        return answer

    def _fork(self, work: Callable[[int], Any], doomed: bool = True) -> tuple[int, int]:
        with self._guard:  # another child must not keep this pipe open
            reader, writer = os.pipe()
            process = os.fork()
            if process == 0:
                _end_after(lambda: (os.setpgid(0, 0), work(writer)))
            with suppress(OSError):  # the child was quicker
                os.setpgid(process, process)
            os.close(writer)
            self.forks += 1
            if doomed:
                self._alive.add(process)
        return reader, process

    def _work(self, jobs: Sequence[Job], write: int) -> None:
        for number, job in enumerate(jobs):
            if number % FORKS == FORKS - 1:
                child = os.fork()
                if child == 0:
                    _end_after(lambda job=job: self._carry_out(job, write))
                os.waitpid(child, 0)
            else:
                self._carry_out(job, write)

    def _carry_out(self, job: Job, write: int) -> None:
        os.write(write, b"null\n")
        told = say(call_of(self.gdb, job.want, job.thing, job.size))
        heard = {"said": told.said, "thing": told.thing, "words": told.words[:1000]}
        os.write(write, json.dumps(heard).encode() + b"\n")


class Job:
    """One want of a worker.

    Args:
        want: the want.
        thing: the id of the thing that it changes.
        size: the storage of a new thing, which tells it from its namesake.
    """

    def __init__(self, want: Want, thing: str = "", size: int = SIZE) -> None:
        self.want, self.thing, self.size = want, thing, size

    @property
    def key(self) -> str:
        """The key of the write at the proxy."""
        return key_of(self.want.name, self.size) if self.want.creates else self.want.name


def _end_after(work: Callable[[], Any]) -> None:
    """Do the work of a forked process, and end it."""
    try:
        work()
    finally:
        os._exit(0)


def jobs_of(worker: int, creates: int, others: int, things: Sequence[str]) -> list[Job]:
    """The jobs of one worker, in a mixed order. Workers in pairs make namesakes of different sizes."""
    jobs = []
    for number in range(creates):
        twin = number % NAMESAKES == 0
        name = f"twin-{worker // 2}-{number}" if twin else f"new-{worker}-{number}"
        jobs.append(Job(Want(number, "create", name, True, 0), size=SIZE + 10 * worker))
    step = max(1, creates // max(1, others))
    for number, id in enumerate(things[:others]):
        what = ("rename", "delete")[number % 2]
        want = Want(number, what, f"other-{worker}-{number}" if what == "rename" else id, False, 0)
        jobs.insert(number * (step + 1), Job(want, id))
    return jobs


def play(size: float, seed: int) -> list[Figure]:
    """The whole part, in this process."""
    creates, others = (max(2, round(count * size / WORKERS)) for count in (CREATES, OTHERS))
    with tempfile.TemporaryDirectory() as folder, Sandbox(port=0, speed=SPEED, quota=0, seed=seed) as sandbox:
        things = filled(sandbox, WORKERS * others)
        with private_folders(folder), Proxy(sandbox.endpoint, seed, TROUBLE) as proxy, client_of(sandbox, proxy) as gdb:
            gdb.instances.list()
            workers, halt = Workers(gdb, proxy, seed), threading.Event()
            shares = [
                jobs_of(worker, creates, others, things[worker * others : (worker + 1) * others])
                for worker in range(WORKERS)
            ]
            killer = threading.Thread(target=workers.kill_some, args=(halt,))
            killer.start()
            with ThreadPoolExecutor(WORKERS) as pool:
                for done in [pool.submit(workers.drive, share) for share in shares]:
                    done.result()
            halt.set()
            killer.join()
            tables = [table_of(workers, number) for number in range(max(1, round(TABLES * size)))]
            proxy.settle()
            ledgers, there = {0: ledger_of(gdb)}, {str(id) for id in gdb.instances.list()["id"]}
    figures = []
    jobs = [job for share in shares for job in share]
    for job in jobs:
        for told in job.want.told:
            told.served = proxy.served.get(job.key, [])
    for what, many in (("creates", True), ("other writes", False)):
        faults = judge([job.want for job in jobs if job.want.creates is many], ledgers, there)
        for kind, words in KINDS.items():
            found = [fault for fault in faults if fault.kind == kind]
            count = sum(job.want.creates is many for job in jobs)
            figures.append(Figure("processes", f"{what}: {words}", count, len(found), examples(found)))
    rows = [row for table in tables for row in table]
    for row in rows:
        served = proxy.served.get(key_of(row.name, SIZE), [])
        speaks = next((told for told in row.told if told.said == "done"), row.told[0])
        speaks.served = served
    faults = judge(rows, ledgers, there)
    figures.append(
        Figure("processes", "rows of a table in two processes at once", len(rows), len(faults), examples(faults))
    )
    figures.append(Figure("processes", "SIGKILL of a worker", workers.kills, 0))
    figures.append(Figure("processes", "forks of a process with threads", workers.forks, 0))
    return figures


def table_of(workers: Workers, number: int) -> list[Want]:
    """Let two processes make everything in one table at the same time."""
    names = [f"table-{number}-{row}" for row in range(ROWS)]

    def make() -> list[dict[str, str]]:
        frame = workers.gdb.instances.create_many([spec(name) for name in names])
        wanted = frame[["outcome", "id", "message"]].astype("object").where(lambda cells: cells.notna(), "")
        return [{str(name): str(value) for name, value in line.items()} for line in wanted.to_dict("records")]

    wants = [Want(row, "create", name, True, 0) for row, name in enumerate(names)]
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(workers.ask, make) for _ in range(2)]:
            for want, line in zip(wants, done.result(), strict=True):
                said: Any = _SAID.get(line["outcome"], "not done")
                want.told.append(Told(said, [], line["id"], f"{line['outcome']}: {line['message']}"))
    return wants


if __name__ == "__main__":
    began = time.monotonic()
    print(json.dumps([asdict(figure) for figure in play(float(sys.argv[1]), int(sys.argv[2]))]))
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
