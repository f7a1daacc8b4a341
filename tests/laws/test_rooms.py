"""The packages of the engine name no product: no database engine, host or error code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gaussnb

PRODUCT = ("gaussdb", "geminidb", "nosql", "cassandra", "redis", "mongodb", "influxdb", "dynamodb", "hbase", r"dbs\.")
CLOUD = ("huawei", "myhuaweicloud", r"apigw?\b", r"keystone\b")
ROOMS = {"core": (*PRODUCT, *CLOUD)}
"""The words that a room must not hold, by its folder. The name of the package itself is no product."""

HOME = Path(gaussnb.__file__).parent


def found(text: str, words: tuple[str, ...]) -> list[str]:
    """The lines of a source with one of the words in them."""
    wanted = re.compile(rf"(?<![a-z])(?:{'|'.join(words)})", re.IGNORECASE)
    return [line for line in text.splitlines() if wanted.search(line)]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_of_the_engine_names_no_product(room: str) -> None:
    for path in sorted((HOME / room).rglob("*.py")):
        lines = found(path.read_text(encoding="utf-8"), ROOMS[room])
        assert not lines, f"{path.relative_to(HOME)}: {lines}"


def test_the_words_are_found_where_the_product_is() -> None:
    text = (HOME / "nosql" / "engines.py").read_text(encoding="utf-8")
    assert found(text, PRODUCT)
    assert found("raise Refused('DBS.280001')", PRODUCT) and not found("import gaussnb", PRODUCT)
