"""The imports from higher layers: a form, a panel and the sandbox, each imported on first use.

Every other module imports only from the layers below it; the contracts in ``pyproject.toml`` hold this rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .core.process import importing

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
    """Make the form of an operation; see :func:`gaussnb.widgets.form_of`.

    Raises:
        ImportError: ipywidgets is not installed.
    """
    with importing():
        from .widgets import form_of

    return form_of(operation, client, send)


def panel_of(watch: Watched) -> Panel | None:
    """Make the widgets that show a watch; None if ipywidgets is not installed."""
    try:
        with importing():
            from .widgets.panel import Panel
    except ImportError:
        return None
    return Panel(watch)


def sandbox() -> type[Sandbox]:
    """Import the class of the sandbox, which loads its HTTP server."""
    with importing():
        from .sandbox import Sandbox

    return Sandbox


def sandbox_login(address: str) -> Settings:
    """The settings that join a running sandbox on this machine; see :func:`gaussnb.sandbox.login`."""
    with importing():
        from .sandbox import login

    return login(address)


def simulated() -> Mapping[type[Operation], str]:
    """The operations with a behaviour in the sandbox, and the depth of each; see :func:`gaussnb.sandbox.simulated`."""
    with importing():
        from .sandbox import simulated

    return simulated()
