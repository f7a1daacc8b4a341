"""Controls: showing, typing and reading single fields, and the table of controls by type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import ipywidgets
import pytest
from looking import live, state
from pydantic import BaseModel, Field, SecretStr

from gaussnb.core.rules import Flag, Titled, Whole, at_most
from gaussnb.widgets.control import (
    CONTROLS,
    NOTHING,
    Control,
    ControlContext,
    check_values,
    controls_of,
    fill_controls,
    shows,
    values_of,
)
from gaussnb.widgets.inputs import ChoiceControl, JsonControl, NumberControl, PairsControl, TextControl, Unreadable
from gaussnb.widgets.style import WidgetFactory


class Part(BaseModel):
    """A part of a request."""

    key: str
    value: str | None = None


class Everything(BaseModel):
    """One field of each kind."""

    text: str
    number: int | None = None
    ratio: float | None = None
    whole: Annotated[int | str, Whole(3, 9)] | None = None
    flag: Annotated[int | str, Flag(("0", "1"), (0, 1))] | None = None
    yes: bool | None = None
    word: Literal["a", "b"] | None = None
    sole: Literal["only"]
    moment: datetime | None = None
    secret: SecretStr | None = None
    words: list[str] | None = None
    pairs: dict[str, str] | None = None
    anything: Any = None
    part: Part
    maybe: Part | None = None
    parts: Annotated[list[Part], at_most(3, "parts")] | None = None
    titled: Annotated[str, Titled("Its title")] | None = None


Make = Callable[[], tuple[dict[str, Control], list[Any]]]


@pytest.fixture
def make() -> Iterator[Make]:
    factories = []

    def controls() -> tuple[dict[str, Control], list[Any]]:
        factory, seen = WidgetFactory(), []
        made = controls_of(Everything, ControlContext(factory, seen.append))
        factories.append((factory, made))
        return made, seen

    yield controls
    for factory, made in factories:
        for control in made.values():
            control.close()
        factory.close()


VALUES: list[tuple[str, Any]] = [
    ("text", "any ünïcode"),
    ("number", 0),
    ("number", -5),
    ("ratio", 1.5),
    ("whole", 5),
    ("whole", "5"),
    ("flag", 0),
    ("flag", "0"),
    ("flag", 1),
    ("yes", False),
    ("yes", True),
    ("word", "b"),
    ("moment", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("secret", SecretStr("s" * 9)),
    ("words", ["a", "b c"]),
    ("words", []),
    ("pairs", {"a": "1", "b": ""}),
    ("pairs", {"a": "two\nlines", " b": " = "}),
    ("anything", {"deep": [1, {"x": None}]}),
    ("part", {"key": "k", "value": ""}),
    ("maybe", {"key": "k"}),
    ("maybe", {}),
    ("parts", [{"key": "a"}, {"key": "b", "value": "2"}]),
    ("parts", []),
]


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_a_control_returns_the_value_it_was_given(make: Make, name: str, value: Any) -> None:
    controls, seen = make()
    fill_controls(controls, {name: value})
    held = values_of(controls)
    assert held[name] == value and type(held[name]) is type(value)
    assert seen == [], "filling is not a person's change"
    fill_controls(controls, {})
    assert set(values_of(controls)) == {"sole", "part"}, "what is needed and has no choice stays"


TYPED: list[tuple[str, str, Any]] = [
    ("number", "12", 12),
    ("number", " 12 ", 12),
    ("number", "1.5", 1.5),
    ("number", "twelve", "twelve"),
    ("number", "1_0", "1_0"),
    ("number", "1e1", "1e1"),
    ("number", "٣", "٣"),
    ("number", "007", "007"),
    ("moment", " 2026-01-01T08:00:00 ", "2026-01-01T08:00:00"),
    ("moment", "2026", "2026"),
    ("pairs", "a = 1\na = 2", "a = 1\na = 2"),
    ("pairs", "= 3", "= 3"),
    ("number", "", NOTHING),
    ("whole", "99", 99),
    ("ratio", "2", 2),
    ("words", "a\n\n b \n", ["a", "b"]),
    ("words", "  ", NOTHING),
    ("pairs", "a = 1\nb=2 = 3\n", {"a": "1", "b": "2 = 3"}),
    ("pairs", '{"a": "x\\ny"}', {"a": "x\ny"}),
    ("pairs", "nonsense", "nonsense"),
    ("anything", "[1, 2]", [1, 2]),
    ("anything", "[1,", "[1,"),
    ("anything", "", NOTHING),
    ("text", "", NOTHING),
]


@pytest.mark.parametrize(("name", "typed", "value"), TYPED)
def test_a_control_reads_what_the_user_types(make: Make, name: str, typed: str, value: Any) -> None:
    controls, seen = make()
    controls[name].set(controls[name].value)
    controls[name].input.value = "something else"
    controls[name].input.value = typed
    read = controls[name].value
    assert (str(read) if isinstance(read, Unreadable) else read) == value
    assert controls[name].input.value == typed, "what was typed stays"
    assert seen and set(seen) == {(name,)}


def test_labels_and_help(make: Make) -> None:
    controls, _ = make()
    assert controls["text"].input.description == "Text *"
    assert controls["number"].input.description == "Number"
    assert controls["titled"].input.description == "Its title"
    assert "A whole number from 3 to 9." in controls["whole"].note.value
    assert "one of" not in controls["word"].note.value, "a list to choose from says it already"


def test_help_is_replaced_by_advice_and_shortened_by_an_error(make: Make) -> None:
    whole = make()[0]["whole"]
    whole.advise("3 to 5 nodes")
    assert "3 to 5 nodes." in whole.note.value and "from 3 to 9" not in whole.note.value
    whole.advise("")
    whole.complain("wrong <b>")
    assert 'role="alert"' in whole.note.value and "&lt;b&gt;" in whole.note.value
    assert "from 3 to 9" not in whole.note.value
    whole.complain("")
    assert "alert" not in whole.note.value and "from 3 to 9" in whole.note.value


def test_a_field_with_one_allowed_value_is_filled_and_hidden(make: Make) -> None:
    sole = make()[0]["sole"]
    assert sole.value == "only" and "gnb-hidden" in sole.widget._dom_classes
    sole.set("other")
    sole.complain("only this")
    assert sole.value == "other" and "gnb-hidden" not in sole.widget._dom_classes


def test_a_choice_that_is_no_longer_offered_is_marked_and_kept(make: Make) -> None:
    word = make()[0]["word"]
    assert isinstance(word, ChoiceControl)
    word.set("a")
    word.offer([("A", "a"), ("C", "c")])
    assert (word.value, word.objection) == ("a", "")
    word.offer([("C", "c")])
    assert word.value == "a" and "not offered" in word.objection
    word.set("c")
    assert word.objection == ""
    word.set(NOTHING)
    word.offer([("D", "d")])
    assert word.value is NOTHING and word.objection == ""


def test_a_secret_leaves_the_widget_at_once(make: Make) -> None:
    secret = make()[0]["secret"]
    canary = "canary" * 3
    echoed = []
    secret.input.observe(lambda change: echoed.append(change["new"]), "value")
    secret.input.value = canary
    assert secret.value == SecretStr(canary)
    assert secret.input.value == "" and canary not in state()
    assert "held" in secret.input.placeholder
    assert secret.input.traits()["value"].metadata["echo_update"] is False
    assert isinstance(secret.input, ipywidgets.Password) and secret.input.continuous_update is False
    secret.input.value = ""
    assert secret.value == SecretStr(canary), "leaving the box empty keeps what is held"
    secret.close()
    assert secret.value is NOTHING


def test_rows_are_added_and_removed(make: Make) -> None:
    controls, seen = make()
    parts = controls["parts"]
    hidden = lambda widget: "gnb-hidden" in widget._dom_classes  # noqa: E731
    assert parts.value is NOTHING
    for _ in range(3):
        parts.input.click()
    assert len(parts.rows) == 3 and hidden(parts.input), "no more than three"
    parts.rows[1].fields["key"].input.value = "second"
    assert seen[-1] == ("parts", 1, "key")
    titles = [row.head.children[0].value for row in parts.rows]
    assert all(f"Part {number}" in title for number, title in enumerate(titles, 1))
    first = parts.rows[0].head.children[1]
    assert first.description == "Remove part 1"
    first.click()
    first.click()
    assert parts.value == [{"key": "second"}, {}] and not hidden(parts.input)
    parts.set([{"key": str(number)} for number in range(5)])
    assert len(parts.value) == 5, "what was given is never cut"


def test_an_optional_group_can_be_left_out(make: Make) -> None:
    controls, seen = make()
    maybe = controls["maybe"]
    assert maybe.value is NOTHING and "gnb-hidden" in maybe._body._dom_classes
    maybe.input.value = True
    assert maybe.value == {} and seen == [("maybe",)] and "gnb-hidden" not in maybe._body._dom_classes
    maybe.children["key"].input.value = "k"
    assert maybe.value == {"key": "k"} and seen[-1] == ("maybe", "key")
    maybe.input.value = False
    assert maybe.value is NOTHING
    maybe.input.value = True
    assert maybe.value == {"key": "k"}, "nothing was lost by looking away"


# ------------------------------------------------------------------------------------------ the table


@dataclass(frozen=True)
class Shouted:
    """A mark of somebody else's."""


