"""The oracle: compares what was wanted, what the client said, and what the sandbox did."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from .network import Served

Kind = Literal["lost", "doubled", "ghost", "unreported", "untyped"]
KINDS: Mapping[Kind, str] = {
    "lost": "said done, and not done",
    "doubled": "done twice, wanted once",
    "ghost": "said not done, and done",
    "unreported": "done, and nobody says so",
    "untyped": "an error that is not documented",
}
"""The kinds of faults, in words."""

Said = Literal["done", "exists", "not done", "unknown", "silent", "untyped"]
"""What a client said about a write: it was done; a thing of that name exists; it was not done, by an error or an
outcome; that is unknown; nothing, because the process died or was interrupted; an error that is not documented."""


@dataclass
class Told:
    """What one call said about one wanted write, and what the sandbox did for that call."""

    said: Said
    served: list[Served] = field(repr=False)
    """Completed while the run goes on: a request may arrive after its client gave up."""
    thing: str = ""
    """The id of the thing that the client named."""
    words: str = ""
    """The error or the message."""


@dataclass
class Want:
    """One write that somebody wants to have done once, however many calls it takes."""

    number: int
    what: str
    """The operation, for people."""
    name: str
    """The name of the new thing; the id of the thing for other writes."""
    creates: bool
    place: int
    """The machine on which the write was first asked for."""
    told: list[Told] = field(default_factory=list)


@dataclass(frozen=True)
class Entry:
    """What the ledger of a machine says about a creation at the end of a run."""

    name: str
    thing: str
    outcome: str
    status: str


@dataclass(frozen=True)
class Fault:
    """One broken promise."""

    kind: Kind
    creates: bool
    words: str


def judge(wants: Iterable[Want], ledgers: Mapping[int, Collection[Entry]], there: Collection[str]) -> list[Fault]:
    """Find every broken promise of a run.

    Args:
        wants: what was wanted, with what was said and served.
        ledgers: the entries of each machine's ledger after the run.
        there: the ids of the instances that exist after the run.
    """
    wants = list(wants)
    named: dict[str, set[str]] = {}
    deleted = {one.thing for want in wants for one in _served(want) if one.operation == "DeleteInstance"}
    for want in wants:
        if want.creates:
            named.setdefault(want.name, set()).update(one.thing for one in _served(want))
    faults: list[Fault] = []
    for want in wants:
        found = _judge_create(want, ledgers, there, named) if want.creates else _judge_write(want, deleted)
        faults.extend(Fault(kind, want.creates, f"{want.what} {want.name}: {words}") for kind, words in found)
    return faults


def _served(want: Want) -> Iterator[Served]:
    return (one for told in want.told for one in told.served)


def _common(want: Want) -> Iterator[tuple[Kind, str]]:
    """The faults that creations and other writes share."""
    done = [one for one in _served(want) if not one.copied]
    if len(done) > 1:
        yield "doubled", f"{len(done)} times, after {[told.said for told in want.told]}"
    for told in want.told:
        if told.said == "untyped":
            yield "untyped", told.words
        elif told.said == "not done" and told.served:
            yield "ghost", f"{told.served[0].thing} was done, and the client said: {told.words}"


def _judge_create(
    want: Want, ledgers: Mapping[int, Collection[Entry]], there: Collection[str], named: Mapping[str, set[str]]
) -> Iterator[tuple[Kind, str]]:
    yield from _common(want)
    made = {one.thing for one in _served(want)}
    for told in want.told:
        if told.said == "done" and told.thing not in made:
            yield "lost", f"{told.thing or 'no id'} is not the wanted one; {len(made)} were made"
        elif told.said == "exists" and told.thing not in named[want.name]:
            yield "lost", f"{told.thing} was said to exist"
    if not made:
        return
    entries = [entry for ledger in ledgers.values() for entry in ledger if entry.name == want.name]
    spoken = any(told.said in ("done", "unknown", "exists") for told in want.told)
    if not spoken and all(entry.outcome in ("refused", "reserved") for entry in entries):
        yield "unreported", f"{sorted(made)} exist, and the ledger has {[entry.outcome for entry in entries]}"
    for entry in entries:
        if entry.thing in made & set(there) and (entry.status == "gone" or entry.outcome == "refused"):
            yield "ghost", f"{entry.thing} exists, and the ledger says {entry.outcome}, {entry.status}"


def _judge_write(want: Want, deleted: Collection[str]) -> Iterator[tuple[Kind, str]]:
    yield from _common(want)
    for told in want.told:
        if told.said == "done" and not told.served and not (want.what == "delete" and want.name in deleted):
            yield "lost", "the service did not carry it out"
