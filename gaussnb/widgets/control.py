"""One field on the screen: what all controls have in common, and the table from types to controls.

A control keeps what it was given: a number that came as text stays text, and what cannot be read stays on
the screen for its owner to mend. It never judges; the spec does, and hands the words back to
:meth:`Control.complain`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, TypeVar, get_args, get_origin

import ipywidgets as widgets
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ..core.operation import documented, fields_of
from ..core.rules import marks, unwrap
from ..core.words import limits_in_words, meaning_of, title_of
from .style import Look

Path = tuple[str | int, ...]
"""Where a field is: names, and the numbers of rows in lists."""
Kinds = Mapping[str, "type[Control]"]
"""Controls for single fields, by dotted name."""
NOTHING: Any = object()
"""Stands for a field that is left out."""


@dataclass(frozen=True)
class Place:
    """Where a control stands: what it shares with its form, and whom it tells of changes."""

    look: Look
    changed: Callable[[Path], None]
    """Called with the path of a field when a person has committed a value."""
    kinds: Kinds = field(default_factory=dict)
    """Controls for the fields inside, where the table's are not wanted."""

    def below(self, *way: str | int, changed: Callable[[Path], None] | None = None) -> Place:
        """The place of the fields inside one at ``way``."""
        name = f"{way[0]}."
        inside = {key.removeprefix(name): kind for key, kind in self.kinds.items() if key.startswith(name)}
        return Place(self.look, changed or (lambda path: self.changed((*way, *path))), inside)


class Control:
    """One field: label, input, help below it, and a place for what is wrong.

    Args:
        name: the field's name.
        info: the field as declared.
        place: where it stands.
    """

    helps = True
    """Whether its help is shown."""
    empty: Any = ""
    """The widget's value of a field that is left out."""

    def __init__(self, name: str, info: FieldInfo, place: Place) -> None:
        self.name, self.info, self.place = name, info, place
        self.required = info.is_required()
        self.title = title_of(name, info)
        self.message = ""
        """What is wrong, as it stands on the screen."""
        self._advice = ""
        self._given: Any = NOTHING
        self._shown: Any = None
        self._quiet = False
        self.note = self._make(widgets.HTML, "gnb-note")
        self.input = self.make()
        self.widget = self.frame()
        self._tell()
        self.input.observe(self._committed, "value")

    # -- what a kind of control says of itself

    def make(self) -> Any:
        """The core widget a person types into."""
        return self._labelled(widgets.Text, continuous_update=False)

    def frame(self) -> widgets.Widget:
        """The control with its note below it."""
        return self._make(widgets.VBox, "gnb-field", children=(self.input, self.note))

    def show(self, value: Any) -> Any:
        """A value as the widget's value."""
        return str(value)

    def read(self, shown: Any) -> Any:
        """The widget's value as a value; NOTHING where it is empty."""
        return shown if shown else NOTHING

    def check(self, value: Any) -> None:
        """Refuse a value of another shape than the field's, before anything is shown.

        Raises:
            TypeError: saying what is wanted, without the value.
        """

    @property
    def objection(self) -> str:
        """What the control itself has against its value, beside what the spec says."""
        return ""

    # -- what all have in common

    @property
    def value(self) -> Any:
        """The value, or NOTHING when the field is left out."""
        if self._given is not NOTHING and self.input.value == self._shown:
            return self._given  # untouched: it goes out the way it came in
        return self.read(self.input.value)

    def set(self, value: Any) -> None:
        """Show a value; NOTHING empties the field. Does not count as a person's change."""
        self._given, self._shown = value, self.empty if value is NOTHING else self.show(value)
        self._set(self._shown)

    def _set(self, shown: Any) -> None:
        self._quiet = True
        try:
            self.input.value = shown
        finally:
            self._quiet = False

    def complain(self, message: str) -> None:
        """Show what is wrong, or nothing."""
        if message != self.message:
            self.message = message
            self._tell()

    def advise(self, advice: str) -> None:
        """Say what depends on the other fields, like a limit, instead of what the type says; or nothing."""
        if advice != self._advice:
            self._advice = advice
            self._tell()

    @property
    def limits(self) -> str:
        """What the type allows, to be read before anything is wrong."""
        return limits_in_words(self.info)

    def _tell(self) -> None:
        allows = self._advice or ("" if self.message else self.limits)
        means = meaning_of(self.info, allows) if self.helps else ""
        wrong = f'<div role="alert" class="gnb-error"><b>✗</b> {escape(self.message)}</div>' if self.message else ""
        told = re.sub("``(.+?)``", r"<code>\1</code>", escape(means))  # names of fields, as docstrings write them
        self.note.value = f'{wrong}<div class="gnb-help">{told}</div>' if means else wrong

    def walk(self, path: Path) -> Iterator[tuple[Path, Control]]:
        """This control and those inside it, with their paths."""
        yield path, self

    def focus(self) -> None:
        """Put the cursor into it."""
        self.input.focus()

    def close(self) -> None:
        """Free its widgets, those that are not shown included."""
        for widget in (self.widget, self.input, self.note):
            self.place.look.free(widget)

    def _make(self, kind: type[Any], *classes: str, **traits: Any) -> Any:
        return self.place.look.make(kind, *classes, **traits)

    def _labelled(self, kind: type[Any], **traits: Any) -> Any:
        return self._make(kind, description=f"{self.title} *" if self.required else self.title, **traits)

    def _committed(self, change: Any) -> None:
        if not self._quiet:
            self.place.changed((self.name,))


