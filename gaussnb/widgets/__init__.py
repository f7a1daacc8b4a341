"""What a person sees: forms, core ipywidgets only."""

from __future__ import annotations

from typing import Any

try:
    import ipywidgets  # noqa: F401
except ImportError as error:  # said here once, for everything that is shown
    raise ImportError('forms need ipywidgets: pip install "gaussnb[lab]"') from error

from ..core.operation import Operation
from ..nosql.instance_spec import InstanceSpec
from . import inputs, nested  # noqa: F401  they put their controls into the table
from .control import CONTROLS, Control, shows
from .create import CreateForm
from .form import Form, Send

__all__ = ["CONTROLS", "Control", "CreateForm", "Form", "form_of", "shows"]


def form_of(operation: type[Operation], client: Any = None, send: Send | None = None) -> Form:
    """The form of an operation.

    Args:
        operation: the declared class.
        client: sends it, and is asked what there is to choose from; without it the form only builds.
        send: sends it, where that is not the client's own way.
    """
    if client is None:
        return Form(operation)
    calls = (send or client.send, client.review, client.watch)
    return CreateForm(client, *calls) if issubclass(operation, InstanceSpec) else Form(operation, *calls)
