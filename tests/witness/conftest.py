"""Sandboxes that stand at one moment and listen on a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gaussnb.sandbox import Sandbox


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("HOME", str(tmp_path))  # the SDK keeps a file there


@pytest.fixture
def build() -> Iterator[Callable[..., Sandbox]]:
    """Makes sandboxes that are closed in the end."""
    made: list[Sandbox] = []

    def make(**changes: Any) -> Sandbox:
        sandbox = Sandbox(**{"port": 0, "start": "2026-02-03T04:05:06", **changes}).start()
        made.append(sandbox)
        return sandbox

    yield make
    for sandbox in made:
        sandbox.close()
