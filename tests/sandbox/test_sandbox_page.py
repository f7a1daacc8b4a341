"""The status page for browsers, and the OpenAPI document for other tools."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest

from gaussnb.core.rules import is_secret
from gaussnb.nosql.service import OPERATIONS
from gaussnb.sandbox import NOSQL, Sandbox
from gaussnb.sandbox.engine.openapi import document

Cloud = Any

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(1)> "'&amp; \u202egnp.exe\u2066 \x00\x1b[31m"""
VOID = {"meta", "img", "br", "link", "input"}


class Reading(HTMLParser):
    """The elements and the text of a page; complains where they are not nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text.append(data)


def shown(cloud: Cloud, path: str = "/") -> str:
    answer = cloud.raw("GET", path, headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    return str(answer.content.decode())


# ------------------------------------------------------------------------------------------------------------ the page


def test_a_browser_gets_a_page_and_a_client_the_versions(either: Cloud) -> None:
    assert shown(either).startswith("<!doctype html>")
    for accept in (None, "*/*", "application/json", "application/json, text/html", "text/html;q=0, */*", "text/*", ""):
        answer = either.raw("GET", "/", headers={"Accept": accept})
        assert answer.json()["versions"][0]["id"] == "v3", accept
    assert either.raw("GET", "/v3", headers={"Accept": BROWSER}).json()["version"]["id"] == "v3"
    assert either.raw("POST", "/", headers={"Accept": BROWSER}).status_code == 405
    head = either.raw("HEAD", "/", headers={"Accept": BROWSER})
    assert (head.status_code, head.content) == (200, b"")


def test_the_page_shows_instances_jobs_clock_and_requests(cloud: Cloud) -> None:
    empty = " ".join(Reading(shown(cloud)).text)
    assert "None yet." in empty and "2026-02-03 04:05:06 UTC, standing" in empty
    ready = cloud.made(name="is-ready")
    busy = cloud.create(name="is-busy").json()
    cloud.create(name="x")
    cloud.sandbox.inject("ShowQuotas", drop="after")
    with pytest.raises(Exception, match="onnection"):
        cloud("GET", "v3/quotas")
    cloud.sandbox.advance(60)
    text = " ".join(" ".join(Reading(shown(cloud)).text).split())
    for part in (
        "2026-02-03 05:06:06 UTC", "cn-north-4", cloud.sandbox.project_id, "2 instances", "1 running job", "✓ normal",
        "↻ creating", "is-ready", "is-busy", ready["id"], busy["id"], busy["job_id"], "14 %", "✓ Completed",
        "POST /v3/{project_id}/instances", "CreateInstance", "✓ 202", "✗ 400 DBS.280234", "✗ dropped",
    ):  # fmt: skip
        assert part in text, part
    assert text.index("is-busy") < text.index("is-ready")


def test_the_page_shows_the_present_and_the_reasons_of_failures(cloud: Cloud) -> None:
    cloud.sandbox.inject("CreateInstance", fail="no <room>")
    cloud.create()
    cloud.sandbox.clock.advance(3600)  # nobody has asked since
    text = " ".join(Reading(shown(cloud)).text)
    assert "createfail" in text and "no <room>" in text and "Running" not in text


def test_names_and_requests_are_escaped(cloud: Cloud) -> None:
    cloud.made()
    world = cloud.sandbox._app.world
    (one,) = world.instances.values()
    one.name = one.mode = one.version = one.status = HOSTILE
    one.actions = [HOSTILE]
    job = next(iter(world.tasks.values()))
    job.instance_name = job.work = job.status = job.fail_reason = HOSTILE
    cloud.raw("POST", "/<script>alert(2)</script>?<b>=\"'", data=json.dumps({HOSTILE: HOSTILE}))
    cloud("PUT", "v3/<i>", {"name": HOSTILE})
    page = shown(cloud)
    reading = Reading(page)
    assert {"script", "img", "b"} & {tag for tag, _ in reading.seen} == {"b"}
    assert not [name for _, attrs in reading.seen for name in attrs if name.startswith("on")]
    assert any("<script>alert(1)</script>" in text for text in reading.text)
    assert all(char.isprintable() or char == "\n" for char in page)


def test_the_page_loads_nothing_and_runs_nothing(cloud: Cloud) -> None:
    cloud.made()
    answer = cloud.raw("GET", "/", headers={"Accept": BROWSER})
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    reading = Reading(answer.text)
    tags = [tag for tag, _ in reading.seen]
    assert not {"script", "link", "img", "form", "iframe", "button"} & set(tags)
    links = {attrs["href"] for tag, attrs in reading.seen if tag == "a"}
    assert links == {"?follow=", "openapi.json"}  # behind a proxy there is a path before them
    assert "http" not in re.sub(r"<meta[^>]*>", "", answer.text).lower()
    assert "prefers-color-scheme: dark" in answer.text and tags.count("h1") == 1


ELSEWHERE = ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1", "[::1", ""]


@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_request_with_another_host_name_is_refused(either: Cloud, host: str) -> None:
    for path in ("/", "/openapi.json", "/v3", f"/v3/{either.sandbox.project_id}/instances"):
        answer = either.raw("GET", path, headers={"Accept": BROWSER, "Host": host})
        assert (answer.status_code, answer.json()["error_code"]) == (421, "APIGW.0201")
        assert "localhost" in answer.json()["error_msg"] and either.sandbox.project_id not in answer.text
    assert either.sandbox.requests.empty


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:8080", "sandbox.localhost"])
def test_this_machine_has_several_names(either: Cloud, host: str) -> None:
    assert either.raw("GET", "/", headers={"Accept": BROWSER, "Host": host}).status_code == 200
    assert either.raw("GET", "/v3", headers={"Host": host}).status_code == 200


def test_the_seed_is_not_on_the_page(build: Callable[..., Sandbox], caller: Any) -> None:
    assert "seed" not in shown(caller(build(seed=987_654_321))).lower()


def test_the_page_reloads_with_follow(cloud: Cloud) -> None:
    def refreshing(page: str) -> list[Any]:
        return [attrs["content"] for tag, attrs in Reading(page).seen if attrs.get("http-equiv") == "refresh"]

    assert refreshing(shown(cloud)) == [] and refreshing(shown(cloud, "/?follow=")) == ["5"]


def test_no_secret_is_on_the_page(build: Callable[..., Sandbox], caller: Any, quick_start: dict[str, Any]) -> None:
    cloud = caller(build())
    cloud.made()
    token = cloud.session.headers["X-Auth-Token"]
    cloud.raw("GET", f"/v3/{cloud.sandbox.project_id}/instances?token={token}")
    page = shown(cloud) + cloud.raw("GET", "/openapi.json").text
    known = cloud.sandbox.credentials
    secrets = [token, quick_start["password"], known["password"].get_secret_value(), known["sk"].get_secret_value()]
    assert not [secret for secret in secrets if secret in page]
    assert "***" in page


def test_reading_the_page_changes_nothing(build: Callable[..., Sandbox], caller: Any) -> None:
    def scene(looks: int) -> tuple[Any, ...]:
        cloud = caller(build())
        seen = []

        def look() -> None:
            for path in ("/", "/openapi.json") * looks:
                cloud.raw("GET", path, headers={"Accept": BROWSER})

        look()
        seen.append(cloud.create().json())
        for _ in range(3):
            seen.append(cloud("GET", "v3/instances").json())
            look()
        cloud.sandbox.inject(None, status=500)
        look()
        answer = cloud("GET", "v3/jobs")
        return (
            seen,
            answer.status_code,
            answer.headers["X-Request-Id"],
            len(cloud.sandbox.requests),
            repr(cloud.sandbox.clock),
        )

    assert scene(0) == scene(3)


def test_the_page_shows_the_newest_things(cloud: Cloud) -> None:
    import copy

    cloud.made()
    world = cloud.sandbox._app.world
    (one,) = world.instances.values()
    for number in range(300):
        twin = copy.copy(one)
        twin.id, twin.name = f"id-{number}", f"twin-{number}"
        world.instances.put(twin)
    text = " ".join(Reading(shown(cloud)).text)
    assert "301 instances" in " ".join(text.split()) and "The newest 200 of 301." in text
    assert "twin-299" in text and "twin-100" in text and "twin-99 " not in text


# -------------------------------------------------------------------------------------------------------- the document


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    return {
        shown["operationId"]: (method, path, shown)
        for path, methods in document(NOSQL)["paths"].items()
        for method, shown in methods.items()
    }


def test_every_operation_is_in_the_document(either: Cloud) -> None:
    answer = either.raw("GET", "/openapi.json")
    assert answer.headers["Content-Type"] == "application/json" and answer.json() == document(NOSQL)
    declared = {id: one for id, one in OPERATIONS.items() if not one.route.service}
    found = operations()
    assert set(found) == set(declared) and sum(map(len, document(NOSQL)["paths"].values())) == len(declared)
    for id, (method, path, shown) in found.items():
        route = declared[id].route
        assert (method.upper(), path) == (route.method, route.path)
        assert shown["summary"] and shown["tags"] and shown.get("deprecated", False) == route.deprecated
        assert set(shown["responses"]) == {str(route.success), "default"}
        assert shown["x-simulated"] is (id in {one.route.id for one in _simulated()})


def _simulated() -> Any:
    from gaussnb.sandbox import simulated

    return simulated()


def test_every_field_is_in_its_part_of_the_request() -> None:
    for id, (_, path, shown) in operations().items():
        operation = OPERATIONS[id]
        places = {(one["in"], one["name"]): one for one in shown["parameters"]}
        assert len(places) == len(shown["parameters"])
        assert {name for place, name in places if place == "path"} == set(re.findall(r"{(\w+)}", path))
        assert all(one["required"] for (place, _), one in places.items() if place == "path")
        queries = {name for name in operation.model_fields if operation.place(name) == "query"}
        assert {name for place, name in places if place == "query"} == queries
        body = {name for name in operation.model_fields if operation.place(name) == "body"}
        assert ("requestBody" in shown) == bool(body), id
        if body:
            schema = shown["requestBody"]["content"]["application/json"]["schema"]
            fields = dict(schema["properties"])
            for inner in [part for name, part in fields.items() if name not in body]:
                fields |= inner["properties"]
            assert body <= set(fields), id


def test_other_tools_read_the_document() -> None:
    text = json.dumps(document(NOSQL))
    assert document(NOSQL)["openapi"].startswith("3.1") and {"title", "version"} <= document(NOSQL)["info"].keys()
    wanted = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    schemas = document(NOSQL)["components"]["schemas"]
    assert wanted == set(schemas)
    parts = list(schemas.values())
    for _, _, shown in operations().values():
        parts += [one["schema"] for one in shown["parameters"]]
        parts += [kind["schema"] for kind in shown.get("requestBody", {"content": {}})["content"].values()]
    for part in parts:
        jsonschema.Draft202012Validator.check_schema(part)
    for pattern in re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', text):
        assert "\\Z" not in pattern and "(?P" not in pattern


def test_the_document_accepts_and_refuses_the_same_as_the_service(quick_start: dict[str, Any]) -> None:
    schema = operations()["CreateInstance"][2]["requestBody"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": document(NOSQL)["components"]}
    judge = jsonschema.Draft202012Validator(whole)
    judge.validate(quick_start)
    for wrong in ({"name": "1"}, {"flavor": [{"num": 3}]}, {"mode": 7}, {"datastore": {"type": "paper"}}):
        assert not judge.is_valid({**quick_start, **wrong}), wrong
    assert not judge.is_valid({name: value for name, value in quick_start.items() if name != "password"})
    resize = operations()["ResizeInstance"][2]["requestBody"]["content"]["application/json"]["schema"]
    assert resize["required"] == ["resize"] and resize["properties"]["resize"]["required"] == ["target_spec_code"]


NAMED = ["password", "Passwd", "user_pwd", "pwd", "pass", "auth", "apiKey", "api_key", "credential", "sk", "my_token"]


@pytest.mark.parametrize("name", NAMED)
def test_a_secret_of_any_name_is_masked(cloud: Cloud, name: str) -> None:
    canary = "-".join(["no", "real", "one"])
    cloud("POST", f"v3/instances?{name}={canary}", {name: canary, "a": json.dumps({name: canary}), "name": "shown"})
    last = cloud.sandbox.requests.iloc[-1]
    assert "shown" in last["body"] and "***" in last["body"]
    assert canary not in last["body"] and canary not in last["path"]
    assert canary not in cloud.raw("GET", "/", headers={"Accept": "text/html"}).text


def test_secrets_are_marked_as_such() -> None:
    for id, operation in OPERATIONS.items():
        for name, info in operation.model_fields.items():
            if id in operations() and is_secret(info.annotation) and operation.place(name) == "body":
                schema = operations()[id][2]["requestBody"]["content"]["application/json"]["schema"]
                assert '"format": "password"' in json.dumps(schema["properties"].get(name, schema))
