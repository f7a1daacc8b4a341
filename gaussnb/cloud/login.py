"""Logging in: the endpoint of each service, the project, and the proof of identity of each request.

Tokens and project ids come from IAM. All of this is the same for every service of the cloud: the first label of the
service's own host names comes with the service.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from ..core.answers import leaves, word
from ..core.errors import CredentialsError, PermissionDenied
from ..core.operation import Operation
from ..core.process import cached_property
from ..core.secrets import shortened
from ..core.wire import request_of
from .auth import Auth, GivenToken, SignatureAuth, TokenAuth
from .credentials import Credentials
from .iam import KeystoneCreateUserTokenByPassword, KeystoneListAuthProjects, KeystoneListProjects
from .regions import is_loopback
from .tokens import Token, TokenCache, cache_key
from .transport import Reply, Transport

IAM = "iam"


def _is_id(value: object) -> bool:
    """True if a value may stand for a project in paths and headers."""
    return isinstance(value, str) and re.fullmatch(r"[\w.-]{1,64}", value, re.ASCII) is not None


class NamedService(Protocol):
    """The names of a service."""

    @property
    def name(self) -> str:
        """The name by which callers name the service."""
        ...

    @property
    def host(self) -> str:
        """First label of the service's host names."""
        ...


class Access:
    """The credentials in use: where requests go, and how they prove who sends them.

    Args:
        credentials: the identity, the project and the addresses.
        transport: sends the requests to IAM.
        service: the name and the host of the service.
        tokens: keeps the tokens.
        clock: the time in epoch seconds.
    """

    def __init__(
        self,
        credentials: Credentials,
        transport: Transport,
        service: NamedService,
        tokens: TokenCache,
        clock: Callable[[], float],
    ) -> None:
        self.credentials = credentials
        transport.secrets.add(*credentials.secrets, login=True)
        self._transport, self._tokens, self._clock = transport, tokens, clock
        self._own, self._host = ("", service.name), service.host

    # -- where

    @property
    def endpoint(self) -> str:
        """The address of the service.

        Raises:
            CredentialsError: the credentials name no endpoint.
        """
        if not self.credentials.endpoint:
            raise CredentialsError("These credentials name no endpoint. Give endpoint=, or use gaussnb.connect().")
        return self.credentials.endpoint

    @property
    def region(self) -> str:
        """The region; empty if only endpoints were given."""
        return self.credentials.region or ""

    def endpoint_of(self, service: str) -> str:
        """Find the address of another service.

        Args:
            service: its name in host names, like iam or vpc; empty for the service itself.

        Raises:
            CredentialsError: the address of IAM is needed and not known.
            ValueError: this is not the name of a service.
        """
        if service in self._own:
            return self.endpoint
        if service == IAM:
            if not self.credentials.iam_endpoint:
                raise CredentialsError("IAM is needed here, and no iam_endpoint is known. Give iam_endpoint=.")
            return self.credentials.iam_endpoint
        if not re.fullmatch(r"[a-z][a-z0-9-]*", service):
            raise ValueError(f"{service!r} is not the name of a service, like vpc")
        parts = urlsplit(self.endpoint)
        label, _, rest = parts.netloc.partition(".")
        # A host is service.region.domain. With fewer labels the host beside it could be anybody's, like vpc.com.
        regional = len((parts.hostname or "").rstrip(".").split(".")) > 3
        if label.lower() == self._host and regional and not is_loopback(self.endpoint):
            return urlunsplit((parts.scheme, f"{service}.{rest}", "", "", ""))
        return self.endpoint  # one address for all services: a token goes only to a host that was configured

    @cached_property
    def project_id(self) -> str:
        """The project; IAM is asked for its id if only the region is known.

        Raises:
            CredentialsError: IAM knows no project, or several projects, of that name.
        """
        given = self.credentials
        if given.project_id:
            return given.project_id
        if isinstance(self.iam_auth, TokenAuth) and (found := self.iam_auth.token.project_id):
            return found
        name = given.project_name or given.region or ""
        try:
            projects = self._list_projects(KeystoneListProjects(name=name or None))
        except PermissionDenied:  # listing all projects needs a permission; listing one's own needs none
            projects = self._list_projects(KeystoneListAuthProjects())
        if name:
            projects = [project for project in projects if project.get("name") == name]
        if len(projects) != 1:
            names = shortened(", ".join(str(project.get("name")) for project in projects), 300) or "none"
            raise CredentialsError(
                f"IAM knows {len(projects)} projects for {name or 'this login'} ({names}). "
                "Give project_id= (console: My Credentials, Projects)."
            )
        return str(projects[0]["id"])

    # -- who

    @property
    def user(self) -> str | None:
        """The name or id of the user, or the access key."""
        return self.credentials.username or self.credentials.user_id or self.credentials.ak

    def target(self, service: str) -> tuple[str, Auth]:
        """Find the address of a service and the proof of identity for requests to it; see :meth:`endpoint_of`."""
        return self.endpoint_of(service), self.iam_auth if service == IAM else self.auth

    @cached_property
    def auth(self) -> Auth:
        """The proof of identity for every service but IAM."""
        # The gateway checks that a signature names the project.
        return self._signature(self.project_id) if self.credentials.kind == "aksk" else self.iam_auth

    @cached_property
    def iam_auth(self) -> Auth:
        """The proof of identity for IAM. It names no project: IAM is asked for the project's id."""
        given = self.credentials
        if given.kind == "aksk":
            return self._signature(None)
        if given.kind == "token":
            assert given.token is not None
            return GivenToken(given.token)
        key = cache_key(
            iam_endpoint=given.iam_endpoint,
            username=given.username,
            user_id=given.user_id,
            domain=given.domain,
            domain_id=given.domain_id,
            project_id=given.project_id,
            project=given.project_name or given.region,
            password=given.password,
        )
        return TokenAuth(self._issue, self._tokens, key)

    def log_in(self) -> Token | None:
        """Get a token now, unless there is one; None if requests need no token of their own."""
        return self.auth.log_in() if isinstance(self.auth, TokenAuth) else None

    def _signature(self, project_id: str | None) -> SignatureAuth:
        given = self.credentials
        assert given.ak and given.sk
        return SignatureAuth(given.ak, given.sk, given.security_token, project_id, given.domain_id)

    # -- asking IAM

    def _ask(self, operation: Operation) -> Reply:
        return self._transport.exchange(
            self.endpoint_of(IAM),
            request_of(operation),
            operation=operation.route.id,
            auth=self.iam_auth if operation.route.signed else None,
            safe=True,  # a second token does no harm, so a login may be repeated like a read
        )

    def _list_projects(self, operation: Operation) -> list[dict[str, Any]]:
        reply = self._ask(operation)
        answer = reply.json()
        listed = answer.get("projects") if isinstance(answer, dict) else None
        if not isinstance(listed, list) or not all(
            isinstance(each, dict) and _is_id(each.get("id")) for each in listed
        ):
            raise reply.bad("no projects in it")
        return listed

    def _issue(self) -> Token:
        """Ask IAM for a token of this project."""
        given = self.credentials
        user: dict[str, Any] = {"id": given.user_id}
        if not given.user_id:
            domain = {"name": given.domain} if given.domain else {"id": given.domain_id}
            user = {"name": given.username, "domain": domain}
        project = {"id": given.project_id}
        if not given.project_id:
            project = {"name": given.project_name or given.region}
            if not project["name"]:
                raise CredentialsError("A token is for one project: give project_id=, or region= for the region's own.")
        asked_at = self._clock()
        reply = self._ask(
            KeystoneCreateUserTokenByPassword(
                identity={"methods": ["password"], "password": {"user": {**user, "password": given.password}}},
                scope={"project": project},
            )
        )
        secret = reply.issued
        answer = reply.json()
        issued, expires, found = (
            next(leaves(answer, f"token.{path}"), None) for path in ("issued_at", "expires_at", "project.id")
        )
        try:
            if secret and (found is None or _is_id(found)):
                return Token.from_answer(secret, str(issued), str(expires), asked_at, word(found) or None)
        except (ValueError, TypeError, OverflowError):
            pass
        raise reply.bad("no token in it")
