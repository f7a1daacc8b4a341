"""Forms and the widgets of a watch, made of core ipywidgets only."""

from __future__ import annotations

try:
    import ipywidgets  # noqa: F401
except ImportError as error:  # this import comes first, so that every module of the package gives this message
    raise ImportError('forms need ipywidgets: pip install "gaussnb[lab]"') from error

from . import inputs, nested  # noqa: F401  they register their controls
from .control import CONTROLS, Control, shows
from .create import CreateForm  # registers the form of a new instance
from .form import FORMS, Form, form_for, form_of

__all__ = ["CONTROLS", "FORMS", "Control", "CreateForm", "Form", "form_for", "form_of", "shows"]
