"""The walker for secrets: revealed for the wire, found, replaced, hidden and masked everywhere else."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from gaussnb.core.operation import Model
from gaussnb.core.rules import Secret
from gaussnb.core.secrets import LEFT_OUT, find, hidden, masked, replaced, reveal, walk

WORD = "Can4ry" + "-" + "tweet"


class Account(Model):
    """An account."""

    name: str
    """The name."""
    key: Secret
    """The key."""
    note: str | None = None
    """A note."""


NESTED: Any = {"accounts": [Account(name="ann", key=WORD)], "none": None, "pair": (1, SecretStr(WORD))}


def test_only_reveal_shows_a_secret() -> None:
    clear = {"accounts": [{"name": "ann", "key": WORD}], "none": None, "pair": [1, WORD]}
    assert reveal(NESTED) == clear
    assert find(NESTED) == [SecretStr(WORD), SecretStr(WORD)]
    named = replaced(NESTED, lambda path: "/".join(map(str, path)))
    assert named == {"accounts": [{"name": "ann", "key": "accounts/0/key"}], "none": None, "pair": [1, "pair/1"]}
    assert hidden(clear, find(NESTED)) == {
        "accounts": [{"name": "ann", "key": "***"}],
        "none": None,
        "pair": [1, "***"],
    }


def test_a_part_is_left_out() -> None:
    assert walk({"a": [1, None], "b": None}, lambda path, part: LEFT_OUT if part is None else part) == {"a": [1]}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"auth": {"identity": {"password": {"user": {"name": "ann", "password": WORD}}}}},
         {"auth": {"identity": {"password": {"user": {"name": "ann", "password": "***"}}}}}),
        ({"auth": WORD}, {"auth": "***"}),
        ({"password": {"of": WORD}}, {"password": "***"}),
        ({"odd": WORD, "even": f"sk={WORD}"}, {"odd": "***", "even": "sk=***"}),
        ([{"user_pwd": 5}, 5, None], [{"user_pwd": "***"}, 5, None]),
    ],
)  # fmt: skip
def test_json_from_elsewhere_is_masked_by_name_and_by_look(value: Any, shown: Any) -> None:
    assert masked(value, {"odd"}) == shown


def test_a_value_without_end_is_refused() -> None:
    deep: Any = "x"
    for _ in range(20_000):
        deep = [deep]
    loop: dict[str, Any] = {}
    loop["again"] = loop
    for value in (deep, loop):
        with pytest.raises(ValueError, match="holds itself") as caught:
            reveal(value)
        assert caught.value.__context__ is None
