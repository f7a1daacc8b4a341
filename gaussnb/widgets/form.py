"""The form of any operation: it shows the fields, validates them while the user fills them, and sends after a review.

:data:`FORMS` names the operations that have a form of their own; all others get a :class:`Form`.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, runtime_checkable

import ipywidgets as widgets
from pydantic import ValidationError

from ..core import secrets
from ..core.errors import GaussnbError
from ..core.faces import face
from ..core.frames import frame_from
from ..core.methods import Sender
from ..core.operation import Operation
from ..core.process import PerProcess
from ..core.rows import Row
from ..core.wire import request_of
from ..core.words import kinds_in_words, title_of
from . import export, life
from .control import (
    NOTHING,
    Control,
    ControlContext,
    ControlTypes,
    Path,
    as_mapping,
    check_values,
    controls_of,
    fill_controls,
    values_of,
)
from .panel import Panel
from .style import WidgetFactory, heading, show

if TYPE_CHECKING:
    import pandas as pd

    from ..client.watch import Watch

Send = Callable[[Operation], "pd.DataFrame"]
"""Sends an operation and returns the answer."""
Review = Callable[[Operation], Mapping[str, str]]
"""Collects the facts to show before an operation is sent, like its endpoint and project."""
Follow = Callable[["pd.DataFrame"], "Watch"]
"""Starts to watch the work that an answer tells of."""

MASK = "•" * 8
BURST = 0.5
"""Seconds after a review or an answer in which a press is ignored: it was begun before the user could read it."""
ROWS = 20
"""The number of rows of an answer that a form shows; :attr:`Form.result` has all of them."""


class FormError(Row):
    """An error in a form."""

    field: str
    """The dotted path of the field; empty for the form as a whole."""
    message: str
    """The values that are allowed."""


class Reviewed(Row):
    """A fact to read before a change is sent."""

    what: str
    """The name of the fact: request, endpoint, project, region, billing, price, name, status or body."""
    value: str
    """The fact, with secrets masked."""


class Form(PerProcess):
    """A form of one operation. Show it in a cell.

    Args:
        operation: the declared class.
        send: sends the operation; without it the form only builds the spec.
        review: collects the facts to show before a change is sent. The user has to type the fact called ``name``
            before a delete.
        watch: follows the work that the operation started.

    A change takes two presses, one for the review and one to send it; a read takes one. A press while a request is
    running is ignored, also from another thread, so that one press is one request.

    >>> from gaussnb.neighbours.vpc import ListSubnets
    >>> form = Form(ListSubnets)
    >>> form.fill(vpc_id="0f1e", limit=0).errors["field"].tolist()
    ['limit']
    >>> form.fill(limit=20).spec.limit
    20
    """

    stays = "a form stays in its process; send its .values, and call gaussnb.connect() in the worker"
    control_types: ClassVar[ControlTypes] = {}
    """Classes of controls for single fields, by dotted name, that replace those of the table."""
    stand_ins: ClassVar[Mapping[str, Any]] = {}
    """Valid values for fields that no other field depends on. While such a field is empty or wrong, the form checks
    the rules between the other fields with these."""

    def __init__(
        self,
        operation: type[Operation],
        send: Send | None = None,
        review: Review | None = None,
        watch: Follow | None = None,
    ) -> None:
        if not operation.route.signed and not operation.route.reads:
            # Its fields are free JSON with secrets in it, and a text box for JSON cannot hide them.
            raise TypeError(f"{operation.__name__} is a login and has no form: gaussnb.connect() logs in")
        self.operation = operation
        self._send, self._review, self._watch = send, review, watch
        self._under_way = False
        self._shown_at = float("-inf")
        self._edits = 0
        self._touched: set[Path] = set()
        self._filled: set[str] = set()
        self._pressed = False
        self._reviewed: Operation | None = None
        self._needed = ""
        self._controls: dict[str, Control] | None = None
        self._released: dict[str, Any] | None = None
        self.result: pd.DataFrame | None = None
        """The answer to the last request."""
        self.failure: Exception | None = None
        """The error of the last request, if it failed."""
        self.panel: Watch | None = None
        """The live view of the work that the last request started, as ``gdb.watch`` gives it."""
        self._live: Panel | None = None
        self._own()
        self._make()

    def _begin(self) -> None:
        self._sending = threading.Lock()

    def _make(self) -> None:
        self.factory = WidgetFactory()
        self._controls = controls_of(self.operation, ControlContext(self.factory, self._changed, self.control_types))
        self._build()
        if self._released is not None:
            fill_controls(self._controls, self._released)
            self._released = None
            self.filled(set(self._controls))
            self._judge()

    @property
    def controls(self) -> dict[str, Control]:
        """The control of each field, in declared order."""
        if self._controls is None:  # the form was released, and is used again
            self._make()
        assert self._controls is not None
        return self._controls

    def _build(self) -> None:
        make = self.factory.make
        self._banner = make(widgets.HTML, "gnb-plain")
        self._card = make(widgets.HTML, "gnb-plain")
        self._confirm = make(widgets.Text, continuous_update=True)
        self._confirm_box = make(widgets.VBox, "gnb-field", children=(self._confirm,))
        self._button = make(widgets.Button, button_style="primary")
        self._back = make(widgets.Button, description="Back")
        self._actions = make(widgets.HBox, "gnb-actions", children=(self._button, self._back, *self.more_actions()))
        self._outcome = make(widgets.VBox, "gnb-outcome")
        title = make(widgets.HTML, "gnb-plain", value=self._title())
        below = (self._card, self._confirm_box, self._banner, self._actions, self._outcome)
        self.widget = make(widgets.VBox, "gaussnb", children=(self.factory.sheet(), title, *self.arrange(), *below))
        show(self._actions, self._send is not None)
        self._confirm.observe(lambda _: self._arm(), "value")
        self._button.on_click(lambda _: self._press())
        self._back.on_click(lambda _: self._leave_review())
        self._leave_review()

    # -- what subclasses may override

    def arrange(self) -> list[widgets.Widget]:
        """The widgets of the fields in the order in which they are shown."""
        return [control.widget for control in self.controls.values()]

    def more_actions(self) -> list[widgets.Widget]:
        """More buttons, to be shown beside the button that sends."""
        return []

    def filled(self, names: set[str]) -> None:
        """Adapt fields that depend on others; called after the fields with these names have changed."""

    # -- the fields

    @property
    def fields(self) -> Mapping[str, widgets.Widget]:
        """The input of each field by its dotted path: ``"vpc_id"``, ``"datastore.type"``, ``"flavor.0.num"``."""
        return {_dotted(path): control.input for path, control in self.walk()}

    @secrets.discreet
    def fill(self, spec: Operation | Mapping[str, Any] | None = None, /, **values: Any) -> Form:
        """Fill fields, as a user would; all other fields stay as they are.

        Args:
            spec: an operation or a mapping with values.
            values: values by field; nested parts as dicts or models, None to leave a field out.

        Returns:
            The form itself, so that calls can be chained.

        Raises:
            TypeError: there is no such field, or a value has the wrong shape for its field; nothing was changed.
        """
        given = {name: _or_nothing(value) for name, value in {**as_mapping(spec or {}), **values}.items()}
        check_values(self.operation.__name__, self.controls, given)
        self._edits += 1
        for name, value in given.items():
            self.controls[name].set(value)
            self._filled.add(name)
        self.filled(set(given))
        self._leave_review()
        self._judge()
        return self

    @property
    def values(self) -> dict[str, Any]:
        """The present values by field, without the fields that are left out; secrets as ``SecretStr``."""
        return values_of(self.controls)

    @property
    @secrets.discreet
    def spec(self) -> Any:
        """The validated operation.

        Raises:
            pydantic.ValidationError: a field is wrong; the error names each such field.
        """
        return self.operation.model_validate(self.values)

    @property
    def errors(self) -> pd.DataFrame:
        """The present errors, one row for each, with the columns of :class:`FormError`."""
        return frame_from(FormError, [{"field": _dotted(path), "message": text} for path, text in self._find_errors()])

    def walk(self) -> Iterator[tuple[Path, Control]]:
        """Every control with its path, nested ones included."""
        for name, control in self.controls.items():
            yield from control.walk((name,))

    # -- export

    def to_json(self) -> str:
        """The spec as JSON, with ``${GAUSSNB_PASSWORD}`` in the place of a secret."""
        return export.to_json(self.spec)

    def to_code(self) -> str:
        """Python code that builds an equal spec, and reads secrets from environment variables."""
        return export.to_code(self.spec)

    # -- sending

    def submit(self, *, dry_run: bool = False) -> pd.DataFrame | None:
        """Send the present spec without a review.

        Args:
            dry_run: send nothing, and return the facts that the review would show.

        Returns:
            The answer; for a dry run a frame with the columns of :class:`Reviewed`. None when a field is wrong or the
            request failed: then :attr:`errors` or :attr:`failure` has the reason, and the form shows it.
        """
        with self._alone() as alone:
            spec = self._checked() if alone else None
            if spec is None:
                return None
            if not dry_run:
                return self._transmit(spec)
            review = _review_of(spec, self._facts(spec))
            return frame_from(Reviewed, [{"what": what, "value": value} for what, value in review.items()])

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Yield True if no other press is being handled. A press during a running request is ignored, not queued."""
        if not self._sending.acquire(blocking=False):
            yield False
            return
        try:
            yield True
        finally:
            self._sending.release()

    def _press(self) -> None:
        with self._alone() as alone:
            # A press right after a review or an answer appears was not meant for it: nobody has read it yet.
            if not alone or time.monotonic() - self._shown_at < BURST:
                return
            if (reviewed := self._reviewed) is not None:
                if self._confirm.value == self._needed:
                    self._transmit(reviewed)
            elif (spec := self._checked()) is None:
                self._focus_on_error()
            elif self.operation.route.reads:
                self._transmit(spec)
            else:
                self._enter_review(spec)

    def _checked(self) -> Operation | None:
        self._pressed = True
        self._judge()
        try:
            return self.spec  # type: ignore[no-any-return]
        except ValidationError:
            return None

    def _focus_on_error(self) -> None:
        for _, control in self.walk():
            if control.message:
                control.focus()
                return

    def _transmit(self, spec: Operation) -> pd.DataFrame | None:
        if self._send is None:
            return None
        try:
            self._under_way = True
            self._arm()
            self._leave_outcome()
            self._say("busy", "Sending …")
            self.result, self.failure, self.panel = None, None, None
            try:
                self.result = self._send(spec)
            except Exception as error:  # ipywidgets would swallow it in a callback, so the form shows it
                self.failure = error
                self._leave_review()
                self._say("bad", _failure(error))
            else:
                self._leave_review()
                self._say("good", _success(self.operation, self.result))
                self._follow(self.result)
            return self.result
        finally:
            self._shown_at = time.monotonic()
            self._under_way = False
            self._arm()

    def _follow(self, frame: pd.DataFrame) -> None:
        """Show the answer and, above it, the live view of the work that the request started, if it started some."""
        table, parts = _table(frame), []
        if self._watch is not None and self.operation.route.ends != "answered":
            try:
                self.panel = self._watch(frame)
                self._live = Panel(self.panel).follow()
            except ValueError:  # there is nothing to watch, as with an order that waits for payment
                pass
            except Exception as error:  # the request was sent: show its answer even without a view
                table += f"<p>The work cannot be watched here: {escape(_failure(error))}</p>"
            else:
                parts.append(self._live.widget)
                table = f"<details><summary>The answer</summary>{table}</details>"
        self._outcome.children = (*parts, self.factory.make(widgets.HTML, "gnb-plain", value=table))

    def _leave_outcome(self) -> None:
        children, self._outcome.children = self._outcome.children, ()
        if self._live is not None:
            self._live.close()
            self._live = None
        for child in children:
            self.factory.free(child)

    # -- review

    def _enter_review(self, spec: Operation) -> None:
        edits = self._edits
        try:
            facts = self._facts(spec)
            card = _card(_review_of(spec, facts))
        except Exception as error:  # ipywidgets would swallow it in a callback, so the form shows it
            self._say("bad", _failure(error))
            return
        if edits != self._edits:  # the user has changed a field while the facts were collected
            return
        self._needed = _to_be_typed(spec, facts)
        self._card.value = card
        self._confirm.value = ""
        self._confirm.description = f"Type {self._needed} to go on"
        self._button.description = self._verb()
        self._button.button_style = "danger" if self._needed else "primary"
        show(self._back)
        show(self._confirm_box, bool(self._needed))
        self._say("", "")
        self._reviewed = spec
        self._shown_at = time.monotonic()
        self._arm()
        (self._confirm if self._needed else self._button).focus()

    def _facts(self, spec: Operation) -> dict[str, str]:
        facts = dict(self._review(spec)) if self._review else {}
        doubts = "; ".join(f"{one.title}: {one.objection}" for _, one in self.walk() if one.objection)
        return {**facts, "doubtful": doubts} if doubts else facts

    def _leave_review(self) -> None:
        self._reviewed, self._needed = None, ""
        self._card.value = self._confirm.value = ""
        self._button.description = "Ask" if self.operation.route.reads else "Review"
        self._button.button_style = "primary"
        show(self._back, False)
        show(self._confirm_box, False)
        self._arm()

    def _arm(self) -> None:
        self._button.disabled = self._under_way or self._confirm.value != self._needed

    def _verb(self) -> str:
        return _title_of(self.operation).partition(" ")[0]

    # -- validation

    def _changed(self, path: Path) -> None:
        self._edits += 1
        self._touched.add(path)
        self.filled({str(path[0])})
        if self._reviewed is not None:
            self._leave_review()  # the fields no longer hold what was reviewed
        self._judge()

    def _find_errors(self) -> list[tuple[Path, str]]:
        values = self.values
        wrong = _errors(self.operation, values)
        names = {str(path[0]) for path, _ in wrong if path}
        if wrong and names <= self.stand_ins.keys():
            wrong += _errors(self.operation, {**values, **{name: self.stand_ins[name] for name in names}})
        return wrong

    def _judge(self) -> None:
        """Show each error at its field: at once for fields the user has edited, for all fields after a press."""
        wrong = self._find_errors()
        known = dict(self.walk())
        messages: dict[Path, list[str]] = {}
        for path, message in wrong:
            here = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in known), ())
            if self._pressed or not here or here[0] in self._filled or self._is_touched(here):
                messages.setdefault(here, []).append(message)
        for path, control in known.items():
            control.complain("; ".join(dict.fromkeys(messages.get(path, ()))) or control.objection)
        whole = "; ".join(messages.get((), ()))
        if whole:
            self._say("bad", whole)
        elif wrong and self._pressed:
            names = dict.fromkeys(control.title for control in known.values() if control.message)
            self._say("bad", f"Not ready to send. To mend: {', '.join(names)}.")
        else:
            self._say("", "")

    def _is_touched(self, path: Path) -> bool:
        """True if the user has committed this field, or a field inside it."""
        return any(touched[: len(path)] == path for touched in self._touched)

    def _say(self, kind: str, text: str) -> None:
        sign = {"bad": "✗ ", "good": "✓ ", "busy": "… "}.get(kind, "")
        role = "alert" if kind == "bad" else "status"
        self._banner.value = f'<div role="{role}" class="gnb-banner {kind}">{sign}{escape(text)}</div>' if text else ""

    # -- life and faces

    def close(self) -> None:
        """Close every widget and forget every secret. The answer stays in :attr:`result`."""
        if self._controls is None:
            self._released = None
            return
        self._leave_outcome()
        for control in self._controls.values():
            control.close()
        self.factory.free(self.widget)
        self.factory.close()

    def release(self) -> None:
        """Close every widget and keep the values. The widgets are made again when the form is used again."""
        held = self.values
        self.close()
        self._controls, self._released = None, held

    def _title(self) -> str:
        about = " ".join((self.operation.__doc__ or "").strip().partition("\n\n")[0].split())
        route = self.operation.route
        title = _title_of(self.operation)
        rest = about.removeprefix(f"{title}.").strip()  # do not repeat the title
        lines = (rest, kinds_in_words(route.only))
        lead = "".join(f"{escape(line)}<br>" for line in lines if line)
        source = f"<code>{route.method} {escape(route.path)}</code> · {escape(route.id)}"
        needed = any(control.required for control in self.controls.values())
        return (
            f'<div class="gnb-title" role="heading" aria-level="2">{escape(title)}</div>'
            f'<div class="gnb-lead">{lead}{source}{" · fields with * are needed" if needed else ""}</div>'
        )

    @face
    def __repr__(self) -> str:
        given = ", ".join(self.values)
        return f"<form {self.operation.route.id}: {given or 'empty'}>"

    @face
    def _repr_html_(self) -> str:
        """The values as an HTML table, for a notebook that is shown without a kernel."""
        try:
            held: Mapping[str, Any] = export.masked(self.spec, lambda _: MASK)
        except ValidationError:
            held = self.values
        rows = "".join(
            f"<tr><th>{escape(self.controls[name].title)}</th><td>{escape(_brief(value))}</td></tr>"
            for name, value in held.items()
        )
        return f"<p>{escape(_title_of(self.operation))}: a form, here without a kernel</p><table>{rows}</table>"

    @face
    def _repr_mimebundle_(self, **options: Any) -> Any:
        life.shown(self)
        _ = self.controls  # makes the widgets again, if they were released
        bundle = self.widget._repr_mimebundle_(**options)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return {**(data or {}), "text/plain": repr(self), "text/html": self._repr_html_()}


