"""A secret is cut out because it is known, in every encoding in which a service can repeat it."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from campaign.canary import CANARY, ODD, PLAIN, spellings
from pydantic import SecretStr

from gaussnb.core.secrets import Hidden, HiddenMapping, KnownSecrets, find

ALIEN = "Aa1!canary 😀 'q' \\ \n/x"


def known(*secrets: str) -> KnownSecrets:
    made = KnownSecrets()
    made.add(*secrets)
    return made


@pytest.mark.parametrize("secret", [PLAIN, CANARY, ODD, ALIEN])
def test_every_spelling_is_masked_and_what_stands_around_it_stays(secret: str) -> None:
    for name, spelling in spellings(secret).items():
        told = known(secret).mask(f"value ({spelling}) is too weak")
        assert told == "value (***) is too weak", name
        body = json.dumps({"error_msg": f"value ({spelling}) is too weak", "n": 5}).encode()
        assert json.loads(known(secret).mask_bytes(body)) == {"error_msg": "value (***) is too weak", "n": 5}, name


def test_a_large_list_is_searched_too() -> None:
    rows = [{"id": f"{number:032x}", "name": f"orders-{number}", "note": "a & b, 50 %"} for number in range(400)]
    quoted: list[Any] = [*rows, *({"note": f"({spelling})"} for name, spelling in spellings(CANARY).items()
                                  if "every" not in name)]  # fmt: skip
    body = json.dumps({"things": quoted}).encode()
    assert len(body) > 30_000
    found = json.loads(known(CANARY).mask_bytes(body))["things"]
    assert found[:400] == rows
    assert {row["note"] for row in found[400:]} == {"(***)"}
    assert known(CANARY).mask_bytes(json.dumps(rows).encode()) == json.dumps(rows).encode()


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_a_page_in_utf_16_is_masked(order: str) -> None:
    body = f"<p>{CANARY}</p>".encode(order)
    assert known(CANARY).mask_bytes(body) != body
    assert "canary" not in known(CANARY).mask_bytes(body).replace(b"\0", b"").decode()


def test_short_secrets_and_digits_are_whole_words() -> None:
    few = known("hush", "ab", "", "   ", "123456")
    assert few.mask("hush, a husher, ab, 1234567 and 123456.") == "***, a husher, ab, 1234567 and ***."
    assert few.mask_bytes(b'{"size": 123456, "note": "is 123456"}') == b'{"size": 123456, "note": "is ***"}'


def test_json_stays_json_with_its_names_and_numbers() -> None:
    held = known("nabc123x", "instances")
    body = b'{"instances": [{"text": "\\nabc123x", "x nabc123x": null, "share": 1.5, "ok": true}]}'
    assert json.loads(held.mask_bytes(body)) == {
        "instances": [{"text": "\nabc123x", "x ***": None, "share": 1.5, "ok": True}]
    }


def test_a_broken_answer_is_masked_as_text() -> None:
    held = known(CANARY)
    assert held.mask_bytes(f'{{"error_msg": "value {CANARY}'.encode()) == b'{"error_msg": "value ***'
    assert held.mask_bytes(b"\xff\xfe" + CANARY.encode() + b"\xff") == b"\xff\xfe***\xff"


def test_overlapping_secrets_are_one_mask() -> None:
    assert known("abcdef", "abcdefghi", "ghijkl").mask("key=abcdefghijkl!") == "key=***!"


def test_old_secrets_of_requests_are_forgotten_and_those_of_the_login_are_not() -> None:
    held = KnownSecrets()
    held.add(SecretStr("of-the-login"), None, login=True)
    held.add(*(f"password-{number:04}-" for number in range(600)))
    assert held.mask("of-the-login password-0599- password-0000-") == "*** *** password-0000-"
    assert repr(held) == "<513 known secrets>"


def test_secrets_are_found_by_type_and_by_name() -> None:
    value = {
        "name": "ann", "auth": {"identity": {"password": {"user": {"name": "ann", "password": "p-1"}}}},
        "tokens": ["t-1", "t-2"], "deep": [SecretStr("d-1")], "pwd": 1234567, "max_tokens": 10, "odd": "o-1",
    }  # fmt: skip
    assert {secret.get_secret_value() for secret in find(value, {"odd"})} == {
        "p-1", "t-1", "t-2", "d-1", "1234567", "o-1",
    }  # fmt: skip


def test_hidden_values_show_nothing_and_stay() -> None:
    mapping = HiddenMapping({"sk": PLAIN})
    assert PLAIN not in f"{Hidden(PLAIN)} {Hidden([PLAIN])!r} {mapping} {known(PLAIN)!r}"
    assert mapping["sk"] == Hidden(PLAIN).open() == PLAIN and list(mapping) == ["sk"]
    for value in (Hidden(PLAIN), mapping, known(PLAIN)):
        with pytest.raises(TypeError):
            pickle.dumps(value)
