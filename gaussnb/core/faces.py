"""Representations that never raise, also of an object that is not finished."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

Method = TypeVar("Method", bound=Callable[..., Any])


def face(method: Method) -> Method:
    """Make a ``__repr__``, ``__str__`` or ``_repr_…_`` work on an object whose ``__init__`` failed or has not run.

    A verbose traceback and a debugger show such objects. If a representation raised there, its error would hide the
    real one.

    >>> class Thing:
    ...     def __init__(self, name):
    ...         self.name = name
    ...     @face
    ...     def __repr__(self):
    ...         return f"<thing {self.name}>"
    >>> Thing("a"), Thing.__new__(Thing)
    (<thing a>, <Thing, not finished>)
    """

    @functools.wraps(method)
    def tolerant(self: Any, *args: Any, **options: Any) -> Any:
        try:
            return method(self, *args, **options)
        except Exception:
            text = f"<{type(self).__name__}, not finished>"
            return {"text/plain": text} if method.__name__ == "_repr_mimebundle_" else text

    return cast(Method, tolerant)
