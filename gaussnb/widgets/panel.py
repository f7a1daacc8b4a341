"""The panel: a watch shown as core ipywidgets, which any thread may redraw."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import ipywidgets as widgets

from ..core.process import PerProcess
from ..view.html import PARTS
from ..view.palette import STYLE
from .style import HIDDEN, WidgetFactory, show

if TYPE_CHECKING:
    from ..view.snapshot import Snapshot, Watched

# A panel may be shown outside a form, so it has a style sheet of its own.
CSS = f"""{STYLE}
<style>
.gaussnb-watch .{HIDDEN} {{ display: none !important; }}
.gaussnb-watch .widget-html {{ height: auto; min-height: 0; margin: 0; }}
.gaussnb-watch .widget-html-content {{ line-height: inherit; font-size: inherit; }}
.gaussnb-watch .widget-hbox {{ flex-wrap: wrap; overflow: visible; }}
.gaussnb-watch .jupyter-button {{ flex: none; width: auto; height: 30px; line-height: 28px; padding: 0 14px;
  margin: 6px 8px 2px 0; border: 1px solid var(--jp-border-color0, #888); border-radius: 4px; background: transparent;
  color: inherit; font-size: inherit; }}
.gaussnb-watch .jupyter-button:focus-visible {{ outline: 2px solid var(--jp-brand-color1, #1976d2);
  outline-offset: 1px; }}
</style>"""


class Panel(PerProcess):
    """The widgets of a watch: its things, its history, and buttons to pause and to stop.

    Args:
        watch: the watch to show; the buttons call its ``pause()``, ``resume()`` and ``stop()``.

    Each part is a separate widget, so that only changed parts are sent to the page, and a screen reader announces a
    changed status but not each second of waiting.
    """

    def __init__(self, watch: Watched) -> None:
        self._watch = watch
        self._closed = False
        self._own()
        self._paused = False
        self._forget: Callable[[], None] | None = None
        self.factory = WidgetFactory()
        make = self.factory.make
        self.parts = {name: make(widgets.HTML) for name in PARTS}
        """The widget of each part, by its name in :data:`gaussnb.view.html.PARTS`."""
        self.turn = make(widgets.Button, description="Pause")
        self.stop = make(widgets.Button, description="Stop watching")
        self.turn.on_click(lambda _: self._turn())
        self.stop.on_click(lambda _: watch.stop())
        self._buttons = make(widgets.HBox, children=(self.turn, self.stop))
        sheet = make(widgets.HTML, HIDDEN, value=CSS)
        self.widget = make(widgets.VBox, "gaussnb-watch", children=(sheet, *self.parts.values(), self._buttons))

    def _begin(self) -> None:
        # The handlers of buttons run in the main thread or another one, and the poller redraws from its own thread.
        self._lock = threading.RLock()

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
                show(part, bool(part.value))
            self._paused = snapshot.state == "paused"
            self.turn.description = "Resume" if self._paused else "Pause"
            show(self._buttons, snapshot.state in ("watching", "paused"))
            return dict(self.widget._repr_mimebundle_())

    def follow(self) -> Self:
        """Draw now, and again after each change of the watch, until the panel is closed."""
        self._forget = self._watch.on_change(self._drawn)
        self.draw(self._watch.snapshot())
        return self

    def _drawn(self, watch: Watched) -> None:
        with self._lock:  # without the lock, an older snapshot could be drawn over a newer one
            self.draw(watch.snapshot())

    def close(self) -> None:
        """Close every widget. The watch goes on."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._forget is not None:
                self._forget()
            self.factory.free(self.widget)
            self.factory.close()

    def _turn(self) -> None:
        if self._paused:
            self._watch.resume()
        else:
            self._watch.pause()
