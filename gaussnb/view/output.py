"""The output of a notebook cell that follows a watch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from .. import doors
from ..core.process import PerProcess, importing
from .html import faces
from .snapshot import Snapshot, Watched


class Showing(PerProcess):
    """The output of a watch in a notebook.

    While the watch goes on, the output shows widgets, or without ipywidgets HTML that is replaced at each change. At
    the end the widgets are replaced by text and HTML: once the kernel is gone, a front end shows an error for a widget
    in a saved notebook, and not the HTML beside it.
    """

    def __init__(self, watch: Watched) -> None:
        self._watch = watch
        self._output: Any = None
        self._panel: Any = None
        self._drawn: Snapshot | None = None
        self._forget: Callable[[], None] | None = None
        self._own()

    def _begin(self) -> None:
        self._lock = threading.RLock()

    def show(self) -> None:
        """Show the watch below the running cell. Shown twice, both outputs follow the watch.

        Raises:
            NotImplementedError: the watch has ended, or there is no notebook; IPython shows the text then.
        """
        publish = _notebook()
        with self._lock:
            if publish is None or self._watch.done:
                raise NotImplementedError
            if self._forget is None:
                self._panel = doors.panel_of(self._watch)
                self._forget = self._watch.on_change(self._follow)
            self._output = publish(self._live(), self._output)
        self._follow(self._watch)  # the watch may have changed meanwhile

    def _live(self) -> dict[str, Any]:
        snapshot = self._drawn = self._watch.snapshot()
        view: dict[str, Any] = self._panel.draw(snapshot) if self._panel is not None else {}
        return {**view, **faces(snapshot)}

    def _follow(self, watch: Watched) -> None:
        """Show the present state. Any thread may call this."""
        with self._lock:
            if self._forget is None:
                return
            done, snapshot = watch.done, watch.snapshot()
            if done:
                # First the text is shown, then the widgets are closed, so that the cell is never empty.
                self._output.update(faces(snapshot), raw=True)
                if self._panel is not None:
                    self._panel.close()
                self._forget()
                self._panel = self._forget = None
            elif self._panel is not None:
                self._panel.draw(snapshot)
            elif snapshot != self._drawn:
                self._output.update(self._live(), raw=True)


def show(bundle: dict[str, Any], watch: Watched | None = None) -> None:
    """Show a bundle below the running cell, and a watch below the bundle.

    Raises:
        NotImplementedError: there is no notebook; IPython shows the text then.
    """
    publish = _notebook()
    if publish is None:
        raise NotImplementedError
    publish(bundle)
    if watch is not None and not watch.done:
        Showing(watch).show()


def _notebook() -> Callable[..., Any] | None:
    """Make a function that shows a bundle and returns a handle to change it; None if there is no notebook."""
    try:
        with importing():
            from IPython.core.getipython import get_ipython
            from IPython.display import display
    except ImportError:
        return None
    if getattr(get_ipython(), "kernel", None) is None:  # a terminal cannot change its output
        return None

    def publish(bundle: dict[str, Any], handle: Any = None) -> Any:
        id = True if handle is None else handle.display_id
        return display(bundle, raw=True, display_id=id)  # type: ignore[no-untyped-call]

    return publish
