"""The versions of the API of the service."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ...core.catalogue import get
from ...core.methods import Group, call
from ...core.operation import Operation
from ...core.rows import At, Row
from ...core.rules import matches


class ApiVersion(Row, at="versions"):
    """One version of the API."""

    id: str
    """The version as it is written in the path, like v3."""
    status: str
    """CURRENT for the version to use."""
    version: str
    """The micro version, empty if there is none."""
    min_version: str
    """The oldest micro version, empty if there is none."""
    updated: datetime
    """The time of the last change."""
    link: Annotated[str, At("links.href")]
    """The address of the version."""


class OneApiVersion(ApiVersion, at="version"):
    """The requested version of the API."""


@get("/", returns=ApiVersion, signed=False)
class ListApiVersion(Operation):
    """List the versions of the API."""


@get("/{version}", returns=OneApiVersion, signed=False)
class ShowApiVersion(Operation):
    """Show one version of the API."""

    version: Annotated[str, matches(r"v[0-9]+(\.[0-9]+)?", "a version, like v3")]
    """The version, like v3."""


class Versions(Group):
    """The versions of the API. Neither call needs credentials."""

    list = call(ListApiVersion)
    get = call(ShowApiVersion)
