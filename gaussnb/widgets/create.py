"""The form of a new instance: what people fill first, dropdowns that know each other, limits beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, get_args

import ipywidgets as widgets

from .. import engines
from ..errors import GaussnbError
from ..fields import EngineName
from ..instance_spec import InstanceSpec
from ..spec import unwrap
from .controls import NOTHING, ChoiceControl, Control, Kinds
from .form import Form, Review, Send

if TYPE_CHECKING:
    import pandas as pd

Choices = Sequence[tuple[str, Any]]


class Cloud(Protocol):
    """What the form asks of the cloud, as callables; :class:`gaussnb.Client` has them."""

    @property
    def region(self) -> str: ...
    @property
    def flavors(self) -> Any: ...
    @property
    def vpcs(self) -> Any: ...
    @property
    def subnets(self) -> Any: ...
    @property
    def security_groups(self) -> Any: ...


class OfferedControl(ChoiceControl):
    """A text that is chosen from what the cloud offers."""

    def choices(self) -> Choices:
        return []


COMMON = (
    "name",
    "datastore",
    "mode",
    "flavor",
    "availability_zone",
    "vpc_id",
    "subnet_id",
    "security_group_id",
    "password",
)
"""What everybody fills; the rest is folded below."""


class CreateForm(Form):
    """A form of :class:`gaussnb.InstanceSpec` with defaults and dropdowns filled from the cloud.

    Args:
        cloud: what is asked for flavors, VPCs, subnets and security groups.
        send: sends the spec.
        review: facts to show before it is sent.

    A choice that is still offered stays when another field changes; one that is not is named, never
    replaced. Each question is asked once.
    """

    kinds: ClassVar[Kinds] = {
        "datastore.version": OfferedControl,
        "flavor.spec_code": OfferedControl,
        "availability_zone": OfferedControl,
        "vpc_id": OfferedControl,
        "subnet_id": OfferedControl,
        "security_group_id": OfferedControl,
    }

    def __init__(self, cloud: Cloud, send: Send | None = None, review: Review | None = None) -> None:
        self._cloud = cloud
        self._known: dict[tuple[Any, ...], pd.DataFrame] = {}
        super().__init__(InstanceSpec, send, review)
        self._start()

    def arrange(self) -> list[widgets.Widget]:
        rest = [control.widget for name, control in self.controls.items() if name not in COMMON]
        fold = widgets.Accordion(children=[widgets.VBox(rest)], titles=("More: payment, backups, network, restoring",))
        return [*(self.controls[name].widget for name in COMMON), fold]

    def filled(self, names: set[str]) -> None:
        self._depend(names)

    # -- defaults

    def _start(self) -> None:
        engine = next(iter(engines.ENGINES.values()))
        mode = next(iter(engine.modes.values()))
        datastore = {"type": engine.name, "version": mode.versions[0]}
        self._set("datastore", {**datastore, "storage_engine": engines.STORAGE_ENGINE})
        self._set("mode", mode.name)
        size = {"num": mode.nodes.usual, "size": mode.storage.usual, "storage": engines.STORAGE_TYPE}
        self._set("flavor", [{**size, "spec_code": mode.flavor}])
        if self._cloud.region:
            self._set("region", self._cloud.region)
        self._depend({"datastore", "vpc_id"})
        for name in ("availability_zone", "vpc_id", "subnet_id", "security_group_id"):
            self._first(name)
            self._depend({name})

    def _set(self, name: str, value: Any) -> None:
        self.controls[name].set(value)

    def _first(self, name: str) -> None:
        offered = [value for _, value in self.controls[name].input.options if value is not NOTHING]
        if offered and self.controls[name].value is NOTHING:
            self._set(name, offered[0])

    # -- dependence

    def _depend(self, names: set[str]) -> None:
        """Offer anew what depends on the changed fields."""
        if names & {"datastore", "mode", "product_type", "flavor"}:
            self._offer_engine()
        if names & {"vpc_id"}:
            vpcs = self._ask(self._at("vpc_id"), self._cloud.vpcs.list)
            self._offer("vpc_id", vpcs, _named)
            groups = self._ask(self._at("security_group_id"), self._cloud.security_groups.list)
            self._offer("security_group_id", groups, lambda row: (row["name"], row["id"]))
            vpc = self._at("vpc_id").value
            if vpc is not NOTHING:
                subnets = self._ask(self._at("subnet_id"), self._cloud.subnets.list, vpc_id=vpc)
                self._offer("subnet_id", subnets, _named)

    def _offer_engine(self) -> None:
        name = self._at("datastore.type").value
        if name not in get_args(unwrap(EngineName)):
            return
        engine = engines.engine(name)
        mode_name = self._at("mode").value
        self._at("mode").offer([(f"{mode.name} – {mode.title}", mode.name) for mode in engine.modes.values()])
        mode = engine.modes.get(mode_name)
        versions = mode.versions if mode else engine.versions
        self._at("datastore.version").offer([(version or "(none)", version) for version in versions])
        if mode is None:
            return
        frame = self._flavors(engine, mode)
        flavor = self._at("flavor.0.spec_code")
        if flavor is None or frame is None:
            return
        fitting = frame[[engines.family(code) == mode.family for code in frame["spec_code"]]]
        flavor.offer([_sized(row) for row in fitting.to_dict("records")])
        here = fitting[fitting["spec_code"] == flavor.value] if flavor.value is not NOTHING else fitting[:0]
        if len(here):
            zones = str(here["available_in"].iloc[0]).split(", ")
            self._at("availability_zone").offer([(zone.replace(",", " + "), zone) for zone in zones])
        storage = engines.storage(mode, mode.flavor if flavor.value is NOTHING else flavor.value)
        self._at("flavor.0.num").advise(f"{mode.nodes.says}; safe: {mode.nodes.advice}")
        self._at("flavor.0.size").advise(f"{storage.says} GB; safe: {storage.advice}")

    def _flavors(self, engine: engines.Engine, mode: engines.Mode) -> pd.DataFrame | None:
        """The flavors the cloud has for an engine in a mode."""
        asked: dict[str, Any] = {"engine_name": flavor_engine(engine.name)}
        if mode.name in ("CloudNativeCluster", "EnhancedCluster"):  # the others share the classic ones
            asked["mode"] = mode.name
        if mode.product_types:
            chosen = self._at("product_type").value
            asked["product_type"] = mode.product_types[0] if chosen is NOTHING else chosen
        return self._ask(self._at("flavor.0.spec_code") or self._at("mode"), self._cloud.flavors.list, **asked)

    # -- asking

    def _at(self, dotted: str) -> Any:
        return next((c for path, c in self._walk() if ".".join(map(str, path)) == dotted), None)

    def _ask(self, control: Control, question: Callable[..., pd.DataFrame], **asked: Any) -> pd.DataFrame | None:
        """Ask the cloud once; show at the field that it is being asked, or that it failed."""
        key = (repr(question), *sorted(asked.items()))
        if key not in self._known:
            control.advise("loading …")
            try:
                self._known[key] = question(**asked)
            except GaussnbError as error:
                control.advise(f"could not be loaded: {error} Change a field to try again.")
                return None
            control.advise("")
        return self._known[key]

    def _offer(self, name: str, frame: pd.DataFrame | None, label: Callable[[Any], tuple[str, Any]]) -> None:
        if frame is not None:
            self._at(name).offer([label(row) for row in frame.to_dict("records")])


def _named(row: Any) -> tuple[str, Any]:
    return f"{row['name']} – {row['cidr']}", row["id"]


def _sized(row: Any) -> tuple[str, Any]:
    return f"{row['spec_code']} – {row['vcpus']} vCPU, {row['ram']} GB", row["spec_code"]


def flavor_engine(engine: str) -> str:
    """The engine whose flavors an engine uses: DynamoDB and HBase run on Cassandra's."""
    return "cassandra" if engine in ("dynamodb", "hbase") else engine
