"""The image that Binder builds from ``binder/``. ``.ci/run`` installs the pins and runs the notebooks."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
BINDER = ROOT / "binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
OF_BINDER = "jupyterlab"
"""The package of the lab extra that Binder's own image has, in the version that its other parts were tested with."""

PINS = [
    Requirement(line)
    for line in (BINDER / "requirements.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def version(pin: Requirement) -> str:
    """The version in ``name==version``."""
    return str(pin.specifier).removeprefix("==")


# ------------------------------------------------------------------------------------ the image


@pytest.fixture(scope="module")
def dockerfile() -> str:
    """The Dockerfile that repo2docker would build."""
    pytest.importorskip("repo2docker", reason="repo2docker, of the test extra, is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."],
        cwd=ROOT,
        env={**os.environ, "DOCKER_HOST": "unix:///nowhere"},  # the test must not depend on a running daemon
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_image_is_built_from_pins_and_post_build(dockerfile: str) -> None:
    """Nothing else is installed: no other conda environment, no second Python, no package with loose dependencies."""
    runs = re.findall(r"^RUN (.*binder/.*|.*(?:pip|mamba|conda) .*)$", dockerfile, re.MULTILINE)
    assert runs == [
        '${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"',
        "chmod +x binder/postBuild",
        "./binder/postBuild",
    ]


def test_the_image_has_the_python_of_the_pins(dockerfile: str) -> None:
    asked = (BINDER / "runtime.txt").read_text("utf-8").strip()
    assert asked == "python-" + PROJECT["requires-python"].removeprefix(">=")
    escaped = asked.removeprefix("python-").replace(".", "-2e")  # so does repo2docker with names of files
    assert re.search(rf"^COPY \S+ build_script_files/\S+-2epy-2d{escaped}-2d\S+lock", dockerfile, re.MULTILINE)


def test_the_image_has_a_jupyterlab_that_fits() -> None:
    """The version in Binder's image is within the bounds."""
    packs = pytest.importorskip("repo2docker.buildpacks.conda", reason="repo2docker is not installed")
    python = (BINDER / "runtime.txt").read_text("utf-8").strip().removeprefix("python-")
    lock = Path(packs.__file__).with_name(f"environment.py-{python}-linux-64.lock").read_text("utf-8")
    found = re.search(r"/jupyterlab-([\d.]+)-", lock)
    bounds = next(need for need in map(Requirement, EXTRAS["lab"]) if need.name == OF_BINDER)
    assert found and bounds.specifier.contains(found[1])


def test_only_the_folder_binder_is_read() -> None:
    """There is no other file that repo2docker would read first, or would refuse beside this folder."""
    assert not (ROOT / ".binder").exists()
    assert sorted(path.name for path in BINDER.iterdir()) == ["postBuild", "requirements.txt", "runtime.txt"]


def test_post_build_stops_at_the_first_error() -> None:
    path = BINDER / "postBuild"
    assert path.stat().st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    first, *rest = path.read_text("utf-8").splitlines()
    commands = [line for line in rest if line and not line.startswith("#")]
    assert first.startswith("#!")
    assert commands == ["set -e", "pip install --no-deps ."]


# ------------------------------------------------------------------------------------- the pins


def test_each_pin_is_one_version() -> None:
    names = [canonicalize_name(pin.name) for pin in PINS]
    assert len(set(names)) == len(names)
    assert [str(pin) for pin in PINS if not re.fullmatch(r"[\w.-]+==\d[\w.]*", str(pin))] == []
    assert canonicalize_name(PROJECT["name"]) not in names


@pytest.mark.parametrize("need", [*PROJECT["dependencies"], *EXTRAS["lab"]], ids=lambda need: Requirement(need).name)
def test_each_dependency_is_pinned_within_its_bounds(need: str) -> None:
    wanted = Requirement(need)
    pinned = [version(pin) for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(wanted.name)]
    assert len(pinned) == (wanted.name != OF_BINDER)
    assert all(map(wanted.specifier.contains, pinned)), f"{pinned} is not {need}"


# ------------------------------------------------------------------------------------ the badge


def test_the_badge_opens_an_existing_notebook() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    (link,) = re.findall(r"\[!\[[^\]]+\]\(https://mybinder\.org/badge_logo\.svg\)\]\((\S+)\)", text)
    url = urlsplit(link)
    assert (url.scheme, url.netloc) == ("https", "mybinder.org")
    assert re.fullmatch(r"/v2/gh/[\w.-]+/[\w.-]+/[\w.-]+", url.path)
    (notebook,) = parse_qs(url.query, strict_parsing=True)["labpath"]
    assert notebook == "notebooks/01-quickstart.ipynb" and (ROOT / notebook).is_file()
