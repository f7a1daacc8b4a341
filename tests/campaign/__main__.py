"""``python -m tests.campaign``: runs every part of the campaign, prints a table, and writes the figures as JSON.

Each part is a module with ``run(size, seed)``. A part that ends with an exception counts as one fault, so that the
other parts are run all the same.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from .figures import Figure, merged

PARTS = ("simulation", "sockets", "processes", "restarts", "contract", "canaries", "hostile")
"""The parts, those that find the most first."""
DIVIDED = {"simulation": 2}
"""The parts that run best in several processes, each with the number of its processes."""
_APART = 1_000_000  # seeds between two processes of a part


def run_part(part: str, size: float, seed: int) -> list[Figure]:
    """Run a part, in as many processes as it wants; an exception is a fault of the part."""
    shares = DIVIDED.get(part, 1)
    try:
        run = importlib.import_module(f"{__package__}.{part}").run
        if shares == 1:
            return list(run(size, seed))
        with ProcessPoolExecutor(shares, mp_context=multiprocessing.get_context("spawn")) as pool:
            seeds = [seed + number * _APART for number in range(shares)]
            done = pool.map(run, [size / shares] * shares, seeds)
            return merged(figure for figures in done for figure in figures)
    except Exception as error:
        return [Figure(part, "the part runs to its end", 1, 1, (f"{type(error).__name__}: {error}",))]


def table_of(figures: Sequence[Figure], seconds: dict[str, float]) -> str:
    """Write the figures as a Markdown table, with the faults under it."""
    lines = ["| part | what | tried | wrong | seconds |", "| --- | --- | ---: | ---: | ---: |"]
    shown: set[str] = set()
    for one in figures:
        lasted = "" if one.part in shown else f"{seconds.get(one.part, 0):.0f}"
        shown.add(one.part)
        lines.append(f"| {one.part} | {one.what} | {one.count:,} | {one.bad:,} | {lasted} |")
    faults = [f"- {one.part}, {one.what}: {example}" for one in figures for example in one.examples if one.bad]
    return "\n".join([*lines, "", *faults]).rstrip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="share of the whole campaign, like 0.01 (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same simulation (default: 0)")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part; may be given again")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file as well")
    given = parser.parse_args(arguments)
    figures: list[Figure] = []
    seconds: dict[str, float] = {}
    for part in given.part or PARTS:
        print(f"{part} …", file=sys.stderr, flush=True)
        began = time.monotonic()
        figures += run_part(part, given.size, given.seed)
        seconds[part] = time.monotonic() - began
    print(table_of(figures, seconds))
    if given.json is not None:
        record = {
            "size": given.size,
            "seed": given.seed,
            "seconds": seconds,
            "figures": [asdict(one) for one in figures],
        }
        given.json.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return int(any(one.bad for one in figures))


if __name__ == "__main__":
    sys.exit(main())
