"""Bulk creations on several machines and in several processes, marks, absence, taking up again and cleaning up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gaussnb as gn
from gaussnb import Client, quickstart
from gaussnb.client.ledger import Wanted
from gaussnb.client.marks import Mark
from gaussnb.sandbox import Sandbox

CREATE, TAG, LIST = "CreateInstance", "BatchTagAction", "ListInstances"
NOTHING = b'{"instances": [], "total_count": 0}'
BODY = {name: value for name, value in quickstart.body("cn-north-4").items() if name != "password"}


def table(count: int = 3, **changes: Any) -> pd.DataFrame:
    return pd.DataFrame([{**BODY, "name": f"many-{number}", **changes} for number in range(count)])


def sent(sandbox: Sandbox, operation: str = CREATE) -> int:
    return int((sandbox.requests["operation"] == operation).sum())


def there(sandbox: Sandbox) -> list[str]:
    return sorted(one.id for one in sandbox._app.world.instances.values())


def tags(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    return {one.id: one.tags for one in sandbox._app.world.instances.values()}


@pytest.fixture
def elsewhere(sandbox: Sandbox) -> Iterator[Client]:
    """A client on another machine, or in a fresh container: its ledger is empty."""
    with sandbox.connect() as client:
        yield client


@pytest.fixture
def many(canary: str) -> Callable[..., pd.DataFrame]:
    """Creates a table."""

    def create(gdb: Client, specs: pd.DataFrame, **more: Any) -> pd.DataFrame:
        return gdb.instances.create_many(specs, password=canary, **more)

    return create


# --------------------------------------------------------------------------------------------- the state of the cloud


def test_the_same_table_on_a_second_machine_creates_nothing(
    sandbox: Sandbox, gdb: Client, elsewhere: Client, many: Any
) -> None:
    made = many(gdb, table(3))
    again = many(elsewhere, table(4))
    assert again["outcome"].tolist() == ["exists"] * 3 + ["accepted"]
    assert again["id"].tolist()[:3] == made["id"].tolist() and again["error_code"].isna().all()
    assert again["message"].str.contains("made from this very row, by another machine").tolist()[:3] == [True] * 3
    assert sent(sandbox) == 4 and elsewhere.made()["name"].tolist() == ["many-3"]
    assert set(many(elsewhere, table(4))["outcome"]) == {"exists"}  # the second run of the same cell
    assert many(elsewhere, table(4), resume=again)["outcome"].tolist() == again["outcome"].tolist()
    assert sent(sandbox) == 4
    assert many(elsewhere, table(1), again=True)["outcome"].tolist() == ["accepted"] and sent(sandbox) == 5


def test_the_list_is_asked_once_and_to_its_end(sandbox: Sandbox, gdb: Client, fill: Any, many: Any) -> None:
    fill(sandbox, 130, name="many")  # two pages; the oldest is on the second one
    before = sent(sandbox, LIST)
    result = many(gdb, pd.DataFrame([{**BODY, "name": f"many-{number:04}"} for number in (0, 129)]))
    assert result["outcome"].tolist() == ["exists", "exists"] and sent(sandbox, LIST) == before + 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "carries no mark, and nothing that the list shows"),
        ({"flavor": [{**BODY["flavor"][0], "size": 600}]}, "differs from this row: storage_gb is 500, not 600"),
        ({"security_group_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12}, "differs from this row: security_group_id"),
    ],
)
def test_an_instance_that_exists_is_compared_with_the_row(
    changes: Any, says: str, sandbox: Sandbox, gdb: Client, elsewhere: Client, spec: Any, many: Any
) -> None:
    elsewhere.instances.create(spec(name="many-0"))
    sandbox.advance(3600)
    result = many(gdb, table(1, **changes))
    assert result["outcome"].tolist() == ["exists"] and says in result.loc[0, "message"]
    assert result["status"].tolist() == ["normal"] and sent(sandbox) == 1


def test_of_several_namesakes_the_one_from_this_row_is_told(
    sandbox: Sandbox, gdb: Client, elsewhere: Client, spec: Any, many: Any
) -> None:
    made = many(elsewhere, table(1))
    elsewhere.instances.create(spec(name="many-0"))
    result = many(gdb, table(1))
    assert (
        result["id"].tolist() == made["id"].tolist() and "1 more instances have this name" in result.loc[0, "message"]
    )


def test_an_instance_that_appears_after_the_list_was_asked_exists(
    sandbox: Sandbox, gdb: Client, elsewhere: Client, spec: Any, many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = gdb.send

    def meanwhile(operation: Any, returns: Any = None) -> Any:
        if operation.route.creates and operation.name == "many-1":
            elsewhere.instances.create(spec(name="many-1"))
        return send(operation, returns)

    monkeypatch.setattr(gdb, "send", meanwhile)
    result = many(gdb, table(3), workers=1)
    assert result["outcome"].tolist() == ["accepted", "exists", "accepted"] and sent(sandbox) == 3
    assert result.loc[1, "id"] in there(sandbox) and gdb.made()["name"].tolist() == ["many-2", "many-0"]


def test_without_the_right_to_list_the_ledger_decides(
    sandbox: Sandbox, gdb: Client, elsewhere: Client, many: Any
) -> None:
    many(gdb, table(1))
    sandbox.inject(LIST, code="DBS.280032", times=None)
    result = many(gdb, table(2))
    assert result["outcome"].tolist() == ["exists", "accepted"] and sent(sandbox) == 2
    assert "this machine created an instance of this name" in result.loc[0, "message"]
    assert "could not be read: only this machine's ledger" in result.loc[1, "message"]


def test_a_list_that_fails_sends_nothing(sandbox: Sandbox, gdb: Client, many: Any) -> None:
    sandbox.inject(LIST, status=500, code="DBS.111205", times=None)
    with pytest.raises(gn.ServerError):
        many(gdb, table(1))
    assert sent(sandbox) == 0 and gdb.creation.entries() == []


def test_one_empty_list_makes_nothing_twice(sandbox: Sandbox, gdb: Client, many: Any) -> None:
    made = many(gdb, table(2))
    sandbox.inject(LIST, body=NOTHING)
    again = many(gdb, table(2))
    assert again["outcome"].tolist() == ["exists"] * 2 and again["id"].tolist() == made["id"].tolist()
    assert sent(sandbox) == 2


# ------------------------------------------------------------------------------------------------------ two processes


@pytest.mark.parametrize("resume", [False, True])
def test_two_calls_at_once_create_once(
    resume: bool, sandbox: Sandbox, many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox.connect(keep=True) as gdb, sandbox.connect(keep=True) as other:
        send, results = gdb.send, []

        def meanwhile(operation: Any, returns: Any = None) -> Any:
            if operation.route.creates and not results:  # the first call reserved its rows, and sent none yet
                results.append(many(other, table(4), resume=resume))
            return send(operation, returns)

        monkeypatch.setattr(gdb, "send", meanwhile)
        first, (second,) = many(gdb, table(3), resume=resume, workers=1), results
        assert set(first["outcome"]) == {"accepted"}
        assert second["outcome"].tolist() == ["skipped"] * 3 + ["accepted"] and sent(sandbox) == 4
        assert second["message"].str.contains("another call on this machine is creating").tolist()[:3] == [True] * 3
        on = many(other, table(4), resume=second)
    assert on["outcome"].tolist() == ["exists"] * 3 + ["accepted"] and sent(sandbox) == 4


@pytest.mark.parametrize("way", ["interrupt", "quota", "login", "outage"])
def test_what_was_not_sent_is_not_reserved_afterwards(
    way: str, build: Any, many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = build(quota=1 if way == "quota" else 0)
    with sandbox.connect(keep=True) as gdb, sandbox.connect(keep=True) as other:
        if way == "interrupt":

            def stopped(operation: Any, returns: Any = None) -> Any:
                if operation.route.creates:
                    raise KeyboardInterrupt
                return Client.send(gdb, operation, returns)

            monkeypatch.setattr(gdb, "send", stopped)
            with pytest.raises(KeyboardInterrupt):
                many(gdb, table(2))
        elif way == "quota":
            with pytest.raises(gn.QuotaExceeded):
                many(gdb, table(2))
        else:
            fault = {"login": (CREATE, {"code": "DBS.280032"}), "outage": (LIST, {"drop": "before", "after": 1})}
            sandbox.inject(fault[way][0], times=None if way == "outage" else 1, **fault[way][1])
            assert "accepted" not in set(many(gdb, table(2), workers=1)["outcome"])
            sandbox._app.faults._faults.clear()
        assert sandbox._app.world.instances.values() is not None and len(there(sandbox)) == 0
        wanted = [Wanted(CREATE, "many-1")]
        (answer,) = other.creation.reserve(wanted)
        assert answer.standing is None  # the second row was never sent


def test_an_earlier_creation_of_unknown_outcome_is_not_sent_again(
    sandbox: Sandbox, gdb: Client, spec: Any, many: Any
) -> None:
    sandbox.inject(CREATE, drop="before")
    with pytest.raises(gn.UnknownOutcome):
        gdb.instances.create(spec(name="many-0"))
    result = many(gdb, table(2))
    assert result["outcome"].tolist() == ["unknown", "accepted"] and sent(sandbox) == 2
    assert "gdb.made()" in result.loc[0, "message"] and result.loc[0, "key"]
    on = many(gdb, table(2), resume=result)
    assert on["outcome"].tolist() == ["unknown", "accepted"] and sent(sandbox) == 2
    assert many(gdb, table(2), resume=result, again=True)["outcome"].tolist() == ["accepted"] * 2


# -------------------------------------------------------------------------------------------------------------- marks


def test_every_created_instance_is_marked(sandbox: Sandbox, gdb: Client, elsewhere: Client, many: Any) -> None:
    made = many(gdb, table(3))
    keys = dict(zip(gdb.made()["id"], gdb.made()["key"]))
    for id, digest in zip(made["id"], made["digest"]):
        assert Mark.read(tags(sandbox)[id]["gaussnb"]) == Mark(digest, gdb.ledger_id, keys[id])
    assert made["message"].isna().all()
    many(elsewhere, table(3))
    assert sent(sandbox, "ListInstancesByResourceTags") == 1  # the marks of all, in one call
    assert sent(sandbox, TAG) == 3


def test_a_mark_is_a_value_that_every_document_allows() -> None:
    longest = str(Mark("sha256:" + "f" * 16, 2**31 - 1, 10**12 - 1))
    assert len(longest) <= 43 and Mark.read(longest) is not None
    for other in ("", "blue", "a.b.1", longest + "0", longest.upper(), f"x{longest}"):
        assert Mark.read(other) is None


def test_a_creation_whose_mark_is_refused_succeeds(sandbox: Sandbox, gdb: Client, elsewhere: Client, many: Any) -> None:
    refused = sandbox.inject(TAG, code="DBS.280032", times=None)
    made = many(gdb, table(2))
    assert set(made["outcome"]) == {"accepted"} and made["message"].str.contains("could not be marked").all()
    other = many(elsewhere, table(2))
    assert set(other["outcome"]) == {"exists"} and other["message"].str.contains("no mark").all()
    refused.remove()
    assert many(gdb, table(2))["message"].str.contains("by this machine").all()  # the ledger says so
    assert many(elsewhere, table(2))["message"].str.contains("very row, by another machine").all()  # marked by then


@pytest.mark.parametrize("fault", [{"code": "DBS.200022"}, {"drop": "after"}, {"drop": "before"}, {"status": 502}])
def test_a_mark_that_fails_is_written_at_the_end(fault: Any, sandbox: Sandbox, gdb: Client, many: Any) -> None:
    sandbox.inject(TAG, times=1, **fault)
    made = many(gdb, table(2))
    assert made["message"].isna().all() and all("gaussnb" in each for each in tags(sandbox).values())


def test_marks_can_be_left_out(sandbox: Sandbox, gdb: Client, many: Any) -> None:
    many(gdb, table(1), marks=False)
    assert sent(sandbox, TAG) == 0 and list(tags(sandbox).values()) == [{}]


# ------------------------------------------------------------------------------------- what a frame is good for later


def test_what_exists_is_waited_for_and_tagged_but_not_deleted(
    sandbox: Sandbox, gdb: Client, elsewhere: Client, many: Any, tmp_path: Path
) -> None:
    many(gdb, table(2))
    result = many(elsewhere, table(3))
    assert elsewhere.watch(result).ids == tuple(result["id"])
    elsewhere.wait(result)
    assert set(elsewhere.instances.list()["status"]) == {"normal"}
    tagged = elsewhere.tags.update_many(result, "create", [{"key": "team", "value": "blue"}])
    assert set(tagged["outcome"]) == {"accepted"}
    result.to_csv(tmp_path / "kept.csv", index=False)
    for frame in (result, pd.read_csv(tmp_path / "kept.csv")):
        deleted = elsewhere.instances.delete_many(frame)
        assert deleted["outcome"].tolist()[:2] == ["skipped", "skipped"]
        assert "existing=True" in deleted.loc[0, "message"]
        if set(deleted["outcome"]) == {"skipped", "accepted"}:
            elsewhere.wait(deleted)  # only for what was deleted
    assert there(sandbox) == sorted(result["id"][:2])
    all_of_it = elsewhere.instances.delete_many(result[:2], existing=True)
    assert set(all_of_it["outcome"]) == {"accepted"}


def test_a_wait_for_rows_that_started_no_work_says_so(sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    refused = gdb.instances.delete_many(["0" * 32 + "in06"])
    assert refused["outcome"].tolist() == ["refused"]
    with pytest.raises(ValueError, match="no instance to wait for"):
        gdb.wait(refused)


# ------------------------------------------------------------------------------------------------------------ absence


@pytest.mark.parametrize("looks", [1, 2])
def test_a_late_list_deletes_nothing_from_an_answer(looks: int, sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    ids = fill(sandbox, 2)
    sandbox.inject("DeleteInstance", drop="before", times=1)
    sandbox.inject(LIST, body=NOTHING, times=looks)
    result = gdb.instances.delete_many(ids, workers=1)
    assert result["outcome"].tolist() == ["unknown", "accepted"]  # it is still there, as a later look shows
    blind = sandbox.inject(LIST, body=NOTHING, times=None)
    before = sandbox.clock.monotonic()
    assert gdb.instances.delete_many(ids, resume=result)["outcome"].tolist() == ["accepted", "accepted"]
    assert sandbox.clock.monotonic() - before >= gdb.patience.lag and blind.count == gdb.patience.absences


def test_tags_that_are_missing_once_are_not_taken_away(sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    ids = fill(sandbox, 1)
    gdb.tags.update(ids[0], "create", [{"key": "team", "value": "blue"}])
    sandbox.inject(TAG, drop="before", times=1)
    sandbox.inject("ListInstanceTags", body=b'{"tags": []}', times=1)
    assert gdb.tags.update_many(ids, "delete", [{"key": "team"}])["outcome"].tolist() == ["unknown"]


# ---------------------------------------------------------------------------------------------------- taking up again


def test_resume_says_what_became_of_everything(sandbox: Sandbox, spec: Any, many: Any) -> None:
    with sandbox.connect(keep=True) as gdb:
        ready = gdb.instances.create(spec(name="ready"))
        sandbox.advance(3600)
        gdb.instances.create(spec(name="going"))
        sandbox.inject(CREATE, drop="before")
        with pytest.raises(gn.UnknownOutcome):
            gdb.instances.create(spec(name="lost"))
        sandbox.inject(CREATE, drop="after")
        blind = sandbox.inject(LIST, body=NOTHING, times=None)
        with pytest.raises(gn.UnknownOutcome):
            gdb.instances.create(spec(name="found"))
        blind.remove()
    with sandbox.connect(keep=True) as gdb:  # another kernel
        resumed = gdb.resume()
        became = dict(zip(resumed.frame["name"], resumed.frame["became"]))
        assert became == {"found": "going", "lost": "unknown", "going": "going"} and ready["id"][0] not in resumed.going
        assert sent(sandbox) == 4 and "3 instances open: 2 going, 1 unknown" in repr(resumed)
        assert "Its answer was lost, and it was found." in str(resumed)
        assert resumed.watch is not None and set(resumed.watch.ids) == set(resumed.going["id"])
        resumed.wait()
        rest = gdb.resume()
        assert rest.frame["name"].tolist() == ["lost"] and rest.watch is None and rest.wait().empty


def test_with_nothing_open_resume_says_so(gdb: Client) -> None:
    resumed = gdb.resume()
    assert len(resumed) == 0 and resumed.frame.empty and "No instance is open" in str(resumed)
    assert resumed.watch is None and list(resumed.wait().columns)[:2] == ["time", "elapsed"]


# -------------------------------------------------------------------------------------------------------- cleaning up


def test_cleaning_up_reviews_first_and_never_touches_what_others_made(
    sandbox: Sandbox, gdb: Client, elsewhere: Client, spec: Any, many: Any
) -> None:
    sandbox.inject(CREATE, fail="no host has room", after=1)
    made = many(gdb, table(2), workers=1)
    many(gdb, table(1), again=True)  # a double, on purpose or not
    sandbox.inject(CREATE, fail="no host has room")
    strange = many(elsewhere, table(3))["id"][2]
    sandbox.advance(3600)
    sandbox.inject(CREATE, drop="after")
    blind = sandbox.inject(LIST, body=NOTHING, times=None)
    with pytest.raises(gn.UnknownOutcome):
        gdb.instances.create(spec(name="found"))
    blind.remove()
    review = gdb.clean_up()
    why = dict(zip(review.frame["name"], review.frame["why"]))
    assert why == {"found": "found", "many-0": "double", "many-1": "failed"} and len(there(sandbox)) == 5
    assert review.frame.set_index("name")["delete"].to_dict() == {"found": True, "many-0": False, "many-1": True}
    assert made["id"][0] in review.frame.set_index("name").loc["many-0", "message"]
    assert "3 instances to review, 2 to delete" in repr(review) and "✗ delete" in str(review)
    with pytest.raises(ValueError, match="not in this review"):
        review.delete([strange])
    sandbox.advance(3600)  # the one that was found is ready by now: nobody has reviewed it like this
    deleted = review.delete()
    assert deleted["id"].tolist() == [made["id"][1]] and deleted["outcome"].tolist() == ["accepted"]
    gdb.wait(deleted)
    everything = gdb.clean_up(everything=True)
    assert set(everything.frame["id"]) == set(gdb.made().loc[gdb.made()["status"] != "gone", "id"])
    assert strange not in set(everything.frame["id"])


def test_views_of_resume_and_of_the_review_are_text_and_html(
    sandbox: Sandbox, gdb: Client, spec: Any, many: Any
) -> None:
    gdb.instances.create(spec(name="going"))
    for shown in (gdb.resume(), gdb.clean_up(everything=True)):
        bundle = shown._repr_mimebundle_()
        assert set(bundle) == {"text/plain", "text/html"} and bundle["text/plain"] == str(shown)
        assert "going" in bundle["text/html"] and "\n" not in repr(shown)
    assert "<" not in str(gdb.clean_up()) and "Nothing to clean up" in str(gdb.clean_up())
