"""A repr never raises: tracebacks show objects whose ``__init__`` failed, and an error of a repr hides the real one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import gaussnb

FACES = ("_repr_html_", "_repr_markdown_", "_repr_mimebundle_")


def classes() -> Iterator[type]:
    """Every class of the package, also those inside other classes."""
    seen: set[type] = set()
    for module in pkgutil.walk_packages(gaussnb.__path__, "gaussnb."):
        if not module.name.endswith("__main__"):
            waiting = [each for each in vars(importlib.import_module(module.name)).values() if inspect.isclass(each)]
            while waiting:
                each = waiting.pop()
                if each not in seen and each.__module__.startswith("gaussnb"):
                    seen.add(each)
                    yield each
                    waiting += [inner for inner in vars(each).values() if inspect.isclass(inner)]


def unfinished(cls: type) -> Any:
    """An object of which only ``__new__`` has run; None if the class makes no such objects."""
    try:
        return cls.__new__(cls)
    except TypeError:  # an abstract class, or a __new__ that wants arguments
        return None


def is_written(cls: type, name: str) -> bool:
    """True if this package wrote a method. The ``__init__`` of a dataclass only assigns."""
    code = getattr(inspect.unwrap(getattr(cls, name, None) or len), "__code__", None)
    return code is not None and "/gaussnb/" in code.co_filename.replace("\\", "/")


def faults(cls: type) -> Iterator[str]:
    made = unfinished(cls)
    if made is None:
        return
    for name in ("__repr__", "__str__", *FACES):
        if is_written(cls, name) or (name == "__str__" and is_written(cls, "__repr__")):
            try:
                shown = getattr(made, name)()
            except Exception as error:
                yield f"{cls.__module__}.{cls.__qualname__}.{name}: {error!r}"
            else:
                if name.startswith("__") and not isinstance(shown, str):
                    yield f"{cls.__module__}.{cls.__qualname__}.{name}: gives {type(shown).__name__}"


def test_no_repr_wants_a_finished_object() -> None:
    every = list(classes())
    assert len(every) > 300
    assert [fault for cls in every for fault in faults(cls)] == []


def test_a_client_whose_credentials_name_no_endpoint() -> None:
    """Such a client can be made, shown and closed; its calls say what is missing."""
    with gaussnb.Client(gaussnb.cloud.credentials.Credentials(token="t", region="cn-north-4"), keep=False) as gdb:
        assert repr(gdb).startswith("<") and "not finished" in repr(gdb)
        with pytest.raises(gaussnb.CredentialsError, match="endpoint="):
            gdb.instances.list()
