"""Sandboxes that are killed while clients write: every write that was answered must be there after the restart.

Each round starts a sandbox process with a state file, lets several writers send requests to it, and ends it with
``kill -9`` after a random number of answers. The next process opens the same file, and the oracle compares what it
serves with what was answered. A write whose answer did not come is in doubt: both outcomes are right.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from gaussnb import InstanceSpec
from gaussnb.core.operation import Operation
from gaussnb.core.wire import request_of
from gaussnb.nosql.operations.instances import DeleteInstance, ListInstances, UpdateInstanceName
from gaussnb.nosql.operations.tags import BatchTagAction, ListInstanceTags, Tag
from gaussnb.quickstart import body, password
from gaussnb.sandbox import Sandbox

from .figures import Figure

KILLS = 500
"""Kills of the whole part."""
_PART = "restarts"
_SPEED = 1_000.0  # an instance is ready after half a second, and a token is valid for more than a minute
_WRITERS = 4
_MOST = 60  # answers before a kill
_ROUNDS = 20  # kills of one file: a world that grows makes each request slower
_PATIENCE = 60.0  # real seconds for a step of a round


class Lost(Exception):
    """The process did not answer."""


@dataclass
class Kept:
    """What the answers say about one instance."""

    id: str
    names: set[str]
    """The names that it may have: the last one that was answered, and those whose answers did not come."""
    tags: dict[str, set[str]] = field(default_factory=dict)
    """The values that each tag may have."""
    alive: bool | None = True
    """False once its deletion was answered; None if that is in doubt."""
    fresh: bool = True
    """True if it was written to since the last restart."""


@dataclass(frozen=True)
class Address:
    """The place of a sandbox that serves, and a login."""

    port: int
    project_id: str
    token: str = field(repr=False)


class Caller:
    """One connection to the sandbox."""

    def __init__(self, address: Address) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=_PATIENCE)
        self._token, self._project_id = address.token, address.project_id

    def __call__(self, operation: Operation) -> tuple[int, Any]:
        """Send an operation.

        Raises:
            Lost: there is no whole answer.
        """
        request = request_of(operation, self._project_id)
        headers = {"X-Auth-Token": self._token, "Content-Type": "application/json"}
        try:
            self._connection.request(request.method, request.target, request.body, headers)
            answer = self._connection.getresponse()
            read = answer.read()
            if len(read) != int(answer.headers["Content-Length"] or 0):
                raise Lost
            return answer.status, json.loads(read or b"null")
        except (OSError, http.client.HTTPException) as error:
            raise Lost from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Answers:
    """Counts answered writes, and says when there are enough."""

    def __init__(self, enough: int) -> None:
        self.count, self.enough, self._ended = 0, enough, False
        self._changed = threading.Condition()

    def add(self, answered: bool = True) -> None:
        """Count a write if it was answered with success."""
        with self._changed:
            self.count += answered
            self._changed.notify_all()

    def end(self) -> None:
        """Say that the process does not answer any more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait(self) -> None:
        """Return when there are enough answers, or when the process does not answer any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self.count >= self.enough, _PATIENCE)


class Writer:
    """Writes until the process does not answer. It alone writes to its instances, so their states are known."""

    def __init__(self, cloud: Caller, number: int, seed: int, kept: list[Kept], answered: Answers) -> None:
        self._cloud, self._number, self._kept, self._answered = cloud, number, kept, answered
        self._random = random.Random(seed)

    def run(self) -> None:
        """Write until the process does not answer."""
        with closing(self._cloud), suppress(Lost):
            try:
                while True:
                    self._write()
            finally:
                self._answered.end()

    def _write(self) -> None:
        living = [one for one in self._kept if one.alive]
        step = self._random.choice([self._rename, self._rename, self._tag, self._tag, self._delete])
        if len(living) < 3 or self._random.random() < 0.2:
            self._create()
        else:
            step(self._random.choice(living))

    def _create(self) -> None:
        name = self._name()
        status, answer = self._cloud(InstanceSpec(**{**body("cn-north-4"), "name": name}, password=password()))
        if status < 300:
            self._kept.append(Kept(answer["id"], {name}))
            self._answered.add()

    def _rename(self, one: Kept) -> None:
        name, before = self._name(), one.names
        one.names, one.fresh = before | {name}, True
        status, _ = self._cloud(UpdateInstanceName(instance_id=one.id, name=name))
        one.names = {name} if status < 300 else before
        self._answered.add(status < 300)

    def _tag(self, one: Kept) -> None:
        key, value = self._random.choice("abc"), self._name()
        before = one.tags.get(key, {""})
        one.tags[key], one.fresh = before | {value}, True
        tags = [Tag(key=key, value=value)]
        status, _ = self._cloud(BatchTagAction(instance_id=one.id, action="create", tags=tags))
        one.tags[key] = {value} if status < 300 else before
        self._answered.add(status < 300)

    def _delete(self, one: Kept) -> None:
        one.alive, one.fresh = None, True
        status, _ = self._cloud(DeleteInstance(instance_id=one.id))
        one.alive = status >= 300
        self._answered.add(status < 300)

    def _name(self) -> str:
        return f"writer-{self._number}-{self._random.getrandbits(48):012x}"


def serve(path: str, ready: Connection) -> None:
    """The process of a sandbox: tell its address, and serve until it is killed."""
    with Sandbox(path, speed=_SPEED, quota=0) as sandbox:
        with sandbox.connect() as gdb:
            token = gdb._access.log_in()
        assert token is not None
        port = int(sandbox.endpoint.rpartition(":")[2])
        ready.send(Address(port, sandbox.project_id, token.value.get_secret_value()))
        while True:
            time.sleep(_PATIENCE)


@contextmanager
def served(path: Path) -> Iterator[tuple[int, Address]]:
    """Serve a file from another process, which is killed at the end; yields its process id and its address."""
    # The server of processes has imported the sandbox, so that a start takes milliseconds.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gaussnb.sandbox", __name__])
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(str(path), there), daemon=True)
    with closing(here):
        process.start()
        there.close()
        try:
            if not here.poll(_PATIENCE):
                raise Lost("the sandbox did not start")
            assert process.pid is not None
            address: Address = here.recv()
            yield process.pid, address
        except EOFError:
            raise Lost("the sandbox ended at its start") from None
        finally:
            process.kill()
            process.join()
            process.close()


def look(cloud: Caller, kept: list[Kept]) -> list[str]:
    """Compare a restarted sandbox with the answers; returns what is lost, in words."""
    listed: dict[str, str] = {}
    while True:
        _, page = cloud(ListInstances(limit=100, offset=len(listed)))
        listed |= {one["id"]: one["name"] for one in page["instances"]}
        if len(listed) >= page["total_count"] or not page["instances"]:
            break
    lost = []
    for one in kept:
        present = one.id in listed
        if present and one.alive is False and not _is_going(cloud, one.id):
            lost.append(f"the deletion of {one.id} was answered, and nothing deletes it")
        if not present and one.alive:
            lost.append(f"{one.id} is missing")
        if present and one.alive and listed[one.id] not in one.names:
            lost.append(f"{one.id} is called {listed[one.id]} and not {sorted(one.names)}")
        if present and one.alive and one.fresh and one.tags:
            _, found = cloud(ListInstanceTags(instance_id=one.id))
            values = {tag["key"]: tag["value"] for tag in found["tags"]}
            wrong = {key for key, allowed in one.tags.items() if values.get(key, "") not in allowed}
            lost += [f"tag {key} of {one.id} is {values.get(key)!r}" for key in sorted(wrong)]
        one.fresh = False
    return lost


def _is_going(cloud: Caller, id: str) -> bool:
    """True if an instance is being deleted, or is gone."""
    _, page = cloud(ListInstances(id=id))
    return all("DELETE" in one["actions"] for one in page["instances"])


@dataclass
class Tally:
    """The counts of all files."""

    chance: random.Random
    kills: int = 0
    writes: int = 0
    lost: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def kill(self, path: Path, kills: int) -> None:
        """Let writers write to one file, and kill its sandbox again and again."""
        kept: list[list[Kept]] = [[] for _ in range(_WRITERS)]
        for _ in range(kills):
            with served(path) as (pid, address):
                self._look(address, kept)
                answered = Answers(self.chance.randint(1, _MOST))
                writers = [
                    Writer(Caller(address), number, self.chance.getrandbits(32), mine, answered)
                    for number, mine in enumerate(kept)
                ]
                with ThreadPoolExecutor(_WRITERS) as pool:
                    running = [pool.submit(writer.run) for writer in writers]
                    answered.wait()
                    os.kill(pid, signal.SIGKILL)
                for each in running:
                    each.result()
                if answered.count < answered.enough:
                    raise Lost(f"only {answered.count} of {answered.enough} writes were answered")
            self.kills += 1
            self.writes += answered.count
        with served(path) as (_, address):
            self._look(address, kept)

    def _look(self, address: Address, kept: list[list[Kept]]) -> None:
        with closing(Caller(address)) as cloud:
            self.lost += look(cloud, [one for mine in kept for one in mine])


def run(size: float = 1.0, seed: int = 0) -> list[Figure]:
    """Kill sandboxes, one at a time.

    Args:
        size: the share of :data:`KILLS`.
        seed: chooses the writes and the moments of the kills; the threads and the machine choose the rest.
    """
    left = max(1, round(KILLS * size))
    tally = Tally(random.Random(seed))
    with tempfile.TemporaryDirectory(prefix="gaussnb-") as folder:
        while left > 0:
            kills = min(left, _ROUNDS)
            left -= kills
            try:
                tally.kill(Path(folder, f"{left}.db"), kills)
            except Lost as lost:
                tally.failed.append(f"seed {seed}, after kill {tally.kills}: {lost or 'no answer'}")
    lost = tuple(f"seed {seed}: {what}" for what in tally.lost[:10])
    return [
        Figure(_PART, "restarts after kill -9", tally.kills, len(tally.failed), tuple(tally.failed[:10])),
        Figure(_PART, "answered writes looked for after kill -9", tally.writes, len(tally.lost), lost),
    ]
