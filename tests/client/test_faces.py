"""The views of a watch: text and HTML, reproducible, escaped, and readable without colours."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gaussnb.nosql.service import SERVICE
from gaussnb.sandbox import Sandbox
from gaussnb.view.html import PARTS, faces, html_of
from gaussnb.view.palette import SIGNS, STYLE
from gaussnb.view.snapshot import Shown, Snapshot
from gaussnb.view.text import LINES, headline, status_of, text_of, time_of

PATIENCE = 10.0  # real seconds after which the test fails
HOSTILE = '<img src=x onerror="alert(1)">&'

ONE = Shown(
    id="0f1ein06",
    name="orders-01",
    kind="cassandra",
    phase="going",
    status="creating",
    actions="CREATE",
    job="CreateInstance",
    percent=43.0,
    elapsed=182.0,
    typical=420.0,
    why="",
    doing="creating",
)


def line(status: str = "creating", note: str = "", name: str | None = "orders-01") -> dict[str, Any]:
    seen = {"time": "2026-02-03T04:05:06+00:00", "elapsed": 0.0, "id": "0f1ein06", "name": name}
    return {**seen, "status": status, "actions": "", "note": note}


def snapshot(*shown: Shown, **changes: Any) -> Snapshot:
    facts: dict[str, Any] = {"state": "watching", "message": "", "until": "ready", "looked": 0.0}
    return Snapshot(
        **{**facts, "things": shown or (ONE,), "timeline": (line(),), "problems": (), "nouns": "instances", **changes}
    )


def test_one_instance_as_text() -> None:
    assert text_of(snapshot()).splitlines() == [
        "orders-01  creating  [########............] 43 %  3 min 2 s of about 7 min",
        "seen (UTC)",
        "  04:05:06  creating",
        "Watching. Last look 1970-01-01 00:00:00 UTC.",
    ]


def test_several_instances_are_one_line_each() -> None:
    other = replace(ONE, name="a", phase="failed", status="createfail", percent=None, why="no disks")
    lines = text_of(snapshot(ONE, other, state="done")).splitlines()
    assert lines[0].index("creating") == lines[1].index("failed")
    assert lines[2] == "  a: no disks" and "orders-01" in lines[4]
    assert headline(snapshot(ONE, other)) == "2 instances: 1 creating, 1 failed"


def test_text_fits_any_terminal() -> None:
    assert text_of(snapshot(ONE, replace(ONE, phase="failed"), problems=("x",))).isascii()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "creating"),
        ({"status": "normal", "actions": "REBOOT"}, "restarting"),
        ({"status": "normal", "actions": "GROWING, SOMETHING_NEW"}, "adding nodes, something new"),
        ({"status": "BACKUP", "actions": ""}, "BACKUP"),
        ({"phase": "unseen", "status": "", "actions": ""}, "not seen yet"),
        ({"phase": "ready", "status": "normal", "actions": ""}, "ready"),
        ({"phase": "gone", "status": "gone", "actions": ""}, "gone"),
        ({"phase": "failed", "status": "createfail", "actions": ""}, "failed"),
    ],
)
def test_the_status_in_a_word(changes: dict[str, Any], word: str) -> None:
    doing = SERVICE.lifecycle.describe_actions(changes["actions"].split(", ")) if changes.get("actions") else ""
    shown = replace(ONE, **changes, doing=doing if "actions" in changes else ONE.doing)
    assert status_of(shown) == word
    pill = re.search(r'<span class="pill (\w+)">(.) ([^<]+)</span>', html_of(snapshot(shown)))
    assert pill is not None and pill.groups() == (shown.phase, SIGNS[shown.phase], word)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "3 min 2 s of about 7 min"),
        ({"typical": 40.0, "elapsed": 4.0}, "4 s of about 40 s"),
        ({"typical": None}, "3 min 2 s"),
        ({"elapsed": 3720.0}, "1 h 2 min, longer than the usual 7 min"),
        ({"phase": "ready"}, "after 3 min 2 s"),
    ],
)
def test_durations_in_words(changes: dict[str, Any], words: str) -> None:
    assert time_of(replace(ONE, **changes)) == words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "paused"}, "Paused."),
        ({"state": "stopped"}, "No longer watched. The cloud's work goes on."),
        ({"state": "done"}, "Done: nothing is left to watch."),
        ({"state": "error", "message": "not allowed"}, "The watching ended: not allowed"),
        ({"message": "could not look"}, "Watching: could not look."),
        ({"looked": None}, "No look yet."),
    ],
)
def test_the_state_of_the_watch_in_words(changes: dict[str, Any], words: str) -> None:
    both = faces(snapshot(**changes))
    assert words in both["text/plain"] and words.replace("'", "&#x27;") in both["text/html"]


def test_only_the_newest_changes_are_shown() -> None:
    many = snapshot(timeline=tuple(line(note=f"change {number}") for number in range(LINES + 3)))
    for face in faces(many).values():
        assert "3 earlier: see history" in face
        assert re.findall(r"change (\d+)", face) == [str(number) for number in range(3, LINES + 3)]


def test_a_failure_has_the_role_alert_and_the_head_the_role_status() -> None:
    assert 'role="alert"' not in html_of(snapshot())
    assert html_of(snapshot()).count('role="status"') == 1
    for wrong in (
        snapshot(replace(ONE, phase="failed", why="no disks")),
        snapshot(state="error", message="not allowed"),
        snapshot(problems=("RuntimeError: out of paint",)),
    ):
        assert re.search(r'<div role="alert"><div class="why">✗ [^<]+</div></div>', html_of(wrong))


def test_the_text_for_screen_readers_does_not_change_with_time() -> None:
    later = snapshot(replace(ONE, elapsed=500.0, percent=99.0), looked=500.0)
    assert PARTS["head"](snapshot()) == PARTS["head"](later)
    assert PARTS["things"](snapshot()) != PARTS["things"](later)


def test_text_from_the_service_is_escaped() -> None:
    texts = ("name", "kind", "status", "actions", "job", "why", "doing")
    bad = replace(ONE, phase="failed", **dict.fromkeys(texts, HOSTILE))  # type: ignore[arg-type]
    going = replace(bad, phase="going")
    history = (line(HOSTILE, HOSTILE, HOSTILE),)
    for shown in ((bad,), (going,), (bad, going)):
        html = html_of(snapshot(*shown, timeline=history, problems=(HOSTILE,), state="error", message=HOSTILE))
        assert "<img" not in html and 'onerror="' not in html and "&lt;img" in html


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_white_text_has_enough_contrast_on_every_colour() -> None:
    colours = re.findall(r"background: (#[0-9a-f]{6})", "\n".join(re.findall(r"\.pill[^}]*}", STYLE)))
    assert len(colours) == 4
    assert all(1.05 / (luminance(colour) + 0.05) >= 4.5 for colour in colours)


def test_two_runs_show_the_same_text(build: Callable[..., Sandbox], spec: Any) -> None:
    said = []
    for _ in range(2):
        sandbox = build()
        sandbox.inject("CreateInstance", fail="no disks", after=1)
        with sandbox.connect() as gdb:
            panels = []
            for name in ("good-one", "bad-one"):
                panels.append(gdb.watch(gdb.instances.create(spec(name=name))))
                assert panels[-1].join(PATIENCE)
            said.append([panel._repr_mimebundle_() for panel in panels] + [repr(panels), *map(str, panels)])
    assert said[0] == said[1]
    assert "0x" not in str(said) and "no disks" in str(said)


def test_showing_needs_no_ipywidgets() -> None:
    code = (
        "import sys; sys.modules['ipywidgets'] = sys.modules['IPython'] = None\n"
        "from gaussnb.sandbox import Sandbox\n"
        "with Sandbox(port=None, start='2026-01-01', speed=1e6) as sandbox, sandbox.connect() as gdb:\n"
        "    panel = gdb.watch('0' * 32 + 'in06')\n"
        "    assert panel.join(10)\n"
        "    try: panel._ipython_display_()\n"
        "    except NotImplementedError: print(panel); print(list(panel._repr_mimebundle_()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "failed" in done.stdout and "['text/plain', 'text/html']" in done.stdout
