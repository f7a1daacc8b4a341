"""The client: one project in one region, its groups of operations, and the doors to everything else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr
from requests.adapters import BaseAdapter

from ..cloud.auth import Auth, GivenToken, SignatureAuth, TokenAuth
from ..cloud.credentials import Credentials, find_credentials
from ..cloud.iam import KeystoneCreateUserTokenByPassword, KeystoneListAuthProjects, KeystoneListProjects
from ..cloud.regions import REGIONS, is_loopback
from ..cloud.tokens import Token, TokenCache, cache_key
from ..cloud.transport import AnswerLost, Patience, Reply, Transport
from ..core.answers import Columns, leaves, word
from ..core.catalogue import Router
from ..core.clock import Clock, RealClock
from ..core.errors import CredentialsError, GaussnbError, NotFound, PermissionDenied, UnknownOutcome
from ..core.frames import frame_from, frame_of
from ..core.operation import Operation, fields_of
from ..core.rows import Row
from ..core.wire import Request, digest_of, json_of, query_of, request_of
from ..nosql.groups import GROUPS, NosqlGroups
from ..nosql.operations.instances import ListInstances
from ..nosql.operations.jobs import ListJobs
from ..nosql.service import OPERATIONS
from .creation import Making
from .ledger import Ledger
from .pages import checked, first_page, read_all
from .poller import Poller
from .progress import Progress, Targets
from .wait import wait
from .watch import Watch

if TYPE_CHECKING:
    import pandas as pd

THREADS = 8
"""Pages fetched at the same time; beyond eight nothing is gained."""


class Login(Row):
    """Who calls, and how."""

    kind: str
    """password, aksk or token."""
    user: str
    """The user's name or id, or the access key."""
    project_id: str
    """The project."""
    valid_until: datetime
    """When the token ends; missing where none was asked for."""


