"""A form for any operation: its fields on the screen, judged as they are filled, reviewed, then sent."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

import ipywidgets as widgets
from pydantic import BaseModel, SecretStr, ValidationError

from ..errors import GaussnbError
from ..frame import frame_from
from ..spec import Operation, Row, is_secret
from .controls import (
    NO_KINDS,
    NOTHING,
    Control,
    Kinds,
    Path,
    close_all,
    controls_of,
    label_of,
    values_of,
)
from .style import sheet

if TYPE_CHECKING:
    import pandas as pd

    from ..spec import Operation as Spec

Send = Callable[[Operation], "pd.DataFrame"]
Review = Callable[[Operation], Mapping[str, str]]


class FormError(Row):
    """One thing that is wrong in a form."""

    field: str
    """The dotted path of the field; empty for the form as a whole."""
    message: str
    """What is allowed."""


class Form:
    """A form of one operation. Show it in a cell.

    Args:
        operation: the declared class.
        send: sends the operation; without it the form only builds the spec.
        review: facts to show before a change is sent; ``name`` among them has to be typed before a
            delete.

    A change is sent in two steps, review and send; a read at once. One press is one request, however
    often and from however many threads it is pressed.

    >>> from gaussnb.operations.instances import UpdateInstanceName
    >>> form = Form(UpdateInstanceName)
    >>> form.fill(instance_id="0f1e", name="1").errors["field"].tolist()
    ['name']
    >>> form.fill(name="orders-01").spec.name
    'orders-01'
    """

    kinds: ClassVar[Kinds] = NO_KINDS
    """Controls for single fields, by dotted name, where the table's are not wanted."""

    def __init__(
        self,
        operation: type[Operation],
        send: Send | None = None,
        review: Review | None = None,
    ) -> None:
        self.operation = operation
        self._send, self._review_facts = send, review
        self._lock = threading.Lock()
        self._touched: set[Path] = set()
        self._pressed = False
        self.controls: dict[str, Control] = controls_of(operation, self._changed, self.kinds)
        self.result: pd.DataFrame | None = None
        """The DataFrame the last sending answered with."""
        self.failure: Exception | None = None
        """Why the last sending failed."""
        self._banner = widgets.HTML()
        self._review_text = widgets.HTML()
        self._confirm = widgets.Text(continuous_update=True, tooltip="", layout={"display": "none", "width": "38em"})
        self._confirm.style.description_width = "initial"
        self._confirm.observe(lambda _: self._arm(), "value")
        self._outcome = widgets.Output()
        self._button = widgets.Button(description=self._first_word(), button_style="primary", tooltip="")
        self._back = widgets.Button(description="Back", tooltip="")
        self._back.on_click(lambda _: self._leave_review())
        self._button.on_click(lambda _: self._press())
        self._body = widgets.VBox(self.arrange())
        self._reviewed: Operation | None = None
        self._needed = ""
        self._actions = widgets.HBox([self._button, self._back])
        self._back.layout.display = "none"
        if send is None:
            self._actions.layout.display = "none"
        below = [self._banner, self._review_text, self._confirm, self._actions, self._outcome]
        self.widget = widgets.VBox([sheet(), self._title(), self._body, *below])
        self.widget.add_class("gaussnb")

    # -- what a special form may change

    def arrange(self) -> list[widgets.Widget]:
        """The fields' widgets in the order they are shown."""
        return [control.widget for control in self.controls.values()]

    # -- the fields

    @property
    def fields(self) -> Mapping[str, widgets.Widget]:
        """The input of each field by its dotted path: ``"vpc_id"``, ``"datastore.type"``, ``"flavor.0.num"``."""
        return {".".join(map(str, path)): control.input for path, control in self._walk()}

    def fill(self, spec: Spec | Mapping[str, Any] | None = None, /, **values: Any) -> Form:
        """Fill fields, as a person would; the others stay.

        Args:
            spec: an operation or a mapping with values.
            values: values by field; nested parts as dicts or models, None to leave a field out.

        Returns:
            The form, so that it can be shown or asked at once.
        """
        for name, value in {**dict(spec or {}), **values}.items():
            if name not in self.controls:
                raise TypeError(f"{self.operation.__name__} has no field {name!r}: {', '.join(self.controls)}")
            self.controls[name].set(NOTHING if value is None else value)
            self._touched.add((name,))
        self.filled(set(values) | set(dict(spec or {})))
        self._leave_review()
        self._judge()
        return self

    def filled(self, names: set[str]) -> None:
        """Called when fields were changed, for forms whose fields depend on each other."""

    @property
    def values(self) -> dict[str, Any]:
        """What the fields hold now, without those left out; secrets as ``SecretStr``."""
        return values_of(self.controls)

    @property
    def spec(self) -> Any:
        """The validated operation.

        Raises:
            pydantic.ValidationError: naming each field that is wrong.
        """
        return self.operation.model_validate(self.values)

    @property
    def errors(self) -> pd.DataFrame:
        """What is wrong now: one row per error, with the columns of :class:`FormError`."""
        wrong = self._wrong()
        return frame_from(
            FormError,
            [{"field": ".".join(map(str, path)), "message": says} for path, says in wrong],
        )

    # -- export

    def to_json(self) -> str:
        """The request as JSON; a secret stands as ``${GAUSSNB_PASSWORD}``."""
        return json.dumps(_masked(self.spec, "${{{}}}"), ensure_ascii=False, indent=2)

    def to_code(self) -> str:
        """Python that builds an equal spec; a secret is read from the environment."""
        spec = self.spec
        name = type(spec).__name__
        public = name == "InstanceSpec"
        source = "import gaussnb as gn" if public else f"from {type(spec).__module__} import {name}"
        lines = ["import os", "", source]
        arguments = _masked(spec, "\0{}\0")
        text = ",\n".join(f"    {key}={value!r}" for key, value in arguments.items())
        text = re.sub(r"'\\x00(\w+)\\x00'", r'os.environ["\1"]', text)
        if "os.environ" not in text:
            lines = lines[2:]
        return "\n".join([*lines, "", f"spec = {'gn.' if public else ''}{name}(", text + ",", ")"])

    # -- sending

    def submit(self) -> pd.DataFrame | None:
        """Send what the fields hold, without the review.

        Returns:
            The answer, or None when it failed; then :attr:`failure` and the form say why.
        """
        return self._transmit(self._checked())

    def _press(self) -> None:
        if self._reviewed is None:
            spec = self._checked()
            if spec is not None and self.operation.route.reads:
                self._transmit(spec)
            elif spec is not None:
                self._enter_review(spec)
        elif not self._needed or self._confirm.value == self._needed:
            self._transmit(self._reviewed)

    def _checked(self) -> Operation | None:
        self._pressed = True
        try:
            spec = self.spec
        except ValidationError:
            self._judge()
            return None
        self._judge()
        return spec  # type: ignore[no-any-return]

    def _transmit(self, spec: Operation | None) -> pd.DataFrame | None:
        if spec is None or self._send is None:
            return None
        # Taken without waiting: a second press while the first is under way is not a second wish.
        if not self._lock.acquire(blocking=False):
            return None
        try:
            self._button.disabled = True
            self._say("busy", "Sending …")
            self.result, self.failure = None, None
            try:
                self.result = self._send(spec)
            except Exception as error:  # nothing may be lost in a callback: the form shows it
                self.failure = error
                self._say("bad", _failure(error))
            else:
                self._say("good", "Done.")
                self._leave_review()
                self._show(self.result)
            return self.result
        finally:
            self._button.disabled = False
            self._lock.release()

    def _show(self, frame: pd.DataFrame) -> None:
        self._outcome.outputs = ()
        self._outcome.append_display_data(frame)

    # -- review

    def _enter_review(self, spec: Operation) -> None:
        facts = dict(self._review_facts(spec)) if self._review_facts else {}
        self._needed = facts.get("name", "") if self.operation.route.ends == "gone" else ""
        rows = "".join(
            f"<tr><th>{escape(label_of(key))}</th><td>{escape(str(value))}</td></tr>" for key, value in facts.items()
        )
        route = self.operation.route
        body = json.dumps(_masked(spec, "••••••••"), ensure_ascii=False, indent=2)
        self._review_text.value = (
            f'<div role="status" class="gaussnb-banner"><b>Review</b><table class="gaussnb-review">'
            f"<tr><th>Request</th><td>{route.method} {escape(route.path)}</td></tr>{rows}</table>"
            f"<pre>{escape(body)}</pre></div>"
        )
        self._reviewed = spec
        self._button.description = self._verb()
        self._back.layout.display = ""
        self._confirm.value = ""
        self._confirm.description = f"Type {self._needed} to go on" if self._needed else ""
        self._confirm.layout.display = "" if self._needed else "none"
        self._say("", "")
        self._arm()

    def _leave_review(self) -> None:
        self._reviewed, self._needed = None, ""
        self._review_text.value = ""
        self._button.description = self._first_word()
        self._button.disabled = False
        self._back.layout.display = "none"
        self._confirm.layout.display = "none"

    def _arm(self) -> None:
        self._button.disabled = bool(self._needed) and self._confirm.value != self._needed

    def _first_word(self) -> str:
        return "Ask" if self.operation.route.reads else "Review"

    def _verb(self) -> str:
        words = re.findall(r"[A-Z][a-z]+", self.operation.route.id)
        return words[0] if words else "Send"

    # -- judging

    def _changed(self, path: Path) -> None:
        self._touched.add(path)
        self.filled({str(path[0])})
        if self._reviewed is not None:
            self._leave_review()  # what was reviewed is no longer what stands in the fields
        self._judge()

    def _wrong(self) -> list[tuple[Path, str]]:
        try:
            self.operation.model_validate(self.values)
        except ValidationError as error:
            return [(line["loc"], line["msg"]) for line in error.errors(include_input=False, include_context=False)]
        return []

    def _judge(self) -> None:
        """Put each error at its field: at once where a person has been, everywhere after a press."""
        wrong = self._wrong()
        known = dict(self._walk())
        says: dict[Path, list[str]] = {}
        for path, message in wrong:
            here = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in known), ())
            if self._pressed or not here or any(here[: len(t)] == t or t[: len(here)] == here for t in self._touched):
                says.setdefault(here, []).append(message)
        for path, control in known.items():
            control.complain("; ".join(dict.fromkeys(says.get(path, ()))) or control.objection)
        whole = "; ".join(says.get((), ()))
        if whole:
            self._say("bad", whole)
        elif wrong and self._pressed:
            names = ", ".join(dict.fromkeys(label_of(str(path[0])) for path, _ in wrong if path))
            self._say("bad", f"Not ready to send. To mend: {names}.")
        else:
            self._say("", "")

    def _say(self, kind: str, text: str) -> None:
        sign = {"bad": "✗ ", "good": "✓ ", "busy": "… "}.get(kind, "")
        role = "alert" if kind == "bad" else "status"
        self._banner.value = (
            f'<div role="{role}" class="gaussnb-banner {kind}">{sign}{escape(text)}</div>' if text else ""
        )

    def _walk(self) -> Iterator[tuple[Path, Control]]:
        for name, control in self.controls.items():
            yield from control.walk((name,))

    # -- life and faces

    def close(self) -> None:
        """Free every widget and forget every secret."""
        controls = [control for _, control in self._walk()]
        for control in controls:
            if is_secret(control.info.annotation):
                control.set(NOTHING)
        close_all(self.widget)
        for control in controls:
            control.close()

    def _title(self) -> widgets.HTML:
        about, _, _ = (self.operation.__doc__ or "").strip().partition("\n\n")
        return widgets.HTML(
            f'<div class="gaussnb-title">{escape(self.operation.route.id)}</div>'
            f'<div class="gaussnb-lead">{escape(about)}</div>'
        )

    def __repr__(self) -> str:
        given = ", ".join(self.values)
        return f"<form {self.operation.route.id}: {given or 'empty'}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = self.widget._repr_mimebundle_(**options)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        faces = {"text/plain": repr(self), "text/html": f"<p>{escape(repr(self))}</p>"}
        return {**(data or {}), **faces}


def _failure(error: Exception) -> str:
    # Ours say all there is to say: what happened, status, code, request id, and what to do next.
    return str(error) if isinstance(error, GaussnbError) else f"{type(error).__name__}: {error}"


def _masked(spec: Any, secret: str) -> dict[str, Any]:
    """A spec as plain data, each secret replaced by ``secret`` with the name of its variable."""

    def plain(name: str, value: Any) -> Any:
        if isinstance(value, SecretStr):
            return secret.format(f"GAUSSNB_{name.upper()}")
        if isinstance(value, BaseModel):
            return {key: plain(key, item) for key, item in value if item is not None}
        if isinstance(value, (list, tuple)):
            return [plain(name, item) for item in value]
        return value

    return {name: plain(name, value) for name, value in spec if value is not None}
