"""The style sheet of forms, and the factory of their widgets.

The style sheet uses the variables of JupyterLab's theme, so that forms fit light and dark themes. It adapts to wide and
narrow panes.
"""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as widgets

# Each variable has a fallback that inherits or is readable on white and on black: other front ends do not have the
# variables of JupyterLab. No colour carries a meaning alone; a word or a sign always goes with it.
CSS = """
<style>
.gaussnb { container-type: inline-size; color: var(--jp-ui-font-color1, inherit);
  font-family: var(--jp-ui-font-family, inherit); line-height: 1.4; padding: 2px 4px; overflow: hidden;
  --gnb-label: 10.5em; --gnb-line: var(--jp-border-color2, #8886); --gnb-edge: var(--jp-border-color0, #888);
  --gnb-accent: var(--jp-brand-color1, #1976d2); --gnb-bad: var(--jp-error-color1, #d32f2f);
  --gnb-good: var(--jp-success-color1, #388e3c); --gnb-faint: var(--jp-layout-color2, #8881); }
.gaussnb > * { max-width: 62rem; }
.gaussnb .gnb-hidden { display: none !important; }
.gaussnb .gnb-title { font-size: 1.35em; font-weight: 600; line-height: 1.3; }
.gaussnb .gnb-lead { opacity: .85; margin: 2px 0 6px; }
.gaussnb :is(.gnb-lead, .gnb-card, .gnb-help) code { font-family: var(--jp-code-font-family, monospace);
  font-size: .92em; background: none; color: inherit; }
.gaussnb .gnb-section { font-weight: 600; font-size: 1.06em; margin: 10px 0 2px; padding-bottom: 3px;
  border-bottom: 1px solid var(--gnb-line); }
.gaussnb .gnb-part { font-weight: 600; margin: 6px 0 0; }
.gaussnb .gnb-plain, .gaussnb .gnb-note { margin: 0; height: auto; min-height: 0; }
.gaussnb .gnb-plain > .widget-html-content, .gaussnb .gnb-note > .widget-html-content { line-height: 1.35; }
.gaussnb .gnb-field { margin: 3px 0; overflow: visible; }
.gaussnb .gnb-field > :not(.gnb-note) { width: 100%; height: auto; min-height: 30px; margin: 0; align-items: center; }
.gaussnb .gnb-field > * > .widget-label { flex: 0 0 var(--gnb-label); width: var(--gnb-label); text-align: left;
  overflow: visible; white-space: normal; height: auto; line-height: 1.25; padding: 4px 8px 4px 0; margin: 0;
  color: inherit; box-sizing: border-box; }
.gaussnb .gnb-field > * > :is(input, select, textarea) { flex: 1 1 0; min-width: 0; max-width: 28em; height: 30px;
  margin: 0; border: 1px solid var(--gnb-edge); border-radius: 4px; padding: 0 8px; box-sizing: border-box;
  background-color: var(--jp-input-background, transparent); color: inherit; font-size: inherit; }
.gaussnb .gnb-field > * > select { appearance: auto; background-image: none; padding: 0 4px; text-overflow: ellipsis; }
.gaussnb .gnb-field > * > select > option { color: var(--jp-ui-font-color1, CanvasText);
  background: var(--jp-layout-color1, Canvas); }
.gaussnb .gnb-field > * > textarea { height: 60px; padding: 5px 8px; }
.gaussnb .gnb-field ::placeholder { color: inherit; opacity: .7; }
.gaussnb .gnb-field > .gnb-note { margin: 2px 0 4px var(--gnb-label); }
.gaussnb .gnb-help { font-size: .9em; opacity: .8; max-width: 46em; }
.gaussnb .gnb-error { max-width: 46em; border-left: 3px solid var(--gnb-bad); padding: 1px 0 1px 8px; margin: 2px 0; }
.gaussnb .gnb-switch .widget-label-basic { width: auto; font-weight: 600; }
.gaussnb .gnb-switch { width: auto; height: auto; margin: 0; }
.gaussnb .gnb-inner { border-left: 2px solid var(--gnb-line); padding-left: 12px; margin: 2px 0 6px 1px;
  overflow: visible; --gnb-label: calc(10.5em - 14px); }
.gaussnb .gnb-row-head { justify-content: space-between; align-items: center; }
.gaussnb .jupyter-button { flex: none; max-width: 100%; width: auto; height: 32px; line-height: 30px; padding: 0 16px;
  margin: 2px 8px 2px 0;
  border-radius: 4px; border: 1px solid var(--gnb-edge); background: transparent; color: inherit; font-size: inherit; }
.gaussnb .jupyter-button.mod-primary { background: var(--jp-brand-color0, #0d47a1); border-color: transparent;
  color: var(--jp-ui-inverse-font-color0, #fff); }
.gaussnb .jupyter-button.mod-danger { background: var(--jp-error-color0, #b71c1c); border-color: transparent;
  color: var(--jp-ui-inverse-font-color0, #fff); }
.gaussnb .jupyter-button.gnb-quiet { border-color: transparent; padding: 0 2px; margin: 2px 0; color: inherit;
  white-space: normal; text-align: left; height: auto; line-height: 1.5;
  text-decoration: underline; text-underline-offset: 3px; text-decoration-color: var(--gnb-edge); }
.gaussnb .jupyter-button:disabled { opacity: .5; }
.gaussnb :is(input, select, textarea, button):focus-visible { outline: 2px solid var(--gnb-accent);
  outline-offset: 1px; }
.gaussnb .gnb-actions { margin: 10px 0 2px; flex-wrap: wrap; overflow: visible; }
.gaussnb .gnb-outcome { margin-top: 10px; overflow: visible; }
.gaussnb .gnb-banner { padding: 6px 12px; margin: 6px 0 0; border-left: 4px solid var(--gnb-edge);
  background: var(--gnb-faint); border-radius: 0 4px 4px 0; overflow-wrap: anywhere; }
.gaussnb .gnb-banner.bad { border-left-color: var(--gnb-bad); }
.gaussnb .gnb-banner.good { border-left-color: var(--gnb-good); }
.gaussnb .gnb-banner.busy { border-left-color: var(--gnb-accent); }
.gaussnb .gnb-card { border: 1px solid var(--gnb-line); border-radius: 6px; padding: 8px 14px 10px; margin: 8px 0 0; }
.gaussnb .gnb-card > .gnb-part { margin: 0 0 4px; font-size: 1.06em; }
.gaussnb summary { cursor: pointer; padding: 4px 0; }
.gaussnb .gnb-card pre { font-family: var(--jp-code-font-family, monospace); font-size: .92em; line-height: 1.35;
  margin: 6px 0 0; padding: 8px 10px; background: var(--gnb-faint); border-radius: 4px; overflow: auto;
  max-height: 40em; color: inherit; }
.gaussnb table.gnb-facts { border-collapse: collapse; font-size: inherit; margin: 0; border: none; }
.gaussnb table.gnb-facts :is(th, td) { text-align: left; vertical-align: top; padding: 2px 18px 2px 0; border: none;
  background: none; color: inherit; max-width: none; white-space: normal; overflow-wrap: anywhere; }
.gaussnb table.gnb-facts th { font-weight: 400; opacity: .8; white-space: nowrap; }
.gaussnb .gnb-scroll { overflow-x: auto; }
.gaussnb .jupyter-button.gnb-quiet, .gaussnb .gnb-group > .jupyter-button { align-self: flex-start; }
@container (min-width: 52rem) { /* room for the help beside the field */
  .gaussnb .gnb-field { flex-flow: row wrap; align-items: flex-start; }
  .gaussnb .gnb-field > :not(.gnb-note) { --gnb-field: calc(var(--gnb-label) + 25em); width: var(--gnb-field);
    flex: 0 0 var(--gnb-field); }
  .gaussnb .gnb-field > .gnb-note { flex: 1 1 0; min-width: 0; margin: 0 0 0 1.5em; padding-top: 5px; }
}
@container (max-width: 30rem) { /* a narrow pane: the label above the field */
  .gaussnb .gnb-field > :not(.gnb-note) { flex-direction: column; align-items: stretch; }
  .gaussnb .gnb-field > * > .widget-label { flex: none; width: auto; padding-bottom: 1px; }
  .gaussnb .gnb-field > * > :is(input, select, textarea) { flex: none; max-width: none; width: 100%; }
  .gaussnb .gnb-field > .gnb-note { margin-left: 0; }
}
</style>
"""