# ------------------------------------------------------------------------------------------- which form

MakeForm = Callable[[Any, Send | None, Review | None, Follow | None], Form]
"""Makes a form from a client and the three functions of :class:`Form`."""
FORMS: dict[type[Operation], MakeForm] = {}
"""The forms that belong to single operations. See :func:`form_for`."""

AnyForm = TypeVar("AnyForm", bound=MakeForm)


def form_for(operation: type[Operation]) -> Callable[[AnyForm], AnyForm]:
    """Register a class of forms for one operation: ``@form_for(InstanceSpec)``.

    The class is called with the client first, so that it can ask the cloud for choices.
    """

    def put(make: AnyForm) -> AnyForm:
        FORMS[operation] = make
        return make

    return put


@runtime_checkable
class Reviewer(Protocol):
    """A client that can also review an operation and watch work; :class:`gaussnb.Client` is one."""

    def review(self, operation: Operation) -> Mapping[str, str]: ...
    def watch(self, frame: pd.DataFrame) -> Watch: ...


def form_of(operation: type[Operation], client: Sender | None = None, send: Send | None = None) -> Form:
    """The form of an operation.

    Args:
        operation: the declared class.
        client: sends the operation, and offers the choices of some fields. Without a client the form only builds
            the spec.
        send: sends the operation in place of ``client.send``.
    """
    if client is None:
        return Form(operation)
    review, watch = (client.review, client.watch) if isinstance(client, Reviewer) else (None, None)
    make = next((FORMS[base] for base in operation.__mro__ if base in FORMS), None)
    if make is None:
        return Form(operation, send or client.send, review, watch)
    return make(client, send or client.send, review, watch)


