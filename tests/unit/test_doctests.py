"""Every example in a docstring runs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import gaussnb

MODULES = [
    module.name
    for module in pkgutil.walk_packages(gaussnb.__path__, "gaussnb.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", ["gaussnb", *MODULES])
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert failed == 0
