"""Calls: the operation a call sends, its documentation, and its completion in a kernel."""

from __future__ import annotations

import inspect
from typing import Any, Literal

import pandas as pd
import pytest
from pydantic import ValidationError

from gaussnb import Client
from gaussnb.core.catalogue import post
from gaussnb.core.errors import NotFound
from gaussnb.core.frames import frame_from
from gaussnb.core.methods import Call, Group, call, one
from gaussnb.core.operation import Operation
from gaussnb.core.rows import Row
from gaussnb.core.words import type_in_words
from gaussnb.nosql.error_codes import CODES
from gaussnb.nosql.operations.instances import Instance, Instances, ListInstances, Node, RestartInstance


class Sender:
    """Keeps the operations that it was given to send."""

    def __init__(self, *records: dict[str, Any]) -> None:
        self.sent: list[tuple[Operation, type[Row] | None]] = []
        self.records = records
        self.codes = CODES

    def send(self, operation: Operation, returns: type[Row] | None = None) -> pd.DataFrame:
        self.sent.append((operation, returns))
        return frame_from(returns or operation.route.returns, self.records, request_id="r-1")


def test_a_call_sends_its_operation() -> None:
    sender = Sender()
    instances = Instances(sender)
    instances.restart("0f1e")
    instances.restart(instance_id="0f1e", node_id="n1")
    instances.restart(RestartInstance("0f1e"))
    instances.nodes(limit=5)
    assert [operation for operation, _ in sender.sent] == [
        RestartInstance("0f1e"), RestartInstance("0f1e", "n1"), RestartInstance("0f1e"), ListInstances(limit=5),
    ]  # fmt: skip
    assert sender.sent[-1][1] is Node


def test_a_wrong_argument_is_refused_before_sending() -> None:
    sender = Sender()
    instances: Any = Instances(sender)
    for wrong in (
        lambda: instances.restart(),
        lambda: instances.restart("a/b"),
        lambda: instances.restart("i", color=1),
    ):
        with pytest.raises(ValidationError):
            wrong()
    with pytest.raises(TypeError):
        instances.restart("i", "n", "more")
    with pytest.raises(ValidationError):  # an operation of another kind is no instance id
        instances.restart(ListInstances())
    assert not sender.sent


def test_an_unbound_call_says_what_to_do() -> None:
    with pytest.raises(TypeError, match="connect"):
        Instances.restart("0f1e")


def test_a_look_up_answers_with_one_row_or_not_found() -> None:
    sender = Sender({"id": "a-b"}, {"id": "b"})
    instances: Any = Instances(sender)
    assert instances.get("b")["id"].tolist() == instances.get(id="b")["id"].tolist() == ["b"]
    assert sender.sent[0] == (ListInstances(id="b"), Instance)
    with pytest.raises(NotFound) as missing:
        instances.get("*b")
    assert (missing.value.error_code, missing.value.request_id, missing.value.status) == ("DBS.200002", "r-1", 200)
    for wrong in (lambda: instances.get(), lambda: instances.get(name="x"), lambda: instances.get("x", "y")):
        with pytest.raises(TypeError):
            wrong()


def test_repr_docstring_signature_and_card() -> None:
    instances = Instances(Sender())
    assert repr(instances.restart) == "instances.restart(instance_id, node_id=None)"
    assert repr(instances.get) == "instances.get(id)"
    assert repr(instances).startswith("<instances: create, list, get, nodes, ")
    assert inspect.getdoc(instances.get).startswith("The one row of ListInstances with this id")  # type: ignore[union-attr]
    assert "name: str" not in inspect.getdoc(instances.get).partition("Returns:")[0]  # type: ignore[union-attr]
    assert Call.__doc__ == "An operation as a method of a group."
    assert list(inspect.signature(instances.list).parameters)[-2:] == ["offset", "limit"]
    card = instances.create._repr_markdown_()
    assert ">>>" not in card and "other instances may have the same. 4 to 64 characters" in card


def test_a_group_may_extend_another_group() -> None:
    class More(Instances):
        """More."""

        again = call(ListInstances)
        find = one(ListInstances, "id", "DBS.200002")

    assert list(More.calls()) == [*Instances.calls(), "again", "find"]
    assert More(Sender()).again._group == "more"
    assert issubclass(More, Group)


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (str, "str"), (str | None, "str | None"), (int | str, "int | str"), (int | str | None, "int | str | None"),
        (list[str], "list[str]"), (list[ListInstances] | None, "list[ListInstances] | None"),
        (dict[str, Any], "dict[str, Any]"), (Literal["a", 1] | None, "Literal['a', 1] | None"),
    ],
)  # fmt: skip
def test_types_in_words(annotation: Any, words: str) -> None:
    assert type_in_words(annotation) == words


@pytest.mark.parametrize("jedi", [False, True])
def test_a_kernel_completes_calls_and_arguments(jedi: bool, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("IPython")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    from IPython.core.completer import IPCompleter, provisionalcompleter
    from traitlets.config import Config

    gdb = Client.open(token="-".join(["not", "real"]), endpoint="http://127.0.0.1:9", project_id="p", keep=False)
    config = Config({"IPCompleter": {"use_jedi": jedi}})
    completer = IPCompleter(namespace={"gdb": gdb}, config=config)

    def completed(text: str) -> set[str]:
        with provisionalcompleter():
            return {found.text for found in completer.completions(text, len(text))}

    assert {"instance_id=", "node_id="} <= completed("gdb.instances.restart(")
    assert "name=" in completed("gdb.instances.create(na")
    assert any(text.endswith("restart") for text in completed("gdb.instances.re"))
    # a chapter that nobody has used yet
    assert any(text.endswith("versions") for text in completed("gdb.ver"))
    assert any(text.endswith("list") for text in completed("gdb.versions.li"))
    assert "version=" in completed("gdb.versions.get(")


def test_a_call_says_which_kinds_it_is_for() -> None:
    @post("/v3/{project_id}/things", returns=Row, only=("round Thing", "square Thing"))
    class TurnThing(Operation):
        """Turn a thing."""

    turn: Any = call(TurnThing)
    assert turn.documentation.startswith("Turn a thing.\n\nFor: round Thing, square Thing.\n")
    assert "\n\nFor: round Thing, square Thing.\n\n`POST " in turn._repr_markdown_()
    assert "For: " not in Instances(Sender()).restart.documentation
