"""A simulation that can be repeated: clients, ledgers and a sandbox in one process, drawn from one seed.

Several processes on one or two machines create instances and change them, over a network that loses, delays and lies
(:mod:`.network`), on a simulated clock (:mod:`.turns`). Processes die, stand still and are interrupted between any two
steps, and new ones go on with the ledger of their machine. At the end :mod:`.oracle` compares what was wanted, what
the clients said and what exists.

``python -m tests.campaign.simulation SEED`` repeats one run, and prints what happened.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from gaussnb import Client, GaussnbError, InstanceSpec, UnknownOutcome, quickstart
from gaussnb.client.holder import Holder
from gaussnb.client.ledger import Ledger
from gaussnb.sandbox import Sandbox
from gaussnb.sandbox.engine import identity
from gaussnb.sandbox.engine.tables import time_text

from .figures import Figure
from .network import LONGEST_DELAY, Network, Served, Wire
from .oracle import KINDS, Entry, Fault, Said, Told, Want, judge
from .turns import Player, Turns

RUNS = 2_600
"""The runs of a whole campaign: about 100,000 creates and 100,000 other writes."""
SHARES = 2
"""The processes in which a whole campaign runs best."""
START = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC).timestamp()
PASSWORD = "-".join(["Canary", "Not", "A", "Real", "1"])
_MEMORY = Path("/dev/shm")  # ledgers are on disk, and this disk is quick


class Died(BaseException):
    """The process was killed. No code of the product catches this."""


class _Gone(Ledger):
    """The ledger of a killed process: nothing is written after the kill."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return super().__getattribute__(name)
        raise Died


@dataclass
class Call:
    """A call of a client that is going on."""

    wants: list[Want]
    served: list[Served] = field(default_factory=list)
    receipt: bool = True
    threads: bool = False
    """True if the product sends in threads of its own. Python interrupts the main thread, never these."""


@dataclass
class Machine:
    """A machine: its folder for ledgers, and how far its clock is off."""

    number: int
    folder: Path
    skew: float


class MachineClock:
    """The clock of a process: the simulated time, with the error of the machine.

    Args:
        process: the process that sleeps.
    """

    speed = 1.0

    def __init__(self, process: Process) -> None:
        self._process = process
        self.suspended = 0.0

    def time(self) -> float:
        """Now, as the machine believes."""
        return self._process.run.turns.now + self._process.machine.skew

    def now(self) -> datetime:
        """Now, as the machine believes."""
        return datetime.fromtimestamp(self.time(), UTC)

    def monotonic(self) -> float:
        """Seconds in which the machine was awake."""
        return self._process.run.turns.now - self.suspended

    def sleep(self, seconds: float, wake: threading.Event | None = None) -> None:
        """Let others run for some seconds."""
        self._process.strike()
        self._process.pause(seconds)