class Client(NosqlGroups):
    """One project in one region. :func:`gaussnb.connect` makes one.

    Args:
        credentials: who calls, and where.
        clock: real time, or a sandbox's.
        transport: sends the requests.
        keep: whether tokens and the ledger are kept on disk.

    Every call answers with a DataFrame; see each call's own documentation for its columns.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        clock: Clock | None = None,
        transport: Transport | None = None,
        keep: bool = True,
    ) -> None:
        self._credentials = credentials
        self.clock: Clock = clock or RealClock()
        self._transport = transport or Transport(self.clock)
        self._tokens = TokenCache(clock=self.clock.time, on_disk=keep)
        self._ledger = Ledger(on_disk=keep)
        self._making = Making(self, self._ledger)
        # A look that fails is made up for by the next one, so each is a single, short try.
        usual = self._transport.patience
        self._glance = replace(usual, tries=1, busy=0, read=min(usual.read, 30))
        self._poller = Poller(self._look, self._look_at_jobs, self._look_at_work, self.clock, self._transport.seed)

    @classmethod
    def open(
        cls,
        profile: str | None = None,
        *,
        clock: Clock | None = None,
        adapter: BaseAdapter | None = None,
        seed: int | None = None,
        patience: Patience | None = None,
        keep: bool = True,
        **settings: Any,
    ) -> Client:
        """A client from settings, looked for in the order of :mod:`gaussnb.cloud.credentials`.

        Args:
            profile: a profile of ``profiles.toml``.
            clock: a sandbox's clock.
            adapter: reaches a sandbox without a socket.
            seed: makes the jitter of retries and polls repeatable.
            patience: time-outs and tries.
            keep: whether tokens and the ledger are kept on disk.
            settings: any setting of :class:`gaussnb.cloud.credentials.Credentials`.

        Raises:
            CredentialsError: nothing, or not enough, was found.
        """
        found = find_credentials(profile, **settings)
        clock = clock or RealClock()
        transport = Transport(clock, patience or Patience(), adapter, seed)
        return cls(found, clock=clock, transport=transport, keep=keep)

    # -- where and who

    @property
    def endpoint(self) -> str:
        """The address of the service."""
        assert self._credentials.endpoint is not None
        return self._credentials.endpoint

    @property
    def region(self) -> str:
        """The region, or an empty text when only endpoints were given."""
        return self._credentials.region or ""

    @cached_property
    def project_id(self) -> str:
        """The project, asked of IAM where only the region is known.

        Raises:
            CredentialsError: IAM knows no project, or several, of that name.
        """
        known = self._credentials
        if known.project_id:
            return known.project_id
        if isinstance(self._iam_auth, TokenAuth) and (found := self._iam_auth.token.project_id):
            return found
        name = known.project_name or known.region or ""
        try:
            projects = self.send(KeystoneListProjects(name=name or None))
        except PermissionDenied:  # it takes a right; what one may use oneself, everybody may list
            projects = self.send(KeystoneListAuthProjects())
        if name:
            projects = projects[projects["name"] == name]
        if len(projects) != 1:
            names = ", ".join(projects["name"].astype(str)) or "none"
            raise CredentialsError(
                f"IAM knows {len(projects)} projects for {name or 'this login'} ({names}). "
                "Give project_id= (console: My Credentials, Projects)."
            )
        return str(projects["id"].iloc[0])

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a careful person would like to know of the credentials."""
        return self._credentials.warnings

    def login(self) -> pd.DataFrame:
        """Log in now, instead of with the first call.

        Returns:
            One row with the columns of :class:`Login`; the token itself is in no frame.

        Raises:
            AuthenticationError: the login was refused.
        """
        token = self._auth.token if isinstance(self._auth, TokenAuth) else None
        record = {
            "kind": self._credentials.kind,
            "user": self._credentials.username or self._credentials.user_id or self._credentials.ak,
            "project_id": self.project_id,
            "valid_until": token and datetime.fromtimestamp(token.valid_until, UTC).isoformat(),
        }
        return frame_from(Login, [record], endpoint=self.endpoint)

    def __repr__(self) -> str:
        where = "sandbox" if is_loopback(self.endpoint) else urlsplit(self.endpoint).hostname
        return f"<gaussnb {self.region or 'client'} at {where}>"

    def _repr_markdown_(self) -> str:
        rows = (
            f"| `gdb.{name}` | {', '.join(f'`{call}`' for call in group.calls())} |" for name, group in GROUPS.items()
        )
        return "\n".join([f"**{repr(self)[1:-1]}**", "", "| group | calls |", "| --- | --- |", *rows])

    def close(self) -> None:
        """Stop watching and close every connection and file. The cloud's work goes on."""
        self._poller.close()
        self._transport.close()
        self._ledger.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # -- sending

    def send(self, operation: Operation, returns: type[Row] | None = None) -> pd.DataFrame:
        """Send any operation.

        Args:
            operation: an object of a declared class, deprecated ones included.
            returns: another view of the answer, instead of the row the operation's route names.

        Returns:
            One row per record, all pages read unless the operation asks for one by ``limit`` or
            ``offset``; ``attrs`` hold operation, request_id, endpoint, fetched_at, and for lists
            total_count and whether the frame is truncated.

        Raises:
            ApiError: the service refused, as one of its subclasses.
            BadAnswer: the answer cannot be read.
            Unreachable: there is no connection.
            UnknownOutcome: a write's answer was lost, and looking did not tell what became of it.
        """
        return self._send(operation, returns or operation.route.returns)

    def _send(self, operation: Operation, returns: type[Row], patience: Patience | None = None) -> pd.DataFrame:
        route = operation.route

        def fetch(reads: Sequence[Operation]) -> Iterator[Reply]:
            return self._fetch(reads, patience)

        if route.creates:
            columns = Columns(returns, {**fields_of(operation), "operation": route.id})
            name = str(getattr(operation, "name", ""))
            return self._making.create(route.id, name, columns, lambda: self._exchange(operation), digest_of(operation))
        try:
            reply = self._exchange(first_page(operation), patience)
        except AnswerLost as lost:
            message = f"{lost} It may have been done: look before asking again."
        else:
            attrs = self.attrs(route.id, route.service, reply)
            if operation.paged():
                reading = read_all(operation, returns, reply, fetch)
                return _once(frame_of(reading.columns, {**attrs, **reading.facts}))
            columns = Columns(returns, {**fields_of(operation), "operation": route.id})
            columns.add(checked(reply, returns, route.total))
            return frame_of(columns, attrs)
        raise UnknownOutcome(message, operation=route.id)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        service: str = "nosql",
    ) -> pd.DataFrame:
        """Send any request, for calls this library does not know.

        Args:
            method: GET, POST, …
            path: with ``{project_id}`` where the project goes.
            params: the query.
            json: the body.
            service: nosql, iam, vpc, …

        Returns:
            The declared frame where the path is a known operation's; else one row per record of the
            first list in the answer, or one row, with columns named by dotted paths.

        Raises:
            ApiError, BadAnswer, Unreachable, UnknownOutcome: as for :meth:`send`.
        """
        if not path.startswith("/"):  # anything else could turn the endpoint's host into another one
            raise ValueError(f"a path begins with /, and {path!r} does not")
        if "{project_id}" in path:
            path = path.replace("{project_id}", self.project_id)
        method = method.upper()
        found = self._router.find(method, path)
        route, holes = (found[0].route, found[1]) if found else (None, {})
        name = route.id if route else f"{method} {path}"
        if route:
            service = route.service

        def send() -> Reply:
            return self._transport.exchange(
                self._endpoint_of(service),
                Request(method, path, query_of(params or {}), None if json is None else json_of(json)),
                operation=name,
                auth=self._auth_for(service),
                creates=route is not None and route.creates,
            )

        asked = {**holes, **(params or {}), **(json if isinstance(json, Mapping) else {}), "operation": name}
        if route and route.creates:
            return self._making.create(name, str(asked.get("name", "")), Columns(route.returns, asked), send)
        try:
            reply = send()
        except AnswerLost as lost:
            message = f"{lost} It may have been done: look before asking again."
        else:
            attrs = self.attrs(name, service, reply)
            if route is None:
                return _loose(reply.json(), attrs)
            columns = Columns(route.returns, asked)
            columns.add(checked(reply, route.returns, route.total))
            return frame_of(columns, attrs)
        raise UnknownOutcome(message, operation=name)

    @cached_property
    def _router(self) -> Router:
        return Router(OPERATIONS.chapters())

    def _exchange(self, operation: Operation, patience: Patience | None = None) -> Reply:
        route = operation.route
        project = self.project_id if "project_id" in route.holes else ""
        return self._transport.exchange(
            self._endpoint_of(route.service),
            request_of(operation, project),
            operation=route.id,
            auth=self._auth_for(route.service) if route.signed else None,
            # A second token does no harm, so a login may be repeated like a read.
            safe=route.reads or isinstance(operation, KeystoneCreateUserTokenByPassword),
            creates=route.creates,
            patience=patience,
        )

    def _fetch(self, reads: Sequence[Operation], patience: Patience | None = None) -> Iterator[Reply]:
        """Send several reads at the same time; the replies in their order."""
        if len(reads) == 1:
            yield self._exchange(reads[0], patience)
            return
        # The threads only fetch bytes; parsing stays in this one, where it is quickest.
        with ThreadPoolExecutor(min(THREADS, len(reads)), "gaussnb-page") as pool:
            yield from pool.map(lambda read: self._exchange(read, patience), reads)

    def attrs(self, operation: str, service: str, reply: Reply) -> dict[str, Any]:
        """The facts about an answer that a frame carries."""
        return {
            "operation": operation,
            "request_id": reply.request_id,
            "endpoint": self._endpoint_of(service),
            "fetched_at": self.clock.now().isoformat(),
        }

    def _endpoint_of(self, service: str) -> str:
        if service == "nosql":
            return self.endpoint
        if service == "iam":
            iam = self._credentials.iam_endpoint
            if not iam:
                raise CredentialsError("IAM is needed here, and no iam_endpoint is known. Give iam_endpoint=.")
            return iam
        if not re.fullmatch(r"[a-z][a-z0-9-]*", service):
            raise ValueError(f"{service!r} is not the name of a service, like vpc")
        parts = urlsplit(self.endpoint)
        if not is_loopback(self.endpoint) and parts.netloc.startswith("gaussdb-nosql."):
            return urlunsplit((parts.scheme, parts.netloc.replace("gaussdb-nosql", service, 1), "", "", ""))
        known = REGIONS.get(self.region)
        if known is not None and self.endpoint == known.endpoint:
            return known.service_endpoint(service)
        return self.endpoint  # one address for all services; a token goes to no host that nobody named

    # -- who asks

    def _auth_for(self, service: str) -> Auth:
        return self._iam_auth if service == "iam" else self._auth

    @cached_property
    def _auth(self) -> Auth:
        # The gateway wants to see the project that a signature is for.
        return self._signature(self.project_id) if self._credentials.kind == "aksk" else self._iam_auth

    @cached_property
    def _iam_auth(self) -> Auth:
        """How to ask IAM, which is above projects and tells their ids."""
        who = self._credentials
        if who.kind == "aksk":
            return self._signature(None)
        if who.kind == "token":
            assert who.token is not None
            return GivenToken(who.token)
        key = cache_key(
            iam_endpoint=who.iam_endpoint,
            username=who.username,
            user_id=who.user_id,
            domain=who.domain,
            domain_id=who.domain_id,
            project_id=who.project_id,
            project=who.project_name or who.region,
            password=who.password,
        )
        return TokenAuth(self._issue, self._tokens, key)

    def _signature(self, project_id: str | None) -> SignatureAuth:
        who = self._credentials
        assert who.ak and who.sk
        return SignatureAuth(who.ak, who.sk, who.security_token, project_id, who.domain_id)

    def _issue(self) -> Token:
        """Ask IAM for a token of this project."""
        who = self._credentials
        user: dict[str, Any] = {"id": who.user_id}
        if not who.user_id:
            user = {"name": who.username, "domain": {"name": who.domain} if who.domain else {"id": who.domain_id}}
        project = {"id": who.project_id}
        if not who.project_id:
            project = {"name": who.project_name or who.region}
            if not project["name"]:
                raise CredentialsError("A token is for one project: give project_id=, or region= for the region's own.")
        ask = KeystoneCreateUserTokenByPassword(
            identity={"methods": ["password"], "password": {"user": {**user, "password": who.password}}},
            scope={"project": project},
        )
        asked_at = self.clock.time()
        reply = self._exchange(ask)
        secret = SecretStr(reply.headers.get("X-Subject-Token", ""))
        answer = reply.json()
        issued, expires, found = (
            next(leaves(answer, f"token.{path}"), None) for path in ("issued_at", "expires_at", "project.id")
        )
        try:
            if secret:
                return Token.from_answer(secret, str(issued), str(expires), asked_at, word(found) or None)
        except (ValueError, TypeError):
            pass
        raise reply.bad("no token in it")

    def review(self, operation: Operation) -> dict[str, str]:
        """What a person should know before a change is sent: where it goes and whom it meets.

        Args:
            operation: what is about to be sent.

        Returns:
            Words by what they say: endpoint, project and region; for a create how it is paid for; for a
            change of an instance that instance's name and status.
        """
        facts = {"endpoint": self.endpoint, "project": self.project_id, "region": self.region}
        if operation.route.creates:
            charge = getattr(operation, "charge_info", None)
            facts["billing"] = charge.charge_mode if charge else "postPaid (pay-per-use)"
            facts["price"] = "not known"
        elif id := getattr(operation, "instance_id", ""):
            try:
                instance = self.instances.get(id)
            except NotFound:
                raise  # the call would meet nothing
            except GaussnbError as error:  # who may not list instances may change them all the same
                facts["instance"] = f"{id}; nothing more is known: {error}"
            else:
                facts |= {"name": str(instance["name"].item()), "status": str(instance["status"].item())}
        return facts

    def made(self) -> pd.DataFrame:
        """What this machine asked this project to make, newest first, with its live status.

        What lacks an answer, because it was lost or the kernel died, is looked for once more.

        Returns:
            A DataFrame with the columns of :class:`gaussnb.client.ledger.Made`.
        """
        return self._making.made()

    # -- waiting

    def wait(
        self,
        targets: Targets,
        timeout: float = 3600,
        *,
        until: str | None = None,
        interval: float = 5,
        on_change: Callable[[Mapping[str, Any]], None] | None = None,
        on_look: Callable[[Progress], None] | None = None,
    ) -> pd.DataFrame:
        """Wait until instances are ready, or gone after a delete.

        Args:
            targets: the frame of a call that started work, a frame of instances, an id, or several ids.
            timeout: seconds after which to stop waiting; the cloud's work goes on.
            until: ``"ready"`` or ``"gone"``, or ``"done"`` for ids of jobs; by default what the frame's operation
                ends in.
            interval: seconds between the first looks; it grows to 30.
            on_change: called with each observed change, a mapping with the columns of the history.
            on_look: called after each look with all that was seen so far, for a display of progress.

        Returns:
            The history: one row per observed change (time, elapsed seconds, id, name, status, actions,
            note).

        Raises:
            WaitFailed: an instance reached a state it does not leave by itself, or the service could not be
                asked for five minutes; carries the history.
            WaitTimeout: the time is over; carries the history.
            ValueError: there is no instance in ``targets``.
        """
        return wait(
            self._look,
            self._look_at_jobs,
            self.clock,
            targets,
            timeout=timeout,
            until=until,
            interval=interval,
            seed=self._transport.seed,
            on_change=on_change,
            on_look=on_look,
        )

    def watch(self, targets: Targets, *, until: str | None = None, interval: float = 5) -> Watch:
        """Follow instances in the background; never blocks. In a notebook, a live panel.

        Args:
            targets: as for :meth:`wait`.
            until: as for :meth:`wait`.
            interval: seconds between the first looks.

        Returns:
            A view with ``frame``, ``history``, ``done``, ``stop()``, ``pause()`` and ``resume()``. Shown in a
            notebook it follows what happens, also while a cell blocks; ``print`` it where there is only text.
        """
        return self._poller.watch(targets, until=until, interval=interval)

    def _look(self, ids: tuple[str, ...]) -> pd.DataFrame:
        operation = ListInstances(id=ids[0]) if len(ids) == 1 else ListInstances()
        return self._send(operation, operation.route.returns, self._glance)

    def _look_at_jobs(self, ids: tuple[str, ...]) -> pd.DataFrame:
        operation = ListJobs(id=ids[0]) if len(ids) == 1 else ListJobs()
        return self._send(operation, operation.route.returns, self._glance)

    def _look_at_work(self) -> pd.DataFrame:
        # One page: how far the newest fifty are is enough, whoever watches more sees the rest without progress.
        operation = ListJobs(status="Running", limit=50)
        return self._send(operation, operation.route.returns, self._glance)


def _once(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the repeats that pages show when something is created while they are read."""
    if len(frame) < 2 or "id" not in frame.columns:
        return frame
    repeated = frame["id"].duplicated() & frame["id"].notna()
    return frame[~repeated].reset_index(drop=True) if repeated.any() else frame


def _loose(answer: Any, attrs: Mapping[str, Any]) -> pd.DataFrame:
    """A frame of an answer nobody has declared."""
    import numpy as np
    import pandas as pd

    records = answer if isinstance(answer, list) else [answer]
    if isinstance(answer, dict):
        records = next((item for item in answer.values() if isinstance(item, list)), [answer])
    rows: list[dict[str, Any]] = [item if isinstance(item, dict) else {"value": item} for item in records]
    with np.errstate(invalid="ignore"):  # pandas 2 tries whole numbers, which NaN and Infinity are not
        frame = pd.json_normalize(rows).convert_dtypes()
    frame.attrs.update(attrs)
    return frame
