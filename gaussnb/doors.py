"""The few imports that go up: a form, a panel and the sandbox, each imported when somebody wants one.

Every other module imports only what stands below it; see the contracts in ``pyproject.toml``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from .cloud.settings import Settings
    from .core.methods import Sender
    from .core.operation import Operation
    from .sandbox import Sandbox
    from .view.snapshot import Watched
    from .widgets import Form as Form
    from .widgets.panel import Panel as Panel


def form_of(
    operation: type[Operation],
    client: Sender | None = None,
    send: Callable[[Operation], pd.DataFrame] | None = None,
) -> Form:
    """The form of an operation; see :func:`gaussnb.widgets.form_of`.

    Raises:
        ImportError: ipywidgets is not installed.
    """
    from .widgets import form_of

    return form_of(operation, client, send)


def panel_of(watch: Watched) -> Panel | None:
    """The widgets that show a watch; None where ipywidgets is not installed."""
    try:
        from .widgets.panel import Panel
    except ImportError:
        return None
    return Panel(watch)


def sandbox() -> type[Sandbox]:
    """The class of the sandbox: a server, which only those load who start one."""
    from .sandbox import Sandbox

    return Sandbox


def sandbox_login(address: str) -> Settings:
    """The settings that join a sandbox which runs elsewhere on this machine; see :func:`gaussnb.sandbox.login`."""
    from .sandbox import login

    return login(address)


def simulated() -> Mapping[type[Operation], Any]:
    """The operations the sandbox acts out, and how deep; see :func:`gaussnb.sandbox.simulated`."""
    from .sandbox import simulated

    return simulated()