def test_the_table_can_be_extended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaussnb.widgets.control.CONTROLS", dict(CONTROLS))

    @shows(Shouted)
    class Shout(TextControl):
        def show(self, value: Any) -> Any:
            return str(value).upper()

    class Model(BaseModel):
        loud: Annotated[str, Shouted()]
        calm: str

    factory = WidgetFactory()
    made = controls_of(Model, ControlContext(factory, lambda path: None))
    assert type(made["loud"]) is Shout and type(made["calm"]) is TextControl
    made["loud"].set("hey")
    assert (made["loud"].input.value, made["loud"].value) == ("HEY", "hey")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("text", TextControl), ("number", NumberControl), ("ratio", NumberControl), ("whole", NumberControl),
        ("flag", ChoiceControl), ("yes", ChoiceControl), ("word", ChoiceControl), ("pairs", PairsControl),
        ("anything", JsonControl),
    ],
)  # fmt: skip
def test_the_control_of_each_type(make: Make, name: str, kind: type[Control]) -> None:
    assert type(make()[0][name]) is kind


def test_closing_controls_closes_every_widget() -> None:
    before = live()
    factory = WidgetFactory()
    controls = controls_of(Everything, ControlContext(factory, lambda path: None))
    controls["parts"].set([{"key": "a"}] * 3)
    for control in controls.values():
        control.close()
    factory.close()
    assert live() == before


