"""The types of fields: accepted values, sentences and error codes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from gaussnb.core.rules import Moment
from gaussnb.nosql import fields


def judged(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)


ACCEPTED = [
    (fields.InstanceName, "a-_9"), (fields.InstanceName, "A" * 64),
    (fields.InstanceId, "0f1e" * 8 + "in06"), (fields.InstanceId, "a.b"),
    (fields.EngineName, "redis"), (fields.ModeName, "ReplicaSet"),
    (fields.BackupWindow, "23:45-00:45"), (fields.BackupWindow, "01:00-02:00"),
    (fields.KeepDays, 0), (fields.KeepDays, "35"), (fields.NodeCount, "1"), (fields.Port, 65535),
    (fields.OnOff01, "0"), (fields.OnOff01, 1), (fields.TrueFalse, "true"), (fields.TrueFalse, False),
    (fields.Address, "192.168.0.12"), (fields.Network, "10.0.0.0/8"), (fields.Network, "10.0.0.1"),
    (fields.TagKey, "ключ-1"), (fields.TagValue, ""), (fields.Offset, 0), (fields.Limit, 100),
]  # fmt: skip
REFUSED = [
    (fields.InstanceName, "abc", "DBS.280234"), (fields.InstanceName, "1abc", "DBS.280234"),
    (fields.InstanceName, "abcd\n", "DBS.280234"), (fields.InstanceName, "a" * 65, "DBS.280234"),
    (fields.InstanceId, "", "DBS.280404"), (fields.InstanceId, "..", "DBS.280404"),
    (fields.InstanceId, "a/b", "DBS.280404"),
    (fields.InstanceId, ".", "DBS.280404"), (fields.InstanceId, "a\n", "DBS.280404"),
    (fields.EngineName, "oracle", "DBS.280235"), (fields.EngineName, None, "DBS.280235"),
    (fields.ModeName, [], "DBS.280342"),
    (fields.BackupWindow, "01:00-03:00", "DBS.280216"), (fields.BackupWindow, "01:10-02:10", "DBS.280216"),
    (fields.BackupWindow, "1:00-2:00", "DBS.280216"), (fields.BackupWindow, "24:00-01:00", "DBS.280216"),
    (fields.KeepDays, 36, "DBS.280214"), (fields.KeepDays, "-1", "DBS.280214"), (fields.KeepDays, True, "DBS.280214"),
    (fields.KeepDays, 1.0, "DBS.280214"), (fields.KeepDays, "1.0", "DBS.280214"), (fields.KeepDays, "٣", "DBS.280214"),
    (fields.Port, 1023, "DBS.200059"), (fields.Gigabytes, 0, "DBS.280242"), (fields.Gigabytes, "9" * 19, "DBS.280242"),
    (fields.OnOff01, True, ""), (fields.OnOff01, "2", ""), (fields.TrueFalse, 1, ""),
    (fields.TrueFalse, "True", ""),
    (fields.Address, "192.168.0.256", "DBS.200091"), (fields.Address, "::1", "DBS.200091"),
    (fields.Network, "10.0.0.0/33", "DBS.200091"),
    (fields.TagKey, "", "DBS.280441"), (fields.TagKey, "a b", "DBS.280441"), (fields.TagValue, "x" * 256, "DBS.280444"),
    (fields.Offset, -1, "DBS.280440"), (fields.Limit, 0, "DBS.280439"), (fields.Limit, 101, "DBS.280439"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), ACCEPTED)
def test_an_accepted_value_is_unchanged(kind: Any, value: Any) -> None:
    kept = judged(kind, value)
    assert kept == value and type(kept) is type(value)


@pytest.mark.parametrize(("kind", "value", "code"), REFUSED)
def test_a_refusal_has_a_code_and_a_sentence(kind: Any, value: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        judged(kind, value)
    (line,) = refusal.value.errors()
    assert line["ctx"]["code"] == code
    assert line["msg"] == line["ctx"]["says"] and len(line["msg"]) > 5


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("Aa1!aaa", "DBS.280465"), ("A1" * 17, "DBS.280465"), ("Aa1 aaaa", "DBS.280200"), ("Ää1!aaaa", "DBS.280200"),
        ("aaaaaaaa", "DBS.200068"), ("12345678", "DBS.200068"), ("Aa1!aaaa", ""), ("aaaaaaa1", ""), ("A1" * 16, ""),
    ],
)  # fmt: skip
def test_passwords(password: str, code: str) -> None:
    if not code:
        assert judged(fields.Password, password).get_secret_value() == password
        return
    with pytest.raises(ValidationError) as refusal:
        judged(fields.Password, password)
    assert refusal.value.errors()[0]["ctx"]["code"] == code


def test_whole_numbers_of_numpy_travel_as_numbers() -> None:
    kept = judged(fields.NodeCount, np.int64(3))
    assert kept == 3 and type(kept) is int


def test_a_moment_without_an_offset_is_utc() -> None:
    naive = judged(Moment, datetime(2026, 1, 1, 8, 0, 0, 999))
    assert naive.isoformat() == "2026-01-01T08:00:00+00:00"
    beijing = judged(Moment, datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))))
    assert beijing.utcoffset() == timedelta(hours=8)
    for wrong in (datetime(1969, 12, 31), datetime(9999, 1, 1), "yesterday"):
        with pytest.raises(ValidationError):
            judged(Moment, wrong)


@pytest.mark.parametrize(
    "kind", [fields.KeepDays, fields.OnOff01, fields.TrueFalse, fields.InstanceName, fields.Password]
)
def test_a_field_has_a_json_schema(kind: Any) -> None:
    assert TypeAdapter(kind).json_schema()


def test_blanks_around_tags_are_dropped() -> None:
    adapter: TypeAdapter[str] = TypeAdapter(fields.TagKey)
    assert adapter.validate_python("  team ") == "team"
    with pytest.raises(ValidationError):
        adapter.validate_python("two words")
