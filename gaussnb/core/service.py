"""The facts about a product that the engine is handed: client, view, forms and the sandbox engine read them here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from .catalogue import Catalogue
from .methods import Sender
from .operation import Operation
from .refusals import ErrorCodes
from .rows import Row

if TYPE_CHECKING:
    import pandas as pd

StatusPhase = Literal["going", "ready", "failed"]
"""The meaning of a status: the thing is being changed, is usable, or stays like this until somebody acts."""


@dataclass(frozen=True)
class Status:
    """One status of a thing or a job."""

    name: str
    """The word of the service."""
    phase: StatusPhase
    """The meaning of the status while nothing is being done to the thing."""
    final: bool = False
    """True if the thing keeps this status even while something is being done to it."""
    words: str = ""
    """The meaning for people, where the name does not say it."""


def by_name(statuses: Iterable[Status]) -> Mapping[str, Status]:
    """Index statuses by their names."""
    return MappingProxyType({status.name: status for status in statuses})


def _unknown(operation: str, kind: str) -> float | None:
    return None


@dataclass(frozen=True)
class Lifecycle:
    """The statuses of a product's things, the work on them, and the meaning of both."""

    statuses: Mapping[str, Status]
    """The statuses of a thing by name. The list is open: an unknown status counts as still going."""
    actions: Mapping[str, str] = field(default_factory=dict)
    """The service's words for work on a thing, each in English. The list is open."""
    jobs: Mapping[str, Status] = field(default_factory=dict)
    """The statuses of a job by name."""
    typical: Callable[[str, str], float | None] = _unknown
    """Seconds that the work of an operation (its id) usually takes on a kind of thing; None if not known."""
    ending: Collection[str] = frozenset({"DELETE"})
    """The words for work after which the thing is gone."""

    def phase_of(self, status: str, actions: str = "") -> StatusPhase:
        """Find the meaning of a status.

        Args:
            status: status of the thing; an unknown one counts as still going.
            actions: the work on the thing; empty while the thing is idle.

        >>> lifecycle = Lifecycle(by_name([Status("open", "ready"), Status("lost", "failed", final=True)]))
        >>> lifecycle.phase_of("open"), lifecycle.phase_of("open", "PAINT"), lifecycle.phase_of("lost", "PAINT")
        ('ready', 'going', 'failed')
        """
        known = self.statuses.get(status)
        if known is None or (actions and not known.final):
            return "going"
        return known.phase

    def job_phase(self, status: str) -> StatusPhase:
        """Find the meaning of a job's status; an unknown one counts as still going."""
        known = self.jobs.get(status)
        return "going" if known is None else known.phase

    def is_ending(self, actions: str) -> bool:
        """True if the work on a thing is its deletion.

        >>> Lifecycle({}).is_ending("PAINT, DELETE"), Lifecycle({}).is_ending("")
        (True, False)
        """
        return any(action in self.ending for action in actions.split(", "))

    def describe_actions(self, actions: Iterable[str]) -> str:
        """Put the work on a thing into words.

        >>> Lifecycle({}, {"PAINT": "painting"}).describe_actions(["PAINT", "NEW_WORK"])
        'painting, new work'
        """
        return ", ".join(self.actions.get(action, action.lower().replace("_", " ")) for action in actions)


@dataclass(frozen=True, eq=False)
class Service:
    """A product of the cloud, as the engine sees it.

    The listings must have the columns ``id``, ``name`` and ``status``. The listing of things may also have ``actions``
    and the column ``kind_column``; the listing of jobs has ``fail_reason`` and may have ``progress``, ``start_time``
    and the column ``thing_column``.
    """

    name: str
    """The name by which :meth:`gaussnb.Client.request` calls the service."""
    title: str
    """The product's name in messages."""
    host: str
    """First label of the service's host names."""
    catalogue: Catalogue
    """The operations, those of IAM and of other services included."""
    lifecycle: Lifecycle
    codes: ErrorCodes
    """The error codes of the service, of the gateway and of IAM."""
    list_things: Callable[[Sequence[str]], Operation]
    """The operation that lists at least the things with these ids; all things if there is no id."""
    list_named: Callable[[str], Operation]
    """The operation that lists the things of a name."""
    noun: str
    """The word for a thing."""
    group: str
    """The client's attribute whose ``list()`` lists things."""
    thing_column: str
    """The field of operations and the column of rows that hold the id of a thing."""
    list_jobs: Callable[[Sequence[str]], Operation] | None = None
    """The operation that lists at least the jobs with these ids; None if the service has no jobs."""
    list_running_jobs: Callable[[], Operation] | None = None
    """The operation that lists running jobs, the newest page of them."""
    list_newest_jobs: Callable[[], Operation] | None = None
    """The operation that lists the newest jobs, one page of them."""
    find: Callable[[Sender, str], pd.DataFrame] | None = None
    """Read the one row of a thing by its id; raises :class:`gaussnb.NotFound`. None if things are not looked up."""
    review: Callable[[Operation], Mapping[str, str]] = lambda operation: {}
    """Facts about the price of a creation that a person should know before it is sent."""
    creation_jobs: tuple[str, ...] = ("Create",)
    """First words of the names of jobs that make a thing."""
    set_mark: Callable[[str, str], Operation] | None = None
    """The operation that writes a mark onto a thing, from the id and the mark. None if things carry no marks."""
    list_marks: Callable[[Sender], Mapping[str, str]] | None = None
    """Read the mark of every marked thing, by the id of the thing, in one call. None if things carry no marks."""
    delete_many: Callable[[Sender, Sequence[str]], pd.DataFrame] | None = None
    """Delete the things with these ids, with one row of outcome each. None if things are not deleted."""
    created_column: str = "created"
    """The column that holds the time at which a thing was created, if there is one."""
    kind_column: str = ""
    """The column that says of which kind a thing is; empty if there are no kinds."""
    endpoint_variable: str = ""
    """Variable of the official SDK that holds an endpoint of the service, without the region at its end."""
    regions: Collection[str] = frozenset()
    """Ids of the regions that offer the service."""
    bad_value_code: str = ""
    """The error code for a value that breaks a rule without a code of its own."""
    missing_code: str = ""
    """The error code for a missing field."""

    @property
    def thing_row(self) -> type[Row]:
        """The row of a listed thing."""
        return self.list_things(()).route.returns

    @property
    def job_row(self) -> type[Row]:
        """The row of a listed job.

        Raises:
            TypeError: the service has no jobs.
        """
        if self.list_jobs is None:
            raise TypeError(f"{self.title} has no jobs")
        return self.list_jobs(()).route.returns
