"""README and contributing guide are true: their examples run, and the names in them exist."""

from __future__ import annotations

import ast
import dataclasses
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
import scaffold

import gaussnb
from gaussnb import cli
from gaussnb.core.operation import Route

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")
REAL_CLOUD = "# real cloud"
"""A block with this comment is not run."""

BLOCKS = [
    (TEXT.count("\n", 0, found.start("code")), found["language"], found["code"])
    for found in re.finditer(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
]
"""Line above, language and code of each fenced block."""
PROSE = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
SPANS = re.findall(r"`([^`\n]+)`", PROSE)
SHELL = [line for _, language, code in BLOCKS if language in ("sh", "bash") for line in code.splitlines()]
COMMANDS = sorted(
    {
        words
        for text in [*SPANS, *SHELL]
        for part in re.split(r"&&|;|\|", text)
        if (words := part.strip()).startswith("gaussnb ")
    }
)
LINKS = [unquote(target) for target in re.findall(r"\]\(([^)\s]+)", PROSE)]
FOLDERS = tuple(f"{path.name}/" for path in ROOT.iterdir() if path.is_dir())


def blocks(*languages: str) -> list[tuple[int, str]]:
    return [(line, code) for line, language, code in BLOCKS if language in languages]


@pytest.mark.parametrize(("line", "code"), blocks("python", "py"), ids=lambda value: f"line-{value}"[:9])
def test_a_block_is_python(line: int, code: str) -> None:
    compile("\n" * line + code, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_the_blocks_run(tmp_path: Path) -> None:
    """Run the blocks in order in one namespace, each at its own line, so that a traceback names that line."""
    script = ""
    for line, code in blocks("python"):
        if REAL_CLOUD not in code:
            script += "\n" * (line - script.count("\n")) + code
    assert script
    (tmp_path / "README.py").write_text(script, "utf-8")
    ours = ("HW_", "OS_", "HUAWEICLOUD_", "GAUSSNB_", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(ours)}
    env = {**kept, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "NO_PROXY": "*"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "README.py"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_every_command_is_named() -> None:
    assert {command.split()[1] for command in COMMANDS} == {"quickstart", "lab", "sandbox", "doctor"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_understood(command: str) -> None:
    cli._parser().parse_args(shlex.split(command, comments=True)[1:])


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\bgn\.(\w+)", TEXT))))
def test_a_name_exists(name: str) -> None:
    assert hasattr(gaussnb, name)


@pytest.mark.parametrize("extra", sorted(set(re.findall(r'"(?:\.|gaussnb)\[(\w+)\]"', TEXT))))
def test_an_extra_exists(extra: str) -> None:
    assert extra in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]


@pytest.mark.parametrize("target", LINKS)
def test_a_link_has_a_target(target: str) -> None:
    path, _, anchor = target.partition("#")
    if "labpath=" in target:  # the badge
        path = re.split(r"[?&]labpath=", target)[1].partition("&")[0]
    elif re.match(r"\w+:", target):
        assert target.startswith("https://")
        return
    assert (ROOT / path).exists()
    if anchor and not path:
        heads = re.findall(r"^#+ (.+)$", PROSE, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", sorted({span for span in SPANS if span.startswith(FOLDERS)}))
def test_a_path_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_drawn_folder_is_the_real_one() -> None:
    """Each line names a room and its content; no room is left out."""
    (drawn,) = (code for _, code in blocks("") if code.startswith("gaussnb/"))
    rooms: set[str] = set()
    for line in drawn.splitlines()[1:]:
        first, text = re.split(r" {2,}", line.strip(), maxsplit=1)
        here = [name.strip() for name in first.split(",")]
        rooms |= set(here)
        assert all((ROOT / "gaussnb" / name).exists() for name in here), line
        for name in re.findall(r"\b[a-z_]+\.py\b|\b[a-z_]+/(?=[ ,;.\n])", text):
            assert (ROOT / "gaussnb" / here[0] / name).exists(), name
    packages = {f"{path.parent.name}/" for path in (ROOT / "gaussnb").glob("*/__init__.py")}
    assert packages == {room for room in rooms if room.endswith("/")}
    assert len(drawn.splitlines()) <= 13


# ------------------------------------------------------------------------------------------------- contributing guide

GUIDE = (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")
GUIDE_PROSE = re.sub(r"^```.*?^```$", "", GUIDE, flags=re.MULTILINE | re.DOTALL)
GUIDE_SPANS = sorted(set(re.findall(r"`([^`\n]+)`", GUIDE_PROSE)))
GUIDE_SHELL = [
    command
    for block in re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
    for command in line.split("&&")
]
ROOMS = {path.name for path in (ROOT / "gaussnb").iterdir()}


@pytest.mark.parametrize(
    "path", [span for span in GUIDE_SPANS if re.fullmatch(r"[\w.-]+(/[\w.-]*)+|[\w-]+\.(py|toml|md)", span)]
)
def test_a_path_of_the_guide_exists(path: str) -> None:
    """A path begins at the root of the project, or in the package."""
    assert (ROOT / path).exists() or (path.partition("/")[0] in ROOMS and (ROOT / "gaussnb" / path).exists())


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m (tests\.\w+)", GUIDE))))
def test_a_module_of_the_guide_exists(module: str) -> None:
    place = ROOT / module.replace(".", "/")
    assert place.with_suffix(".py").exists() or (place / "__main__.py").exists()


def test_the_example_of_the_scaffold_is_understood() -> None:
    (example,) = (words for command in GUIDE_SHELL if (words := shlex.split(command))[:3] == scaffold.COMMAND)
    parsed = vars(scaffold.parser().parse_args(example[3:]))
    assert scaffold.Skeleton(**parsed).name == "RestartThing"


@pytest.mark.parametrize("command", sorted({span for span in GUIDE_SPANS if span.startswith("gaussnb ")}))
def test_a_command_of_the_guide_is_understood(command: str) -> None:
    cli._parser().parse_args(shlex.split(command)[1:])


@pytest.mark.parametrize("extra", sorted(set(re.findall(r"\.\[(\w+)\]", GUIDE))))
def test_an_extra_of_the_guide_exists(extra: str) -> None:
    assert extra in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]


def test_the_guide_names_what_the_source_has() -> None:
    """The words of routes and sandbox, and the variable that writes golden files."""
    route = {field.name for field in dataclasses.fields(Route)}
    assert {"only", "deprecated", "superseded"} <= route
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    assert set(re.findall(r"GAUSSNB_\w+", GUIDE)) <= set(re.findall(r'"(GAUSSNB_\w+)"', tests))
