"""Signs and colours of phases: the one palette, read by panel, HTML and the sandbox's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .snapshot import Phase


@dataclass(frozen=True)
class Tone:
    """The sign and the colours of one phase. Text stands out from its ground by 4.5 to 1 or more."""

    sign: str
    """Stands beside the word, so that the colour never carries the meaning alone."""
    solid: str
    """Ground of white text, in light and dark themes."""
    text: str
    """Text on ``ground``, on a light page."""
    ground: str
    """Ground of ``text``."""
    dark_text: str
    """Text on ``dark_ground``, on a dark page."""
    dark_ground: str
    """Ground of ``dark_text``."""


_GREY = Tone("…", "#616161", "#4a5563", "#e9ecf0", "#b4bfcc", "#2b3440")
_BLUE = Tone("↻", "#1565c0", "#0b5394", "#e3eefb", "#a9cdfa", "#1d3350")
_GREEN = Tone("✓", "#2e7d32", "#1e6b36", "#e3f4e8", "#9fdcb2", "#193626")
_RED = Tone("✗", "#c62828", "#a32020", "#fbe6e6", "#f4b0b0", "#45211f")

PALETTE: Mapping[Phase, Tone] = MappingProxyType(
    {"unseen": _GREY, "going": _BLUE, "ready": _GREEN, "gone": _GREEN, "done": _GREEN, "failed": _RED}
)
"""The tone of each phase."""

SIGNS: Mapping[Phase, str] = MappingProxyType({phase: tone.sign for phase, tone in PALETTE.items()})
"""The sign of each phase."""

BAR, DARK_BAR = "#1e88e5", "#5b9bea"
"""The colour of a progress bar, on a light and on a dark page."""
EDGE = "#e53935"
"""The line beside the reason of a failure."""


def pill_rules(scope: str = "") -> str:
    """Write the CSS rules of pills with white text on the solid colour of each phase.

    Args:
        scope: selector of what encloses the pills, with a blank at its end.
    """
    selectors: dict[str, list[str]] = {}
    for phase, tone in PALETTE.items():
        if phase != "unseen":
            selectors.setdefault(tone.solid, []).append(f"{scope}.pill.{phase}")
    return "\n".join(f"{', '.join(names)} {{ background: {solid}; }}" for solid, names in selectors.items())


def tinted_pill_rules(dark: bool = False) -> str:
    """Write the CSS rules of pills with tinted text and ground, for a light or a dark page."""
    return "\n".join(
        f".pill.{phase} {{ color: {tone.dark_text if dark else tone.text}; "
        f"background: {tone.dark_ground if dark else tone.ground}; }}"
        for phase, tone in PALETTE.items()
    )


# All colours but those of the palette are the theme's own, or the browser's where there is no theme. A notebook's
# table style is undone, since it differs between front ends.
STYLE = f"""<style>
.gaussnb-watch {{ max-width: 72em; line-height: 1.5; color: var(--jp-ui-font-color1, inherit);
  font-family: var(--jp-ui-font-family, inherit); font-size: var(--jp-ui-font-size1, 13px); }}
.gaussnb-watch .head {{ font-size: 1.15em; }}
.gaussnb-watch .name {{ font-weight: 600; margin-right: 0.4em; }}
.gaussnb-watch .soft {{ opacity: 0.8; }}
.gaussnb-watch .number {{ font-variant-numeric: tabular-nums; }}
.gaussnb-watch .line > * {{ margin-right: 1.2em; }}
.gaussnb-watch .pill {{ display: inline-block; border-radius: 1em; padding: 0 0.7em; color: #fff;
  background: {PALETTE["unseen"].solid}; font-size: 13px; font-weight: 600; white-space: nowrap; }}
{pill_rules(".gaussnb-watch ")}
.gaussnb-watch .bar {{ display: inline-block; width: 12em; height: 0.6em; border-radius: 0.3em; overflow: hidden;
  margin-right: 0.5em !important; background: rgba(128, 128, 128, 0.35); }}
.gaussnb-watch .bar > span {{ display: block; height: 100%; background: {BAR}; }}
.gaussnb-watch .percent {{ display: inline-block; min-width: 3em; }}
.gaussnb-watch .why {{ border-left: 3px solid {EDGE}; padding-left: 0.6em; margin: 0.3em 0; }}
.gaussnb-watch table {{ border-collapse: collapse; border: 0; margin: 0.1em 0; font-size: inherit; }}
.gaussnb-watch tr, .gaussnb-watch tr:hover {{ background: transparent !important; border: 0; }}
.gaussnb-watch th, .gaussnb-watch td {{ text-align: left !important; vertical-align: baseline; border: 0;
  padding: 0.12em 1.2em 0.12em 0; font-weight: normal; line-height: 1.5; white-space: nowrap; max-width: none; }}
.gaussnb-watch td.wide {{ white-space: normal; overflow-wrap: anywhere; }}
</style>"""
"""The style sheet of a watch in a notebook."""