# --------------------------------------------------------------------------------------------- helpers


def _errors(operation: type[Operation], values: Mapping[str, Any]) -> list[tuple[Path, str]]:
    try:
        operation.model_validate(values)
    except ValidationError as error:
        return [(line["loc"], line["msg"]) for line in error.errors(include_input=False, include_context=False)]
    return []


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def _title_of(operation: type[Operation]) -> str:
    """The title of an operation: the beginning of its documentation, up to the first punctuation mark."""
    return re.split(r"[,:;.(]", (operation.__doc__ or operation.__name__).strip(), maxsplit=1)[0]


def _to_be_typed(spec: Operation, facts: Mapping[str, str]) -> str:
    """The text that the user has to type before a delete: the name of the thing, or else its id; empty otherwise."""
    route = spec.route
    if route.method != "DELETE" and route.ends != "gone" and not route.id.startswith("Delete"):
        return ""
    holes = [name for name in route.holes if name != "project_id"]
    return facts.get("name") or (str(getattr(spec, holes[-1])) if holes else "delete")


def _review_of(spec: Operation, facts: Mapping[str, str]) -> dict[str, str]:
    """The facts to read before a spec is sent, with the request and its body; secrets masked."""
    request = request_of(spec, facts.get("project", "PROJECT"))
    sent = secrets.hidden(spec.wire(), secrets.find(spec), MASK)
    body = {"body": json.dumps(sent, ensure_ascii=False, indent=2)} if sent else {}
    return {"request": f"{request.method} {request.target}", **facts, **body}


