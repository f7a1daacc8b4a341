"""The packages of the engine name no product: no database engine, host or error code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gaussnb
from gaussnb.nosql import states

COMMON = ("creating", "normal", "deleted", "frozen", "CREATE", "DELETE", "RESTORE")
QUOTED = tuple(rf"""(?-i:["']{word}["'])""" for word in states.JOB)
"""The statuses of jobs, as texts in the code: without quotes they are words of English."""
"""The statuses and actions that are also words of English or of the cloud."""

PRODUCT = ("gaussdb", "geminidb", "nosql", "cassandra", "redis", "mongodb", "influxdb", "dynamodb", "hbase", r"dbs\.")
WORK = tuple(rf"(?-i:{word}\b)" for word in (*states.ACTIONS, *states.INSTANCE, *states.NODE) if word not in COMMON)
ROUTES = (r"v3/\{project_id\}/instances",)
CLOUD = ("huawei", "myhuaweicloud", r"apigw?\b", r"keystone\b")
ENGINE = (*PRODUCT, *WORK, *QUOTED, *ROUTES)
ROOMS = {
    "core": (*ENGINE, *CLOUD),
    "cloud": ENGINE,
    "view": (*ENGINE, *CLOUD, r"instances?\b"),
    "client": (*ENGINE, *CLOUD),
    "sandbox/engine": ENGINE,
    "widgets": (*ENGINE, *CLOUD),
}
"""The words that a room must not hold, by its folder. The name of the package itself is no product."""
PRODUCT_SIDE = {"widgets/create.py"}
"""The modules of these rooms that know the product."""

HOME = Path(gaussnb.__file__).parent


def found(text: str, words: tuple[str, ...]) -> list[str]:
    """The lines of a source with one of the words in them."""
    wanted = re.compile(rf"(?<![a-z])(?:{'|'.join(words)})", re.IGNORECASE)
    return [line for line in text.splitlines() if wanted.search(line)]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_of_the_engine_names_no_product(room: str) -> None:
    wrong = {
        str(path.relative_to(HOME)): lines
        for path in sorted((HOME / room).rglob("*.py"))
        if path.relative_to(HOME).as_posix() not in PRODUCT_SIDE
        and (lines := found(path.read_text(encoding="utf-8"), ROOMS[room]))
    }
    assert not wrong


def test_the_words_are_found_where_the_product_is() -> None:
    text = (HOME / "nosql" / "engines.py").read_text(encoding="utf-8")
    assert found(text, PRODUCT)
    assert found("raise Refused('DBS.280001')", PRODUCT) and not found("import gaussnb", PRODUCT)
