"""GaussDB NoSQL (GeminiDB) from a notebook: forms, validated specs, a thin client, DataFrames.

>>> import gaussnb as gn
>>> gdb = gn.connect("sandbox")            # no account needed; gn.connect() for the real cloud
>>> gdb.flavors.list(engine_name="cassandra").columns[0]
'spec_code'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import doors
from .cloud.transport import Patience
from .connection import connect
from .core.errors import (
    ApiError,
    AuthenticationError,
    BadAnswer,
    Busy,
    CredentialsError,
    GaussnbError,
    InvalidRequest,
    InvalidRows,
    LedgerError,
    NotFound,
    NotSimulated,
    PermissionDenied,
    QuotaExceeded,
    ServerError,
    Throttled,
    UnknownOutcome,
    Unreachable,
    WaitFailed,
    WaitTimeout,
)
from .nosql.client import Client
from .nosql.instance_spec import InstanceSpec
from .overview import operations

if TYPE_CHECKING:
    from .sandbox import Sandbox

__all__ = [
    "ApiError",
    "AuthenticationError",
    "BadAnswer",
    "Busy",
    "Client",
    "CredentialsError",
    "GaussnbError",
    "InstanceSpec",
    "InvalidRequest",
    "InvalidRows",
    "LedgerError",
    "NotFound",
    "NotSimulated",
    "Patience",
    "PermissionDenied",
    "QuotaExceeded",
    "Sandbox",
    "ServerError",
    "Throttled",
    "UnknownOutcome",
    "Unreachable",
    "WaitFailed",
    "WaitTimeout",
    "connect",
    "operations",
]


def __getattr__(name: str) -> Any:
    # The sandbox loads an HTTP server, so it is imported on first use.
    if name == "Sandbox":
        return doors.sandbox()
    raise AttributeError(f"module 'gaussnb' has no attribute {name!r}")
