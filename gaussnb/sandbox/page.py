"""The status page of the sandbox for browsers.

Reading the page changes nothing: it adds no entry to the journal, uses no id, meets no fault and moves no clock. All
texts on it are escaped, since names and requests come from any caller; secrets were masked before they were stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Any

from ..nosql.service import SERVICE
from ..view.palette import BAR, DARK_BAR, SIGNS, tinted_pill_rules
from ..view.snapshot import Phase
from .engine.app import App, show_document, shown
from .engine.messages import JSON, Request, Response
from .engine.tables import Task
from .world import Instance

MOST = 200
"""The largest number of instances and jobs on the page; it shows the newest."""
LAST = 25
"""The number of requests on the page; it shows the newest."""
AGAIN = 5
"""Seconds until a page with ``?follow=`` reloads."""


def answer_page(app: App, request: Request) -> Response | None:
    """The page or the OpenAPI document; None for a request to the service.

    Args:
        app: the application; its lock is held.
        request: any request.
    """
    get = request.method in ("GET", "HEAD")
    if get and request.path == "/" and _wants_page(request.headers.get("accept", "")):
        body = app.secrets.mask(page(app, ("follow", "") in request.query)).encode("utf-8", "replace")
        return shown(request, "text/html; charset=utf-8", body)
    return show_document(app, request)


def _wants_page(accept: str) -> bool:
    """True if HTML is asked for by name, as browsers do. Clients of the API ask for ``*/*`` or JSON."""
    asked = {part.partition(";")[0].strip().lower() for part in accept.split(",") if "q=0," not in f"{part},"}
    return "text/html" in asked and JSON not in asked


def page(app: App, follow: bool = False) -> str:
    """The page, as HTML without external resources.

    Args:
        app: the application whose present state is shown.
        follow: True for a page that reloads every few seconds.
    """
    now = app.settle()
    world = app.world
    jobs = [job for job in world.tasks.values() if job.listed]
    running = [job for job in jobs if world.is_going(job)]
    pace = "standing" if app.clock.standing else f"{app.clock.speed:g} times real time"
    facts = [
        ("Region", world.region),
        ("Clock", f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} UTC, {pace}"),
        ("Project", world.account.project_id),
        ("Quota", f"{world.quota} instances an engine" if world.quota else "no limit"),
    ]
    counts = [
        (len(world.instances), "instance"), (len(running), "running job"), (len(app.journal), "request"),
    ]  # fmt: skip
    summary = " · ".join(f"<b>{count}</b> {_plural(word, count)}" for count, word in counts)
    present = list(world.instances.newest_first())[:MOST]
    newest = jobs[::-1][:MOST]
    again = f'<meta http-equiv="refresh" content="{AGAIN}">' if follow else ""
    link = '<a href="?">Stop following</a>' if follow else '<a href="?follow=">Follow</a>'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{again}<title>Sandbox {_text(world.region)}</title>
<style>{_CSS}{_PALETTE}</style>
</head>
<body>
<header>
<div><h1>Sandbox</h1><p class="soft">A pretend cloud on this machine. This page only looks.</p></div>
<nav>{link} <a href="openapi.json">OpenAPI</a></nav>
</header>
<main>
<p class="counts">{summary}</p>
<dl>{"".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in facts)}</dl>
{
        _section(
            "Instances",
            ("Name", "Status", "Engine", "Mode", "Nodes", "Storage", "Created", "Id"),
            [_instance(one) for one in present],
            len(world.instances),
            "None yet. In a notebook, <code>gdb.instances.create.form()</code> makes the first one.",
        )
    }
{
        _section(
            "Jobs",
            ("Work", "Status", "Instance", "Began", "Id"),
            [_job(job, now) for job in newest],
            len(jobs),
            "None yet.",
        )
    }
{
        _section(
            "Last requests",
            ("Time", "Request", "Operation", "Answer", "Sent"),
            [_request(record, world.account.project_id) for record in app.journal.newest(LAST)],
            len(app.journal),
            "None yet.",
        )
    }
</main>
<footer class="soft">Passwords, keys and tokens are masked. Times are UTC, on the sandbox's clock.</footer>
</body>
</html>
"""


# ------------------------------------------------------------------------------------------------------------ the parts


def _section(title: str, head: Iterable[str], rows: list[str], count: int, empty: str) -> str:
    cells = "".join(f'<th scope="col">{_text(name)}</th>' for name in head)
    table = f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    more = f'<p class="soft">The newest {len(rows)} of {count}.</p>' if count > len(rows) else ""
    if not rows:
        return f'<section><h2>{_text(title)}</h2><p class="soft empty">{empty}</p></section>'
    inside = f'<div class="scroll" tabindex="0" role="region" aria-label="{_text(title)}">{table}</div>{more}'
    return f"<section><h2>{_text(title)}</h2>{inside}</section>"


def _instance(one: Instance) -> str:
    doing = SERVICE.lifecycle.describe_actions(one.actions)
    phase = SERVICE.lifecycle.phase_of(one.status, doing)
    return _row(
        f'<strong class="name">{_text(one.name)}</strong>',
        _pill(phase, doing or one.status),
        _text(f"{one.engine} {one.version}".strip()),
        _text(one.mode),
        f'<span class="number">{len(one.nodes)}</span>',
        f'<span class="number">{one.size} GB</span>',
        _moment(one.created),
        f"<code>{_text(one.id)}</code>",
    )


def _job(job: Task, now: float) -> str:
    phase = SERVICE.lifecycle.job_phase(job.status)
    said = _pill(phase, job.status)
    if phase == "going":
        share = job.percent(now)
        said += f' <progress max="100" value="{share}" aria-label="{share} %"></progress>'
        said += f' <span class="number soft">{share} %</span>'
    elif job.fail_reason:
        said += f'<div class="soft why">{_text(job.fail_reason)}</div>'
    name = f'<span class="name">{_text(job.instance_name)}</span>'
    return _row(_text(job.work), said, name, _moment(job.start), f"<code>{_text(job.id)}</code>")


def _request(record: dict[str, Any], project_id: str) -> str:
    status = record["status"]
    phase: Phase = "failed" if status is None or status >= 400 else "ready"
    answer = _pill(phase, "dropped" if status is None else str(status))
    if record["error_code"]:
        answer += f" <code>{_text(record['error_code'])}</code>"
    path = record["path"].replace(project_id, "{project_id}")  # the same in every line, and long
    body = record["body"]
    sent = f"<details><summary>body</summary><pre>{_text(body)}</pre></details>" if body else ""
    return _row(
        f'<span class="number">{_text(record["time"][11:19])}</span>',
        f'<code class="path"><b>{_text(record["method"])}</b> {_text(path)}</code>',
        _text(record["operation"] or "–"),
        answer,
        sent,
    )


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _pill(phase: Phase, word: str) -> str:
    return f'<span class="pill {phase}"><span aria-hidden="true">{SIGNS[phase]}</span> {_text(word)}</span>'


def _moment(moment: float) -> str:
    return f'<span class="number">{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}</span>'


def _text(value: Any) -> str:
    """A value as escaped text. Characters that are invisible, or turn the direction of a line, are shown as a box."""
    return escape("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(value)))


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


# Words and signs repeat the meaning of colours; the contrast of every text is at least 4.5 to 1.
_CSS = """
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --ink: #1c2430; --soft: #586474; --line: #e2e6eb;
  --link: #1559b7; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #12161c; --card: #1a2029; --ink: #e4e9f0; --soft: #9aa7b8; --line: #2b3440; --link: #86b7f5; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto,
  "Helvetica Neue", "Noto Sans", sans-serif; }
header, main, footer { max-width: 78rem; margin: 0 auto; padding: 0 1.5rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: flex-end; justify-content: space-between;
  padding-top: 2.25rem; }
h1 { font-size: 1.7rem; line-height: 1.2; font-weight: 650; letter-spacing: -.01em; margin: 0; }
h2 { font-size: 1.05rem; font-weight: 620; margin: 0 0 .6rem; }
p { margin: 0; }
a { color: var(--link); text-underline-offset: .2em; text-decoration-thickness: 1px; }
nav a { margin-left: 1.25rem; }
nav a:first-child { margin-left: 0; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px; }
.soft { color: var(--soft); }
.counts { margin: 1.5rem 0 .75rem; font-size: 1.05rem; }
.counts b { font-size: 1.35rem; font-weight: 650; font-variant-numeric: tabular-nums; }
dl { display: flex; flex-wrap: wrap; gap: .6rem 2.25rem; margin: 0 0 1.75rem; }
dt { color: var(--soft); font-size: .82rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem 1.2rem;
  margin: 0 0 1.25rem; }
section > .soft { margin-top: .7rem; font-size: .9rem; }
section > .empty { margin: 0; font-size: inherit; }
.scroll { overflow-x: auto; margin: 0 -1.25rem; padding: 0 1.25rem; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: .82rem; white-space: nowrap; }
th, td { padding: .45rem 1.1rem .45rem 0; vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
tbody td { border-top: 1px solid var(--line); white-space: nowrap; }
strong { font-weight: 600; }
code, pre { font: .86em/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
td code { color: var(--soft); }
td code.path { display: inline-block; min-width: 20rem; color: var(--ink); white-space: normal;
  overflow-wrap: anywhere; }
.name { display: inline-block; min-width: 7rem; max-width: 14rem; white-space: normal; overflow-wrap: anywhere; }
.why { min-width: 12rem; max-width: 26rem; margin-top: .15rem; white-space: normal; overflow-wrap: anywhere; }
.number { font-variant-numeric: tabular-nums; }
.pill { display: inline-block; border-radius: 1em; padding: 0 .7em; font-size: .86rem; font-weight: 550;
  line-height: 1.6; }
progress { appearance: none; border: 0; width: 6rem; height: .4rem; margin-left: .5rem; vertical-align: middle;
  border-radius: 1em; overflow: hidden; background: var(--line); }
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: var(--bar); }
progress::-moz-progress-bar { background: var(--bar); }
summary { cursor: pointer; color: var(--soft); }
details[open] { min-width: 22rem; }
pre { margin: .3rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
footer { padding-bottom: 2.5rem; font-size: .88rem; }
@media (max-width: 40rem) { header, main, footer { padding-left: 1rem; padding-right: 1rem; } }
"""

_PALETTE = f"""
:root {{ --bar: {BAR}; }}
{tinted_pill_rules()}
@media (prefers-color-scheme: dark) {{
:root {{ --bar: {DARK_BAR}; }}
{tinted_pill_rules(dark=True)}
}}
"""
