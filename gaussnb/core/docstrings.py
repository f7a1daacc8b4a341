"""Attribute docstrings: the texts below the attributes of a class, read from the source file on first use.

Reading them at import would take most of the time of the import.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise


def attribute_docs(cls: type, names: Iterable[str]) -> dict[str, str]:
    """The attribute docstrings of a class and its bases, by the name of the attribute.

    Args:
        cls: the class.
        names: the attributes. An attribute without a docstring, or without a source file, is left out.

    >>> from gaussnb.core.operation import Paged
    >>> attribute_docs(Paged, ["limit", "soup"])
    {'limit': 'Number of items to read, at most 100. With it one page is read instead of all pages.'}
    """
    wanted = set(names)
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        own = wanted & inspect.get_annotations(base).keys()
        if own:
            says = _of_module(base.__module__).get(base.__qualname__, {})
            found |= {name: says[name] for name in own if name in says}
    return found


@cache
def _of_module(name: str) -> dict[str, dict[str, str]]:
    """The docstrings of all attributes in a module, by the qualified name of the class and that of the attribute."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except (KeyError, OSError, TypeError):  # a class typed at a prompt, or a package without source files
        return {}
    return dict(_classes(tree.body, ""))


def _classes(body: Iterable[ast.stmt], outside: str) -> Iterator[tuple[str, dict[str, str]]]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            name = f"{outside}{statement.name}"
            yield name, dict(_attributes(statement.body))
            yield from _classes(statement.body, f"{name}.")
        elif isinstance(statement, ast.FunctionDef):
            yield from _classes(statement.body, f"{outside}{statement.name}.<locals>.")


def _attributes(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for attribute, below in pairwise(body):
        match attribute, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
