"""Laws about signature, documentation and card of every call of every group."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from making import CALLS

from gaussnb.core.methods import Call

every_call = pytest.mark.parametrize("name", CALLS)


@every_call
def test_the_signature_is_that_of_the_declaration(name: str) -> None:
    call = CALLS[name]
    parameters = inspect.signature(call).parameters
    fields = call.operation.model_fields
    assert set(parameters) <= set(fields)
    if type(call) is Call:
        assert set(parameters) == set(fields)
        for field, info in fields.items():
            required = parameters[field].default is inspect.Parameter.empty
            assert required == info.is_required()


@every_call
def test_the_documentation_is_complete(name: str) -> None:
    call = CALLS[name]
    text = inspect.getdoc(call) or ""
    assert text.splitlines()[0].endswith(".") and text.splitlines()[0] == call.summary
    route = call.operation.route
    assert f"Source: operation {route.id}, {route.method} {route.path}" in text
    for field in inspect.signature(call).parameters:
        assert re.search(rf"^    {field}: \S.*\. \S", text, re.M), field
    for column in call.columns:
        assert re.search(rf"^    {column.name}: {re.escape(column.dtype)}\. \S", text, re.M), column.name
    assert len(re.findall(r"^Raises:", text, re.M)) == 1


@every_call
def test_the_card_has_valid_tables(name: str) -> None:
    card = CALLS[name]._repr_markdown_()
    assert card.startswith(f"### {name.partition('.')[0].replace('_', '')}.")
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in card.splitlines() if line.startswith("|")]
    assert set(widths) == {4}
    cells = len(inspect.signature(CALLS[name]).parameters) + len(CALLS[name].columns)
    assert len(widths) == cells + 2 * (2 if inspect.signature(CALLS[name]).parameters else 1)


@every_call
def test_no_text_holds_a_memory_address(name: str) -> None:
    call = CALLS[name]
    for text in (repr(call), str(call), call._repr_markdown_(), call.__doc__, str(inspect.signature(call))):
        assert "0x" not in text and "typing." not in text and "gaussnb.operations" not in text
    assert "\n" not in repr(call)


@every_call
def test_an_unbound_call_says_what_to_do(name: str) -> None:
    call: Any = CALLS[name]
    if not [p for p in inspect.signature(call).parameters.values() if p.default is p.empty]:
        with pytest.raises(TypeError, match="connect"):
            call()
