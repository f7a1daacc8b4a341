"""The client: one project in one region, for the service it is given.

A call goes one way: operation → request (:mod:`gaussnb.core.wire`) → reply (:mod:`gaussnb.cloud.transport`) → columns
(:mod:`gaussnb.core.answers`, :mod:`gaussnb.client.pages`) → frame (:mod:`gaussnb.core.frames`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack
from urllib.parse import quote, urlsplit

from pydantic import ValidationError

from ..cloud.credentials import Credentials, find_credentials
from ..cloud.login import Access
from ..cloud.regions import is_loopback, place_of
from ..cloud.settings import Settings
from ..cloud.tokens import TokenCache
from ..cloud.transport import SAFE, Adapter, AnswerLost, Patience, Reply, Transport
from ..core.answers import Page, parse
from ..core.catalogue import Router
from ..core.clock import Clock, RealClock
from ..core.errors import BadAnswer, GaussnbError, UnknownOutcome
from ..core.faces import face
from ..core.frames import frame_from, frame_of, frame_of_json
from ..core.methods import Groups
from ..core.operation import Operation, Route, fields_of
from ..core.paths import clean_path
from ..core.process import cached_property
from ..core.refusals import ErrorCodes
from ..core.rows import Row
from ..core.secrets import HiddenMapping, discreet, find, reveal
from ..core.service import Service
from ..core.wire import Request, digest_of, json_of, operation_of, query_of, request_of
from . import pages, remains, review, wait
from .creation import Creation, Order, Recovery
from .ledger import Ledger
from .likeness import read_asked
from .marks import read_marks
from .poller import Poller
from .progress import Targets
from .remains import Leftovers, Resumed
from .wait import OnChange, OnLook
from .watch import Watch

if TYPE_CHECKING:
    import pandas as pd

THREADS = 8
"""Pages fetched at the same time; more than eight threads gain nothing."""


class Login(Row):
    """The identity of a client, and how long its token is valid."""

    kind: str
    """password, aksk or token."""
    user: str
    """The user's name or id, or the access key."""
    project_id: str
    """The project."""
    valid_until: datetime
    """The end of the token; missing if the client asks for no token."""


@dataclass(frozen=True)
class _Message:
    """One request on its way, from an operation or from a path."""

    name: str
    """The operation's id, or method and path."""
    service: str
    request: Request
    fields: Mapping[str, Any] = field(repr=False)  # a traceback shows reprs, and a field may hold a password
    """The values of the request, which rows may repeat."""
    route: Route | None = None
    """The facts about the operation; None if no declared operation has this path."""
    operation: Operation | None = None

    @property
    def writes(self) -> bool:
        """True if a repeat could do something twice. A login is none: a second token does no harm."""
        if self.route is None:
            return self.request.method not in SAFE
        return self.route.signed and not self.route.reads

    @property
    def about(self) -> str:
        """The name of the thing that is created, or the id of the thing that is changed; may be empty."""
        holes = () if self.route is None or self.route.creates else self.route.holes
        return str(next((self.fields[key] for key in (*holes, "name") if self.fields.get(key)), ""))

    def unknown(self, doubt: AnswerLost | BadAnswer) -> UnknownOutcome:
        """Make the error of a write that may have been done."""
        return UnknownOutcome(
            operation=self.name,
            name=self.about,
            status=doubt.status,
            request_id=doubt.request_id,
            reason=str(doubt),
        )


