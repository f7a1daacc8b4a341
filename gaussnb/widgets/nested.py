"""The controls of nested parts: a group of fields for one part, rows for a list of parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import ipywidgets as widgets
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ..core.rules import Length, marks, unwrap
from ..core.words import title_of
from .control import (
    NOTHING,
    Control,
    ControlContext,
    Path,
    as_mapping,
    check_type,
    check_values,
    controls_of,
    fill_controls,
    shows,
    values_of,
)
from .style import heading, show


@shows(BaseModel)
class GroupControl(Control):
    """The fields of a nested part below a heading. A checkbox leaves an optional part out."""

    empty = False

    def __init__(self, name: str, info: FieldInfo, context: ControlContext) -> None:
        super().__init__(name, info, context)
        self._toggle()

    def make(self) -> Any:
        self.children = controls_of(unwrap(self.info.annotation), self.context.below(self.name))
        return self._make(
            widgets.Checkbox,
            "gnb-switch",
            description=self.title,
            value=self.required,
            disabled=self.required,
            indent=False,
        )

    def frame(self) -> widgets.Widget:
        head: Any = self.input
        if self.required:
            head = self._make(widgets.HTML, "gnb-plain", value=heading("gnb-part", self.title))
        inner = [child.widget for child in self.children.values()]
        self._body = self._make(widgets.VBox, "gnb-inner", children=inner)
        return self._make(widgets.VBox, "gnb-group", children=(head, self.note, self._body))

    @property
    def value(self) -> Any:
        return values_of(self.children) if self.input.value else NOTHING

    def check(self, value: Any) -> None:
        check_type(self, value, "fields by name", dict, BaseModel)
        check_values(self.name, self.children, value)

    def set(self, value: Any) -> None:
        self._set(self.required or value is not NOTHING)
        fill_controls(self.children, {} if value is NOTHING else value)
        self._toggle()

    def walk(self, path: Path) -> Iterator[tuple[Path, Control]]:
        yield path, self
        for name, child in self.children.items():
            yield from child.walk((*path, name))

    def close(self) -> None:
        for child in self.children.values():
            child.close()
        super().close()

    def _toggle(self) -> None:
        show(self._body, self.input.value)

    def _committed(self, change: Any) -> None:
        self._toggle()
        super()._committed(change)


class BareGroup(GroupControl):
    """A nested part without heading and help, for use below a heading of the form."""

    helps = False

    def frame(self) -> widgets.Widget:
        inner = [child.widget for child in self.children.values()]
        self._body = self._make(widgets.VBox, children=(self.note, *inner))
        return self._body


class _Part:
    """One part of a list: the controls of its fields, and the box that holds them."""

    def __init__(self, fields: dict[str, Control], box: widgets.Widget, head: widgets.HBox) -> None:
        self.fields, self.box, self.head = fields, box, head


@shows(list[BaseModel])
class RowsControl(Control):
    """A list of parts: a row for each part, and buttons to add and remove rows where their number may vary."""

    def make(self) -> Any:
        self.model: type[BaseModel] = unwrap(get_args(unwrap(self.info.annotation))[0])
        self.thing = title_of(re.sub(r"(?<!^)(?=[A-Z])", "_", self.model.__name__).lower())
        found = marks(self.info.annotation, self.info.metadata)
        self._bounds = next((mark for mark in found if isinstance(mark, Length)), None)
        self._single = self._bounds is not None and self._bounds.high == 1
        self.rows: list[_Part] = []
        add = self._make(widgets.Button, description=f"Add {self.thing.lower()}")
        add.on_click(lambda _: self._append(by_user=True))
        return add

    def frame(self) -> widgets.Widget:
        self._list = self._make(widgets.VBox)
        if self.required:
            self._append()
        parts = (self.note, self._list, self.input)
        return self._make(widgets.VBox, "gnb-group", children=(*self.heading(), *parts))

    def heading(self) -> tuple[widgets.Widget, ...]:
        """The widgets above the rows."""
        return (self._make(widgets.HTML, "gnb-plain", value=heading("gnb-part", self.title)),)

    @property
    def value(self) -> Any:
        if not self.rows:
            return [] if self._given == [] else NOTHING  # an empty list is not the same as no list
        return [values_of(row.fields) for row in self.rows]

    def check(self, value: Any) -> None:
        check_type(self, value, "a list", list, tuple)
        for item in value:
            check_type(self, item, "a list of fields by name", dict, BaseModel)
            if unknown := [name for name in as_mapping(item) if name not in self.model.model_fields]:
                raise TypeError(f"{self.name} has no field {unknown[0]!r}: {', '.join(self.model.model_fields)}")

    def set(self, value: Any) -> None:
        self._given = value
        while self.rows:
            self._drop(self.rows[0])
        for item in [] if value is NOTHING else value:
            fill_controls(self._append().fields, item)

    def walk(self, path: Path) -> Iterator[tuple[Path, Control]]:
        yield path, self
        for number, row in enumerate(self.rows):
            for name, child in row.fields.items():
                yield from child.walk((*path, number, name))

    def focus(self) -> None:
        if self.rows:
            next(iter(self.rows[0].fields.values())).focus()
        else:
            super().focus()

    def close(self) -> None:
        while self.rows:
            self._drop(self.rows[0])
        super().close()

    def _append(self, by_user: bool = False) -> _Part:
        def changed(path: Path) -> None:
            self.context.changed((self.name, self.rows.index(row), *path))

        fields = controls_of(self.model, self.context.below(self.name, changed=changed))
        title = self._make(widgets.HTML, "gnb-plain")
        remove = self._make(widgets.Button, "gnb-quiet", description="Remove")
        head = self._make(widgets.HBox, "gnb-row-head", children=(title, remove))
        children = (head, *(one.widget for one in fields.values()))
        inner = self._make(widgets.VBox, *([] if self._single else ["gnb-inner"]), children=children)
        row = _Part(fields, inner, head)
        remove.on_click(lambda _: self._drop(row, by_user=True))
        self.rows.append(row)
        self._list.children = (*self._list.children, row.box)
        self._count()
        if by_user:
            next(iter(fields.values())).focus()
            self.context.changed((self.name,))
        return row

    def _drop(self, row: _Part, by_user: bool = False) -> None:
        if row not in self.rows:  # the button was pressed twice
            return
        self.rows.remove(row)
        self._list.children = tuple(child for child in self._list.children if child is not row.box)
        for child in row.fields.values():
            child.close()
        self.context.factory.free(row.box)
        self._count()
        if by_user:
            self.context.changed((self.name,))

    def _count(self) -> None:
        """Number the rows, and show only those buttons that the allowed number of rows permits."""
        count = len(self.rows)
        fewest, most = (self._bounds.low, self._bounds.high) if self._bounds else (0, count + 1)
        if not self.required:
            fewest = 0
        show(self.input, count < most)
        for number, row in enumerate(self.rows, 1):
            title, remove = row.head.children
            title.value = heading("gnb-part", f"{self.thing} {number}")
            remove.description = f"Remove {self.thing.lower()} {number}"
            show(remove, count > fewest)
            show(row.head, count > fewest or count > 1)


class BareRows(RowsControl):
    """A list of parts without heading and help, for use below a heading of the form."""

    helps = False

    def heading(self) -> tuple[widgets.Widget, ...]:
        return ()
