"""How forms and panels look: calm, from the theme's own variables, readable in light and dark."""

from __future__ import annotations

import ipywidgets as widgets

# Each variable has a fallback that reads well on white and on black: other front ends have no
# JupyterLab variables. Colours never speak alone; a word or a sign stands beside them.
CSS = """
<style>
.gaussnb { max-width: 60em; color: var(--jp-ui-font-color1, inherit);
  font-family: var(--jp-ui-font-family, inherit); }
.gaussnb .gaussnb-title { font-size: 1.25em; font-weight: 600; margin: 0.2em 0 0.1em; }
.gaussnb .gaussnb-lead { color: var(--jp-ui-font-color1, inherit); margin-bottom: 0.6em; line-height: 1.4; }
.gaussnb .gaussnb-group { font-weight: 600; margin: 0.7em 0 0.1em;
  border-bottom: 1px solid var(--jp-border-color2, #8888); }
.gaussnb .gaussnb-help { margin: -0.2em 0 0.1em 14.6em; font-size: 0.88em; line-height: 1.3; max-width: 40em;
  color: var(--jp-ui-font-color1, inherit); opacity: 0.82; }
.gaussnb .gaussnb-error { margin: 0 0 0.2em 14.6em; line-height: 1.35; max-width: 40em;
  color: var(--jp-ui-font-color1, inherit);
  border-left: 3px solid var(--jp-error-color1, #d32f2f); padding-left: 0.5em; }
.gaussnb .gaussnb-banner { line-height: 1.4; margin: 0.4em 0; padding: 0.4em 0.7em;
  border-left: 3px solid var(--jp-border-color1, #888); }
.gaussnb .gaussnb-banner.bad { border-left-color: var(--jp-error-color1, #d32f2f); }
.gaussnb .gaussnb-banner.good { border-left-color: var(--jp-success-color1, #388e3c); }
.gaussnb .gaussnb-banner.busy { border-left-color: var(--jp-info-color1, #1976d2); }
.gaussnb .gaussnb-review th { text-align: left; padding-right: 1.2em; font-weight: 600; vertical-align: top; }
.gaussnb .gaussnb-review td { text-align: left; }
.gaussnb pre { line-height: 1.35; font-family: var(--jp-code-font-family, monospace); margin: 0.3em 0; }
.gaussnb .widget-label { overflow: visible; text-overflow: clip; white-space: normal; }
</style>
"""


def sheet() -> widgets.HTML:
    """The style sheet, to be put into each view."""
    return widgets.HTML(CSS, layout={"display": "block", "height": "0", "margin": "0", "overflow": "hidden"})
