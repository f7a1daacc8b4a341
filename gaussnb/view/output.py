"""The output of a notebook cell that follows a watch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import doors

if TYPE_CHECKING:
    from ..client.watch import Watch
    from .snapshot import Snapshot
from .html import faces

# --------------------------------------------------------------------------------- in a notebook


class Showing:
    """The output of a watch in a notebook.

    While the watch goes on, it shows widgets, or without ipywidgets HTML that is replaced at each change. When it
    ends, only text and HTML stay: a front end that finds a widget in a saved notebook shows an error instead of
    the HTML beside it, once the kernel is gone.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._lock = threading.RLock()
        self._output: Any = None
        self._panel: Any = None
        self._drawn: Snapshot | None = None
        self._forget: Callable[[], None] | None = None

    def show(self) -> None:
        """Put it below the running cell; shown again, it is one thing in two places.

        Raises:
            NotImplementedError: there is nothing to follow, or nothing that could: IPython falls back to text.
        """
        publish = _notebook()
        with self._lock:
            if publish is None or self._watch.done:
                raise NotImplementedError
            if self._forget is None:
                self._panel = doors.panel_of(self._watch)
                self._forget = self._watch.on_change(self._follow)
            self._output = publish(self._live(), self._output)
        self._follow(self._watch)  # it may have gone on meanwhile

    def _live(self) -> dict[str, Any]:
        snapshot = self._drawn = self._watch.snapshot()
        view: dict[str, Any] = self._panel.draw(snapshot) if self._panel is not None else {}
        return {**view, **faces(snapshot)}

    def _follow(self, watch: Watch) -> None:
        """Show what is new; called from any thread."""
        with self._lock:
            if self._forget is None:
                return
            done, snapshot = watch.done, watch.snapshot()
            if done:
                # First the words that stay, then the widgets go: nobody sees a hole between.
                self._output.update(faces(snapshot), raw=True)
                if self._panel is not None:
                    self._panel.close()
                self._forget()
                self._panel = self._forget = None
            elif self._panel is not None:
                self._panel.draw(snapshot)
            elif snapshot != self._drawn:
                self._output.update(self._live(), raw=True)


def _notebook() -> Callable[..., Any] | None:
    """What shows a bundle in a notebook and gives a handle to change it; None where there is no notebook."""
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import display
    except ImportError:
        return None
    if getattr(get_ipython(), "kernel", None) is None:  # a terminal cannot change what it has written
        return None

    def publish(bundle: dict[str, Any], handle: Any = None) -> Any:
        id = True if handle is None else handle.display_id
        return display(bundle, raw=True, display_id=id)  # type: ignore[no-untyped-call]

    return publish