class Process:
    """A process on a machine, with a client. It works off its steps, unless it dies before.

    Args:
        run: the run.
        machine: the machine.
        steps: how many calls it makes.
        open_wants: what a process before it wanted, and does not know the outcome of.
    """

    def __init__(self, run: Run, machine: Machine, steps: int, open_wants: Iterable[Call] = ()) -> None:
        self.run, self.machine, self.steps = run, machine, steps
        self.open = list(open_wants)
        self.call = Call([])
        self.clock = MachineClock(self)
        self.dead = False
        self.number = run.next_process()

    def __call__(self, player: Player) -> None:
        self.begin(player)
        try:
            self.client = self.run.connect(self)
            for call in self.open:
                self._go_on_with(call)
            while self.steps:
                self.steps -= 1
                self.pause(self.run.draw.expovariate(1 / 150))
                self._step()
            self.client.close()
            self.run.living.discard(self.number)
        except Died:
            self.run.succeed(self)

    # -- what happens to a process

    def pause(self, seconds: float) -> None:
        """Let seconds pass."""
        if self.dead:
            raise Died
        self.run.turns.pause(self.player, seconds)
        self.run.current = self

    def begin(self, player: Player) -> None:
        """Come to life, with the turn of a player."""
        self.player = player
        self.run.current = self
        self.run.living.add(self.number)

    def strike(self) -> None:
        """Die, stand still or be interrupted, if that is the fate of the process at this point."""
        if self.dead:
            raise Died
        run = self.run
        if not run.danger or (luck := run.draw.random()) >= 3 * run.danger:
            return
        if luck < run.danger:
            run.note(self, "dies")
            self.dead = True
            run.living.discard(self.number)
            self.client._ledger.__class__ = _Gone
            raise Died
        if luck < 2 * run.danger:
            seconds = run.draw.choice([20.0, 400.0, 8_000.0])
            self.clock.suspended += seconds
            self.pause(seconds)
        elif self.call.wants and not self.call.threads:
            run.note(self, "is interrupted")
            raise KeyboardInterrupt

    # -- what a process does

    def _step(self) -> None:
        luck, run = self.run.draw.random(), self.run
        if luck < 0.4:
            self._create(run.want(self.machine))
        elif luck < 0.47:
            self._table(Call([run.want(self.machine) for _ in range(run.draw.randint(2, 4))], threads=True))
        elif luck < 0.5 and run.tables:
            self._table(Call(run.draw.choice(run.tables), threads=True))
        else:
            self._write()

    def _attempt(self, call: Call, ask: Callable[[], Any]) -> Any:
        """Make a call, and note what it says about each want; the frame, or None after an error."""
        self.call = call
        told = [Told("silent", _of(want, call.served)) for want in call.wants]
        for want, one in zip(call.wants, told):
            want.told.append(one)
        try:
            return ask()
        except UnknownOutcome as error:
            said: Said = "unknown"
            words = str(error)
        except GaussnbError as error:
            said, words = "not done", f"{type(error).__name__}: {error}"
        except KeyboardInterrupt:
            said, words = "silent", "interrupted"
        except Exception as error:
            said, words = "untyped", f"{type(error).__name__}: {error}"
        finally:
            self.call = Call([])
        for one in told:
            one.said, one.words = said, words
            self.run.note(self, said, words)
        return None

    def _create(self, want: Want) -> None:
        call = Call([want], _Sorting([want]))
        frame = self._attempt(call, lambda: self.client.instances.create(self.run.specs[want.number]))
        if frame is not None:
            self._hear(want, "done", str(frame["id"].iloc[0]))
        elif want.told[-1].said == "not done" and self.run.draw.random() < 0.5:
            self.pause(60)
            self._create_again(want)

    def _create_again(self, want: Want) -> None:
        frame = self._attempt(
            Call([want], _Sorting([want])), lambda: self.client.instances.create(self.run.specs[want.number])
        )
        if frame is not None:
            self._hear(want, "done", str(frame["id"].iloc[0]))

    def _table(self, call: Call, resume: Any = True, tries: int = 2) -> None:
        call = Call(call.wants, _Sorting(call.wants), threads=True)
        specs = [self.run.specs[want.number] for want in call.wants]
        frame = self._attempt(call, lambda: self.client.instances.create_many(specs, workers=1, resume=resume))
        if frame is None:
            return
        for want, line in zip(call.wants, frame.to_dict("records")):
            said: Said = _OUTCOMES.get(line["outcome"], "untyped")
            self._hear(want, said, str(line["id"]), f"{line['outcome']}: {line['message']}")
        if tries and not all(want.told[-1].said in ("done", "exists") for want in call.wants):
            self.pause(self.run.draw.expovariate(1 / 300))
            self._table(call, frame, tries - 1)
        elif self.run.draw.random() < 0.3:
            self.run.rerun(call.wants)

    def _write(self) -> None:
        things = list(self.run.sandbox._app.world.instances.values())
        if not things:
            self._create(self.run.want(self.machine))
            return
        thing = self.run.draw.choice(things)
        what, (receipt, ask) = self.run.draw.choice(_WRITE_LIST)
        want = self.run.note_want(what, thing.id, False, self.machine)
        call = Call([want], receipt=receipt, threads=what == "delete many")
        want.what = want.what.removesuffix(" many")
        frame = self._attempt(call, lambda: ask(self.client, thing, self.run.draw))
        if frame is None:
            return
        said: Said = "done"
        if call.threads:
            line = frame.iloc[0]
            said = _OUTCOMES.get(line["outcome"], "untyped")
            self._hear(want, said, "", f"{line['outcome']}: {line['message']}")
        else:
            self._hear(want, said)

    def _hear(self, want: Want, said: Said, thing: str = "", words: str = "") -> None:
        told = want.told[-1]
        told.said, told.thing, told.words = said, thing, words
        self.run.note(self, said, want.what, thing, words)

    def _go_on_with(self, call: Call) -> None:
        """Go on with a call of a dead process, as the documentation advises: look first."""
        if call.threads:
            self._table(call)
            return
        for want in call.wants:
            if want.creates:
                known = self._attempt(Call([]), self.client.made)
                if known is not None and want.name not in set(known["name"][known["outcome"] != "refused"]):
                    self._create_again(want)


