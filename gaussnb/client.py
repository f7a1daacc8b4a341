"""The client: one project in one region, its groups of operations, and the doors to everything else."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr
from requests.adapters import BaseAdapter

from .auth import Auth, GivenToken, SignatureAuth, TokenAuth
from .clock import Clock, RealClock
from .credentials import Credentials, find_credentials
from .errors import BadAnswer, CredentialsError, GaussnbError, UnknownOutcome
from .frame import frame_from, frame_of
from .ledger import Ledger, Made
from .neighbours.iam import (
    KeystoneCreateUserTokenByPassword,
    KeystoneListAuthProjects,
    KeystoneListProjects,
    Projects,
)
from .neighbours.vpc import SecurityGroups, Subnets, Vpcs
from .operations.flavors import Datastores, Flavors
from .operations.instances import Instances, ListInstances
from .operations.jobs import Jobs, ListJobs
from .operations.quotas import Quotas
from .operations.tags import Tags
from .operations.versions import Versions
from .regions import is_loopback, region
from .spec import OPERATIONS, Operation, Router, Row
from .tokens import Token, TokenCache, cache_key
from .transport import AnswerLost, Patience, Reply, Transport
from .waiters import Poller, Progress, Targets, Watch, wait
from .wire import Columns, Request, leaves, request_of

if TYPE_CHECKING:
    import pandas as pd

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


THREADS = 8
"""Pages fetched at the same time; beyond eight nothing is gained."""


class Client:
    """One project in one region. :func:`gaussnb.connect` makes one.

    Args:
        credentials: who calls, and where.
        clock: real time, or a sandbox's.
        transport: sends the requests.
        keep: whether tokens and the ledger are kept on disk.

    Every call answers with a DataFrame; see each call's own documentation for its columns.
    """

    instances: Instances
    flavors: Flavors
    datastores: Datastores
    jobs: Jobs
    quotas: Quotas
    tags: Tags
    versions: Versions
    projects: Projects
    vpcs: Vpcs
    subnets: Subnets
    security_groups: SecurityGroups

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
        self._poller = Poller(self._look, self._look_at_jobs, self.clock, self._transport.seed)
        for name, group in GROUPS.items():
            setattr(self, name, group(self))

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
        **settings: str | SecretStr | None,
    ) -> Client:
        """A client from settings, looked for in the order of :mod:`gaussnb.credentials`.

        Args:
            profile: a profile of ``profiles.toml``.
            clock: a sandbox's clock.
            adapter: reaches a sandbox without a socket.
            seed: makes the jitter of retries and polls repeatable.
            patience: time-outs and tries.
            keep: whether tokens and the ledger are kept on disk.
            settings: any setting of :class:`gaussnb.credentials.Credentials`.

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
        if isinstance(self._auth, TokenAuth):
            if found := self._auth.token.project_id:
                return found
        name = known.project_name or known.region or ""
        if isinstance(self._auth, SignatureAuth):
            projects = self.send(KeystoneListProjects(name=name or None))
        else:
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
            f"| `gdb.{name}` | {', '.join(f'`{call}`' for call in group.calls())} |"
            for name, group in GROUPS.items()
        )
        return "\n".join([f"**{self!r}**".replace("<", "").replace(">", ""), "", "| group | calls |", "| --- | --- |", *rows])

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
        returns = returns or operation.route.returns
        if operation.route.creates:
            return self._create(operation, returns)
        columns = Columns(returns, {**dict(operation), "operation": operation.route.id})
        try:
            reply = self._exchange(operation)
        except AnswerLost as lost:
            message = f"{lost} It may have been done: look before asking again."
        else:
            answer = reply.json()
            seen = columns.add(answer)
            attrs = self._attrs(operation, reply)
            if operation.paged():
                attrs |= self._other_pages(operation, columns, answer, seen)
            elif "marker" in type(operation).model_fields:
                self._marked_pages(operation, columns, answer)
            return _once(frame_of(columns, attrs))
        raise UnknownOutcome(message, operation=operation.route.id)

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
        if "{project_id}" in path:
            path = path.replace("{project_id}", self.project_id)
        query = tuple((key, str(value)) for key, value in (params or {}).items())
        body = None if json is None else jsonlib.dumps(json).encode()
        request = Request(method.upper(), path, query, body)
        found = Router(OPERATIONS.values()).find(request.method, path)
        name = found[0].route.id if found else f"{request.method} {path}"
        try:
            reply = self._transport.exchange(
                self._endpoint_of(service), request, operation=name, auth=self._auth
            )
        except AnswerLost as lost:
            message = str(lost)
        else:
            answer = reply.json()
            attrs = {
                "operation": name,
                "request_id": reply.request_id,
                "endpoint": self.endpoint,
                "fetched_at": self.clock.now().isoformat(),
            }
            if found:
                columns = Columns(found[0].route.returns, {**found[1], **(params or {}), "operation": name})
                columns.add(answer)
                return frame_of(columns, attrs)
            return _loose(answer, attrs)
        raise UnknownOutcome(message, operation=name)

    def _exchange(self, operation: Operation) -> Reply:
        route = operation.route
        project = self.project_id if "project_id" in route.holes else ""
        return self._transport.exchange(
            self._endpoint_of(route.service),
            request_of(operation, project),
            operation=route.id,
            auth=self._auth if route.signed else None,
        )

    def _attrs(self, operation: Operation, reply: Reply) -> dict[str, Any]:
        return {
            "operation": operation.route.id,
            "request_id": reply.request_id,
            "endpoint": self.endpoint,
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
        parts = urlsplit(self.endpoint)
        host = parts.hostname or ""
        if host.startswith("gaussdb-nosql."):
            return urlunsplit((parts.scheme, parts.netloc.replace("gaussdb-nosql.", f"{service}.", 1), "", "", ""))
        if is_loopback(self.endpoint) or not self.region:
            return self.endpoint
        return region(self.region).service_endpoint(service)

    # -- who asks

    @cached_property
    def _auth(self) -> Auth:
        who = self._credentials
        if who.kind == "token":
            assert who.token is not None
            return GivenToken(who.token)
        if who.kind == "aksk":
            assert who.ak and who.sk
            # The project's id is not known yet while it is being asked for.
            return SignatureAuth(who.ak, who.sk, who.security_token, who.project_id, who.domain_id)
        key = cache_key(
            iam_endpoint=who.iam_endpoint,
            username=who.username,
            user_id=who.user_id,
            domain=who.domain,
            project_id=who.project_id,
            project=who.project_name or who.region,
            password=who.password,
        )
        return TokenAuth(self._issue, self._tokens, key)

    def _issue(self) -> Token:
        """Ask IAM for a token of this project."""
        who = self._credentials
        user: dict[str, Any] = {"password": who.password}
        if who.user_id:
            user["id"] = who.user_id
        else:
            user |= {"name": who.username, "domain": {"name": who.domain}}
        if who.project_id:
            project = {"id": who.project_id}
        else:
            project = {"name": who.project_name or who.region}
        ask = KeystoneCreateUserTokenByPassword(
            identity={"methods": ["password"], "password": {"user": user}},
            scope={"project": project},
        )
        reply = self._exchange(ask)
        value = reply.headers.get("X-Subject-Token", "")
        answer = reply.json()
        first = {path: next(leaves(answer, f"token.{path}"), None) for path in ("issued_at", "expires_at", "project.id")}
        try:
            if not value:
                raise ValueError
            return Token.from_answer(
                SecretStr(value),
                first["issued_at"],
                first["expires_at"],
                self.clock.time(),
                first["project.id"],
            )
        except (ValueError, TypeError):
            pass
        raise BadAnswer(
            "no token in it", operation=ask.route.id, status=reply.status, request_id=reply.request_id
        )

    # -- pages

    def _other_pages(
        self, operation: Operation, columns: Columns, answer: Any, seen: int
    ) -> dict[str, Any]:
        """Read the pages behind the first; the facts about the whole."""
        total = next(leaves(answer, operation.route.total), None)
        total = int(total) if isinstance(total, (int, str)) and str(total).isdigit() else None
        offset, limit = getattr(operation, "offset", None), getattr(operation, "limit", None)
        size = operation.route.page_size
        first = _things_on(answer, columns)
        if offset is None and limit is None:
            if total is not None:
                for page in self._pages(operation, range(first or size, total, size) if first else range(0)):
                    columns.add(page)
            else:
                here = first
                while here >= size:
                    page = self._exchange(operation.replace(offset=first, limit=size)).json()
                    columns.add(page)
                    here = _things_on(page, columns)
                    first += here
            offset = 0
        facts: dict[str, Any] = {"total_count": total} if total is not None else {}
        if limit is not None and total is not None:
            facts["truncated"] = (offset or 0) + first < total
        return facts

    def _pages(self, operation: Operation, offsets: Iterable[int]) -> Iterator[Any]:
        size = operation.route.page_size
        rest = [operation.replace(offset=offset, limit=size) for offset in offsets]
        if len(rest) < 2:
            yield from (self._exchange(page).json() for page in rest)
            return
        # The threads only fetch bytes; parsing stays in this one, where it is quickest.
        with ThreadPoolExecutor(min(THREADS, len(rest)), "gaussnb-page") as pool:
            for reply in pool.map(self._exchange, rest):
                yield reply.json()

    def _marked_pages(self, operation: Operation, columns: Columns, answer: Any) -> None:
        size = operation.route.page_size
        while getattr(operation, "limit", None) is None:
            ids = [str(found) for found in leaves(answer, f"{columns.row.at}.id")]
            if len(ids) < size:
                return
            answer = self._exchange(operation.replace(marker=ids[-1])).json()
            columns.add(answer)

    # -- creating

    def _create(self, operation: Operation, returns: type[Row]) -> pd.DataFrame:
        """Send a create: noted before it is sent, looked up when its answer is lost, never repeated."""
        route, name = operation.route, str(getattr(operation, "name", ""))
        before = self._ids_called(name)
        key = self._ledger.begin(
            at=self.clock.now(),
            endpoint=self.endpoint,
            project_id=self.project_id,
            operation=route.id,
            name=name,
        )
        columns = Columns(returns, {**dict(operation), "operation": route.id})
        try:
            reply = self._exchange(operation)
            columns.add(reply.json())
            frame = frame_of(columns, self._attrs(operation, reply))
            made = str(frame["id"].iloc[0]) if len(frame) and frame["id"].notna().all() else ""
            if not made:
                raise BadAnswer("no id in it", operation=route.id, status=reply.status, request_id=reply.request_id)
        except (AnswerLost, BadAnswer) as lost:
            why = str(lost)
        except GaussnbError:
            self._ledger.end(key, "refused")
            raise
        else:
            job = frame["job_id"].iloc[0]
            self._ledger.end(
                key, "accepted", id=made, job_id=job if isinstance(job, str) else "", request_id=reply.request_id
            )
            return frame
        return self._resolve(operation, returns, key, before, why)

    def _ids_called(self, name: str) -> set[str] | None:
        """The instances of this name that are there before another one is asked for."""
        try:
            return set(self.send(ListInstances(name=name))["id"])
        except GaussnbError:
            return None  # who may create but not list still may create

    def _resolve(
        self, operation: Operation, returns: type[Row], key: int, before: set[str] | None, why: str
    ) -> pd.DataFrame:
        """Look what became of a create whose answer was lost."""
        name = str(getattr(operation, "name", ""))
        found: pd.DataFrame | None = None
        for pause in (0, 2, 4, 8, 16):  # the service may still be at it
            self.clock.sleep(pause)
            try:
                found = self.send(ListInstances(name=name))
            except GaussnbError:
                continue
            found = found[~found["id"].isin(before or set())].reset_index(drop=True)
            if len(found):
                break
        if found is not None and len(found) == 1 and before is not None:
            record = {column: _scalar(found[column].iloc[0]) for column in found.columns}
            record["job_id"] = self._job_of(record["id"])
            self._ledger.end(key, "recovered", id=record["id"], job_id=record["job_id"] or "")
            return frame_from(returns, [record], **{**found.attrs, "operation": operation.route.id, "recovered": True})
        self._ledger.end(key, "unknown")
        count = "it could not be looked up" if found is None else f"{len(found)} new ones of that name were found"
        raise UnknownOutcome(
            f"{operation.route.id} of {name!r}: {why} It was looked for, and {count}. It was not sent again: "
            f"look at gdb.instances.list(name={name!r}) and gdb.made() before you do.",
            operation=operation.route.id,
            name=name,
            candidates=found,
            key=str(key),
        )

    def _job_of(self, instance_id: str) -> str | None:
        try:
            jobs = self.send(ListJobs(name="CreateInstance"))
        except GaussnbError:
            return None
        job = jobs.loc[jobs["instance_id"] == instance_id, "id"]
        return str(job.iloc[0]) if len(job) else None

    def made(self) -> pd.DataFrame:
        """What this machine asked this project to make, newest first, with its live status.

        Returns:
            A DataFrame with the columns of :class:`gaussnb.ledger.Made`.
        """
        entries = self._ledger.entries(self.endpoint, self.project_id)
        live: dict[str, Any] = {}
        if any(entry["id"] for entry in entries):
            now = self.instances.list()
            live = {str(row["id"]): row for row in now[["id", "status", "actions"]].to_dict("records")}
        for entry in entries:
            if entry["id"]:
                state = live.get(entry["id"], {"status": "gone", "actions": ""})
                entry |= {"status": state["status"], "actions": state["actions"]}
        return frame_from(Made, entries, endpoint=self.endpoint, fetched_at=self.clock.now().isoformat())

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
            until: ``"ready"`` or ``"gone"``; by default what the frame's operation ends in.
            interval: seconds between the first looks; it grows to 30.
            on_change: called with each observed change, a mapping with the columns of the history.
            on_look: called after each look with all that was seen so far, for a display of progress.

        Returns:
            The history: one row per observed change (time, elapsed seconds, id, name, status, actions,
            note).

        Raises:
            WaitFailed: an instance reached a state it does not leave by itself; carries the history.
            WaitTimeout: the time is over; carries the history.
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
        """Follow instances in the background; never blocks.

        Args:
            targets: as for :meth:`wait`.
            until: as for :meth:`wait`.
            interval: seconds between the first looks.

        Returns:
            A view with ``frame``, ``history``, ``done``, ``stop()``, ``pause()`` and ``resume()``.
        """
        return self._poller.watch(targets, until=until, interval=interval)

    def _look(self, ids: tuple[str, ...]) -> pd.DataFrame:
        return self.send(ListInstances(id=ids[0]) if len(ids) == 1 else ListInstances())

    def _look_at_jobs(self, ids: tuple[str, ...]) -> pd.DataFrame:
        return self.send(ListJobs(id=ids[0]) if len(ids) == 1 else ListJobs())


GROUPS: dict[str, type] = {
    "instances": Instances,
    "flavors": Flavors,
    "datastores": Datastores,
    "jobs": Jobs,
    "quotas": Quotas,
    "tags": Tags,
    "versions": Versions,
    "projects": Projects,
    "vpcs": Vpcs,
    "subnets": Subnets,
    "security_groups": SecurityGroups,
}
"""The groups of a client, by the name of its attribute."""


def _things_on(answer: Any, columns: Columns) -> int:
    """How many items a page has: the things its paging counts, not the rows made of them."""
    return sum(1 for _ in leaves(answer, columns.row.at.split(".")[0]))


def _once(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the repeats that pages show when something is created while they are read."""
    if len(frame) and "id" in frame.columns and frame["id"].duplicated().any():
        return frame.drop_duplicates("id", ignore_index=True)
    return frame


def _scalar(value: Any) -> Any:
    import pandas as pd

    if pd.isna(value):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value


def _loose(answer: Any, attrs: Mapping[str, Any]) -> pd.DataFrame:
    """A frame of an answer nobody has declared."""
    import pandas as pd

    records = answer if isinstance(answer, list) else [answer]
    if isinstance(answer, Mapping):
        records = next((item for item in answer.values() if isinstance(item, list)), [answer])
    records = [item if isinstance(item, Mapping) else {"value": item} for item in records]
    frame = pd.json_normalize(records).convert_dtypes()
    frame.attrs.update(attrs)
    return frame

