"""A process with threads, and workers of every kind. Prints the facts about them as JSON; ``test_workers.py`` judges.

This is a script, because a test must not fork the process of pytest, which has threads of its own.
"""

from __future__ import annotations

import copy
import json
import multiprocessing
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import joblib

import gaussnb as gn
from gaussnb import quickstart
from gaussnb.core import process
from gaussnb.sandbox import Sandbox

CHILDREN, CALLS = 4, 50


def spec(name: str) -> gn.InstanceSpec:
    return gn.InstanceSpec(**{**quickstart.body("cn-north-4"), "name": name, "password": "Canary" + "-Not-1-Real"})


def work_in_a_fork(number: int, gdb: gn.Client, watch: Any, embedded: gn.Client, socketless: Sandbox) -> dict[str, Any]:
    """Use all that a forked child has from its parent."""
    own = f"child-{number}"
    id = gdb.instances.create(spec(own))["id"].iloc[0]
    frames = [gdb.instances.list(name=own) for _ in range(CALLS)]
    started = gdb.watch(id, until="ready")
    ended = started.join(30)
    facts: dict[str, Any] = {
        "id": id,
        "own answers": sum(frame["id"].tolist() == [id] for frame in frames),
        "request ids": [frame.attrs["request_id"] for frame in frames],
        "key": next(entry["key"] for entry in gdb.made().to_dict("records") if entry["name"] == own),
        "watch": [ended, started.error, started.frame["status"].tolist()],
        "watch of the parent": [watch.join(30), str(watch.error), len(watch.frame)],
        "jitter": gdb._transport._random.random(),
        "the parent's embedded sandbox": embedded.instances.list()["name"].tolist(),
        "embedded": gn.connect("sandbox").endpoint,
    }
    gn.connect("sandbox").instances.create(spec(own))
    for name, use in {
        "socketless": lambda: socketless.connect().instances.list(),
        "advance": lambda: socketless.advance(1),
        "start": socketless.start,
    }.items():
        facts[name] = message(use)
    socketless.close()
    return facts


def message(use: Callable[[], Any]) -> str:
    try:
        use()
    except Exception as error:
        cause = error.__cause__ or error
        return f"{type(cause).__name__}: {cause}"
    return "no error"


def connect_in_a_worker(settings: dict[str, Any]) -> list[str]:
    with gn.connect(**settings) as gdb:
        return [*gdb.instances.list(name="parent")["name"]]


def list_by(gdb: gn.Client) -> Any:
    return gdb.instances.list()


@contextmanager
def held_locks() -> Iterator[None]:
    """Let another thread hold every lock of this process, as it may at the moment of a fork."""
    ready, halt = threading.Event(), threading.Event()

    def hold() -> None:
        held = []
        for owner in list(process._owners.values()):
            for value in vars(owner).values():
                for lock in (value, getattr(value, "_cond", None)):
                    if hasattr(lock, "acquire") and lock.acquire(timeout=1):
                        held.append(lock)
        ready.set()
        halt.wait()
        for lock in held:
            lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        halt.set()
        thread.join()


@contextmanager
def busy_threads(gdb: gn.Client) -> Iterator[None]:
    halt = threading.Event()

    def call() -> None:
        while not halt.is_set():
            gdb.instances.list(name="parent")
            gdb.made()

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        halt.set()
        for thread in threads:
            thread.join()


def fork(work: Callable[[], Any]) -> Callable[[], Any]:
    """Run a function in a forked child that ends as a script does; returns a function that waits for its result."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = work()
        except BaseException as error:
            answer = repr(error)
        with os.fdopen(writer, "w") as pipe:
            json.dump(answer, pipe)
        sys.exit()  # runs the exit handlers that the child has from its parent
    os.close(writer)

    def result() -> Any:
        with os.fdopen(reader) as pipe, suppress(ValueError):
            answer = json.load(pipe)
        return [answer, os.waitpid(child, 0)[1]]

    return result


def main() -> None:
    facts: dict[str, Any] = {}
    place = Sandbox(port=0, start="2026-02-03T04:05:06", speed=1e6, quota=0)
    with place as sandbox, Sandbox(port=None, start="2026-02-03T04:05:06") as socketless:
        settings = {
            **{name: getattr(sandbox, name) for name in ("endpoint", "iam_endpoint", "region", "project_id")},
            **{name: sandbox.credentials[name] for name in ("username", "password", "domain")},
        }
        with sandbox.connect(keep=True, seed=None) as gdb, gn.connect("sandbox") as embedded:
            parent = gdb.instances.create(spec("parent"))
            embedded.instances.create(spec("everybody"))
            watch = gdb.watch(parent, until="gone")

            def child(number: int) -> Callable[[], Any]:
                return fork(lambda: work_in_a_fork(number, gdb, watch, embedded, socketless))

            with busy_threads(gdb):
                running = [child(number) for number in range(CHILDREN - 1)]
            with held_locks():
                running.append(child(CHILDREN - 1))
            facts["children"] = [each() for each in running]
            facts["the parent goes on"] = [
                watch.done,
                sorted(gdb.instances.list()["name"]),
                sorted(gdb.made()["name"]),
                embedded.instances.list()["name"].tolist(),
                len(socketless.connect().instances.list()),
            ]
            facts["embedded"] = embedded.endpoint
            facts["jitter"] = gdb._transport._random.random()
            watch.stop()
            facts["copies"] = {
                f"{type(thing).__name__} {way.__module__}.{way.__name__}": message(partial(way, thing))
                for thing in (gdb, gdb.instances, gdb.instances.list, watch, sandbox, gdb.instances.list.form())
                for way in (copy.copy, copy.deepcopy, pickle.dumps)
            }
            plain = {
                name: getattr(value, "get_secret_value", partial(str, value))() for name, value in settings.items()
            }
            facts["workers"] = {}
            for kind in ("fork", "spawn", "forkserver"):
                with multiprocessing.get_context(kind).Pool(1) as pool:
                    facts["workers"][kind] = [
                        pool.apply(connect_in_a_worker, (plain,)),
                        message(lambda: pool.apply(list_by, (gdb,))),
                    ]
            parallel = joblib.Parallel(n_jobs=2)
            facts["workers"]["joblib"] = [
                parallel([joblib.delayed(connect_in_a_worker)(plain)])[0],
                # In this thread: a thread of joblib may miss the error, and wait for ever.
                message(lambda: pickle.dumps(joblib.delayed(list_by)(gdb))),
            ]
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