def _or_nothing(value: Any) -> Any:
    return NOTHING if value is None else value


def _card(review: Mapping[str, str]) -> str:
    rows = "".join(
        f"<tr><th>{escape(title_of(what))}</th><td>{escape(str(value))}</td></tr>"
        for what, value in review.items()
        if what != "body"
    )
    body = f"<pre>{escape(review['body'])}</pre>" if "body" in review else ""
    return (
        f'<div role="status" class="gnb-card">{heading("gnb-part", "Review before sending")}'
        f'<table class="gnb-facts">{rows}</table>{body}</div>'
    )


def _success(operation: type[Operation], frame: pd.DataFrame) -> str:
    if operation.route.reads:
        return f"{len(frame)} {'row' if len(frame) == 1 else 'rows'}."
    if operation.route.ends == "answered":
        return "Done."
    return "Accepted: the work goes on in the cloud."


def _table(frame: pd.DataFrame) -> str:
    """An answer as HTML: a single row as a list of facts, several rows as a table."""
    if len(frame) == 1:
        facts = frame.iloc[0].dropna()
        rows = "".join(
            f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>"
            for name, value in facts.items()
            if str(value) != ""
        )
        return f'<div class="gnb-card"><table class="gnb-facts">{rows}</table></div>'
    table = frame.head(ROWS).to_html(index=False, border=0, classes="gnb-facts", na_rep="", notebook=False)
    rest = f"<p>The first {ROWS} of {len(frame)} rows; form.result has all.</p>" if len(frame) > ROWS else ""
    return f'<div class="gnb-card gnb-scroll">{table if len(frame) else "No rows."}{rest}</div>'


def _brief(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _failure(error: Exception) -> str:
    # The text of a GaussnbError is complete: what happened, status, code, request id, and what to do next.
    return str(error) if isinstance(error, GaussnbError) else f"{type(error).__name__}: {error}"
