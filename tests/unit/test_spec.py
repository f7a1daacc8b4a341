"""The declaration of operations: routes, places of fields, positions, errors without inputs, catalogue and router."""

from __future__ import annotations

import copy
import pickle
import sys
from types import ModuleType
from typing import Annotated, Any

import pytest
from pydantic import Field, SecretStr, ValidationError

from gaussnb.core.catalogue import Catalogue, Router, delete, get, post, put
from gaussnb.core.operation import Inside, Model, Operation, Query
from gaussnb.core.rows import Row, columns
from gaussnb.core.rules import Part, Secret, marks, unwrap
from gaussnb.core.wire import request_of
from gaussnb.nosql.fields import Limit
from gaussnb.nosql.operations.instances import ListInstances, RestartInstance


class Receipt(Row):
    """A receipt."""

    text: str
    """Some text."""


def declared() -> Any:
    class Inner(Model):
        """A part."""

        word: str
        """A word."""
        secret: Secret
        """A secret."""

    @put("/v3/{project_id}/things/{thing_id}", returns=Receipt, success=204)
    class ChangeThing(Operation):
        """Change a thing."""

        thing_id: str
        """Which."""
        inner: Part[Inner]
        """How."""
        force: Annotated[bool | None, Query()] = None
        """True to ignore the price."""
        size: Annotated[int | None, Inside("resize")] = None
        """The size."""
        late: int | None = Field(default=None, kw_only=True)
        """By name only."""

    ChangeThing.model_rebuild(
        _types_namespace={"Inner": Inner, "Part": Part, "Query": Query, "Inside": Inside, "Annotated": Annotated}
    )
    return ChangeThing


def test_the_route_decides_where_a_field_travels() -> None:
    kind = declared()
    assert [kind.place(name) for name in kind.model_fields] == ["path", "body", "query", "body", "body"]
    request = request_of(kind("a/b", {"word": "w", "secret": "s3cret"}, True, 5), "p")
    assert (request.method, request.target) == ("PUT", "/v3/p/things/a%2Fb?force=true")
    assert request.body == b'{"inner": {"word": "w", "secret": "s3cret"}, "resize": {"size": 5}}'


def test_fields_are_given_by_position_or_by_name() -> None:
    inner = {"word": "w", "secret": "s3cret"}
    kind = declared()
    assert kind("1", inner) == kind(thing_id="1", inner=inner) == kind("1", inner=inner)
    for args, fields in [(("1", inner, True, 1, 1), {}), (("1", inner), {"thing_id": "2"})]:
        with pytest.raises(TypeError, match="ChangeThing"):
            kind(*args, **fields)
    with pytest.raises(ValidationError, match="there is no such field"):
        kind("1", inner, unknown=1)


def test_errors_hold_no_input() -> None:
    with pytest.raises(ValidationError) as refusal:
        declared()("1", {"secret": "s3cret"}, late="s3cret")
    error = refusal.value
    assert [line["loc"] for line in error.errors()] == [("inner", "word"), ("late",)]
    assert error.errors()[0]["msg"] == "this field is required"
    assert "s3cret" not in str(error) + repr(error) + error.json() + str(error.errors())


def test_operations_are_values() -> None:
    one = RestartInstance("0f1e")
    assert one == pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one.replace() != one.replace(node_id="n")
    assert hash(one) == hash(RestartInstance("0f1e"))
    with pytest.raises(ValidationError):
        one.instance_id = "2"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        one.replace(instance_id="a/b")
    assert SecretStr("x") == declared()("1", {"word": "w", "secret": "x"}).inner.secret


def test_a_hole_without_a_field_is_refused() -> None:
    with pytest.raises(TypeError, match="Lost: no field for thing_id"):

        @get("/v3/{project_id}/{thing_id}", returns=Receipt)
        class Lost(Operation):
            """Lost."""


def test_two_operations_with_one_id_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    chapters = ("toy_one", "toy_two")
    for name in chapters:
        module = ModuleType(name)
        module.Same = post("/elsewhere", returns=Receipt, id="Same")(type("Same", (Operation,), {}))  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
    with pytest.raises(TypeError, match="Same is declared twice"):
        list(Catalogue(chapters))


def test_a_column_without_a_dtype_is_refused() -> None:
    class Odd(Row):
        """Odd."""

        what: bytes
        """What."""

    with pytest.raises(TypeError, match=r"Odd\.what"):
        columns(Odd)


def test_paged_names_the_field_that_begins_a_page() -> None:
    assert ListInstances.paged() and not RestartInstance.paged()


def test_the_router_prefers_literal_segments_to_holes() -> None:
    @get("/a/{x}/c", returns=Receipt)
    class Hole(Operation):
        """Hole."""

        x: str
        """It."""

    @get("/a/b", returns=Receipt)
    class Word(Operation):
        """Word."""

    @delete("/a/{y}", returns=Receipt)
    class Other(Operation):
        """Other."""

        y: str
        """It."""

    router = Router([[Hole, Word, Other]])
    assert router.find("GET", "/a/b") == (Word, {})
    assert router.find("GET", "/a/b/c") == (Hole, {"x": "b"})  # a word that leads nowhere is taken back
    assert router.find("DELETE", "/a/b") == (Other, {"y": "b"})
    assert router.find("GET", "/a/b/") == (Word, {})
    assert router.find("GET", "/a") is router.find("GET", "/") is router.find("PUT", "/a/b") is None
    assert router.find("GET", "/a/{}/c") == (Hole, {"x": "{}"})
    assert router.methods("/a/b") == ["GET", "DELETE"]
    assert router.methods("/a/GET ") == ["DELETE"]


def test_unwrap_and_marks_read_a_type() -> None:
    limit = Limit | None
    assert unwrap(limit) is int and unwrap(Annotated[limit, 1]) is int and unwrap(int | str) == int | str
    assert [type(mark).__name__ for mark in marks(limit, ["x"])] == ["str", "Rule"]