class _Sorting(list[Served]):
    """What was served for a call, also sorted by the name of the wanted instance."""

    def __init__(self, wants: Iterable[Want]) -> None:
        super().__init__()
        self.named: dict[str, list[Served]] = {want.name: [] for want in wants}

    def append(self, served: Served) -> None:
        super().append(served)
        if served.operation == InstanceSpec.route.id:
            self.named[served.name].append(served)


def _of(want: Want, served: list[Served]) -> list[Served]:
    return served.named[want.name] if isinstance(served, _Sorting) else served


_OUTCOMES: dict[Any, Said] = {
    "accepted": "done",
    "exists": "exists",
    "unknown": "unknown",
    "refused": "not done",
    "skipped": "not done",
}

# ------------------------------------------------------------------------------------------- other writes

Ask = Callable[[Client, Any, random.Random], Any]


def _other_flavor(client: Client, thing: Any, draw: random.Random) -> Any:
    size = "2xlarge" if ".xlarge." in thing.spec_code else "xlarge"
    return client.instances.resize(thing.id, _resized(thing.spec_code, size))


def _resized(code: str, size: str) -> str:
    parts = code.split(".")
    return ".".join([*parts[:-2], size, parts[-1]])


_PARAMETERS = {
    "cassandra": "tombstone_warn_threshold",
    "mongodb": "operationProfiling.slowOpThresholdMs",
    "influxdb": "write-timeout",
    "redis": "slowlog-max-len",
}

WRITES: dict[str, tuple[bool, Ask]] = {
    "delete": (True, lambda client, thing, draw: client.instances.delete(thing.id)),
    "delete many": (True, lambda client, thing, draw: client.instances.delete_many([thing.id], workers=1)),
    "restart": (True, lambda client, thing, draw: client.instances.restart(thing.id)),
    "rename": (False, lambda client, thing, draw: client.instances.rename(thing.id, f"{thing.name[:40]}-x")),
    "resize": (True, _other_flavor),
    "add nodes": (True, lambda client, thing, draw: client.nodes.add(thing.id, 1)),
    "extend": (True, lambda client, thing, draw: client.volumes.extend(thing.id, thing.size + 10)),
    "tag": (
        False,
        lambda client, thing, draw: client.tags.update(thing.id, "create", [{"key": "who", "value": thing.name[:20]}]),
    ),
    "back up": (True, lambda client, thing, draw: client.backups.create(thing.id, f"copy-{draw.randrange(10**6)}")),
    "set backups": (False, lambda client, thing, draw: client.backups.set_policy(thing.id, 8, "08:00-09:00", "1,2")),
    "set parameter": (
        False,
        lambda client, thing, draw: client.parameters.update(
            thing.id, {_PARAMETERS[thing.engine]: str(draw.randint(100, 500))}
        ),
    ),
    "set port": (True, lambda client, thing, draw: client.network.set_port(thing.id, 8000 + draw.randrange(500))),
    "set password": (False, lambda client, thing, draw: client.instances.reset_password(thing.id, PASSWORD)),
}
"""The other writes: whether their answer is never empty, and how to ask for them."""
_WRITE_LIST = [(name, WRITES[name]) for name in sorted(WRITES)]

_SHAPES: tuple[dict[str, Any], ...] = (
    {},
    {"datastore": {"type": "mongodb", "version": "4.0", "storage_engine": "rocksDB"}, "mode": "ReplicaSet",
     "flavor": [{"num": 3, "size": 500, "storage": "ULTRAHIGH", "spec_code": "geminidb.mongodb.repset.xlarge.4"}]},
    {"datastore": {"type": "influxdb", "version": "1.8", "storage_engine": "rocksDB"}, "mode": "InfluxdbSingle",
     "flavor": [{"num": 1, "size": 500, "storage": "ULTRAHIGH", "spec_code": "geminidb.influxdb.single.xlarge.2"}]},
    {"datastore": {"type": "redis", "version": "5.0", "storage_engine": "rocksDB"}, "mode": "Cluster",
     "flavor": [{"num": 3, "size": 64, "storage": "ULTRAHIGH", "spec_code": "geminidb.redis.large.4"}]},
)  # fmt: skip


