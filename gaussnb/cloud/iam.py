"""IAM: tokens, and the projects one may work in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from ..core.catalogue import get, post
from ..core.methods import Group, call
from ..core.operation import Inside, Operation
from ..core.rows import At, Row


class IssuedToken(Row, at="token"):
    """What a token says of itself. The token travels in a header and is never in a frame."""

    user: Annotated[str, At("user.name")]
    """Whose it is."""
    project_id: Annotated[str, At("project.id")]
    """The project it is for."""
    project_name: Annotated[str, At("project.name")]
    """That project's name."""
    issued_at: datetime
    """When it was issued."""
    expires_at: datetime
    """When it ends, 24 hours later."""


class Project(Row, at="projects"):
    """One project."""

    id: str
    """The project."""
    name: str
    """The region's id, for a sub-project followed by an underscore and a name."""
    domain_id: str
    """The account it belongs to."""
    parent_id: str
    """The account, or the project it is a part of."""
    enabled: bool
    """Whether it can be used."""
    description: str
    """What it is for."""


@post("/v3/auth/tokens", returns=IssuedToken, success=201, service="iam", signed=False)
class KeystoneCreateUserTokenByPassword(Operation):
    """Get a token for an IAM user, valid for 24 hours."""

    # Neither is shown or dumped: a password in it may be plain text.
    identity: Annotated[dict[str, Any], Inside("auth"), Field(repr=False, exclude=True)]
    """Who asks: ``{"methods": ["password"], "password": {"user": {…}}}``."""
    scope: Annotated[dict[str, Any] | None, Inside("auth"), Field(repr=False, exclude=True)] = None
    """What for: ``{"project": {"id": …}}`` or ``{"project": {"name": …}}``."""


@get("/v3/projects", returns=Project, service="iam")
class KeystoneListProjects(Operation):
    """List the projects of the account; needs the right to list projects."""

    name: str | None = None
    """Only the project of this name, such as a region."""
    domain_id: str | None = None
    """Only projects of this account."""
    parent_id: str | None = None
    """Only parts of this project."""


@get("/v3/auth/projects", returns=Project, service="iam")
class KeystoneListAuthProjects(Operation):
    """List the projects the caller may use; needs no special right."""


class Projects(Group):
    """Projects: what a token is for."""

    list = call(KeystoneListAuthProjects)
    find = call(KeystoneListProjects)