# ------------------------------------------------------------------------------------------ the table

CONTROLS: dict[Any, type[Control]] = {}
"""Which control shows which field, by the type of the field or of a mark on it. Put in a pair of your own to show
a type another way. ``list[BaseModel]`` stands for every list of parts, ``object`` for whatever is not in the table."""

Kind = TypeVar("Kind", bound=type[Control])


def shows(*types: Any) -> Callable[[Kind], Kind]:
    """Make a control the one that shows these types: ``@shows(str)``."""

    def put(control: Kind) -> Kind:
        CONTROLS.update(dict.fromkeys(types, control))
        return control

    return put


def control_for(info: FieldInfo) -> type[Control]:
    """The control that shows a field: of its marks, its type and the bases of its type, the first in the table."""
    return next(CONTROLS[kind] for kind in _kinds(info) if kind in CONTROLS)


def _kinds(info: FieldInfo) -> Iterator[Any]:
    yield from map(type, marks(info.annotation, info.metadata))
    bare = unwrap(info.annotation)
    if get_origin(bare) is list and is_part(get_args(bare)[0]):
        yield list[BaseModel]
    yield get_origin(bare)
    yield from getattr(bare, "__mro__", ())
    yield object


def is_part(annotation: Any) -> bool:
    """Whether a type is a nested part with fields of its own."""
    bare = unwrap(annotation)
    return isinstance(bare, type) and issubclass(bare, BaseModel)


def controls_of(model: type[BaseModel], place: Place) -> dict[str, Control]:
    """A control for every field of a model, in declared order."""
    return {
        name: (place.kinds.get(name) or control_for(info))(name, info, place)
        for name, info in documented(model).items()
    }


def values_of(controls: Mapping[str, Control]) -> dict[str, Any]:
    """What the controls hold, without the fields that are left out."""
    held = ((name, control.value) for name, control in controls.items())
    return {name: value for name, value in held if value is not NOTHING}


def as_mapping(values: Any) -> dict[str, Any]:
    """A model, or a mapping, as a new mapping."""
    return fields_of(values) if isinstance(values, BaseModel) else dict(values)


def check_values(whole: str, controls: Mapping[str, Control], values: Any) -> None:
    """Refuse values that could not be shown, all of them before any is.

    Raises:
        TypeError: there is no such field, or a value has another shape than its field.
    """
    for name, value in as_mapping(values).items():
        if name not in controls:
            raise TypeError(f"{whole} has no field {name!r}: {', '.join(controls)}")
        if value is not NOTHING and value is not None:
            controls[name].check(value)


def wanted(control: Control, value: Any, what: str, *kinds: type) -> None:
    """Refuse a value that is none of these kinds.

    Raises:
        TypeError: naming the field and what it wants.
    """
    if not isinstance(value, kinds):
        raise TypeError(f"{control.name}: {what}, not {type(value).__name__}")


def fill_controls(controls: Mapping[str, Control], values: Any) -> None:
    """Show values in controls; the fields that are not among them are emptied.

    Args:
        controls: the controls.
        values: a mapping, or a model.
    """
    given = as_mapping(values)
    for name, control in controls.items():
        value = given.get(name)
        control.set(NOTHING if value is None else value)
