"""Views of the state of widgets, and a client that counts its requests."""

from __future__ import annotations

import threading

import ipywidgets
import pandas as pd

from gaussnb.core.operation import Operation
from gaussnb.quickstart import body, password
from gaussnb.widgets import Form


def state() -> str:
    """The state of all widgets, as a notebook would save it."""
    return str(ipywidgets.Widget.get_manager_state())


def live() -> int:
    """The number of open widgets."""
    return len(ipywidgets.Widget.get_manager_state()["state"])


def filled(form: Form) -> Form:
    """Fill a form with the Quick Start."""
    return form.fill(**body("cn-north-4"), password=password())


def alerts(form: Form) -> dict[str, str]:
    """The error messages of a form, by dotted path."""
    return {".".join(map(str, path)): control.message for path, control in form.walk() if control.message}


class Cloud:
    """Replaces a client, and counts the operations that it gets to send."""

    def __init__(self) -> None:
        self.sent: list[Operation] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.answer = pd.DataFrame({"id": ["0f1e"]})

    def send(self, operation: Operation) -> pd.DataFrame:
        self.sent.append(operation)
        self.gate.wait(5)
        if self.error:
            raise self.error
        return self.answer

    def review(self, operation: Operation) -> dict[str, str]:
        return {"endpoint": "http://127.0.0.1", "project": "p1", "name": "orders-01"}

    def watch(self, frame: pd.DataFrame) -> None:
        raise ValueError("nothing to follow")
