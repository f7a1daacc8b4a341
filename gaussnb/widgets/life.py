"""Views are released when the cell they stood in shows something else: a page has no way to say that a view is gone.

Widgets are held by the kernel until they are closed, so a cell that is run fifty times would leave fifty forms.
"""

from __future__ import annotations

import weakref
from typing import Any, Protocol


class Releasing(Protocol):
    """Anything shown in a cell."""

    def release(self) -> None: ...


_shown: dict[str, tuple[str, list[weakref.ref[Any]]]] = {}
"""By cell: the run that filled it last, and what it showed."""


def shown(view: Releasing) -> None:
    """Note that the running cell shows a view, and release what its last run showed and nobody shows now."""
    cell, run = _cell()
    if not cell:
        return
    last, views = _shown.get(cell, ("", []))
    if last == run:
        views.append(weakref.ref(view))
        return
    _shown[cell] = (run, [weakref.ref(view)])
    standing = {id(ref()) for _, refs in _shown.values() for ref in refs}
    for old in filter(None, (ref() for ref in views)):
        if id(old) not in standing:
            old.release()


def _cell() -> tuple[str, str]:
    """The running cell and the message that runs it; empty where there is no notebook."""
    try:
        from IPython.core.getipython import get_ipython

        shell: Any = get_ipython()
        message = shell.kernel.get_parent("shell")
    except (ImportError, AttributeError):
        return "", ""
    return str(message.get("metadata", {}).get("cellId", "")), str(message.get("header", {}).get("msg_id", ""))
