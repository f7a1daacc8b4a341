"""Signs, colours and the words for what is being done: the one place that says how a state looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

ACTIONS = {
    "CREATE": "creating",
    "DELETE": "deleting",
    "REBOOT": "restarting",
    "RESTORE": "restoring",
    "GROWING": "adding nodes",
    "REDUCING": "removing nodes",
    "RESIZE_VOLUME": "changing storage",
    "RESIZE_FLAVOR": "changing flavor",
    "MODIFY_SECURITYGROUP": "changing security group",
    "SWITCH_SSL": "switching SSL",
    "SET_CONFIGURATION": "applying parameters",
    "BIND_EIP": "binding address",
    "UNBIND_EIP": "unbinding address",
}
"""The service's words for what is being done, in words. The list is open: others are shown as they come."""

SIGNS = {"unseen": "…", "going": "↻", "ready": "✓", "gone": "✓", "done": "✓", "failed": "✗"}
"""Beside the word, so that colour is never alone."""

# White on these reads well (5.1:1 or more), whatever the theme; all else takes the theme's own colours, and the
# reader's where there is no theme. A notebook's own table style is undone, since it differs between front ends.
STYLE = """<style>
.gaussnb-watch { max-width: 72em; line-height: 1.5; color: var(--jp-ui-font-color1, inherit);
  font-family: var(--jp-ui-font-family, inherit); font-size: var(--jp-ui-font-size1, 13px); }
.gaussnb-watch .head { font-size: 1.15em; }
.gaussnb-watch .name { font-weight: 600; margin-right: 0.4em; }
.gaussnb-watch .soft { opacity: 0.8; }
.gaussnb-watch .number { font-variant-numeric: tabular-nums; }
.gaussnb-watch .line > * { margin-right: 1.2em; }
.gaussnb-watch .pill { display: inline-block; border-radius: 1em; padding: 0 0.7em; color: #fff;
  background: #616161; font-size: 13px; font-weight: 600; white-space: nowrap; }
.gaussnb-watch .pill.going { background: #1565c0; }
.gaussnb-watch .pill.ready, .gaussnb-watch .pill.gone, .gaussnb-watch .pill.done { background: #2e7d32; }
.gaussnb-watch .pill.failed { background: #c62828; }
.gaussnb-watch .bar { display: inline-block; width: 12em; height: 0.6em; border-radius: 0.3em; overflow: hidden;
  margin-right: 0.5em !important; background: rgba(128, 128, 128, 0.35); }
.gaussnb-watch .bar > span { display: block; height: 100%; background: #1e88e5; }
.gaussnb-watch .percent { display: inline-block; min-width: 3em; }
.gaussnb-watch .why { border-left: 3px solid #e53935; padding-left: 0.6em; margin: 0.3em 0; }
.gaussnb-watch table { border-collapse: collapse; border: 0; margin: 0.1em 0; font-size: inherit; }
.gaussnb-watch tr, .gaussnb-watch tr:hover { background: transparent !important; border: 0; }
.gaussnb-watch th, .gaussnb-watch td { text-align: left !important; vertical-align: baseline; border: 0;
  padding: 0.12em 1.2em 0.12em 0; font-weight: normal; line-height: 1.5; white-space: nowrap; max-width: none; }
.gaussnb-watch td.wide { white-space: normal; overflow-wrap: anywhere; }
</style>"""
