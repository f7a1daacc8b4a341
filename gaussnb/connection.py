"""``connect()``: from a profile, the environment or arguments to a client; or to the embedded sandbox."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from . import doors
from .cloud.transport import Patience
from .nosql.client import Client

if TYPE_CHECKING:
    from .sandbox import Sandbox

START = "2026-01-01T08:00:00"
"""When the embedded sandbox begins: always the same, so that a notebook comes out the same."""

_lock = threading.Lock()
_embedded: Sandbox | None = None


def connect(
    profile: str | None = None,
    *,
    region: str | None = None,
    project_id: str | None = None,
    project_name: str | None = None,
    endpoint: str | None = None,
    iam_endpoint: str | None = None,
    username: str | None = None,
    user_id: str | None = None,
    password: str | SecretStr | None = None,
    domain: str | None = None,
    domain_id: str | None = None,
    ak: str | None = None,
    sk: str | SecretStr | None = None,
    security_token: str | SecretStr | None = None,
    token: str | SecretStr | None = None,
    patience: Patience | None = None,
) -> Client:
    """Connect to a project. Nothing is sent before the first call.

    Credentials are looked for in this order: arguments; the named profile; ``HUAWEICLOUD_SDK_*``;
    ``HW_*``; ``OS_*``; ``~/.huaweicloud/credentials``; the profile ``default``. An identity is taken
    whole from one place. ``gaussnb doctor`` shows what was found where.

    Args:
        profile: ``"sandbox"`` for the embedded sandbox, which needs no account: it is started, or
            joined where ``GAUSSNB_SANDBOX`` names the address of one; else a profile of ``profiles.toml``.
        region: like cn-north-4; the endpoints follow from it.
        project_id: the project; asked of IAM where only a region is known.
        project_name: a sub-project, like cn-north-4_training.
        endpoint: the service, https or loopback.
        iam_endpoint: IAM, https or loopback.
        username: an IAM user.
        user_id: instead of user name and domain.
        password: the user's password.
        domain: the account's name.
        domain_id: the account's id.
        ak: an access key.
        sk: its secret key.
        security_token: of a temporary access key.
        token: an IAM token.
        patience: time-outs and tries.

    Returns:
        A :class:`gaussnb.Client`.

    Raises:
        CredentialsError: nothing, or not enough, was found; it says what was looked for.

    >>> gdb = connect("sandbox")
    >>> gdb
    <gaussnb cn-north-4 at sandbox>
    """
    settings: dict[str, Any] = {
        "region": region, "project_id": project_id, "project_name": project_name,
        "endpoint": endpoint, "iam_endpoint": iam_endpoint, "username": username, "user_id": user_id,
        "password": password, "domain": domain, "domain_id": domain_id, "ak": ak, "sk": sk,
        "security_token": security_token, "token": token,
    }  # fmt: skip
    given = {name: value for name, value in settings.items() if value is not None}
    if profile != "sandbox":
        return Client.open(profile, patience=patience, **given)
    if running := os.environ.get("GAUSSNB_SANDBOX"):
        return Client.open(patience=patience, **{**doors.sandbox_login(running), **given})
    return embedded().connect(patience=patience, **given)


def embedded() -> Sandbox:
    """The sandbox of this process, started when it is first asked for.

    Its clock stands and moves as somebody waits, so the same cells give the same outputs.
    """
    global _embedded
    with _lock:
        if _embedded is None:
            _embedded = doors.sandbox()(start=START).start()
            atexit.register(_embedded.close)
        return _embedded
