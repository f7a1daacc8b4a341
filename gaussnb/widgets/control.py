"""The base class of controls, which show one field each, and the table of controls by type.

A control never changes a value: a number that was given as text stays text, and text that cannot be read stays on the
screen until the user corrects it. A control does not validate either. The spec does, and the form passes the message
to :meth:`Control.complain`.
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
from .style import WidgetFactory

Path = tuple[str | int, ...]
"""The path to a field: names, and the numbers of rows in lists."""
ControlTypes = Mapping[str, "type[Control]"]
"""The classes of controls for single fields, by dotted name."""
NOTHING: Any = object()
"""The value of a control whose field is left out."""


@dataclass(frozen=True)
class ControlContext:
    """The facts that a control shares with its form, and the function that the control calls after a change."""

    factory: WidgetFactory
    changed: Callable[[Path], None]
    """Called with the path of a field after the user has committed a value."""
    control_types: ControlTypes = field(default_factory=dict)
    """Classes of controls for fields inside this one that replace those of the table."""

    def below(self, *way: str | int, changed: Callable[[Path], None] | None = None) -> ControlContext:
        """The context of the fields inside the field at ``way``."""
        prefix = f"{way[0]}."
        inside = {
            name.removeprefix(prefix): control
            for name, control in self.control_types.items()
            if name.startswith(prefix)
        }
        return ControlContext(self.factory, changed or (lambda path: self.changed((*way, *path))), inside)


class Control:
    """One field on the screen: a label, an input, and below it the error message and the help.

    Args:
        name: the field's name.
        info: the field as declared.
        context: what the control shares with its form.
    """

    helps = True
    """True if the help of the field is shown."""
    empty: Any = ""
    """The widget's value while the field is left out."""

    def __init__(self, name: str, info: FieldInfo, context: ControlContext) -> None:
        self.name, self.info, self.context = name, info, context
        self.required = info.is_required()
        self.title = title_of(name, info)
        self.message = ""
        """The error message on the screen; empty when there is none."""
        self._advice = ""
        self._given: Any = NOTHING
        self._shown: Any = None
        self._quiet = False
        self.note = self._make(widgets.HTML, "gnb-note")
        self.input = self.make()
        self.widget = self.frame()
        self._show_note()
        self.input.observe(self._committed, "value")

    # -- what subclasses may override

    def make(self) -> Any:
        """The core widget that takes the user's input."""
        return self._labelled(widgets.Text, continuous_update=False)

    def frame(self) -> widgets.Widget:
        """The control with its note below it."""
        return self._make(widgets.VBox, "gnb-field", children=(self.input, self.note))

    def show(self, value: Any) -> Any:
        """The widget's value for a value of the field."""
        return str(value)

    def read(self, shown: Any) -> Any:
        """The field's value for a value of the widget; NOTHING where the widget is empty."""
        return shown if shown else NOTHING

    def check(self, value: Any) -> None:
        """Refuse a value that the widget cannot show, before any value is shown.

        Raises:
            TypeError: the value has the wrong shape; the message names the right one, without the value.
        """

    @property
    def objection(self) -> str:
        """The control's own objection to its value, in addition to the errors of the spec; empty when it has none."""
        return ""

    # -- what all controls have in common

    @property
    def value(self) -> Any:
        """The field's value, or NOTHING when the field is left out."""
        if self._given is not NOTHING and self.input.value == self._shown:
            return self._given  # not edited: return the value as it was given, not as the widget shows it
        return self.read(self.input.value)

    def set(self, value: Any) -> None:
        """Show a value; NOTHING empties the field. This does not count as a change by the user."""
        self._given, self._shown = value, self.empty if value is NOTHING else self.show(value)
        self._set(self._shown)

    def _set(self, shown: Any) -> None:
        self._quiet = True
        try:
            self.input.value = shown
        finally:
            self._quiet = False

    def complain(self, message: str) -> None:
        """Show an error message; an empty text removes it."""
        if message != self.message:
            self.message = message
            self._show_note()

    def advise(self, advice: str) -> None:
        """Show a hint that depends on other fields, like a limit, in place of the limits of the type.

        An empty text brings the limits of the type back.
        """
        if advice != self._advice:
            self._advice = advice
            self._show_note()

    @property
    def limits(self) -> str:
        """The values that the type allows, in words: part of the help."""
        return limits_in_words(self.info)

    def _show_note(self) -> None:
        allows = self._advice or ("" if self.message else self.limits)
        means = meaning_of(self.info, allows) if self.helps else ""
        wrong = f'<div role="alert" class="gnb-error"><b>✗</b> {escape(self.message)}</div>' if self.message else ""
        help = re.sub("``(.+?)``", r"<code>\1</code>", escape(means))  # docstrings write names of fields in ``…``
        self.note.value = f'{wrong}<div class="gnb-help">{help}</div>' if means else wrong

    def walk(self, path: Path) -> Iterator[tuple[Path, Control]]:
        """This control and the controls inside it, with their paths."""
        yield path, self

    def focus(self) -> None:
        """Put the cursor into the input."""
        self.input.focus()

    def close(self) -> None:
        """Close all widgets of the control, also those that are not shown."""
        for widget in (self.widget, self.input, self.note):
            self.context.factory.free(widget)

    def _make(self, kind: type[Any], *classes: str, **traits: Any) -> Any:
        return self.context.factory.make(kind, *classes, **traits)

    def _labelled(self, kind: type[Any], **traits: Any) -> Any:
        return self._make(kind, description=f"{self.title} *" if self.required else self.title, **traits)

    def _committed(self, change: Any) -> None:
        if not self._quiet:
            self.context.changed((self.name,))