class Long(BaseModel):
    """Help that has several lines."""

    name: str = Field(description="One.\n  Two.")


def test_help_is_one_line() -> None:
    factory = WidgetFactory()
    control = controls_of(Long, ControlContext(factory, lambda path: None))["name"]
    assert "One. Two." in control.note.value
    control.close()
    factory.close()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("secret", 1234567890, "a secret is text, not int"),
        ("words", "one", "a list, not str"),
        ("pairs", ["a"], "names with values, not list"),
        ("part", "key", "fields by name, not str"),
        ("part", {"kye": "k"}, "no field 'kye'"),
        ("parts", {"key": "k"}, "a list, not dict"),
        ("parts", [{"kye": "k"}], "no field 'kye'"),
        ("nothing", 1, "no field 'nothing'"),
    ],
)
def test_a_value_of_the_wrong_shape_is_refused_before_any_is_shown(
    make: Make, name: str, value: Any, says: str
) -> None:
    controls, _ = make()
    with pytest.raises(TypeError, match=says) as refused:
        check_values("Everything", controls, {"text": "t", name: value})
    assert "1234567890" not in str(refused.value)


def test_a_flag_keeps_an_unknown_value(make: Make) -> None:
    flag = make()[0]["flag"]
    flag.set(2)
    assert flag.value == 2 and flag.value == 2, "reading changes nothing"