class Client(Groups):
    """One project in one region. A class for a product sets ``service`` and has the groups of its operations.

    Args:
        credentials: the identity, the project and the addresses.
        clock: the time; by default real time.
        transport: sends the requests.
        keep: True to keep tokens and the ledger on disk.
        unguarded: True to create things although the ledger cannot note them.

    Every call answers with a DataFrame; the documentation of each call lists the columns.
    """

    service: ClassVar[Service]
    """The product."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        clock: Clock | None = None,
        transport: Transport | None = None,
        keep: bool = True,
        unguarded: bool = False,
    ) -> None:
        self._credentials = credentials
        self.clock: Clock = clock or RealClock()
        self._transport = transport or Transport(self.clock, codes=self.service.codes)
        tokens = TokenCache(clock=self.clock.time, on_disk=keep, monotonic=self.clock.monotonic)
        self._access = Access(credentials, self._transport, self.service, tokens, self.clock.time)
        self._ledger = Ledger(on_disk=keep, unguarded=unguarded)
        self._creation = Creation(
            self.service,
            self._ledger,
            self.clock,
            self._transport.patience,
            self.send,
            lambda: (self.endpoint, self.project_id),
            lambda: read_marks(self.service, self),
        )
        # A look that fails is followed by the next look, so each is one short try.
        usual = self._transport.patience
        self._short = replace(usual, tries=1, busy=0, read=min(usual.read, 30), answer=min(usual.answer, 60))
        self._poller = Poller(self.service, self._look, self.clock, self._transport.seed, self._short)

    @classmethod
    @discreet
    def open(
        cls,
        profile: str | None = None,
        *,
        clock: Clock | None = None,
        adapter: Adapter | None = None,
        seed: int | None = None,
        patience: Patience | None = None,
        keep: bool = True,
        unguarded: bool = False,
        **settings: Unpack[Settings],
    ) -> Self:
        """Make a client from settings, found in the order of :mod:`gaussnb.cloud.credentials`.

        Args:
            profile: a profile of ``profiles.toml``.
            clock: a sandbox's clock.
            adapter: reaches a sandbox without a socket.
            seed: makes the jitter of retries and polls repeatable.
            patience: time-outs and tries.
            keep: True to keep tokens and the ledger on disk.
            unguarded: True to create things although the ledger cannot note them.
            settings: any setting of :func:`gaussnb.connect`.

        Raises:
            CredentialsError: no credentials were found, or they are not complete.
        """
        found = find_credentials(profile, service=cls.service, **settings)
        clock = clock or RealClock()
        transport = Transport(clock, patience or Patience(), adapter, seed, cls.service.codes)
        return cls(found, clock=clock, transport=transport, keep=keep, unguarded=unguarded)

    # -- where and who

    @property
    def endpoint(self) -> str:
        """The address of the service."""
        return self._access.endpoint

    @property
    def codes(self) -> ErrorCodes:
        """The error codes of the service."""
        return self._transport.codes

    @property
    def patience(self) -> Patience:
        """The time-outs and tries, and how often something is looked for before it counts as absent."""
        return self._transport.patience

    @property
    def region(self) -> str:
        """The region; empty if only endpoints were given."""
        return self._access.region

    @property
    def project_id(self) -> str:
        """The project; IAM is asked for its id if only the region is known.

        Raises:
            CredentialsError: IAM knows no project, or several projects, of that name.
        """
        return self._access.project_id

    @property
    def warnings(self) -> tuple[str, ...]:
        """Risks of the credentials that were found, and the loss of the ledger that guards creates, in sentences."""
        return (*self._credentials.warnings, *self._ledger.warnings)

    def login(self) -> pd.DataFrame:
        """Log in now, instead of with the first call.

        A refused login is remembered for five minutes, because several wrong passwords lock a user: calls raise the
        error of IAM again, and ask it nothing. This method asks IAM again from one minute on.

        Returns:
            One row with the columns of :class:`Login`; the token itself is in no frame.

        Raises:
            AuthenticationError: the login was refused.
        """
        token = self._access.log_in()
        record = {
            "kind": self._credentials.kind,
            "user": self._access.user,
            "project_id": self.project_id,
            "valid_until": token and datetime.fromtimestamp(token.valid_until, UTC).isoformat(),
        }
        return frame_from(Login, [record], endpoint=self.endpoint)

    @face
    def __repr__(self) -> str:
        where = "sandbox" if is_loopback(self.endpoint) else urlsplit(self.endpoint).hostname
        return f"<gaussnb {self.region or 'client'} at {where}>"

    @face
    def _repr_markdown_(self) -> str:
        rows = (
            f"| `gdb.{name}` | {', '.join(f'`{call}`' for call in group.calls())} |"
            for name, group in self.groups().items()
        )
        return "\n".join([f"**{repr(self)[1:-1]}**", "", "| group | calls |", "| --- | --- |", *rows])

    def close(self) -> None:
        """Stop watching and close every connection and file. The cloud's work goes on."""
        self._poller.close()
        self._transport.close()
        self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # -- sending

    @discreet
    def send(self, operation: Operation, returns: type[Row] | None = None) -> pd.DataFrame:
        """Send any operation.

        Args:
            operation: an object of a declared class; deprecated classes may be sent as well.
            returns: another row for the answer, instead of the row that the operation's route names.

        Returns:
            One row per record. All pages are read unless the operation asks for one page by ``limit`` or
            ``offset``; ``attrs`` hold operation, request_id, endpoint, fetched_at, and for lists
            total_count and truncated (True if the frame lacks records).

        Raises:
            ApiError: the service refused, as one of its subclasses.
            BadAnswer: the answer to a read cannot be read.
            LedgerError: a create cannot be noted in the ledger of this machine; nothing was sent.
            Unreachable: there is no connection; nothing was sent.
            UnknownOutcome: a write may have been done: no answer of the service says so, and a look did not tell.
        """
        return self._answer(self._message_of(operation), returns or operation.route.returns)

    def attempt(self, operation: Operation) -> pd.DataFrame:
        """Send an operation by one short try: a busy thing is not waited for, and nothing is repeated.

        Raises:
            GaussnbError: as for :meth:`send`.
        """
        return self._answer(self._message_of(operation), operation.route.returns, self._short)

    @discreet
    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        service: str | None = None,
    ) -> pd.DataFrame:
        """Send any request, for calls this library does not declare.

        Args:
            method: GET, POST, …
            path: ``{project_id}`` in it is replaced by the project; it may have a query.
            params: the query.
            json: the body.
            service: the name of another service of the cloud, like iam or vpc; by default, the client's own service.

        Returns:
            The declared frame if the path is that of a declared operation; else one row per record of the
            first list in the answer, or one row, with columns named by dotted paths.

        Raises:
            ApiError, BadAnswer, LedgerError, Unreachable, UnknownOutcome: as for :meth:`send`.
            ValueError: the path does not begin with a slash, or servers disagree about what it means.
        """
        if not path.startswith("/"):  # any other path could change the endpoint's host
            raise ValueError(f"a path begins with /, and {path!r} does not")
        if "{project_id}" in path:
            path = path.replace("{project_id}", quote(self.project_id, safe=""))
        if service == "":
            raise ValueError("a service has a name, like vpc")
        method = method.upper()
        path, query = clean_path(path)
        params = {**_joined(query), **(params or {})}
        found = self._find(method, path, service)
        route, holes = (found[0].route, found[1]) if found else (None, {})
        name = route.id if route else f"{method} {path}"
        given = json if isinstance(json, Mapping) else fields_of(json) if isinstance(json, Operation) else {}
        message = _Message(
            name,
            route.service if route else service or "",
            Request(
                method,
                path,
                query_of(params, name),
                None if json is None else json_of(json, name),
                tuple(find([params, json])),
            ),
            HiddenMapping({**holes, **params, **given, "operation": name}),
            route,
            _read_operation(found[0], holes, params, given) if found and found[0].route.creates else None,
        )
        return self._answer(message, route.returns if route else None)

    def _find(self, method: str, path: str, service: str | None) -> tuple[type[Operation], dict[str, str]] | None:
        """Find the declared operation of a method and a path, if it is one of the service that is asked."""
        found = self._router.find(method, path)
        if found is None or service is None:
            return found
        own, other = found[0].route.service, service
        same = place_of(self._access.endpoint_of(own)) == place_of(self._access.endpoint_of(other))
        return found if same else None

    @cached_property
    def _router(self) -> Router:
        return Router(self.service.catalogue.chapters())

    def _message_of(self, operation: Operation) -> _Message:
        route = operation.route
        project = self.project_id if "project_id" in route.holes else ""
        request = request_of(pages.first_page(operation), project)
        fields = {**fields_of(operation), "operation": route.id}
        return _Message(route.id, route.service, request, fields, route, operation)

    def _answer(self, message: _Message, returns: type[Row] | None, patience: Patience | None = None) -> pd.DataFrame:
        """Send a request, and read its answer into a frame; without a row class, as JSON of any shape."""
        try:
            if message.route is not None and returns is not None and message.route.creates:
                made = self._create(message)
                if isinstance(made, Recovery):
                    return frame_from(returns, [made.record], operation=message.name, recovered=True, **made.attrs)
                reply = made
            else:
                reply = self._exchange(message, patience)
        except AnswerLost as error:
            unknown = message.unknown(error)
        else:
            try:
                return self._frame(message, returns, reply, patience)
            except BadAnswer as error:
                if not message.writes:
                    raise
                unknown = message.unknown(error)
        raise unknown  # raised here, so that the new error does not carry the old one

    def _frame(
        self, message: _Message, returns: type[Row] | None, reply: Reply, patience: Patience | None
    ) -> pd.DataFrame:
        """Read an answer, and the pages after it, into a frame; anything else than a frame is a bad answer."""
        try:
            return self._read(reply, message, returns, patience)
        except (GaussnbError, MemoryError):
            raise
        except Exception as error:  # the values of a service may be anything, and pandas raises anything
            problem = type(error).__name__
        raise reply.bad(f"it makes no frame ({problem})")

    def _read(
        self, reply: Reply, message: _Message, returns: type[Row] | None, patience: Patience | None
    ) -> pd.DataFrame:
        route = message.route
        attrs = self.attrs(message.name, message.service, reply)
        if route is None or returns is None:
            return frame_of_json(reply.json(), attrs)

        def fetch(reads: Sequence[Operation]) -> Iterator[Page]:
            return (each.page(returns, route.total) for each in self._fetch(reads, patience))

        first = reply.page(returns, route.total)
        reading = pages.read_all(returns, message.fields, message.operation, first, fetch)
        # A page repeats items of the page before it when something is created meanwhile.
        return frame_of(reading.columns, {**attrs, **reading.facts}, unique="id" if reading.listed else "")

    def _create(self, message: _Message) -> Reply | Recovery:
        """Send a create, noted in the ledger; the thing itself if the answer was lost and a look found the thing."""
        assert message.route is not None
        body = parse(message.request.body or b"")
        order = Order(
            operation=message.name,
            name=str(message.fields.get("name", "")),
            digest="" if message.operation is None else digest_of(message.operation),
            asked=read_asked(self.service, message.route.returns, body),
            project_id=str(message.fields.get("project_id", "")),
        )
        return self._creation.create(order, lambda: self._exchange(message))

    def _exchange(self, message: _Message, patience: Patience | None = None) -> Reply:
        """Send a request; the answer to a write is one that its operation documents.

        Raises:
            AnswerLost: a write may have been done.
        """
        route = message.route
        signed = route is None or route.signed
        endpoint, auth = self._access.target(message.service)
        reply = self._transport.exchange(
            endpoint,
            message.request,
            operation=message.name,
            auth=auth if signed else None,
            safe=not message.writes,
            creates=route is not None and route.creates,
            patience=patience,
        )
        if message.writes:
            reply.check_receipt(route.returns if route is not None else None)
        return reply

    def _fetch(self, reads: Sequence[Operation], patience: Patience | None = None) -> Iterator[Reply]:
        """Send several reads at the same time, and return the replies in the order of the reads."""
        messages = [self._message_of(read) for read in reads]
        if len(messages) == 1:
            yield self._exchange(messages[0], patience)
            return
        # The threads only fetch bytes: parsing is quickest in one thread.
        with ThreadPoolExecutor(min(THREADS, len(messages)), "gaussnb-page") as pool:
            yield from pool.map(lambda message: self._exchange(message, patience), messages)

    def attrs(self, operation: str, service: str, reply: Reply) -> dict[str, Any]:
        """The facts about an answer that a frame carries."""
        return {
            "operation": operation,
            "request_id": reply.request_id,
            "endpoint": self._access.endpoint_of(service),
            "fetched_at": self.clock.now().isoformat(),
            **({"served_at": reply.served_at} if reply.served_at else {}),
        }

    # -- before and after a change

    def review(self, operation: Operation) -> dict[str, str]:
        """Collect what a person should know before a change is sent.

        Args:
            operation: the operation that is about to be sent.

        Returns:
            Words by the name of the fact: endpoint, project and region; for a create its billing; for a
            change of an instance the instance's name and status.
        """
        where = {"endpoint": self.endpoint, "project": self.project_id, "region": self.region}
        return where | review.facts_about(operation, self.service, self)

    @property
    def creation(self) -> Creation:
        """The creates of this client, which a call of many creates reserves before it sends them."""
        return self._creation

    @property
    def ledger(self) -> Ledger:
        """The ledger of this machine, which guards creates."""
        return self._ledger

    @property
    def ledger_id(self) -> int:
        """The number that tells this machine's ledger from every other ledger."""
        return self._ledger.id

    def made(self) -> pd.DataFrame:
        """List the things that this machine asked this project to make, newest first, with their present status.

        A thing whose answer is missing, because it was lost or the kernel died, is looked for once more. A thing that
        is missing from the list for the first time is looked for again, for ``lag`` seconds of the client's
        :class:`gaussnb.Patience`, before its status is gone; then this is noted.

        Returns:
            A DataFrame with the columns of :class:`gaussnb.client.ledger.Made`.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        return self._creation.made()

    def resume(self) -> Resumed:
        """Take up every creation of this project that is open, for example after the kernel was restarted.

        Open is what this machine asked for without an answer, what is still being made, and what failed. Each is looked
        up. Nothing is sent a second time.

        Returns:
            What became of everything: ``frame`` has a row for each creation, ``watch`` follows what is still being
            made, and ``wait()`` blocks until that is ready. Shown in a notebook, it is a table and a live panel.
        """
        return remains.resume(self)

    def clean_up(self, everything: bool = False) -> Leftovers:
        """Review what can be cleaned up: failed creations, what a lost creation made, and doubles.

        Only things that this machine made are in the review, as its ledger and the marks in the cloud say. Nothing is
        deleted before ``gdb.clean_up().delete()``.

        Args:
            everything: True to review, and to mark for deletion, everything that this machine made.

        Returns:
            The review: ``frame`` has a row for each thing with the reason, and ``delete()`` deletes the rows whose
            ``delete`` is True, or the ids that it is given.
        """
        return remains.clean_up(self, everything)

    # -- waiting

    def wait(
        self,
        targets: Targets,
        timeout: float = 3600,
        *,
        until: str | None = None,
        interval: float = 5,
        on_change: OnChange | None = None,
        on_look: OnLook | None = None,
    ) -> pd.DataFrame:
        """Wait until instances are ready, or gone after a delete.

        Args:
            targets: the frame of a call that started work, a frame of instances, an id, or several ids.
            timeout: seconds after which to stop waiting; the cloud's work goes on. The time during which this machine
                stood still, like a suspended laptop, does not count.
            until: ``"ready"`` or ``"gone"``, or ``"done"`` for ids of jobs; by default the end that the frame's
                operation has.
            interval: seconds between the first looks; it grows to 30.
            on_change: called with each observed change, a mapping with the columns of the history.
            on_look: called after each look with the progress so far, to display it.

        Returns:
            The history: one row per observed change (time, elapsed seconds, id, name, status, actions,
            note).

        Raises:
            WaitFailed: an instance reached a status it does not leave by itself, or the service could not be
                asked for five minutes; carries the history.
            WaitTimeout: the time is over; carries the history.
            ValueError: there is no instance in ``targets``, or a list holds something that is no id.
        """
        return wait.wait_for(
            self.service,
            self._look,
            self.clock,
            targets,
            timeout=timeout,
            until=until,
            interval=interval,
            seed=self._transport.seed,
            patience=self._short,
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
            notebook it follows every change, also while a cell blocks; ``print`` it where there is only text.
        """
        return self._poller.watch(targets, until=until, interval=interval)

    def _look(self, operation: Operation) -> pd.DataFrame:
        """Send a read of a wait or a watch, as one short try."""
        return self._answer(self._message_of(operation), operation.route.returns, self._short)


def _joined(query: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """The values of a query by name."""
    joined: dict[str, list[str]] = {}
    for name, value in query:
        joined.setdefault(name, []).append(value)
    return joined


def _read_operation(
    kind: type[Operation], holes: Mapping[str, str], params: Mapping[str, Any], given: Mapping[str, Any]
) -> Operation | None:
    """The operation of a request that was given as method and path; None if it breaks a rule of the declaration."""
    try:
        return operation_of(kind, holes, query_of(params), reveal(given))
    except ValidationError:
        return None  # the service may take it all the same
