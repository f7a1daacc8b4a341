"""The release of views whose cell was run again.

The kernel keeps widgets until they are closed, and a page cannot tell it that a view is gone. Without a release, a cell
that is run fifty times would leave fifty forms in memory.
"""

from __future__ import annotations

import weakref
from typing import Any, Protocol

from ..core.process import importing


class Releasing(Protocol):
    """A view that can be shown in a cell, and can close its widgets."""

    def release(self) -> None: ...


_shown: dict[str, tuple[str, list[weakref.ref[Releasing]]]] = {}
"""The last run of each cell, and the views that it showed."""


def shown(view: Releasing) -> None:
    """Note that the running cell shows a view, and release the views of its last run that no other cell shows."""
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
    """The id of the running cell and of the message that runs it; empty texts outside a notebook."""
    try:
        with importing():
            from IPython.core.getipython import get_ipython

        shell: Any = get_ipython()
        message = shell.kernel.get_parent("shell")
    except (ImportError, AttributeError):
        return "", ""
    return str(message.get("metadata", {}).get("cellId", "")), str(message.get("header", {}).get("msg_id", ""))
