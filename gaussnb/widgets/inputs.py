"""The controls of single values: text, numbers, times, secrets, choices, lists and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, get_args

import ipywidgets as widgets
from pydantic import SecretStr
from traitlets import Unicode

from ..core.faces import face
from ..core.rules import Flag, Whole, marks, unwrap
from ..core.secrets import reveal
from .control import NOTHING, Control, check_type, shows
from .style import show

Choices = Sequence[tuple[str, Any]]
"""Label and value of each choice."""


@shows(str)
class TextControl(Control):
    """A text box for any text."""


@shows(Whole, int, float)
class NumberControl(Control):
    """A text box for a number. Number widgets clamp their values; here 99 stays 99 until the user corrects it."""

    def read(self, shown: Any) -> Any:
        text = shown.strip()
        if re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
            return int(text)
        if re.fullmatch(r"-?[0-9]+\.[0-9]+", text):
            return float(text)
        if re.fullmatch(r"[0-9]*", text):  # 007 stays text, as it was typed
            return text or NOTHING
        return Unreadable(text)


class Unreadable:
    """Text that was typed and cannot be read without guessing. It is no text, number or time, so every spec refuses
    it."""

    def __init__(self, text: str) -> None:
        self.text = text

    @face
    def __repr__(self) -> str:
        return self.text


@shows(datetime)
class TimeControl(Control):
    """A text box for a moment, in ISO format."""

    def show(self, value: Any) -> str:
        return value.isoformat() if isinstance(value, datetime) else str(value)

    def read(self, shown: Any) -> Any:
        text = shown.strip()
        if not text:
            return NOTHING
        # The spec would read a bare number as seconds since 1970.
        return text if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else Unreadable(text)


class SecretBox(widgets.Password):  # type: ignore[misc]
    """A password box whose value the kernel does not send back to the page."""

    value = Unicode().tag(sync=True, echo_update=False)


@shows(SecretStr)
class SecretControl(Control):
    """A password box. After a commit the control keeps the secret, and the box is empty and says so.

    A widget's value is in clear text in widget messages and in notebooks saved with widget state. The secret is
    therefore in the widget only between the commit and the handler of this class.
    """

    _held: SecretStr | None = None

    def make(self) -> Any:
        return self._labelled(SecretBox, continuous_update=False, placeholder="not given")

    @property
    def value(self) -> Any:
        return NOTHING if self._held is None else self._held

    def check(self, value: Any) -> None:
        check_type(self, value, "a secret is text", str, SecretStr)

    def set(self, value: Any) -> None:
        self._hold(None if value is NOTHING else value)

    def close(self) -> None:
        self._hold(None)
        super().close()

    def _hold(self, secret: Any) -> None:
        self._held = SecretStr(secret) if isinstance(secret, str) else secret
        self._set("")
        self.input.placeholder = "held in memory, type to replace" if self._held else "not given"

    def _committed(self, change: Any) -> None:
        if change["new"] and not self._quiet:
            self._hold(change["new"])
            super()._committed(change)


@shows(bool, Literal, Flag)
class ChoiceControl(Control):
    """A dropdown of the allowed values; for an optional field, leaving it out is a choice too."""

    empty = NOTHING
    _offered: Sequence[Any] | None = None
    """The choices offered now; None where they never change."""
    _sole = False
    """True if there is only one value. It is then chosen, and the control is hidden unless it has an error."""

    def make(self) -> Any:
        choices = self.choices()
        if self.required and len(choices) == 1:
            self._sole, self.empty = True, choices[0][1]
        return self._labelled(widgets.Dropdown, options=self._entries(choices), value=self.empty)

    def frame(self) -> widgets.Widget:
        frame = super().frame()
        show(frame, not self._sole)
        return frame

    def complain(self, message: str) -> None:
        super().complain(message)
        if self._sole:
            show(self.widget, bool(message))

    def choices(self) -> Choices:
        """Label and value of each choice."""
        if flag := self._flag():
            return [(word, word) for word in reversed(flag.words)]
        bare = unwrap(self.info.annotation)
        return [("yes", True), ("no", False)] if bare is bool else [(str(word), word) for word in get_args(bare)]

    def offer(self, choices: Choices) -> None:
        """Offer other choices. The present choice stays; if it is no longer offered, its label says so."""
        kept = self.input.value
        entries = self._entries(choices)
        self._offered = [value for _, value in entries]
        if not _among(kept, self._offered):
            entries.append((f"{kept} (not offered)", kept))
        if entries == list(self.input.options):
            return
        self._quiet = True
        try:
            self.input.options = entries  # this resets the choice, so set it again
            self.input.value = kept
        finally:
            self._quiet = False

    @property
    def offered(self) -> list[Any]:
        """The values that can be chosen now, without the choice to leave the field out."""
        return [value for value in self._offered or () if isinstance(value, (str, int))]

    @property
    def objection(self) -> str:
        if self._offered is None or _among(self.input.value, self._offered):
            return ""
        return f"{self.input.value} is not offered with the other choices: choose another"

    def _entries(self, choices: Choices) -> list[tuple[str, Any]]:
        return [("– choose –" if self.required else "– left out –", NOTHING), *choices]

    def _flag(self) -> Flag | None:
        found = marks(self.info.annotation, self.info.metadata)
        return next((mark for mark in found if isinstance(mark, Flag)), None)

    def show(self, value: Any) -> Any:
        flag = self._flag()
        return flag.words[flag.twins.index(value)] if flag and _among(value, flag.twins) else value

    def _set(self, shown: Any) -> None:
        if not _among(shown, [known for _, known in self.input.options]):
            self._quiet = True
            try:
                self.input.options = [*self.input.options, (f"{shown} (not offered)", shown)]
            finally:
                self._quiet = False
        super()._set(shown)

    def read(self, shown: Any) -> Any:
        return shown


def _among(value: Any, choices: Sequence[Any]) -> bool:
    # 1 == True in Python, so compare the types too.
    return any(value is one or (type(value) is type(one) and value == one) for one in choices)


@shows(list)
class LinesControl(Control):
    """A text area for a list of texts, one a line."""

    def make(self) -> Any:
        return self._labelled(widgets.Textarea, continuous_update=False, placeholder="one a line")

    def check(self, value: Any) -> None:
        check_type(self, value, "a list", list, tuple)

    def show(self, value: Any) -> str:
        return "\n".join(map(str, value))

    def read(self, shown: Any) -> Any:
        return [line.strip() for line in shown.splitlines() if line.strip()] or NOTHING


@shows(object)
class JsonControl(Control):
    """A text area for any other value, as JSON."""

    def make(self) -> Any:
        return self._labelled(widgets.Textarea, continuous_update=False, placeholder="JSON")

    def show(self, value: Any) -> str:
        return json.dumps(reveal(value), ensure_ascii=False, indent=1)

    def read(self, shown: Any) -> Any:
        try:
            return json.loads(shown) if shown.strip() else NOTHING
        except ValueError:
            return shown  # not JSON: the spec refuses it with its own message


@shows(dict)
class PairsControl(JsonControl):
    """A text area for names with values: ``name = value``, one a line, or JSON for other mappings."""

    def make(self) -> Any:
        return self._labelled(widgets.Textarea, continuous_update=False, placeholder="name = value, one a line")

    def check(self, value: Any) -> None:
        check_type(self, value, "names with values", dict)

    def show(self, value: Any) -> str:
        text = "\n".join(f"{name} = {item}" for name, item in value.items())
        return text if self.read(text) == value else super().show(value)

    def read(self, shown: Any) -> Any:
        if shown.lstrip().startswith("{"):
            return super().read(shown)
        lines = [line for line in shown.splitlines() if line.strip()]
        if wrong := next((line for line in lines if "=" not in line), None):
            return wrong  # no mapping: the spec refuses it with its own message
        pairs = [line.partition("=") for line in lines]
        found = {name.strip(): value.strip() for name, _, value in pairs}
        return Unreadable(shown) if len(found) < len(pairs) or "" in found else found or NOTHING
