"""Requests that schemathesis makes from the sandbox's own OpenAPI document, and answers held against it.

Most requests name a project, an instance, a backup and so on that exist, with a valid token, so that they are carried
out. The others are sent as they were made. A third breaks the document on purpose.
"""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gaussnb.cloud.transport import Patience
from gaussnb.quickstart import body, password
from gaussnb.sandbox import Sandbox
from gaussnb.sandbox.engine import openapi

from .figures import Figure, merged

REQUESTS = 50_000
"""Requests of the whole part."""
SHARES = 2
"""Processes that share the whole part."""
_VISIT = 100  # requests to one operation at a time
_SHORT_VISIT = 20
_AT_ONCE = 10  # requests of one example: each example of hypothesis has a cost of its own
_NOT_SIMULATED = 501
_NAMED = 0.7  # share of requests that name what exists
_CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
_SETTINGS = hypothesis.settings(
    database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


class _World:
    """A new sandbox with a few things in it, whose ids are known by the names of the holes in a path."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(port=None, start="2026-02-03T04:05:06", speed=1e9, quota=0).start()
        self.session = requests.Session()
        self.session.trust_env = False
        self.sandbox.mount(self.session)
        with self.sandbox.connect(patience=Patience(tries=1)) as gdb:
            made = [gdb.instances.create(**body("cn-north-4"), password=password())["id"].item() for _ in range(2)]
            self.sandbox.advance(7200)
            backup = gdb.backups.create(instance_id=made[0], name="before-tests")["backup_id"].item()
            self.sandbox.advance(7200)
            nodes = gdb.instances.nodes(made[0])["id"].tolist()
            self.token = gdb._access.log_in().value.get_secret_value()  # type: ignore[union-attr]
            self.known: Mapping[str, Sequence[str]] = {
                "project_id": [gdb.project_id],
                "instance_id": made,
                "backup_id": [backup],
                "node_id": nodes,
                "config_id": gdb.configurations.list()["id"].tolist(),
                "job_id": gdb.jobs.list()["id"].tolist(),
            }

    def close(self) -> None:
        self.session.close()
        self.sandbox.close()


class _Tally:
    """Sends requests, and counts what does not fit."""

    def __init__(self, seed: int) -> None:
        self.seed, self.random = seed, random.Random(seed)
        self.count = 0
        self.broken: list[str] = []
        self.misfits: list[str] = []
        self.carried_out: set[str] = set()

    def visit(self, operation: Any, mode: GenerationMode, count: int, seed: int) -> None:
        """Send ``count`` requests to an operation."""
        world, size = _World(), min(_AT_ONCE, count)
        cases = st.lists(operation.as_strategy(generation_mode=mode), min_size=size, max_size=size)

        @hypothesis.seed(seed)
        @hypothesis.settings(_SETTINGS, max_examples=count // size)
        @hypothesis.given(cases)
        def send(made: list[Any]) -> None:
            for case in made:
                self.send(case, world)

        try:
            send()
        except Unsatisfiable:
            pass  # an operation without parameters cannot be broken
        finally:
            world.close()

    def send(self, case: Any, world: _World) -> None:
        """Send one request, and look at its answer."""
        if self.random.random() < _NAMED:
            for hole in case.path_parameters or {}:
                if hole in world.known:
                    case.path_parameters[hole] = self.random.choice(world.known[hole])
            case.headers["X-Auth-Token"] = world.token
        answer = case.call(base_url=world.sandbox.endpoint, session=world.session)
        self.count += 1
        if answer.status_code < 300:
            self.carried_out.add(case.operation.label)
        simulated = case.operation.definition.raw["x-simulated"]
        if answer.status_code >= 500 and (answer.status_code != _NOT_SIMULATED or simulated):
            self.broken.append(self._shown(case, f"{answer.status_code} {answer.text}"))
        try:
            case.validate_response(answer, checks=_CHECKS)
        except (Failure, FailureGroup) as failure:
            reasons = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
            self.misfits.append(self._shown(case, "; ".join(str(one) for one in reasons)))

    def _shown(self, case: Any, what: str) -> str:
        return f"seed {self.seed}: {case.operation.label}: {what[:400]}: {case.as_curl_command()[:600]}"

    def figures(self) -> list[Figure]:
        """The figures so far."""
        return [
            Figure("contract", "requests that got a 5xx", self.count, len(self.broken), tuple(self.broken[:10])),
            Figure("contract", "answers unlike the document", self.count, len(self.misfits), tuple(self.misfits[:10])),
        ]


def _visits(operations: Sequence[Any], seed: int) -> Iterator[tuple[Any, GenerationMode, int]]:
    """Each operation in turn, in a new order each round, with a seed for its requests."""
    order = random.Random(seed)
    modes = [GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    number = 0
    while True:
        for operation in order.sample(operations, len(operations)):
            number += 1
            yield operation, modes[number % len(modes)], seed * 1_000_000 + number


def share(count: int, seed: int) -> list[Figure]:
    """Send ``count`` requests from one process."""
    with Sandbox(port=None) as any_sandbox:
        document = openapi.document(any_sandbox._app.service)
    schema = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations()]
    visit = _VISIT if count >= _VISIT * len(operations) else _SHORT_VISIT
    tally = _Tally(seed)
    visits = _visits(operations, seed)
    while tally.count < count:
        operation, mode, number = next(visits)
        tally.visit(operation, mode, visit, number)
    return tally.figures()


def run(size: float = 1.0, seed: int = 0) -> list[Figure]:
    """Send requests in two processes, or here if they are few.

    Args:
        size: the share of :data:`REQUESTS` to send.
        seed: chooses the requests.
    """
    count = max(1, round(REQUESTS * size))
    if count < 5_000:
        return share(count, seed)
    each = -(-count // SHARES)
    with ProcessPoolExecutor(SHARES, mp_context=multiprocessing.get_context("spawn")) as pool:
        done = pool.map(share, [each] * SHARES, range(SHARES * seed, SHARES * seed + SHARES))
        return merged(figure for figures in done for figure in figures)