@cache
def _specs(subnet: str) -> list[dict[str, Any]]:
    usual = {**quickstart.body("cn-north-4"), "password": PASSWORD, "subnet_id": subnet}
    return [{**usual, **shape} for shape in _SHAPES]


# --------------------------------------------------------------------------------------------------- a run


class Run:
    """One run of the simulation.

    Args:
        seed: makes every decision.
        kind: the class of the clients; another one than the product's shows that the oracle notices its faults.
    """

    def __init__(self, seed: int, kind: type[Client] = Client) -> None:
        self.seed, self.kind = seed, kind
        self.draw = draw = random.Random(seed)
        self.turns = Turns(START)
        self.sandbox = Sandbox(port=None, start=time_text(START, "%Y-%m-%dT%H:%M:%S"), quota=0)
        self.sandbox._app.journal.add = lambda **record: None  # type: ignore[method-assign]  # a quarter of the time
        self.network = Network(self.sandbox, self.turns, draw, draw.choice([0.0, 0.05, 0.15, 0.3, 0.5]))
        self.danger = draw.choice([0.0, 0.002, 0.01])
        self.wants: list[Want] = []
        self.specs: dict[int, InstanceSpec] = {}
        self.tables: list[list[Want]] = []
        self.notes: list[str] = []
        self.faults: list[Fault] = []
        self.living: set[int] = set()
        """The numbers of the living processes."""
        self.current: Process
        """The process whose turn it is."""
        self._processes = 0

    def play(self) -> Run:
        """Play the run to its end, and judge it."""
        where = _MEMORY if _MEMORY.is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="campaign-", dir=where))
        with (
            patch.dict(os.environ),
            patch.multiple(Holder, present=self._present, is_alive=lambda holder, seen: self._is_alive(holder)),
        ):
            self._play()
        return self

    def _present(self) -> Holder:
        """The process whose turn it is, as ledgers note it: all processes of a run share one process id."""
        return Holder(f"machine {self.current.machine.number}", "", "", self.current.number, "")

    def _is_alive(self, holder: Holder) -> bool:
        return holder.pid in self.living

    def _play(self) -> None:
        try:
            self._machines = [self._machine(number) for number in range(self.draw.randint(1, 2))]
            for number in range(self.draw.randint(2, 3)):
                machine = self._machines[number % len(self._machines)]
                self.turns.start(START + self.draw.uniform(0, 30), Process(self, machine, self.draw.randint(15, 25)))
            self.turns.run()
            self.faults = judge(self.wants, self._ledgers(), self.sandbox._app.world.instances)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
            self.sandbox.close()

    def _machine(self, number: int) -> Machine:
        skew = self.draw.choice([0.0, 0.0, self.draw.uniform(-20, 20)])
        return Machine(number, self._folder / str(number), skew)

    def _ledgers(self) -> dict[int, list[Entry]]:
        """Ask every machine at the end, in peace, what it made."""
        self.danger = 0.0
        self.network.calm()
        found: dict[int, list[Entry]] = {}

        def ask(player: Player, machine: Machine) -> None:
            process = Process(self, machine, 0)
            process.begin(player)
            with self.connect(process) as client:
                found[machine.number] = [
                    Entry(str(line["name"]), str(line["id"]), str(line["outcome"]), str(line["status"]))
                    for line in client.made().to_dict("records")
                ]

        for machine in self._machines:
            self.turns.start(self.turns.now + LONGEST_DELAY, partial(ask, machine=machine))
        self.turns.run()
        return found

    # -- for processes

    def connect(self, process: Process) -> Client:
        """Make the client of a process."""
        os.environ["GAUSSNB_STATE_DIR"] = os.environ["GAUSSNB_CACHE_DIR"] = str(process.machine.folder)
        sandbox = self.sandbox
        return self.kind.open(
            endpoint=sandbox.endpoint,
            region=sandbox.region,
            project_id=sandbox.project_id,
            token=_token(),
            clock=process.clock,
            adapter=Wire(self.network, process),
            seed=self.seed,
        )

    def next_process(self) -> int:
        """The number of a new process."""
        self._processes += 1
        return self._processes

    def succeed(self, dead: Process) -> None:
        """Start the process that goes on with the work of a dead one."""
        going = [dead.call] if dead.call.wants else []
        heir = Process(self, dead.machine, dead.steps, [*going, *dead.open[1:]])
        self.turns.start(self.turns.now + self.draw.choice([1.0, 30.0, 2_000.0]), heir)

    def want(self, machine: Machine) -> Want:
        """Want a new instance. Now and then it has the name of another one, which differs in its engine."""
        body = self.draw.choice(_specs(_large_subnet()))
        others = [want for want in self.wants if want.creates and want.place != machine.number]
        name = f"want-{len(self.wants):03}"
        if others and self.draw.random() < 0.1:
            other = self.draw.choice(others)
            if self.specs[other.number].datastore.type != body["datastore"]["type"]:
                name = other.name
        want = self.note_want("create", name, True, machine)
        self.specs[want.number] = InstanceSpec(**{**body, "name": name})
        return want

    def note_want(self, what: str, name: str, creates: bool, machine: Machine) -> Want:
        """Note that somebody wants a write."""
        want = Want(len(self.wants), what, name, creates, machine.number)
        self.wants.append(want)
        return want

    def rerun(self, wants: list[Want]) -> None:
        """Let another process, or another machine, run the same table later, when no request of it is on its way."""

        def add() -> None:
            self.tables.append(wants)

        self.turns.at(self.turns.now + 2 * LONGEST_DELAY, add)

    def note(self, process: Process, *words: str) -> None:
        """Note what happened."""
        moment = self.turns.now - START
        self.notes.append(f"{moment:12.3f} p{process.number} m{process.machine.number} {' '.join(words)}".rstrip())

    @property
    def digest(self) -> str:
        """Equal for equal runs: what was said, and what was served, each with its moment."""
        served = [repr(one) for want in self.wants for told in want.told for one in told.served]
        return hashlib.sha256("\n".join([*self.notes, *served]).encode()).hexdigest()