# ------------------------------------------------------------------------------------------ the table

CONTROLS: dict[Any, type[Control]] = {}
"""The class of controls for each type of a field, or of a rule on a field. Add a pair to show a type another way.
``list[BaseModel]`` is the entry for every list of parts, ``object`` the entry for types that are not in the table."""

AnyControl = TypeVar("AnyControl", bound=type[Control])


def shows(*types: Any) -> Callable[[AnyControl], AnyControl]:
    """Register a class of controls for these types: ``@shows(str)``."""

    def put(control: AnyControl) -> AnyControl:
        CONTROLS.update(dict.fromkeys(types, control))
        return control

    return put


def control_for(info: FieldInfo) -> type[Control]:
    """The class of controls for a field: the table's first entry for its rules, its type and the bases of its type."""
    return next(CONTROLS[key] for key in _keys(info) if key in CONTROLS)


def _keys(info: FieldInfo) -> Iterator[Any]:
    yield from map(type, marks(info.annotation, info.metadata))
    bare = unwrap(info.annotation)
    if get_origin(bare) is list and is_part(get_args(bare)[0]):
        yield list[BaseModel]
    yield get_origin(bare)
    yield from getattr(bare, "__mro__", ())
    yield object


def is_part(annotation: Any) -> bool:
    """True if a type is a nested part, with fields of its own."""
    bare = unwrap(annotation)
    return isinstance(bare, type) and issubclass(bare, BaseModel)


def controls_of(model: type[BaseModel], context: ControlContext) -> dict[str, Control]:
    """A control for every field of a model, in declared order."""
    return {
        name: (context.control_types.get(name) or control_for(info))(name, info, context)
        for name, info in documented(model).items()
    }


def values_of(controls: Mapping[str, Control]) -> dict[str, Any]:
    """The values of controls by field, without the fields that are left out."""
    held = ((name, control.value) for name, control in controls.items())
    return {name: value for name, value in held if value is not NOTHING}


def as_mapping(values: Any) -> dict[str, Any]:
    """The fields of a model, or the items of a mapping, as a new dict."""
    return fields_of(values) if isinstance(values, BaseModel) else dict(values)


def check_values(whole: str, controls: Mapping[str, Control], values: Any) -> None:
    """Check that every value can be shown, before the first one is.

    Raises:
        TypeError: there is no such field, or a value has the wrong shape for its field.
    """
    for name, value in as_mapping(values).items():
        if name not in controls:
            raise TypeError(f"{whole} has no field {name!r}: {', '.join(controls)}")
        if value is not NOTHING and value is not None:
            controls[name].check(value)


def check_type(control: Control, value: Any, expected: str, *types: type) -> None:
    """Check that a value is an instance of one of these types.

    Raises:
        TypeError: it is not; the message names the field and what is expected.
    """
    if not isinstance(value, types):
        raise TypeError(f"{control.name}: {expected}, not {type(value).__name__}")


def fill_controls(controls: Mapping[str, Control], values: Any) -> None:
    """Show values in controls, and empty the controls of all other fields.

    Args:
        controls: the controls, by field.
        values: a mapping or a model.
    """
    given = as_mapping(values)
    for name, control in controls.items():
        value = given.get(name)
        control.set(NOTHING if value is None else value)
