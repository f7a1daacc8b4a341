"""Compare gaussnb with other ways to do the same: ``python -m tests.bench [--rounds N] [--quick]``.

Prints one Markdown table and writes nothing. Every figure is the median over rounds in which the ways take
turns, each in a fresh process; the server they call is a process of its own. Read the ratios: the milliseconds
are those of one machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FAKE_TOKEN = "-".join(["not", "a", "token"])

FRAME = f"""
import gaussnb
gaussnb.connect(endpoint="%s", token={FAKE_TOKEN!r}, project_id="latency-0").instances.list(limit=1)
"""
IMPORTS = {
    "import requests, pandas, pydantic": "import requests, pandas, pydantic",
    "import gaussnb": "import gaussnb",
    "import gaussnb, first DataFrame": FRAME,
    "import the SDK's client": "from huaweicloudsdkgaussdbfornosql.v3 import GaussDBforNoSQLClient",
}
ALL = {
    "requests → dict of lists → DataFrame": "all_columns",
    "gaussnb": "all_gaussnb",
    "requests → json_normalize": "all_normalized",
    "SDK → to_dict → DataFrame": "all_sdk",
}
SLOW = {name: ALL[name] for name in ("requests → dict of lists → DataFrame", "gaussnb")}
ONE = {
    "requests → dict → DataFrame": "one_requests_frame",
    "requests → dict": "one_requests",
    "gaussnb → DataFrame": "one_gaussnb",
    "SDK → object": "one_sdk",
}
FORMS = {
    "as many plain fields of ipywidgets": "form_core",
    "gaussnb": "form_gaussnb",
}
SANDBOX = """
import resource, sys
from gaussnb import Sandbox
sandbox = Sandbox(path=sys.argv[1] or None, quota=0, start=(sys.argv[2:] or [None])[0]).start()
print(sandbox.endpoint, flush=True)
for line in sys.stdin:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
"""

Measured = dict[str, list[dict[str, float]]]


class Bench:
    """Runs the parts.

    Args:
        rounds: number of rounds; each way runs once in a round.
        home: an empty directory that stands in for the user's home.
    """

    def __init__(self, rounds: int, home: str) -> None:
        self.rounds = rounds
        names = ("HW_", "OS_", "HUAWEICLOUD_", "GAUSSNB_", "XDG_")
        inherited = {key: value for key, value in os.environ.items() if not key.upper().startswith(names)}
        self.environment = {**inherited, "HOME": home, "PYTHONPATH": str(ROOT), "NO_PROXY": "*"}
        self.rows: list[tuple[str, ...]] = []

    def run(self, *words: str) -> str:
        """Run Python with these arguments, and return the output."""
        command = [sys.executable, *words]
        return subprocess.run(command, env=self.environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    @contextlib.contextmanager
    def server(self, *words: str) -> Iterator[str]:
        """Start a process that prints its address first."""
        with self.process(*words) as (_, address):
            yield address

    @contextlib.contextmanager
    def process(self, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """Start a process that prints its address first, and return both."""
        process = subprocess.Popen(
            [sys.executable, *words], env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()
            process.communicate()

    def wall(self, code: str) -> dict[str, float]:
        """Measure the time a process with this code takes from start to end."""
        began = time.perf_counter()
        self.run("-c", code)
        return {"ms": (time.perf_counter() - began) * 1000}

    def way(self, name: str, endpoint: str, count: int = 0) -> dict[str, float]:
        """Measure one of ``ways.py``."""
        found: dict[str, float] = json.loads(self.run(str(HERE / "ways.py"), name, endpoint, str(count)))
        return found

    def turns(self, runs: dict[str, Callable[[], dict[str, float]]], rounds: int) -> Measured:
        """Run each way once in each round. A first round without measurement warms the caches."""
        found: Measured = {name: [] for name in runs}
        for number in range(rounds + 1):
            for name, run in runs.items():
                result = run()
                if number:
                    found[name].append(result)
        return found

    def add(self, title: str, found: Measured, *, per: int = 1, digits: int = 0) -> None:
        """Add a part to the table; its first way is 1.00."""
        base = _median(next(iter(found.values())), "ms")
        for name, results in found.items():
            ms = _median(results, "ms")
            memory = f"{_median(results, 'mib'):.0f}" if "mib" in results[0] and per == 1 else ""
            self.rows.append((title, name, f"{ms / per:,.{digits}f} ms", f"{ms / base:.2f}", memory))

    # -- the parts

    def imports(self, endpoint: str) -> None:
        """Import time above that of bare Python."""
        codes = {"bare": "pass", **{name: code.replace("%s", endpoint) for name, code in IMPORTS.items()}}
        found = self.turns({name: partial(self.wall, code) for name, code in codes.items()}, self.rounds)
        bare = _median(found.pop("bare"), "ms")
        above = {name: [{"ms": one["ms"] - bare} for one in results] for name, results in found.items()}
        self.add("import, above bare Python", above)

    def lists(self, endpoint: str, instances: int) -> None:
        """All instances as a DataFrame, without and with latency."""
        for title, ways, latency, rounds in (
            (f"{instances:,} instances", ALL, 0, self.rounds),
            (f"{instances:,} instances, 50 ms a page", SLOW, 50, 1),
        ):
            here = f"{endpoint}#{latency}"
            found = self.turns({name: partial(self.way, way, here) for name, way in ways.items()}, rounds)
            for name, results in found.items():
                assert all(one["rows"] == instances for one in results), name
            self.add(title, found)

    def calls(self, endpoint: str, count: int) -> None:
        """The overhead of one call."""
        found = self.turns({name: partial(self.way, way, endpoint, count) for name, way in ONE.items()}, self.rounds)
        self.add("one call, one instance", found, per=count, digits=2)

    def forms(self, count: int) -> None:
        """Building the form of a new instance, beside the same number of plain fields."""
        found = self.turns({name: partial(self.way, way, "", count) for name, way in FORMS.items()}, self.rounds)
        self.add("the largest form, built", found, per=count, digits=1)

    def sandbox(self, count: int) -> None:
        """Measure requests per second of the sandbox, over one connection."""
        start = statistics.median(self._start() for _ in range(self.rounds))
        self.rows.append(("sandbox", "cold start, python to first token", f"{start:,.0f} ms", "", ""))
        for kept in (False, True):
            path = str(Path(self.environment["HOME"]) / "bench.sandbox") if kept else ""
            with self.server("-c", SANDBOX, path) as endpoint:
                for what, way in (("create", "sandbox_create"), (f"list of {min(100, count)}", "sandbox_list")):
                    rate = count / self.way(way, endpoint, count)["ms"] * 1000
                    where = "in a file" if kept else "in memory"
                    self.rows.append(("sandbox", f"{what}, {where}", f"{rate:,.0f} a second", "", ""))

    def held(self, *counts: int) -> None:
        """Measure a sandbox with many instances: peak memory of its whole process, and time to list them all."""
        base = 0.0
        for count in counts:
            path = str(Path(self.environment["HOME"]) / f"held-{count}.sandbox")
            with self.process("-c", SANDBOX, path, "2026-01-01") as (
                process,
                endpoint,
            ):  # no work ends during the measurement
                self.way("sandbox_create", endpoint, count)
                ms = statistics.median(self.way("sandbox_all", endpoint, count)["ms"] for _ in range(self.rounds))
                assert process.stdin is not None and process.stdout is not None
                process.stdin.write("\n")
                process.stdin.flush()
                memory = float(process.stdout.readline())
            base = base or ms / count
            each, whole = f"{ms / count / base:.2f} each", f"{memory:.0f} in all"
            self.rows.append(("sandbox that holds", f"{count:,} instances, listed", f"{ms:,.0f} ms", each, whole))

    def _start(self) -> float:
        import http.client

        from .ways import login

        body, _ = login()
        began = time.perf_counter()
        with self.server("-c", SANDBOX, "") as endpoint:
            connection = http.client.HTTPConnection(endpoint.removeprefix("http://"))
            connection.request("POST", "/v3/auth/tokens", body)
            assert connection.getresponse().status == 201
            return (time.perf_counter() - began) * 1000


def _median(results: list[dict[str, float]], what: str) -> float:
    return statistics.median(one[what] for one in results)


def _table(rows: list[tuple[str, ...]]) -> str:
    head = ("what", "way", "median", "ratio", "peak MiB above imports")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    rule = tuple("-" * width for width in widths)
    lines = (map(str.ljust, row, widths) for row in (head, rule, *rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Run all and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each way (5)")
    parser.add_argument("--quick", action="store_true", help="one round with a tenth of the work")
    options = parser.parse_args()
    rounds, part = (1, 10) if options.quick else (max(1, options.rounds), 1)
    with tempfile.TemporaryDirectory() as home:
        bench = Bench(rounds, home)
        with bench.server(str(HERE / "stub.py"), "--instances", str(10_000 // part)) as endpoint:
            bench.imports(endpoint)
            bench.lists(endpoint, 10_000 // part)
            bench.calls(endpoint, 300 // part)
        bench.forms(20 // part)
        bench.sandbox(1_000 // part)
        bench.held(1_000 // part, 10_000 // part)
    print(_table(bench.rows))


if __name__ == "__main__":
    main()
