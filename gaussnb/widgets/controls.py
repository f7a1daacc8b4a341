"""From the type of a field to the control a person fills it with.

:data:`CONTROLS` is the table: a list of (test, control) pairs, the first that fits wins. Put a pair of your
own in front to show a type another way.

A control keeps what it was given: a number that came as text stays text, and what cannot be read stays on
the screen for its owner to mend. It never judges; the spec does, and hands the words back to
:meth:`Control.complain`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

import ipywidgets as widgets
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from ..binding import rule_in_words
from ..fields import Flag, Whole
from ..spec import is_secret, marks, unwrap

LABEL = "14em"
"""The width of the labels' column: the longest label of the create form fits."""
WIDTH = "min(38em, 100%)"
Path = tuple[str | int, ...]
Kinds = Mapping[str, "type[Control]"]
NO_KINDS: Kinds = MappingProxyType({})
NOTHING = object()
"""Stands for a field that is left out."""


def label_of(name: str) -> str:
    """A field's name as a label: ``vpc_id`` is "VPC id"."""
    words = name.replace("_", " ").split()
    words = [word.upper() if word in ("vpc", "ip", "ssl", "dr", "lb", "gb") else word for word in words]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


class Control:
    """One field on the screen: label, input, help below it, and a place for what is wrong.

    Args:
        name: the field's name.
        info: the field as declared.
        changed: called with the path of the field when a person has committed a value.
        kinds: controls for the fields inside it, where the table's are not wanted.
    """

    def __init__(self, name: str, info: FieldInfo, changed: Callable[[Path], None], kinds: Kinds = NO_KINDS) -> None:
        self.name, self.info = name, info
        self._changed, self._kinds = changed, kinds
        self._given: Any = NOTHING
        self._quiet = False
        self.required = info.is_required()
        self.message = ""
        self._error = widgets.HTML()
        self._error.layout.display = "none"
        self.input = self.make()
        self.widget = self.frame()
        self.input.observe(self._committed, "value")

    # -- what a kind of control says of itself

    def make(self) -> Any:
        """The core widget a person types into."""
        return widgets.Text(continuous_update=False, **self._look())

    def show(self, value: Any) -> Any:
        """A value as the widget's value."""
        return str(value)

    def read(self, shown: Any) -> Any:
        """The widget's value as a value; NOTHING where it is empty."""
        return shown if shown else NOTHING

    # -- what all have in common

    @property
    def value(self) -> Any:
        """The value, or NOTHING when the field is left out."""
        if self._given is not NOTHING and self.input.value == self.show(self._given):
            return self._given  # untouched: it goes out the way it came in
        return self.read(self.input.value)

    def set(self, value: Any) -> None:
        """Show a value; NOTHING empties the field. Does not count as a person's change."""
        self._given = value
        self._quiet = True
        try:
            self.input.value = self.empty() if value is NOTHING else self.show(value)
        finally:
            self._quiet = False

    def empty(self) -> Any:
        """The widget's value of a field that is left out."""
        return ""

    @property
    def objection(self) -> str:
        """What the control itself has against its value, beside what the spec says."""
        return ""

    def complain(self, message: str) -> None:
        """Show what is wrong, or nothing."""
        if message == self.message:
            return
        self.message = message
        if message:
            self._error.value = (
                f'<div role="alert" class="gaussnb-error"><b>✗</b> {escape(message)}</div>'
            )
        else:
            self._error.value = ""
        self._error.layout.display = "" if message else "none"

    def walk(self, path: Path) -> Iterator[tuple[Path, Control]]:
        """This control and those inside it, with their paths."""
        yield path, self

    def close(self) -> None:
        """Free its widgets, the input also where it is not shown; those inside it close by themselves."""
        close_all(self.widget)
        close_all(self.input)

    def frame(self) -> widgets.Widget:
        """The control with help and error below it."""
        return widgets.VBox(
            [self.input, self._help(), self._error],
            layout={"margin": "0 0 0.4em 0"},
        )

    @property
    def help(self) -> str:
        """What the field means and allows."""
        means = (self.info.description or "").replace("\n", " ")
        allows = rule_in_words(self.info)
        return means if not allows or allows in means else f"{means} ({allows})" if means else allows

    def advise(self, advice: str) -> None:
        """Add to the help what depends on the other fields, like a limit or that something is loading."""
        both = f"{self.help} – {advice}" if advice and self.help else advice or self.help
        self._help_box.value = f'<div class="gaussnb-help">{escape(both)}</div>'

    def heading(self) -> widgets.HTML:
        """The field's name above the parts it is made of."""
        return widgets.HTML(f'<div class="gaussnb-group">{escape(label_of(self.name))}</div>')

    def _help(self) -> widgets.HTML:
        self._help_box = widgets.HTML()
        self.advise("")
        return self._help_box

    def _look(self) -> dict[str, Any]:
        star = " *" if self.required else ""
        return {
            "description": label_of(self.name) + star,
            "style": {"description_width": LABEL},
            "layout": {"width": WIDTH},
            # A missing tooltip becomes title="null" in the page.
            "tooltip": "",
        }

    def _committed(self, change: Any) -> None:
        if not self._quiet:
            self._changed((self.name,))


