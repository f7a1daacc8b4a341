"""State that belongs to a process is made in one place, so that a forked child makes it anew."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gaussnb

HOME = Path(gaussnb.__file__).parent
ITSELF = HOME / "core" / "process.py"
"""The mechanism makes its own lock anew by hand."""
SOURCES = {
    path.relative_to(HOME).as_posix(): path.read_text("utf-8") for path in sorted(HOME.rglob("*.py")) if path != ITSELF
}
OF_A_PROCESS = {
    *(f"threading.{name}" for name in ("Lock", "RLock", "Event", "Condition", "Semaphore", "Thread", "local")),
    *("random.Random", "requests.Session", "ThreadPoolExecutor", "FileLock", "sqlite3.connect", "socket.socket"),
}


def kept_outside(text: str) -> Iterator[str]:
    """Yield each place where an object or a module keeps state of a process that no forked child makes anew.

    Such state may be a local variable, which ends with its call. It may be an attribute of a ``PerProcess`` that
    ``_begin`` makes, or sets to None, or that ``_leave`` gives up.
    """
    if not any(name in text for name in OF_A_PROCESS):
        return
    tree = ast.parse(text)
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None and makes_state(node.value):
            yield f"{node.lineno}: {ast.unparse(node)}"
    for kind in ast.walk(tree):
        if isinstance(kind, ast.ClassDef):
            made_anew = set(handled(kind)) if "PerProcess" in map(ast.unparse, kind.bases) else set()
            for method in kind.body:
                for node in ast.walk(method):
                    if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value and makes_state(node.value):
                        kept = [name for name in targets(node) if node is method or name.startswith("self.")]
                        if not set(kept) <= made_anew:
                            yield f"{node.lineno}: {ast.unparse(node)}"


def makes_state(value: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node) in OF_A_PROCESS for node in ast.walk(value)
    )


def targets(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        yield from map(ast.unparse, target.elts if isinstance(target, ast.Tuple) else [target])


def handled(kind: ast.ClassDef) -> Iterator[str]:
    """Yield the attributes that ``_begin`` sets, and those that ``_leave`` names."""
    for method in kind.body:
        for node in ast.walk(method):
            match getattr(method, "name", ""), node:
                case "_begin", ast.Assign() | ast.AnnAssign():
                    yield from targets(node)
                case "_leave", ast.Attribute():
                    yield ast.unparse(node)


def test_state_of_a_process_is_made_anew_in_a_forked_child() -> None:
    assert not {name: kept for name, text in SOURCES.items() if (kept := list(kept_outside(text)))}


def test_no_attribute_is_computed_under_the_lock_of_its_class() -> None:
    """In Python 3.11, ``functools.cached_property`` has such a lock, and a forked child may wait for it for ever."""
    wrong = re.compile(r"functools import .*cached_property|functools\.cached_property")
    assert not [name for name, text in SOURCES.items() if wrong.search(text)]


@pytest.mark.parametrize(
    "source",
    [
        "lock = threading.Lock()",
        "class A:\n def __init__(self): self.lock = threading.RLock()",
        "class A(PerProcess):\n lock: Any = field(default_factory=threading.Lock)",
        "class A(PerProcess):\n def __init__(self): self.a, self.b = 1, random.Random()",
        "class A(PerProcess):\n def _begin(self): self.a = 1\n def go(self): self.pool = ThreadPoolExecutor()",
    ],
)
def test_the_law_finds_state_that_is_kept_elsewhere(source: str) -> None:
    assert list(kept_outside(source))


@pytest.mark.parametrize(
    "source",
    [
        "def go():\n lock = threading.Lock()",
        "class A(PerProcess):\n def _begin(self): self.lock = threading.Lock()",
        "class A(PerProcess):\n def _begin(self): self.t = None\n def go(self): self.t = threading.Thread(target=f)",
    ],
)
def test_the_law_accepts_state_that_is_made_anew(source: str) -> None:
    assert not list(kept_outside(source))