@cache
def _token() -> str:
    world = Sandbox(port=None, start=time_text(START, "%Y-%m-%dT%H:%M:%S"), quota=0)._app.world
    return identity.seal(identity.Token(1, "project", START + 10 * 365 * 86_400), world)


@cache
def _large_subnet() -> str:
    world = Sandbox(port=None, start=time_text(START, "%Y-%m-%dT%H:%M:%S"), quota=0)._app.world
    return next(one.id for one in world.subnets.values() if one.name == "subnet-large")


# ------------------------------------------------------------------------------------------------ figures


def simulate(seed: int, kind: type[Client] = Client) -> Run:
    """Play the run of a seed."""
    return Run(seed, kind).play()


def run(size: float = 1.0, seed: int = 0) -> list[Figure]:
    """Play many runs.

    Args:
        size: 1.0 for the whole campaign.
        seed: the seed of the first run; the other runs have the seeds after it.
    """
    tried: Counter[bool] = Counter()
    bad: Counter[tuple[bool, str]] = Counter()
    examples: dict[tuple[bool, str], list[str]] = {}
    for one in range(seed, seed + max(1, round(RUNS * size))):
        played = simulate(one)
        for want in played.wants:
            tried[want.creates] += len(want.told)
        for fault in played.faults:
            key = fault.creates, fault.kind
            bad[key] += 1
            examples.setdefault(key, []).append(f"seed {one}: {fault.words}")
    figures = []
    for creates, noun in ((True, "creates"), (False, "other writes")):
        for kind, words in KINDS.items():
            if creates or kind != "unreported":
                key = creates, kind
                found = tuple(examples.get(key, ())[:10])
                figures.append(Figure("simulation", f"{noun}: {kind} ({words})", tried[creates], bad[key], found))
    return figures


def main(arguments: list[str]) -> int:
    """Repeat the runs of some seeds, and print what happened; 1 if a promise was broken."""
    broken = False
    for seed in map(int, arguments):
        played = simulate(seed)
        print(*played.notes, sep="\n")
        print(f"seed {seed}: {played.digest}, {len(played.faults)} faults")
        for fault in played.faults:
            print(f"  {fault.kind}: {fault.words}")
        broken = broken or bool(played.faults)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