class TextControl(Control):
    """Any text."""


class NumberControl(Control):
    """A number, typed as text so that nothing is clamped: 99 stays 99 until its owner mends it."""

    def read(self, shown: Any) -> Any:
        text = shown.strip()
        if not text:
            return NOTHING
        try:
            return int(text)
        except ValueError:
            pass
        try:
            return float(text)
        except ValueError:
            return text


class TimeControl(Control):
    """A moment, typed as ISO text."""

    def show(self, value: Any) -> str:
        return value.isoformat() if isinstance(value, datetime) else str(value)


class SecretControl(Control):
    """A secret: handed over on commit, after which the box is empty and says that it is held.

    The widget's value would be in clear in widget messages and in a notebook saved with widget state, so
    it is there only between the commit and this handler.
    """

    def make(self) -> Any:
        self._held: SecretStr | None = None
        look = self._look()
        return widgets.Password(continuous_update=False, placeholder="not given", **look)

    @property
    def value(self) -> Any:
        return NOTHING if self._held is None else self._held

    def set(self, value: Any) -> None:
        self._hold(None if value is NOTHING else value)

    def _hold(self, secret: Any) -> None:
        self._held = SecretStr(secret) if isinstance(secret, str) else secret
        self._quiet = True
        try:
            self.input.value = ""
            self.input.placeholder = "held in memory" if self._held else "not given"
        finally:
            self._quiet = False

    def _committed(self, change: Any) -> None:
        if self._quiet or not change["new"]:
            return
        self._hold(change["new"])
        self._changed((self.name,))


