"""The form of a new instance: common fields first, dropdowns that depend on each other, and limits beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import ipywidgets as widgets

from ..core.errors import GaussnbError
from ..nosql import engines
from ..nosql.instance_spec import InstanceSpec
from .control import NOTHING, Control, ControlTypes
from .form import Follow, Form, Review, Send, form_for
from .inputs import ChoiceControl, Choices
from .nested import BareGroup, BareRows
from .style import heading, show

if TYPE_CHECKING:
    import pandas as pd


class Lists(Protocol):
    """A group of calls with a list."""

    @property
    def list(self) -> Callable[..., pd.DataFrame]: ...


class Cloud(Protocol):
    """The groups of calls that the form uses; :class:`gaussnb.Client` has them."""

    @property
    def region(self) -> str: ...
    @property
    def flavors(self) -> Lists: ...
    @property
    def vpcs(self) -> Lists: ...
    @property
    def subnets(self) -> Lists: ...
    @property
    def security_groups(self) -> Lists: ...


OTHER: Any = object()
"""The choice of a dropdown that opens a text box for a value that is not offered."""


class OfferedControl(ChoiceControl):
    """A dropdown of the values that the cloud offers, with a text box for any other value."""

    def choices(self) -> Choices:
        return []

    def frame(self) -> widgets.Widget:
        self._other = self._make(widgets.Text, continuous_update=False, description=f"{self.title}: other")
        self._other.observe(self._committed, "value")
        box = self._make(widgets.VBox, "gnb-field", children=(self.input, self._other, self.note))
        show(self._other, False)
        return box

    @property
    def value(self) -> Any:
        if self.input.value is OTHER:
            return self._other.value.strip() or NOTHING
        return super().value

    def _set(self, shown: Any) -> None:
        super()._set(shown)
        show(self._other, shown is OTHER)

    def _entries(self, choices: Choices) -> list[tuple[str, Any]]:
        return [*super()._entries(choices), ("another one …", OTHER)]

    @property
    def limits(self) -> str:
        return super().limits if self.input.value is OTHER else ""  # offered values keep the limits

    def missing(self, why: str) -> None:
        """Say that the choices could not be loaded, and open the text box."""
        self.offer([])
        self.advise(f"The choices could not be loaded: {why} Type a value, or load the choices again.")
        if self.value is NOTHING:
            self._set(OTHER)

    def _committed(self, change: Any) -> None:
        if not self._quiet and change["owner"] is self.input:
            show(self._other, change["new"] is OTHER)
            if change["new"] is OTHER:
                self._other.focus()
        super()._committed(change)


SECTIONS = (
    ("Database", ("name", "datastore", "mode", "product_type", "password")),
    ("Size", ("flavor",)),
    ("Location", ("availability_zone", "vpc_id", "subnet_id", "security_group_id")),
    ("Backups", ("backup_strategy",)),
)
"""The sections with the common fields. All other fields are in a folded part below."""
MORE = "More settings: payment, encryption, network, starting from a backup"
LESS = "Fewer settings"


@form_for(InstanceSpec)
class CreateForm(Form):
    """The form of :class:`gaussnb.InstanceSpec`, with defaults and with dropdowns filled from the cloud.

    Args:
        cloud: lists flavors, VPCs, subnets and security groups.
        send: sends the spec.
        review: collects the facts to show before the spec is sent.
        watch: follows the creation.

    When a field changes, the choices in dependent fields stay. A choice that is no longer offered is marked, and
    replaced only when the user presses "Use what fits". The form asks the cloud for each list once.
    """

    control_types: ClassVar[ControlTypes] = {
        "datastore": BareGroup,
        "datastore.version": OfferedControl,
        "flavor": BareRows,
        "flavor.spec_code": OfferedControl,
        "availability_zone": OfferedControl,
        "vpc_id": OfferedControl,
        "subnet_id": OfferedControl,
        "security_group_id": OfferedControl,
    }

    stand_ins: ClassVar[Mapping[str, Any]] = {
        **dict.fromkeys(("name", "region", "availability_zone", "vpc_id", "subnet_id", "security_group_id"), "name"),
        "password": "Aa1!" * 3,
    }

    def __init__(
        self, cloud: Cloud, send: Send | None = None, review: Review | None = None, watch: Follow | None = None
    ) -> None:
        self._cloud = cloud
        self._known: dict[tuple[Any, ...], pd.DataFrame | Exception] = {}
        super().__init__(InstanceSpec, send, review, watch)
        self._set("region", cloud.region or NOTHING)
        self._suggest()
        self._choose_network()
        self._judge()

    def arrange(self) -> list[widgets.Widget]:
        make, arranged = self.factory.make, []
        common: set[str] = set()
        for title, names in SECTIONS:
            common |= set(names)
            head = make(widgets.HTML, "gnb-plain", value=heading("gnb-section", title))
            arranged += [head, *(self.controls[name].widget for name in names)]
        rest = [control.widget for name, control in self.controls.items() if name not in common]
        self._rest = make(widgets.VBox, children=rest)
        self._fold = make(widgets.Button, "gnb-quiet", description=MORE)
        self._fold.on_click(lambda _: self._unfold(self._fold.description == MORE))
        self._unfold(False)
        return [*arranged, self._fold, self._rest]

    def more_actions(self) -> list[widgets.Widget]:
        make = self.factory.make
        self._fit = make(widgets.Button, description="Use what fits")
        self._fit.on_click(lambda _: self._fit_all())
        self._reload = make(widgets.Button, description="Load choices again")
        self._reload.on_click(lambda _: self._load_again())
        show(self._fit, False)
        return [self._fit, self._reload]

    def filled(self, names: set[str]) -> None:
        if names & {"datastore", "mode", "product_type", "flavor"}:
            self._offer_engine()
        if "vpc_id" in names:
            self._offer_network()

    def _judge(self) -> None:
        super()._judge()
        show(self._fit, any(control.objection for _, control in self.walk()))
        if any(control.message for name, control in self.controls.items() if control.widget in self._rest.children):
            self._unfold(True)

    def _unfold(self, unfold: bool) -> None:
        self._fold.description = LESS if unfold else MORE
        show(self._rest, unfold)

    # -- fitting values

    def _fit_all(self) -> None:
        self._suggest()
        self._choose_network()
        self._leave_review()
        self._judge()

    def _suggest(self) -> None:
        """Replace every value that does not fit the engine and the mode by the recommended one."""
        chosen = self._at("datastore.type").value
        engine = engines.ENGINES.get(chosen) or next(iter(engines.ENGINES.values()))
        mode = engine.modes.get(self._at("mode").value) or next(iter(engine.modes.values()))
        version = self._at("datastore.version").value
        version = version if version in mode.versions else mode.versions[0]
        self._set("datastore", {"type": engine.name, "version": version, "storage_engine": engines.STORAGE_ENGINE})
        self._set("mode", mode.name)
        product = self._at("product_type").value
        products = mode.product_types
        self._set("product_type", product if product in products else products[0] if products else NOTHING)
        self._offer_engine()
        if (code := self._at("flavor.0.spec_code")) is None:
            return
        if code.value is NOTHING or code.objection:
            offered = [value for value in code.offered if value == mode.flavor] or code.offered
            code.set(offered[0] if offered else mode.flavor)
        storage = engines.storage(mode, code.value)
        for dotted, span in (("flavor.0.num", mode.nodes), ("flavor.0.size", storage)):
            control = self._at(dotted)
            if control.value is NOTHING or _number(control.value) not in span:
                control.set(span.usual)
        self._offer_engine()
        self._first("availability_zone")

    def _choose_network(self) -> None:
        self._offer_network()
        self._first("vpc_id")
        self._offer_network()
        self._first("subnet_id")
        self._first("security_group_id")

    def _first(self, name: str) -> None:
        control = self._at(name)
        if control.offered and (control.value is NOTHING or control.objection):
            control.set(control.offered[0])

    # -- dependent choices

    def _offer_engine(self) -> None:
        """Renew the choices that depend on engine, mode, product type and flavor."""
        self._at("datastore.type").offer([(f"{one.name} – {one.title}", one.name) for one in engines.ENGINES.values()])
        engine = engines.ENGINES.get(self._at("datastore.type").value)
        if engine is None:
            return
        self._at("datastore.type").advise(f"Usually ready in about {engine.create_seconds // 60} minutes.")
        self._at("mode").offer([(f"{mode.name} – {mode.title}", mode.name) for mode in engine.modes.values()])
        mode = engine.modes.get(self._at("mode").value)
        versions = mode.versions if mode else engine.versions
        self._at("datastore.version").offer([(version or "(no version)", version) for version in versions])
        product = self._at("product_type")
        show(product.widget, product.value is not NOTHING or bool(mode and mode.product_types))
        if mode is not None and self._at("flavor.0.spec_code") is not None:
            self._offer_size(engine, mode)

    def _offer_size(self, engine: engines.Engine, mode: engines.Mode) -> None:
        code, zone = self._at("flavor.0.spec_code"), self._at("availability_zone")
        frame = self._flavors(code, engine, mode)
        if frame is not None:
            fitting = frame.loc[[engines.family(one) == mode.family for one in frame["spec_code"]]]
            code.offer([_sized(row) for row in fitting.to_dict("records")])
            here = fitting[fitting["spec_code"] == code.value] if code.value is not NOTHING else fitting[:0]
            if len(here):
                zones = [zone for zone in str(here["available_in"].iloc[0]).split(", ") if zone]
                zone.offer([(one.replace(",", " + "), one) for one in zones])
        storage = engines.storage(mode, mode.flavor if code.value is NOTHING else code.value)
        self._at("flavor.0.num").advise(_limits(mode.nodes, "nodes"))
        self._at("flavor.0.size").advise(_limits(storage, "GB"))

    def _flavors(self, code: Control, engine: engines.Engine, mode: engines.Mode) -> pd.DataFrame | None:
        """The flavors that the cloud has for an engine in a mode; None when they could not be loaded."""
        filters: dict[str, str] = {"engine_name": engine.flavors_of}
        if mode.flavor_mode is not None:
            filters["mode"] = mode.flavor_mode
        if mode.product_types:
            chosen = self._at("product_type").value
            filters["product_type"] = mode.product_types[0] if chosen is NOTHING else chosen
        return self._ask(code, self._cloud.flavors.list, **filters)

    def _offer_network(self) -> None:
        """Offer VPCs and security groups, and the subnets of the VPC."""
        self._offer("vpc_id", _named, self._cloud.vpcs.list)
        self._offer("security_group_id", lambda row: (str(row["name"]), row["id"]), self._cloud.security_groups.list)
        vpc = self._at("vpc_id").value
        if vpc is not NOTHING:
            self._offer("subnet_id", _named, self._cloud.subnets.list, vpc_id=vpc)

    # -- questions to the cloud

    def _at(self, dotted: str) -> Any:
        return next((control for path, control in self.walk() if ".".join(map(str, path)) == dotted), None)

    def _set(self, name: str, value: Any) -> None:
        self.controls[name].set(value)

    def _offer(
        self, name: str, label: Callable[[Any], tuple[str, Any]], question: Callable[..., pd.DataFrame], **filters: Any
    ) -> None:
        frame = self._ask(self._at(name), question, **filters)
        if frame is not None:
            self._at(name).offer([label(row) for row in frame.to_dict("records")])

    def _ask(self, control: Any, question: Callable[..., pd.DataFrame], **filters: Any) -> pd.DataFrame | None:
        """Ask the cloud for a list, once; the field shows that the list is loading, or that it could not be loaded."""
        key = (repr(question), *sorted(filters.items()))
        if key not in self._known:
            control.advise("Loading …")
            try:
                self._known[key] = question(**filters)
            except Exception as error:  # shown at the field; the user may load the choices again
                self._known[key] = error
        answer = self._known[key]
        if isinstance(answer, Exception):
            # Any other error comes from a filter that is no valid id: the field of that filter shows the error.
            control.missing(str(answer) if isinstance(answer, GaussnbError) else "the fields above are wrong.")
            return None
        control.advise("")
        return answer

    def _load_again(self) -> None:
        self._known.clear()
        self._offer_engine()
        self._choose_network()
        self._judge()


def _limits(span: engines.Span, unit: str) -> str:
    advice = "" if span.advice == span.says else f"; recommended: {span.advice}"
    return f"{span.says} {unit}{advice}"


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _named(row: Any) -> tuple[str, Any]:
    return f"{row['name']} – {row['cidr']}", row["id"]


def _sized(row: Any) -> tuple[str, Any]:
    return f"{row['spec_code']} – {row['vcpus']} vCPU, {row['ram']} GB", row["spec_code"]
