"""The engine serves a service that it knows nothing about: client, frames, forms, wait, watch and sandbox."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

import gaussnb as gn
from gaussnb import Patience
from gaussnb.client.many import send_to_each
from gaussnb.cloud.credentials import find_credentials
from gaussnb.core.clock import Moment

from . import jobs, service
from .jobs import JobSandbox
from .operations import BuyKettle, ListKettles, ThrowAwayKettle
from .sandbox import KettleSandbox
from .service import SERVICE

START = "2026-02-03T04:05:06"
FAST = 1e6  # virtual seconds in a real one
FOREIGN = ("HUAWEICLOUD_", "HW_", "OS_", "GAUSSNB_", "BINDER_")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the settings, tokens and ledger of the user who runs the tests."""
    for name in os.environ:
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)
    for name in ("CACHE", "STATE"):
        monkeypatch.setenv(f"GAUSSNB_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("GAUSSNB_PROFILES", str(tmp_path / "profiles.toml"))
    monkeypatch.setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture(params=[KettleSandbox, JobSandbox], ids=["without jobs", "with jobs"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[KettleSandbox]:
    with request.param(port=None, start=START, speed=FAST) as sandbox:
        yield sandbox


@pytest.fixture
def gdb(sandbox: KettleSandbox) -> Iterator[service.Client]:
    with sandbox.connect(patience=Patience(tries=1, busy=0)) as client:
        yield client


def buy(gdb: service.Client, *names: str) -> list[str]:
    """Buy kettles and wait until they boil."""
    ids = [str(gdb.kettles.buy(name=name)["id"].item()) for name in names]
    gdb.wait(ids)
    return ids


# ------------------------------------------------------------------------------------------ calls and frames


def test_calls_have_signatures_and_cards(gdb: service.Client) -> None:
    assert list(inspect.signature(gdb.kettles.buy).parameters) == ["name", "liters"]
    assert {"buy", "get", "list", "throw_away"} <= set(dir(gdb.kettles))
    assert "Buy a kettle." in gdb.kettles.buy.documentation
    assert "The size of the kettle" in gdb.kettles.buy.documentation
    assert repr(gdb.kettles.throw_away) == "kettles.throw_away(kettle_id)"
    assert "`gdb.kettles`" in gdb._repr_markdown_()
    texts = gdb.kettles.buy.documentation + str(gdb.kettles.list.__doc__) + gdb._repr_markdown_()
    assert "instance" not in texts and "GaussDB" not in texts


@pytest.mark.parametrize("names", [(), ("red",), ("red", "blue", "green")])
def test_frames_have_fixed_columns(gdb: service.Client, names: tuple[str, ...]) -> None:
    buy(gdb, *names) if names else None
    frame = gdb.kettles.list()
    assert list(frame.columns) == ["id", "name", "status", "actions", "liters"]
    assert {name: str(frame[name].dtype) for name in ("status", "liters")} == {"status": "category", "liters": "Int64"}
    assert sorted(frame["name"]) == sorted(names)
    assert frame.attrs["operation"] == "ListKettles" and frame.attrs["total_count"] == len(names)


def test_get_finds_one_row(gdb: service.Client) -> None:
    (id,) = buy(gdb, "red")
    assert gdb.kettles.get(id)["name"].tolist() == ["red"]
    with pytest.raises(gn.NotFound) as error:
        gdb.kettles.get("none")
    assert error.value.error_code == "TOY.0404"


# ------------------------------------------------------------------------------------------ errors


def test_values_are_checked_before_they_are_sent(gdb: service.Client) -> None:
    with pytest.raises(ValidationError, match="2 to 20 small letters"):
        gdb.kettles.buy(name="R")
    with pytest.raises(ValidationError):
        gdb.kettles.buy(name="red", liters=6)


def test_the_error_codes_of_the_service_decide_the_class(gdb: service.Client) -> None:
    id = str(gdb.kettles.buy(name="red")["id"].item())
    with pytest.raises(gn.Busy) as busy:
        gdb.kettles.throw_away(id)
    assert (busy.value.error_code, busy.value.hint) == ("TOY.0409", "Wait until the water boils.")
    with pytest.raises(gn.NotFound, match="There is no such kettle"):
        gdb.kettles.throw_away("none")
    for name in "abcdefgh":
        gdb.kettles.buy(name=name * 2)
    with pytest.raises(gn.QuotaExceeded):
        gdb.kettles.buy(name="last")


# ------------------------------------------------------------------------------------------ creates


def test_a_create_is_noted_in_the_ledger(gdb: service.Client) -> None:
    (id,) = buy(gdb, "red")
    made = gdb.made()
    assert made[["id", "name", "operation", "outcome", "status"]].values.tolist() == [
        [id, "red", "BuyKettle", "accepted", "boiling"]
    ]


def test_a_lost_answer_is_recovered(sandbox: KettleSandbox, gdb: service.Client) -> None:
    sandbox.inject(BuyKettle, drop="after")
    bought = gdb.kettles.buy(name="red")
    assert bought.attrs["recovered"] and bought["id"].tolist() == gdb.kettles.list()["id"].tolist()
    assert bought["job_id"].notna().item() is isinstance(sandbox, JobSandbox)
    assert gdb.made()["outcome"].tolist() == ["recovered"]


def test_a_lost_answer_without_a_thing_is_an_unknown_outcome(sandbox: KettleSandbox, gdb: service.Client) -> None:
    sandbox.inject(BuyKettle, drop="before")
    with pytest.raises(gn.UnknownOutcome, match=r"gdb\.kettles\.list\(name='red'\)"):
        gdb.kettles.buy(name="red")
    assert gdb.made()["outcome"].tolist() == ["unknown"]


# ------------------------------------------------------------------------------------------ wait and watch


def test_wait_until_ready_and_until_gone(gdb: service.Client) -> None:
    bought = gdb.kettles.buy(name="red")
    history = gdb.wait(bought)
    assert history["status"].tolist() == ["filling", "boiling"] and history["actions"].tolist() == ["POUR", ""]
    assert list(history["status"].cat.categories) == ["filling", "boiling", "burnt", "gone"]
    gone = gdb.wait(gdb.kettles.throw_away(bought["id"].item()))
    assert gone["status"].tolist()[-1] == "gone"
    assert gdb.made()["status"].tolist() == ["gone"]


def test_wait_for_a_failure(sandbox: KettleSandbox, gdb: service.Client) -> None:
    sandbox.inject(BuyKettle, fail="no water")
    why = "no water" if isinstance(sandbox, JobSandbox) else "its status is burnt"
    with pytest.raises(gn.WaitFailed, match=why) as error:
        gdb.wait(gdb.kettles.buy(name="red"))
    assert error.value.history["status"].tolist()[-1] == "burnt"


def test_wait_for_too_long(gdb: service.Client) -> None:
    with pytest.raises(gn.WaitTimeout, match="red is filling POUR"):
        gdb.wait(gdb.kettles.buy(name="red"), timeout=30)


def test_wait_speaks_of_kettles(gdb: service.Client) -> None:
    with pytest.raises(ValueError, match="no kettle to wait for"):
        gdb.wait([])
    with pytest.raises(ValueError, match="each kettle is named by its id"):
        gdb.wait([5])
    with pytest.raises(ValueError, match="kettle_id"):
        gdb.wait(pd.DataFrame({"color": ["red"]}))


def test_a_job_can_be_waited_for_only_where_there_are_jobs(gdb: service.Client) -> None:
    job = gdb.kettles.buy(name="red")["job_id"].item()
    if isinstance(gdb, jobs.Client):
        assert gdb.wait(job, until="done")["status"].tolist() == ["doing", "done"]
    else:
        with pytest.raises(ValueError, match="Toy Kettles has no jobs"):
            gdb.wait(job, until="done")


def test_a_watch_shows_the_words_of_the_service(gdb: service.Client) -> None:
    gdb.kettles.buy(name="red")
    gdb.kettles.buy(name="blue")
    watch = gdb.watch(gdb.kettles.list())
    assert watch.join(20)
    snapshot = watch.snapshot()
    text, html = str(watch), watch._repr_mimebundle_()["text/html"]
    assert snapshot.nouns == "kettles" and "2 kettles: 2 ready" in html
    assert "filling POUR" in text and "boiling" in text and "pouring water" not in text
    assert "instance" not in text and list(watch.frame["status"]) == ["boiling", "boiling"]


def test_a_watch_names_the_work_and_its_usual_time(sandbox: KettleSandbox, gdb: service.Client) -> None:
    bought = gdb.kettles.buy(name="red")
    watch = gdb.watch(bought)
    watch.pause()
    watch.see(gdb.kettles.list(), Moment.read(sandbox.clock))
    (shown,) = watch.snapshot().things
    assert (shown.typical, shown.doing, shown.phase) in ((90, "pouring water", "going"), (90, "", "ready"))
    watch.stop()


# ------------------------------------------------------------------------------------------ forms


def test_forms_fill_refuse_and_submit(gdb: service.Client) -> None:
    pytest.importorskip("ipywidgets")
    form = gdb.kettles.buy.form()
    assert set(form.fields) == {"name", "liters"}
    assert form.fill(name="R", liters=9).errors["field"].tolist() == ["name", "liters"]
    assert form.fill(name="red", liters=2).spec == BuyKettle(name="red", liters=2)
    form.submit()
    assert form.result["name"].tolist() == ["red"]
    gdb.wait(form.result)
    throw = gdb.kettles.throw_away.form(kettle_id=form.result["id"].item())
    assert gdb.review(throw.spec) == {
        "endpoint": gdb.endpoint, "project": gdb.project_id, "region": gdb.region, "name": "red", "status": "boiling"
    }  # fmt: skip
    listing = gdb.kettles.list.form()
    listing.submit()
    assert listing.result["name"].tolist() == ["red"]
    assert BuyKettle.form(BuyKettle(name="blue")).spec.name == "blue"


# ------------------------------------------------------------------------------------------ many, raw requests


def test_many_are_thrown_away_at_once(gdb: service.Client) -> None:
    ids = buy(gdb, "red", "blue")

    def is_gone(operation: Any, record: dict[str, Any]) -> bool:
        return bool(gdb.kettles.list(id=operation.kettle_id).empty)

    outcome = send_to_each(gdb, ThrowAwayKettle, [*ids, "none"], ThrowAwayKettle, is_gone, 2, None)
    assert outcome["outcome"].tolist() == ["accepted", "accepted", "refused"]
    assert outcome["error_code"].tolist()[-1] == "TOY.0404"
    with pytest.raises(ValueError, match=r"not of kettles"):
        send_to_each(gdb, ThrowAwayKettle, pd.DataFrame({"id": ["1"], "kettle_id": ["2"]}), ThrowAwayKettle, is_gone,
                     2, None)  # fmt: skip


def test_a_raw_request_gets_the_declared_frame(gdb: service.Client) -> None:
    buy(gdb, "red")
    frame = gdb.request("GET", "/v9/{project_id}/kettles")
    assert frame.equals(gdb.send(ListKettles())) and frame.attrs["operation"] == "ListKettles"


# ------------------------------------------------------------------------------------------ addresses and login


def test_the_endpoint_follows_from_the_region() -> None:
    found = find_credentials(None, {}, Path("/none"), service=SERVICE, region="cn-north-4", token="t", project_id="p")
    assert found.endpoint == "https://toy-kettles.cn-north-4.myhuaweicloud.com"
    with pytest.raises(gn.CredentialsError, match="Toy Kettles"):
        find_credentials(None, {}, Path("/none"), service=SERVICE, region="la-south-2", token="t", project_id="p")


def test_the_client_logs_in_to_iam(gdb: service.Client) -> None:
    assert gdb.login()[["kind", "user"]].values.tolist() == [["password", "explorer"]]
    with pytest.raises(gn.AuthenticationError), KettleSandbox(port=None, start=START) as other:
        other.connect(password="wrong").kettles.list()


def test_the_state_file_is_opened_again(tmp_path: Path, sandbox: KettleSandbox) -> None:
    kind, path = type(sandbox), tmp_path / "kitchen.sqlite"
    with kind(path, port=None, start=START, speed=FAST) as first, first.connect() as gdb:
        id = gdb.kettles.buy(name="red")["id"].item()
    with kind(path, port=None, start=START, speed=FAST) as again, again.connect() as gdb:
        assert gdb.wait(id)["status"].tolist()[-1] == "boiling"


def test_the_openapi_document_lists_the_operations(sandbox: KettleSandbox) -> None:
    from gaussnb.sandbox.engine.openapi import document

    paths = document(sandbox.service)["paths"]
    assert {"/v9/{project_id}/kettles", "/v9/{project_id}/kettles/{kettle_id}"} <= set(paths)
