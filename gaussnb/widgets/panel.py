"""A watch as widgets: core ipywidgets only, drawn anew from any thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ..display import PARTS, STYLE
from .controls import close_all

if TYPE_CHECKING:
    from ..watching import Snapshot, Watch


class Panel:
    """A watch on the screen: its instances, what was seen, and buttons to pause and to stop.

    Args:
        watch: what it shows; the buttons call its ``pause()``, ``resume()`` and ``stop()``.

    Each part is a widget of its own, so that only what changes is sent, and a screen reader hears the status when
    it changes and not each second of waiting.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        # Handlers run in the main thread or in another one, and the poller draws from its own.
        self._lock = threading.RLock()
        self._closed = False
        self._paused = False
        self.parts = {name: widgets.HTML(tooltip="") for name in PARTS}
        """The widget of each part, by its name in :data:`gaussnb.display.PARTS`."""
        self.turn = widgets.Button(description="Pause", tooltip="", layout={"width": "auto"})
        self.stop = widgets.Button(description="Stop watching", tooltip="", layout={"width": "auto"})
        self.turn.on_click(lambda _: self._turn())
        self.stop.on_click(lambda _: watch.stop())
        style = widgets.HTML(STYLE, tooltip="", layout={"display": "none"})
        self.widget = widgets.VBox([style, *self.parts.values(), widgets.HBox([self.turn, self.stop])])
        self.widget.add_class("gaussnb-watch")

    def draw(self, snapshot: Snapshot) -> dict[str, Any]:
        """Show a snapshot.

        Returns:
            The bundle that shows the panel in a notebook; empty when it is closed.
        """
        with self._lock:
            if self._closed:
                return {}
            for name, part in self.parts.items():
                part.value = PARTS[name](snapshot)
                part.layout.display = "" if part.value else "none"
            self._paused = snapshot.state == "paused"
            self.turn.description = "Resume" if self._paused else "Pause"
            return dict(self.widget._repr_mimebundle_())

    def close(self) -> None:
        """Free every widget."""
        with self._lock:
            if not self._closed:
                self._closed = True
                close_all(self.widget)

    def _turn(self) -> None:
        if self._paused:
            self._watch.resume()
        else:
            self._watch.pause()
