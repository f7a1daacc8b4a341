"""The public face: every public name with its signature, compared with ``tests/data/public.txt``.

After a change on purpose, write the file anew and read its diff: ``GAUSSNB_UPDATE_GOLDEN=1 pytest tests/quality``.
"""

from __future__ import annotations

import argparse
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import gaussnb as gn
from gaussnb import cli, quickstart
from gaussnb.client.watch import Watch
from gaussnb.nosql.groups import GROUPS
from gaussnb.widgets import Form

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "public.txt"
UPDATE = "GAUSSNB_UPDATE_GOLDEN"
"""The environment variable that makes the tests write golden files instead of comparing them."""
EMPTY = inspect.Parameter.empty
ATTRIBUTE = re.compile(r"^ +self\.([a-z]\w*)(?:: [^=\n]+)? = ", re.MULTILINE)
"""An attribute of an instance, as its class sets it."""


def signature_of(function: Any, bound: bool = False) -> str:
    """Write a signature with its defaults, and with the annotations that are text in the source."""
    try:
        found = inspect.signature(function)
    except ValueError:  # an exception without a constructor of its own
        return "(…)"
    parameters = [
        one if isinstance(one.annotation, str) else one.replace(annotation=EMPTY) for one in found.parameters.values()
    ][bound:]
    returns = found.return_annotation if isinstance(found.return_annotation, str) else EMPTY
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(found.replace(parameters=parameters, return_annotation=returns)))


def members(kind: type) -> dict[str, str]:
    """Return the public members of a class by name, with their signatures; those of other packages are left out."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not base.__module__.startswith("gaussnb"):
            continue
        attributes = dict.fromkeys(
            [*vars(base).get("__annotations__", ()), *ATTRIBUTE.findall(inspect.getsource(base))]
        )
        for name, value in {**attributes, **vars(base)}.items():
            if name.startswith("_"):
                continue
            if isinstance(value, (classmethod, staticmethod)):
                found[name] = signature_of(value.__func__, bound=isinstance(value, classmethod))
            elif inspect.isfunction(value):
                found[name] = signature_of(value, bound=True)
            else:
                found[name] = ""
    return dict(sorted(found.items()))


def class_lines(name: str, kind: type) -> Iterator[str]:
    bases = ", ".join(base.__name__ for base in kind.__mro__[1:] if base is not object and base.__name__[0] != "_")
    yield f"class {name}{signature_of(kind)}" + (f": {bases}" if bases else "")
    taken = set(kind.model_fields) if issubclass(kind, BaseModel) else set()
    yield from (f"    {member}{text}" for member, text in members(kind).items() if member not in taken)


def names() -> Iterator[str]:
    for name in sorted(gn.__all__):
        value = getattr(gn, name)
        yield from class_lines(f"gn.{name}", value) if inspect.isclass(value) else [f"gn.{name}{signature_of(value)}"]
    yield from class_lines("Form", Form)
    yield from class_lines("Watch", Watch)
    for name, value in sorted(vars(quickstart).items()):
        if inspect.isfunction(value) and value.__module__ == quickstart.__name__:
            yield f"gaussnb.quickstart.{name}{signature_of(value)}"


def groups() -> Iterator[str]:
    for group, kind in GROUPS.items():
        for name, call in kind.calls().items():
            yield f"gdb.{group}.{name}{signature_of(call)}"
            yield from (f"    {column.name}: {column.dtype}" for column in call.columns)
        for name, many in kind.many().items():
            yield f"gdb.{group}.{name}{signature_of(many)}"


def commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield f"gaussnb {name}"
                yield from commands(command)
        elif action.dest != "help":
            default = "" if action.default in (None, False, argparse.SUPPRESS) else f" = {action.default}"
            yield f"    {', '.join(action.option_strings) or action.dest}{default}"


def face() -> str:
    parts = {"Names": names(), "Calls and the columns of their frames": groups(), "Commands": commands(cli._parser())}
    return "\n\n".join("\n".join([title, "=" * len(title), *lines]) for title, lines in parts.items()) + "\n"


def test_the_public_face_is_the_golden_one() -> None:
    if os.environ.get(UPDATE):
        GOLDEN.write_text(face(), "utf-8")
    assert face() == GOLDEN.read_text("utf-8")


@pytest.mark.parametrize("name", gn.__all__)
def test_a_public_name_exists_and_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(gn, name))


def test_public_names_are_sorted_and_no_other_name_is_public() -> None:
    assert list(gn.__all__) == sorted(gn.__all__)
    others = {name for name, value in vars(gn).items() if name[0] != "_" and not inspect.ismodule(value)}
    assert others - set(gn.__all__) <= {"Any", "TYPE_CHECKING", "annotations"}
