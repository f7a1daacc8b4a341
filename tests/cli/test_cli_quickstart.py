"""``gaussnb quickstart``: one line a poll in a pipe, one rewritten line on a terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

# Random passwords are made by `token_hex`, so the test can search for a known password.
KNOWN = """
import secrets, sys
secrets.token_hex = lambda size=None: "canary" * 4
from gaussnb.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_in_a_pipe(run: Run) -> None:
    done = run("quickstart", "--speed", "100", python=("-c", KNOWN))
    assert (done.returncode, done.stderr) == (0, "")
    assert "canary" not in done.stdout and "\r" not in done.stdout and "\x1b" not in done.stdout
    waited = re.findall(r"^  wait +(\d+) s  (\w+) .* (\d+) %$", done.stdout, re.MULTILINE)
    assert waited[-1][1:] == ("normal", "100")
    assert [int(percent) for *_, percent in waited] == sorted(int(percent) for *_, percent in waited)
    titles = ("The instance\n", "Its nodes\n", "What was seen")
    instance, nodes, history = map(done.stdout.index, titles)
    assert instance < nodes < history
    assert re.search(r"^status +normal$", done.stdout[instance:nodes], re.MULTILINE)
    assert done.stdout[nodes:history].count(" normal ") == 3
    assert "creating" in done.stdout[history:] and "ready" in done.stdout[history:]


def test_it_leaves_nothing_in_the_home(run: Run, environment: dict[str, str]) -> None:
    assert run("quickstart", "--speed", "3600").returncode == 0
    assert [name for _, _, files in os.walk(environment["HOME"]) for name in files] == []


@pytest.mark.skipif(sys.platform == "win32", reason="no pty")
@pytest.mark.parametrize(("columns", "bar"), [(100, "█" * 30), (60, "█" * 14), (30, "")])
def test_on_a_terminal(start: Callable[..., subprocess.Popen[str]], columns: int, bar: str) -> None:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    env = {"COLUMNS": "", "LINES": ""}
    process = start("quickstart", "--speed", "100", stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    seen = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # Linux raises this error when the other end is closed
            break
        if not data:
            break
        seen += data
    os.close(ours)
    assert process.wait(60) == 0
    lines = seen.decode().replace("\r\n", "\n").split("\n")
    (moving,) = [line for line in lines if "\r" in line]  # one line, written again and again
    looks = moving.split("\r")[1:]
    assert len(looks) > 3 and "normal" in looks[-1]
    assert looks[-1].endswith(f"100 %  {bar}" if bar else "normal   ")
    assert all(len(look) < columns for look in looks)  # or the terminal would wrap it


def test_a_terminal_that_knows_ascii_only(run: Run) -> None:
    words = "import sys; sys.stdout.isatty = lambda: True; from gaussnb.cli import main; sys.exit(main())"
    env = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "COLUMNS": "100"}
    done = run("quickstart", "--speed", "3600", python=("-c", words), env=env)
    assert done.returncode == 0 and "##########" in done.stdout


def test_an_interrupt(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start("quickstart", "--speed", "1")
    assert process.stdout is not None
    while "wait" not in process.stdout.readline():
        pass
    process.send_signal(2)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "\n")
