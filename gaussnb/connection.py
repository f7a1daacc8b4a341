"""``connect()``: make a client from a profile, the environment or arguments; or a client of the embedded sandbox."""

from __future__ import annotations

import atexit
import inspect
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar, Unpack, cast

from . import doors
from .cloud.settings import Settings
from .cloud.transport import Patience
from .core.process import PerProcess
from .core.secrets import discreet
from .nosql.client import Client

if TYPE_CHECKING:
    from .sandbox import Sandbox

P = ParamSpec("P")
R = TypeVar("R")

START = "2026-01-01T08:00:00"
"""Start time of the embedded sandbox. It never changes, so that a notebook always gives the same outputs."""


class _Embedded(PerProcess):
    """The sandbox of this process, once it runs. A forked child has a sandbox of its own."""

    def __init__(self) -> None:
        self._own()

    def _begin(self) -> None:
        self.lock = threading.Lock()
        self.sandbox: Sandbox | None = None


_embedded = _Embedded()


def _show_settings(function: Callable[P, R]) -> Callable[P, R]:
    """Replace ``**settings`` in the signature that ``help()`` and kernels read by one parameter for each setting."""
    signature = inspect.signature(function)
    profile, *others, _ = signature.parameters.values()
    settings = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation.__forward_arg__)
        for name, annotation in Settings.__annotations__.items()
    ]
    vars(function)["__signature__"] = signature.replace(parameters=[profile, *settings, *others])
    return function


@_show_settings
@discreet
def connect(
    profile: str | None = None,
    *,
    patience: Patience | None = None,
    unguarded: bool = False,
    **settings: Unpack[Settings],
) -> Client:
    """Connect to a project. Nothing is sent before the first call.

    Credentials are looked for in this order: arguments; the named profile; ``HUAWEICLOUD_SDK_*``;
    ``HW_*``; ``OS_*``; ``~/.huaweicloud/credentials``; the profile ``default``. An identity is taken
    whole from one place. ``gaussnb doctor`` shows the settings found in each place.

    Args:
        profile: ``"sandbox"`` for the embedded sandbox, which needs no account: ``connect()`` starts a
            sandbox in this process, or joins the sandbox whose address ``GAUSSNB_SANDBOX`` holds. Any other
            name is a profile of ``profiles.toml``.
        region: region id, like cn-north-4; the endpoints follow from the region.
        project_id: id of the project; without it IAM is asked for the project of the region.
        project_name: name of a sub-project, like cn-north-4_training.
        endpoint: address of the service, https or loopback.
        iam_endpoint: address of IAM, https or loopback.
        username: name of an IAM user.
        user_id: id of an IAM user, instead of user name and domain.
        password: password of the user.
        domain: name of the account.
        domain_id: id of the account.
        ak: access key.
        sk: secret key of the access key.
        security_token: security token of a temporary access key.
        token: IAM token.
        patience: time-outs and tries.
        unguarded: True to create things although the ledger of this machine cannot note them, for example on a full
            disk. Then nothing but this kernel remembers what was created.

    Returns:
        A :class:`gaussnb.Client`.

    Raises:
        CredentialsError: no credentials were found, or they lack a part; the message names the places that
            were searched.

    >>> gdb = connect("sandbox")
    >>> gdb
    <gaussnb cn-north-4 at sandbox>
    """
    for name in settings.keys() - Settings.__annotations__.keys():
        raise TypeError(f"connect() got an unexpected keyword argument {name!r}")
    given = cast(Settings, {name: value for name, value in settings.items() if value is not None})
    if profile != "sandbox":
        return Client.open(profile, patience=patience, unguarded=unguarded, **given)
    if address := os.environ.get("GAUSSNB_SANDBOX"):
        joined: Settings = {**doors.sandbox_login(address), **given}
        return Client.open(patience=patience, unguarded=unguarded, **joined)
    return start_sandbox().connect(patience=patience, **given)


def start_sandbox() -> Sandbox:
    """Start the sandbox of this process, or return it if it runs already.

    Its clock advances only while somebody waits, so the same cells give the same outputs.
    """
    with _embedded.lock:
        if _embedded.sandbox is None:
            _embedded.sandbox = doors.sandbox()(start=START).start()
            atexit.register(_embedded.sandbox.close)
        return _embedded.sandbox
