"""Laws about the source text of the package: imports, names and the first words of docstrings."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "gaussnb"
SOURCES = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
TESTS = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted((ROOT / "tests").rglob("*.py"))}
DOORS = "gaussnb/doors.py"
LAZY = {"pandas", "numpy", "yaml", "filelock", "IPython"}
"""External packages that take long to import: a function imports them when it needs them."""

every_source = pytest.mark.parametrize("name", SOURCES)


def imports_in_functions(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and module of each import inside a function; a relative module begins with dots."""
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom):
                    yield node.lineno, "." * node.level + (node.module or "")
                elif isinstance(node, ast.Import):
                    yield from ((node.lineno, alias.name) for alias in node.names)


@every_source
def test_a_function_imports_only_slow_packages(name: str) -> None:
    """Only the doors import modules of the package inside a function."""
    for line, module in imports_in_functions(SOURCES[name]):
        top = module.partition(".")[0]
        ours = top in ("", "gaussnb")
        assert name == DOORS if ours else top in LAZY | sys.stdlib_module_names, f"{name}:{line} imports {module}"


def bound_names(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names that a module binds at its top level, and where each comes from, if it is imported."""
    for node in ast.parse(text).body:
        inner = node.body if isinstance(node, (ast.If, ast.Try)) else [node]
        for one in inner:
            match one:
                case ast.ImportFrom(module=module, names=names):
                    yield from ((alias.asname or alias.name, module or "") for alias in names)
                case ast.Import(names=names):
                    yield from ((alias.asname or alias.name.partition(".")[0], alias.name) for alias in names)
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    yield name, "here"
                case ast.Assign(targets=targets):
                    yield from ((target.id, "here") for target in targets if isinstance(target, ast.Name))
                case ast.AnnAssign(target=ast.Name(id=name)):
                    yield name, "here"


@pytest.mark.parametrize("name", [name for name in SOURCES if name.endswith("__init__.py")])
def test_a_name_of_a_package_is_a_submodule_or_something_else(name: str) -> None:
    """``from . import wait`` binds the submodule itself; ``from .wait import wait`` would hide it."""
    folder = (ROOT / name).parent
    submodules = {path.stem for path in folder.glob("*.py")} | {path.name for path in folder.iterdir() if path.is_dir()}
    assert not [bound for bound, source in bound_names(SOURCES[name]) if bound in submodules and source]


def test_no_circle_between_modules() -> None:
    """Imports for types count. The doors are left out: to import upwards is their task."""
    graph = grimp.build_graph("gaussnb", exclude_type_checking_imports=False, cache_dir=None)
    imported = {one: graph.find_modules_directly_imported_by(one) for one in graph.modules}
    imported["gaussnb.doors"] = set()
    TopologicalSorter(imported).prepare()  # CycleError names the modules of a circle


HEADLESS = re.compile(r'^ *r?"""(What|Who|Whether|How|Where|Why) .*', re.MULTILINE)


@pytest.mark.parametrize("name", [*SOURCES, *TESTS])
def test_a_docstring_begins_with_a_noun_or_a_verb(name: str) -> None:
    text = {**SOURCES, **TESTS}[name]
    assert not [found[0] for found in HEADLESS.finditer(text)]
