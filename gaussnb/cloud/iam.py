"""The operations of IAM: tokens and projects."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from ..core.catalogue import get, post
from ..core.methods import Group, call
from ..core.operation import Inside, Operation
from ..core.rows import At, Row


class IssuedToken(Row, at="token"):
    """The facts about a token. The token itself is in a header of the answer, and never in a frame."""

    user: Annotated[str, At("user.name")]
    """The name of the user."""
    project_id: Annotated[str, At("project.id")]
    """The project that the token is for."""
    project_name: Annotated[str, At("project.name")]
    """The name of the project."""
    issued_at: datetime
    """The time of issue."""
    expires_at: datetime
    """The time of expiry, 24 hours after the issue."""


class Project(Row, at="projects"):
    """One project."""

    id: str
    """The id of the project."""
    name: str
    """The id of the region; for a sub-project the id, an underscore and a name."""
    domain_id: str
    """The account that the project belongs to."""
    parent_id: str
    """The project that a sub-project is a part of; otherwise the account."""
    enabled: bool
    """True if the project can be used."""
    description: str
    """A description."""


@post("/v3/auth/tokens", returns=IssuedToken, success=201, service="iam", signed=False)
class KeystoneCreateUserTokenByPassword(Operation):
    """Get a token for an IAM user, valid for 24 hours."""

    # Neither field is shown or dumped, because a password inside may be plain text.
    identity: Annotated[dict[str, Any], Inside("auth"), Field(repr=False, exclude=True)]
    """The login: ``{"methods": ["password"], "password": {"user": {…}}}``."""
    scope: Annotated[dict[str, Any] | None, Inside("auth"), Field(repr=False, exclude=True)] = None
    """The project that the token is for: ``{"project": {"id": …}}`` or ``{"project": {"name": …}}``."""


@get("/v3/projects", returns=Project, service="iam")
class KeystoneListProjects(Operation):
    """List the projects of the account; needs the right to list projects."""

    name: str | None = None
    """Only the project of this name, such as the id of a region."""
    domain_id: str | None = None
    """Only projects of this account, by its id."""
    parent_id: str | None = None
    """Only sub-projects of this project, by its id."""


@get("/v3/auth/projects", returns=Project, service="iam")
class KeystoneListAuthProjects(Operation):
    """List the projects the caller may use; needs no special right."""


class Projects(Group):
    """Projects of the account. A token is valid for one project."""

    list = call(KeystoneListAuthProjects)
    find = call(KeystoneListProjects)