HIDDEN = "gnb-hidden"


class WidgetFactory:
    """Makes the widgets of one view, which share one layout and one style of each type.

    A widget without a given layout and style makes its own: three objects to make, to send and to close in place of
    one. The visible style is in :data:`CSS`.
    """

    def __init__(self) -> None:
        self._shared: dict[type, widgets.Widget] = {}

    def make(self, kind: type[Any], *classes: str, **traits: Any) -> Any:
        """Make a widget with the shared layout and style.

        Args:
            kind: a core widget.
            classes: its CSS classes.
            traits: its other traits.
        """
        shared = {"layout": self._one(widgets.Layout)}
        if style := _STYLES.get(kind):
            shared["style"] = self._one(style)
        if kind not in (widgets.VBox, widgets.HBox):
            traits.setdefault("tooltip", "")  # a missing one becomes title="null" in the page
        widget = kind(**{**shared, **traits})
        widget._dom_classes = (*widget._dom_classes, *classes)
        return widget

    def sheet(self) -> Any:
        """Make the widget that brings the style sheet into a view."""
        return self.make(widgets.HTML, HIDDEN, value=CSS)

    def free(self, widget: widgets.Widget) -> None:
        """Close a widget and all its children. ``widget.close()`` alone would keep the children of a box."""
        for child in getattr(widget, "children", ()):
            self.free(child)
        for part in (getattr(widget, "layout", None), getattr(widget, "style", None)):
            if isinstance(part, widgets.Widget) and part not in self._shared.values():
                part.close()
        if isinstance(widget, widgets.Password):
            widget.value = ""  # the saved state of a notebook keeps the value of a closed widget
        widget.close()

    def close(self) -> None:
        """Close the shared layout and styles. Call it after every widget is closed."""
        for part in self._shared.values():
            part.close()

    def _one(self, kind: type[Any]) -> Any:
        if kind not in self._shared:
            self._shared[kind] = kind()
        return self._shared[kind]


def _style_of(kind: type[Any]) -> type:
    """The class of the style of a core widget."""
    style: type = kind.class_traits()["style"].klass
    return style


_STYLES = {
    kind: _style_of(kind)
    for kind in (
        widgets.Text, widgets.Password, widgets.Textarea, widgets.Dropdown,
        widgets.Checkbox, widgets.HTML, widgets.Button,
    )
}  # fmt: skip


def heading(kind: str, text: str) -> str:
    """A heading of a part of a view, as HTML."""
    return f'<div class="{kind}" role="heading" aria-level="3">{escape(text)}</div>'


def show(widget: Any, visible: bool = True) -> None:
    """Show or hide a widget."""
    if visible:
        widget.remove_class(HIDDEN)
    else:
        widget.add_class(HIDDEN)