class ChoiceControl(Control):
    """One of a few words; leaving an optional one out is a choice too."""

    _offered: list[Any] | None = None
    LEFT_OUT = ("– left out –", NOTHING)
    CHOOSE = ("– choose –", NOTHING)

    def make(self) -> Any:
        return widgets.Dropdown(options=self._entries(self.choices()), value=NOTHING, **self._look())

    def choices(self) -> Sequence[tuple[str, Any]]:
        """Label and value of each choice."""
        bare = unwrap(self.info.annotation)
        if bare is bool:
            return [("yes", True), ("no", False)]
        for mark in marks(self.info.annotation, self.info.metadata):
            if isinstance(mark, Flag):
                return [(mark.words[1], mark.words[1]), (mark.words[0], mark.words[0])]
        return [(str(word), word) for word in get_args(bare)]

    def offer(self, choices: Sequence[tuple[str, Any]]) -> None:
        """Offer other choices. The chosen one stays, even where it is no longer offered: it is named then."""
        kept = self.value
        entries = self._entries(choices)
        self._offered = [value for _, value in entries]
        if kept not in self._offered:
            entries.append((f"{kept} (not offered)", kept))
        self._quiet = True
        try:
            self.input.options = entries  # resets the choice, so it is put back
            self.input.value = kept
        finally:
            self._quiet = False

    @property
    def objection(self) -> str:
        """Says that the choice is none of those offered now."""
        if self._offered is None or self.value in self._offered:
            return ""
        return f"{self.value} is not offered with the other choices: choose another"

    def _entries(self, choices: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
        return [self.CHOOSE if self.required else self.LEFT_OUT, *choices]

    def show(self, value: Any) -> Any:
        for mark in marks(self.info.annotation, self.info.metadata):
            if isinstance(mark, Flag) and not isinstance(value, str):
                value = mark.words[mark.twins.index(value)]
        if value not in [known for _, known in self.input.options]:
            self.input.options = [*self.input.options, (f"{value} (not offered)", value)]
        return value

    def read(self, shown: Any) -> Any:
        return shown

    def empty(self) -> Any:
        return NOTHING


class LinesControl(Control):
    """A list of words, one a line."""

    def make(self) -> Any:
        return widgets.Textarea(continuous_update=False, rows=2, placeholder="one a line", **self._look())

    def show(self, value: Any) -> str:
        return "\n".join(map(str, value))

    def read(self, shown: Any) -> Any:
        words = [line.strip() for line in shown.splitlines() if line.strip()]
        return words or NOTHING


class JsonControl(Control):
    """Anything else, as JSON."""

    def make(self) -> Any:
        return widgets.Textarea(continuous_update=False, rows=3, placeholder="{…}", **self._look())

    def show(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, indent=1)

    def read(self, shown: Any) -> Any:
        if not shown.strip():
            return NOTHING
        try:
            return json.loads(shown)
        except ValueError:
            return shown  # the spec will say what it wants


class GroupControl(Control):
    """A nested part: its fields below a heading, and a switch where it may be left out."""

    def __init__(self, name: str, info: FieldInfo, changed: Callable[[Path], None], kinds: Kinds = NO_KINDS) -> None:
        self.model: type[BaseModel] = unwrap(info.annotation)
        super().__init__(name, info, changed, kinds)
        if not self.required:
            self._toggle()

    def make(self) -> Any:
        self.children = controls_of(
            self.model, lambda path: self._changed((self.name, *path)), self._kinds
        )
        look = self._look() | {"description": f"With {label_of(self.name).lower()}", "indent": False}
        return widgets.Checkbox(value=self.required, disabled=self.required, **look)

    def frame(self) -> widgets.Widget:
        self._body = widgets.VBox(
            [child.widget for child in self.children.values()],
            layout={"margin": "0 0 0.4em 0.8em"},
        )
        head = self.heading() if self.required else self.input
        return widgets.VBox([head, self._help(), self._error, self._body])

    @property
    def value(self) -> Any:
        if not self.input.value:
            return NOTHING
        return values_of(self.children)

    def set(self, value: Any) -> None:
        self._quiet = True
        try:
            self.input.value = self.required or value is not NOTHING
        finally:
            self._quiet = False
        fill_controls(self.children, {} if value is NOTHING else value)
        self._toggle()

    def walk(self, path: Path) -> Iterator[tuple[Path, Control]]:
        yield path, self
        for name, child in self.children.items():
            yield from child.walk((*path, name))

    def _toggle(self) -> None:
        self._body.layout.display = "" if self.input.value else "none"

    def _committed(self, change: Any) -> None:
        self._toggle()
        super()._committed(change)


class RowsControl(Control):
    """A list of parts: a row for each, with buttons that add and remove."""

    def make(self) -> Any:
        self.model: type[BaseModel] = unwrap(get_args(unwrap(self.info.annotation))[0])
        self.rows: list[dict[str, Control]] = []
        self._add = widgets.Button(description=f"Add to {label_of(self.name).lower()}", tooltip="")
        self._add.on_click(lambda _: self._append(by_person=True))
        return self._add

    def frame(self) -> widgets.Widget:
        self._list = widgets.VBox()
        box = widgets.VBox([self.heading(), self._help(), self._error, self._list, self._add])
        if self.required:
            self._append()
        return box

    @property
    def value(self) -> Any:
        if not self.rows:
            return [] if self._given == [] else NOTHING  # an empty list is not a list left out
        return [values_of(row) for row in self.rows]

    def set(self, value: Any) -> None:
        self._given = value
        while self.rows:
            self._drop(self.rows[0])
        for item in [] if value is NOTHING else value:
            self._append()
            fill_controls(self.rows[-1], item)

    def walk(self, path: Path) -> Iterator[tuple[Path, Control]]:
        yield path, self
        for number, row in enumerate(self.rows):
            for name, child in row.items():
                yield from child.walk((*path, number, name))

    def _append(self, by_person: bool = False) -> None:
        row: dict[str, Control] = {}

        def changed(path: Path) -> None:
            number = next(i for i, known in enumerate(self.rows) if known is row)
            self._changed((self.name, number, *path))

        row.update(controls_of(self.model, changed, self._kinds))
        remove = widgets.Button(description="Remove this", tooltip="")
        remove.on_click(lambda _: self._drop(row, by_person=True))
        box = widgets.VBox(
            [*(child.widget for child in row.values()), remove], layout={"margin": "0 0 0.6em 0.8em"}
        )
        self.rows.append(row)
        self._list.children = (*self._list.children, box)
        if by_person:
            self._changed((self.name,))

    def _drop(self, row: dict[str, Control], by_person: bool = False) -> None:
        number = next(i for i, known in enumerate(self.rows) if known is row)
        del self.rows[number]
        boxes = list(self._list.children)
        close_all(boxes.pop(number))
        self._list.children = boxes
        if by_person:
            self._changed((self.name,))


# ------------------------------------------------------------------------------------------ the table


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _is_rows(annotation: Any) -> bool:
    return get_origin(annotation) is list and _is_model(unwrap(get_args(annotation)[0]))


CONTROLS: list[tuple[Callable[[FieldInfo], bool], type[Control]]] = [
    (lambda info: is_secret(info.annotation), SecretControl),
    (lambda info: _is_model(unwrap(info.annotation)), GroupControl),
    (lambda info: _is_rows(unwrap(info.annotation)), RowsControl),
    (lambda info: get_origin(unwrap(info.annotation)) is list, LinesControl),
    (lambda info: unwrap(info.annotation) is bool, ChoiceControl),
    (lambda info: get_origin(unwrap(info.annotation)) is Literal, ChoiceControl),
    (lambda info: _marked(info, Flag), ChoiceControl),
    (lambda info: _marked(info, Whole), NumberControl),
    (lambda info: unwrap(info.annotation) in (int, float), NumberControl),
    (lambda info: unwrap(info.annotation) is datetime, TimeControl),
    (lambda info: unwrap(info.annotation) is str, TextControl),
    (lambda info: True, JsonControl),
]
"""Which control shows which field: the first test that holds."""


def _marked(info: FieldInfo, kind: type) -> bool:
    return any(isinstance(mark, kind) for mark in marks(info.annotation, info.metadata))


def controls_of(
    model: type[BaseModel], changed: Callable[[Path], None], kinds: Kinds = NO_KINDS
) -> dict[str, Control]:
    """A control for every field of a model, in declared order.

    Args:
        model: the model.
        changed: called with the path of a field whose value was committed.
        kinds: by dotted name, fields that want another control than the table's.
    """
    made = {}
    for name, info in model.model_fields.items():
        kind = kinds.get(name) or next(control for fits, control in CONTROLS if fits(info))
        inside = {key.removeprefix(f"{name}."): kinds[key] for key in kinds if key.startswith(f"{name}.")}
        made[name] = kind(name, info, changed, inside)
    return made


def values_of(controls: Mapping[str, Control]) -> dict[str, Any]:
    """What the controls hold, without the fields that are left out."""
    held = ((name, control.value) for name, control in controls.items())
    return {name: value for name, value in held if value is not NOTHING}


def fill_controls(controls: Mapping[str, Control], values: Any) -> None:
    """Show values in controls; the fields that are not among them are emptied.

    Args:
        controls: the controls.
        values: a mapping, or a model.
    """
    given = dict(values)
    for name, control in controls.items():
        value = given.get(name)
        control.set(NOTHING if value is None else value)


def close_all(widget: widgets.Widget) -> None:
    """Free a widget with its children, layouts and styles; closing a box alone frees only the box."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    for part in (getattr(widget, "layout", None), getattr(widget, "style", None)):
        if isinstance(part, widgets.Widget):
            part.close()
    if isinstance(widget, widgets.Password):
        widget.value = ""  # a closed widget's value still stands in the saved state
    widget.close()
