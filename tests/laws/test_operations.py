"""Laws that hold for every declared operation, one test for each law."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
import traceback
from collections import Counter
from pathlib import Path
from typing import Any, get_args, get_type_hints
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import ALL, CALLS, CANARY, asked, by_name, example, full, made, parts
from pydantic import BaseModel, ValidationError

import gaussnb
from gaussnb import Client
from gaussnb.client.progress import begin
from gaussnb.core.answers import Columns
from gaussnb.core.catalogue import RouteFacts, Router
from gaussnb.core.clock import Moment
from gaussnb.core.frames import frame_of
from gaussnb.core.methods import Call, Group
from gaussnb.core.operation import Operation, Route, documented, fields_of
from gaussnb.core.rows import FromRequest, columns
from gaussnb.core.rules import BAD_VALUE, MISSING, is_secret, marks, unwrap
from gaussnb.core.wire import operation_of, request_of
from gaussnb.core.words import rule_in_words
from gaussnb.nosql import states
from gaussnb.nosql.error_codes import CODES
from gaussnb.nosql.groups import GROUPS, NosqlGroups
from gaussnb.nosql.operations.jobs import JobStatus
from gaussnb.nosql.service import OPERATIONS, SERVICE
from gaussnb.sandbox.worldfile import _ShortInstance

every_operation = pytest.mark.parametrize("operation", ALL, ids=by_name)
every_part = pytest.mark.parametrize("part", sorted({p for o in ALL for p in parts(o)}, key=by_name), ids=by_name)
quick = settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


# ------------------------------------------------------------------------------------------- said


@every_part
def test_an_operation_and_its_parts_are_documented(part: type[BaseModel]) -> None:
    doc = (part.__doc__ or "").strip()
    assert doc and doc.partition("\n")[0].endswith(".")
    for name, info in documented(part).items():
        assert info.description or rule_in_words(info), name


@every_operation
def test_the_catalogue_has_an_operation_under_its_id(operation: type[Operation]) -> None:
    assert OPERATIONS[operation.route.id] is operation
    assert re.fullmatch(r"[A-Z][A-Za-z]+", operation.route.id)


@every_operation
def test_every_hole_has_a_required_field_with_a_rule(operation: type[Operation]) -> None:
    for hole in set(operation.route.holes) - {"project_id"}:
        info = operation.model_fields[hole]
        assert info.is_required()
        assert marks(info.annotation, info.metadata) or "Literal" in str(info.annotation), "may hold a slash"


@every_operation
def test_no_value_leads_to_another_path(operation: type[Operation]) -> None:
    for hole in set(operation.route.holes) - {"project_id"}:
        for value in ("..", ".", "...", "", "a/b", "a?b", "a\n", "a b", "ä"):
            with pytest.raises(ValidationError) as refusal:
                operation(**{hole: value})
            assert (hole,) in [line["loc"] for line in refusal.value.errors()], value


@every_operation
def test_codes_of_rules_are_in_the_table(operation: type[Operation]) -> None:
    for part in parts(operation):
        for info in part.model_fields.values():
            for mark in marks(info.annotation, info.metadata):
                code = getattr(mark, "code", BAD_VALUE)
                assert code in (BAD_VALUE, MISSING) or (CODES[code].text and CODES[code].hint)


def test_every_code_in_the_source_is_in_the_table() -> None:
    for path in Path(gaussnb.__file__).parent.rglob("*.py"):
        for code in re.findall(r'"((?:DBS|APIGW|IAM)\.[0-9]+)"', path.read_text(encoding="utf-8")):
            assert code in CODES, f"{code} in {path.name}"
            assert CODES[code].hint, code


# ------------------------------------------------------------------------------------------ bound


def test_every_operation_is_bound_once() -> None:
    """Other views of an answer and look-ups of one row do not count; a login is not a call of a group.

    A deprecated or superseded operation is in no group either, so that one thing has one name.
    """
    plain = [
        call.operation.route.id
        for call in CALLS.values()
        if type(call) is Call and call.returns is call.operation.route.returns
    ]
    assert max(Counter(plain).values()) == 1
    logins = {route.id for route in (o.route for o in ALL) if not route.signed and not route.reads}
    old = {route.id for route in (o.route for o in ALL) if route.deprecated or route.superseded}
    assert set(plain) == set(OPERATIONS) - logins - old
    assert {call.operation for call in CALLS.values()} <= set(ALL)


@every_operation
def test_a_superseded_operation_has_a_newer_one_in_a_group(operation: type[Operation]) -> None:
    route = operation.route
    if route.superseded:
        newer = OPERATIONS[route.superseded].route
        assert not newer.superseded and not newer.deprecated
        assert any(call.operation.route is newer for call in CALLS.values())


def test_no_two_operations_share_a_place() -> None:
    assert len({(o.route.method, re.sub(r"{\w+}", "{}", o.route.path)) for o in ALL}) == len(ALL)


def test_no_two_calls_are_the_same() -> None:
    kinds = Counter((call.operation, call.returns, type(call)) for call in CALLS.values())
    assert max(kinds.values()) == 1


def test_the_groups_of_a_client_are_those_its_type_names() -> None:
    """Type checkers read the annotations of a client, and kernels look at its class."""
    assert set(GROUPS) == set(NosqlGroups.__annotations__) <= set(dir(Client))
    for name, kind in GROUPS.items():
        assert kind.__name__ == NosqlGroups.__annotations__[name]


def test_a_chapter_is_read_when_it_is_first_used() -> None:
    text = "; ".join([
        "import sys, gaussnb as gn",
        "gdb = gn.Client.open(token='not-a-real-one', endpoint='http://127.0.0.1:9', project_id='p')",
        "before = set(sys.modules)",
        "gdb.tags.list",
        "print('gaussnb.nosql.operations.tags' in before, 'gaussnb.nosql.operations.versions' in before)",
        "print('gaussnb.nosql.operations.tags' in sys.modules, 'gaussnb.nosql.operations.versions' in sys.modules)",
        "print(len(gn.operations()) > 15, 'gaussnb.nosql.operations.versions' in sys.modules)",
    ])  # fmt: skip
    shown = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "False", "True", "False", "True", "True"]


@pytest.mark.parametrize("kind", GROUPS.values(), ids=by_name)
def test_groups_are_documented(kind: type[Group]) -> None:
    group = kind(None)  # type: ignore[arg-type]
    assert (kind.__doc__ or "").strip().endswith(".")
    for text in (repr(group), group._repr_markdown_()):
        assert "0x" not in text
        assert all(name in text for name in kind.calls())


def test_the_table_names_every_operation_once() -> None:
    table = gaussnb.operations()
    assert sorted(table["operation"]) == sorted(OPERATIONS)
    assert table["simulated"].notna().all()
    assert (table["summary"].str.len() > 0).all()


@every_operation
def test_work_that_is_accepted_can_be_waited_for(operation: type[Operation]) -> None:
    row = operation.route.returns
    started = any(column.name == "job_id" and not isinstance(column.source, FromRequest) for column in columns(row))
    if operation.route.reads or not started:
        return
    assert operation.route.ends != "answered"
    collected = Columns(row, asked(row))
    collected.add(full(row))
    frame = frame_of(collected, {"operation": operation.route.id})
    progress = begin(SERVICE, frame, None, Moment(0.0, 0.0))
    assert progress.until == operation.route.ends
    if progress.until == "done":  # about no instance
        assert progress.ids == (frame["job_id"].item(),)
    else:
        assert progress.jobs == {progress.ids[0]: frame["job_id"].item()}


# --------------------------------------------------------------------------------------- travelling


def test_an_operation_is_found_whichever_chapters_were_read_before() -> None:
    chapters: dict[str, list[type[Operation]]] = {}
    for operation in ALL:
        chapters.setdefault(operation.__module__, []).append(operation)
    for chapter, operations in chapters.items():
        others = [theirs for name, theirs in chapters.items() if name != chapter]
        router = Router([*others, operations])  # its own chapter is read last
        for operation in operations:
            for value in ("0f1e", "word"):
                found = router.find(operation.route.method, re.sub(r"{\w+}", value, operation.route.path))
                assert found and found[0] is operation


def there_and_back(operation: Operation) -> None:
    request = request_of(operation, "0123456789abcdef")
    path, _, query = request.target.partition("?")
    found = Router([ALL]).find(request.method, path)
    assert found is not None
    kind, holes = found
    assert kind is type(operation)
    body = json.loads(request.body) if request.body is not None else {}
    holes = {name: unquote(value) for name, value in holes.items()}
    assert operation_of(kind, holes, parse_qsl(query, keep_blank_values=True), body) == operation
    assert (
        operation_of(kind, holes, [*request.query, ("unknown", "1")], body | {"unknown": 1, "more": None}) == operation
    )
    if request.body is None:
        assert operation.wire() == {}
    else:
        assert operation.wire() == body


def equal_copy(one: Operation) -> None:
    assert one.replace() == one == type(one).model_validate(fields_of(one))
    assert repr(one) == repr(one.replace())
    assert "0x" not in re.sub(r"'[^']*'", "", repr(one))


@every_operation
@given(data=st.data())
@quick
def test_a_request_is_read_back_as_the_same_operation_and_a_copy_is_equal(
    operation: type[Operation], data: st.DataObject
) -> None:
    one = data.draw(made(operation))
    there_and_back(one)
    equal_copy(one)


@every_operation
def test_an_operation_has_a_json_schema(operation: type[Operation]) -> None:
    assert operation.model_json_schema()["type"] == "object"


@every_operation
def test_only_a_writing_call_has_a_body_and_only_a_create_creates(operation: type[Operation]) -> None:
    route = operation.route
    assert route.success in (200, 201, 202, 204)
    assert not (route.reads and (route.creates or route.ends != "answered"))


# ----------------------------------------------------------------------------------------- secrets


def anything(annotation: Any) -> bool:
    """True if a field may hold any value, so also a secret."""
    return bool(unwrap(annotation) == dict[str, Any])


WITH_SECRETS = [
    operation
    for operation in ALL
    if any(
        is_secret(info.annotation) or anything(info.annotation)
        for part in parts(operation)
        for info in part.model_fields.values()
    )
]


def spiked(annotation: Any, value: Any) -> Any:
    """A value as a caller gives it, with the canary in the place of every secret."""
    if is_secret(annotation):
        return CANARY
    if anything(annotation):
        return {"password": {"user": {"password": CANARY}}}
    if isinstance(value, BaseModel):
        return with_canary(type(value), value)
    if isinstance(value, list):
        return [spiked(None, item) for item in value]
    return value


def with_canary(kind: type[BaseModel], one: BaseModel | None = None) -> dict[str, Any]:
    given = fields_of(one or example(made(kind)))
    return {name: spiked(info.annotation, given[name]) for name, info in kind.model_fields.items()}


def test_there_are_secrets_to_keep() -> None:
    assert {operation.route.id for operation in WITH_SECRETS} >= {
        "CreateInstance", "KeystoneCreateUserTokenByPassword", "ResetPassword", "CreateDbUser",
    }  # fmt: skip


@pytest.mark.parametrize("operation", WITH_SECRETS, ids=by_name)
def test_a_secret_is_shown_nowhere(operation: type[Operation]) -> None:
    fields = with_canary(operation)
    one = operation(**fields)
    for shown in (
        repr(one),
        str(one),
        f"{one}",
        one.model_dump_json(),
        repr(one.model_dump()),
        repr(dict(one.model_dump())),
    ):
        assert CANARY not in shown
    assert CANARY in json.dumps(one.wire())


@pytest.mark.parametrize("operation", WITH_SECRETS, ids=by_name)
def test_a_secret_is_in_no_error(operation: type[Operation]) -> None:
    fields = with_canary(operation)
    wrong: list[dict[str, Any]] = [{**fields, "no_such_field": 1}]
    for name in operation.model_fields:
        wrong += [
            {**fields, name: object()},
            {**fields, name: [CANARY + "\n"]},
            {n: v for n, v in fields.items() if n != name},
        ]
    refused = 0
    for given_fields in wrong:
        try:
            operation(**given_fields)
        except ValidationError as error:
            refused += 1
            shown = [str(error), repr(error), repr(error.errors()), error.json(), *traceback.format_exception(error)]
            assert not [text for text in shown if CANARY in text]
    assert refused >= len(operation.model_fields)


# --------------------------------------------------------------------------------- in the sandbox


@every_operation
def test_the_sandbox_simulates_an_operation_or_answers_501(operation: type[Operation]) -> None:
    from gaussnb.core.refusals import NOT_SIMULATED
    from gaussnb.sandbox import Sandbox, simulated
    from gaussnb.sandbox.engine.messages import Request

    with Sandbox(port=None, start="2026-01-01T00:00:00") as sandbox:
        known = sandbox.credentials
        user = {"name": known["username"], "password": known["password"], "domain": {"name": known["domain"]}}
        login = OPERATIONS["KeystoneCreateUserTokenByPassword"](
            identity={"methods": ["password"], "password": {"user": user}},
            scope={"project": {"id": sandbox.project_id}},
        )
        headers: dict[str, str] = {}
        for one in (login, example(made(operation))):
            parts = request_of(one, sandbox.project_id)
            answer = sandbox.handle(Request(parts.method, parts.target, headers, parts.body or b""))
            headers = {"x-auth-token": dict(answer.headers).get("X-Subject-Token", "")}
    body = json.loads(answer.body or b"{}")
    code = body.get("error_code", "") if isinstance(body, dict) else ""
    assert (answer.status == 501 and code == NOT_SIMULATED) == (operation not in simulated())
    if operation in simulated():
        # 200 also where the declared 204 has no room for what a batch left out
        assert answer.status in (operation.route.success, 200) or 400 <= answer.status < 500, body
        assert not code or code in CODES


def test_the_decorators_take_every_fact_of_a_route() -> None:
    given = {"method", "path", "returns"}
    assert set(RouteFacts.__annotations__) == {field.name for field in dataclasses.fields(Route)} - given


def test_an_unsigned_operation_is_the_login() -> None:
    """The client may repeat an unsigned request like a read: a second token does no harm, a second thing would."""
    routes = {id: operation.route for id, operation in OPERATIONS.items()}
    unsigned = [id for id, route in routes.items() if not route.signed and not route.reads]
    assert unsigned == ["KeystoneCreateUserTokenByPassword"]


def test_words_that_types_repeat_are_those_of_the_table_of_statuses() -> None:
    statuses = get_args(_ShortInstance.__annotations__["status"]) or get_type_hints(_ShortInstance)["status"]
    assert set(get_args(statuses) or statuses) == set(states.INSTANCE)
    assert set(get_args(get_args(JobStatus)[0])) == set(states.JOB)
