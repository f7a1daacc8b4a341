"""Parameter templates, the service's own and one's own, and the parameters of instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ... import engines
from ...operations.configurations import (
    ApplyConfiguration,
    ApplyConfigurationToInstances,
    CompareConfiguration,
    CopyConfiguration,
    CreateConfiguration,
    DeleteConfiguration,
    ListConfigurationDatastores,
    ListConfigurations,
    ListConfigurationTemplates,
    ResetParamGroupTemplate,
    ShowApplicableInstances,
    ShowApplyHistory,
    ShowConfigurationDetail,
    ShowInstanceConfiguration,
    ShowModifyHistory,
    UpdateConfiguration,
    UpdateInstanceConfiguration,
    UpdateInstanceConfigurations,
)
from ..lifecycle import Work
from ..messages import Refused, encode
from ..parameters import PARAMETERS
from ..world import SUFFIXES, Instance, World, job_time, kept, list_time
from . import Call, Page, simulates

_MISSING = "DBS.280045"
_MOST = 100
"""Templates of one's own, and instances a template is applied to at once."""


@kept("template")
@dataclass
class Template:
    """One parameter template of one's own."""

    id: str
    name: str
    description: str
    engine: str
    version: str
    mode: str
    created: float
    updated: float
    values: dict[str, str] = field(default_factory=dict)
    """What is not the engine's default."""
    own: bool = True

    def facts(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "datastore_version_name": self.version,
            "datastore_name": self.engine,
            "mode": self.mode,
            "created": job_time(self.created),
            "updated": job_time(self.updated),
        }


@kept("applied")
@dataclass
class Applied:
    """One time a template was applied to an instance."""

    id: str
    template_id: str
    instance_id: str
    instance_name: str
    at: float
    result: str
    reason: str = ""


@kept("parameter change")
@dataclass
class Change:
    """One change of a parameter of an instance."""

    id: str
    instance_id: str
    name: str
    old: str
    new: str
    at: float


def _own(world: World, id: str) -> Template:
    found = world.table(Template).get(id)
    if found is None:
        raise Refused("DBS.212001" if id in world.templates else _MISSING)
    return found


def _any(world: World, id: str) -> Template:
    """A template, the service's own included: those have the defaults."""
    found = world.table(Template).get(id)
    if found is not None:
        return found
    if id not in world.templates:
        raise Refused(_MISSING)
    engine, mode = world.templates[id]
    version = engines.mode(engine, mode).versions[0]
    name = f"Default-{engine}-{version or 'latest'}-{mode}"
    return Template(id, name, f"Defaults of {engine} {mode}.", engine, version, mode, 0.0, 0.0, own=False)


def _all(world: World) -> list[Template]:
    return [*(_any(world, id) for id in world.templates), *world.table(Template).values()]


def _checked(engine: str, values: Mapping[str, str] | None) -> dict[str, str]:
    for name, value in (values or {}).items():
        known = PARAMETERS[engine].get(name)
        if known is None:
            raise Refused("DBS.212013", f"{engine} has no such parameter.")
        if not known.takes(value):
            raise Refused("DBS.212013", f"{known.name}: {known.range}.")
    return dict(values or {})


def _named(world: World, name: str, but: str = "") -> str:
    if any(one.name == name and one.id != but for one in _all(world)):
        raise Refused("DBS.212030")
    return name


def _parameters(engine: str, values: Mapping[str, str]) -> list[dict[str, object]]:
    return [one.wire(values.get(one.name, one.value)) for one in PARAMETERS[engine].values()]


def _new(call: Call, name: str, description: str | None, like: Template | Instance, values: dict[str, str]) -> Template:
    world = call.world
    if len(world.table(Template)) >= _MOST:
        raise Refused("DBS.212001", f"There are {_MOST} templates already.")
    template = Template(
        id=f"{world.ids.hex('template')}pr{SUFFIXES[like.engine]}",
        name=_named(world, name),
        description=description or "",
        engine=like.engine,
        version=like.version,
        mode=like.mode,
        created=call.now,
        updated=call.now,
        values=values,
    )
    return world.table(Template).put(template)


# ----------------------------------------------------------------------------------------------- templates


@simulates(CreateConfiguration)
def create(op: CreateConfiguration, call: Call) -> dict[str, Any]:
    if op.datastore is None:
        source = call.instance(str(op.instance_id))
        values = {**_values(source), **_checked(source.engine, op.values)}
        return {"configuration": _new(call, op.name, op.description, source, values).facts()}
    engine = engines.ENGINES[op.datastore.type]
    mode = engine.modes.get(op.datastore.mode or next(iter(engine.modes)))
    if mode is None:
        raise Refused("DBS.280342")
    if op.datastore.version not in mode.versions:
        raise Refused("DBS.280236")
    like = Template("", "", "", engine.name, op.datastore.version, mode.name, 0, 0)
    return {"configuration": _new(call, op.name, op.description, like, _checked(engine.name, op.values)).facts()}


def _listed(op: ListConfigurationTemplates | ListConfigurations, call: Call) -> list[dict[str, Any]]:
    found = [one for one in _all(call.world) if op.datastore_name in (None, one.engine)]
    if op.mode is None:  # documented: without a mode, those of classic storage
        found = [one for one in found if "CloudNative" not in one.mode]
    elif op.mode != "All":
        found = [one for one in found if one.mode == op.mode]
    return [{**one.facts(), "user_defined": one.own} for one in found]


@simulates(ListConfigurationTemplates)
def list_templates(op: ListConfigurationTemplates, call: Call) -> Page:
    return Page(_listed(op, call), beside={"quota": _MOST})


@simulates(ListConfigurations)
def list_templates_older(op: ListConfigurations, call: Call) -> dict[str, Any]:
    found = _listed(op, call)
    return {"count": len(found), "quota": _MOST, "configurations": found}


@simulates(ShowConfigurationDetail)
def show(op: ShowConfigurationDetail, call: Call) -> dict[str, Any]:
    template = _any(call.world, op.config_id)
    return {**template.facts(), "configuration_parameters": _parameters(template.engine, template.values)}


@simulates(UpdateConfiguration)
def update(op: UpdateConfiguration, call: Call) -> dict[str, Any]:
    template = _own(call.world, op.config_id)
    values = _checked(template.engine, op.values)
    template.name = _named(call.world, op.name or template.name, but=template.id)
    template.description = template.description if op.description is None else op.description
    template.values |= values
    _touch(call, template)
    return {}


@simulates(ResetParamGroupTemplate)
def reset(op: ResetParamGroupTemplate, call: Call) -> dict[str, Any]:
    template = _own(call.world, op.config_id)
    template.values = {}
    _touch(call, template)
    return {}


def _touch(call: Call, template: Template) -> None:
    template.updated = call.now
    call.world.table(Template).put(template)


@simulates(DeleteConfiguration)
def delete(op: DeleteConfiguration, call: Call) -> dict[str, Any]:
    call.world.table(Template).drop(_own(call.world, op.config_id).id)
    return {}


@simulates(CopyConfiguration)
def copy(op: CopyConfiguration, call: Call) -> dict[str, Any]:
    source = _any(call.world, op.config_id)
    return {"config_id": _new(call, op.name, op.description, source, dict(source.values)).id}


@simulates(CompareConfiguration)
def compare(op: CompareConfiguration, call: Call) -> dict[str, Any]:
    one, other = (_any(call.world, id) for id in (op.source_configuration_id, op.target_configuration_id))
    if one.engine != other.engine:
        raise Refused("DBS.212001", "Templates of one engine are compared.")
    pairs = zip(_parameters(one.engine, one.values), _parameters(one.engine, other.values))
    return {
        "differences": [
            {"parameter_name": here["name"], "source_value": here["value"], "target_value": there["value"]}
            for here, there in pairs
            if here["value"] != there["value"]
        ]
    }


@simulates(ListConfigurationDatastores)
def list_datastores(op: ListConfigurationDatastores, call: Call) -> dict[str, Any]:
    known = [
        {"datastore_name": mode.engine, "version": version, "mode": mode.name}
        for mode in engines.modes()
        for version in mode.versions
    ]
    return {"datastores": known}


# ------------------------------------------------------------------------------------------------ applying


def _set(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    before = {one["name"]: str(one["value"]) for one in _parameters(instance.engine, _values(instance))}
    instance.settings["parameters"] = {**_values(instance), **effect["values"]}
    for name, value in effect["values"].items():
        if before[name] != value:
            change = Change(world.ids.hex("change"), instance.id, name, before[name], value, effect["at"])
            world.table(Change).put(change)
    if done := world.table(Applied).get(effect.get("applied", "")):
        done.result = "SUCCESS"
        world.table(Applied).put(done)


APPLY = Work("ApplyConfiguration", "SET_CONFIGURATION", 60, apply=_set)


def _values(instance: Instance) -> dict[str, str]:
    return dict(instance.settings.get("parameters", {}))


@simulates(ApplyConfiguration)
@simulates(ApplyConfigurationToInstances)
def apply(op: ApplyConfigurationToInstances, call: Call) -> dict[str, Any]:
    template = _any(call.world, op.config_id)
    targets = [call.instance(id) for id in op.instance_ids]
    if any((one.engine, one.mode) != (template.engine, template.mode) for one in targets):
        raise Refused("DBS.212001", "An instance is of another engine or mode.")
    jobs = [""]
    for instance in targets:
        done = Applied(call.world.ids.hex("applied"), template.id, instance.id, instance.name, call.now, "APPLYING")
        try:
            values = {one["name"]: one["value"] for one in _parameters(template.engine, template.values)}
            jobs.append(call.start(APPLY, instance, values=values, at=call.now, applied=done.id)["job_id"])
            done.result = "FAILED" if call.fail else done.result
            done.reason = call.fail
        except Refused as refusal:  # one that is busy does not keep the others from theirs
            done.result, done.reason = "FAILED", refusal.message
        call.world.table(Applied).put(done)
    return {"job_id": jobs[-1], "success": len(jobs) > 1}


@simulates(ShowApplicableInstances)
def applicable(op: ShowApplicableInstances, call: Call) -> Page:
    template = _any(call.world, op.config_id)
    found = [
        {"id": one.id, "name": one.name}
        for one in call.world.instances.newest_first()
        if (one.engine, one.mode) == (template.engine, template.mode)
        and op.instance_id in (None, one.id)
        and op.instance_name in (None, one.name)
    ]
    return Page(found, beside={"count": _MOST})


@simulates(ShowApplyHistory)
def apply_history(op: ShowApplyHistory, call: Call) -> Page:
    _any(call.world, op.config_id)
    mine = [one for one in call.world.table(Applied).newest_first() if one.template_id == op.config_id]
    return Page(mine, lambda one: encode(_application(one)))


def _application(one: Applied) -> dict[str, Any]:
    return {
        "instance_id": one.instance_id,
        "instance_name": one.instance_name,
        "applied_at": list_time(one.at),
        "apply_result": one.result,
        "failure_reason": one.reason,
    }


# ------------------------------------------------------------------------------------ of an instance


@simulates(ShowInstanceConfiguration)
def show_parameters(op: ShowInstanceConfiguration, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    facts = Template(
        instance.configuration_id or f"{instance.id[:32]}pr{SUFFIXES[instance.engine]}",
        "", "", instance.engine, instance.version, instance.mode, instance.created, instance.updated,
    ).facts()  # fmt: skip
    del facts["name"], facts["description"]
    return {**facts, "configuration_parameters": _parameters(instance.engine, _values(instance))}


@simulates(UpdateInstanceConfiguration)
@simulates(UpdateInstanceConfigurations)
def set_parameters(op: UpdateInstanceConfigurations, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    values = _checked(instance.engine, op.values)
    started = call.start(APPLY, instance, values=values, at=call.now)
    return {**started, "restart_required": any(PARAMETERS[instance.engine][name].restart for name in values)}


@simulates(ShowModifyHistory)
def parameter_history(op: ShowModifyHistory, call: Call) -> Page:
    call.instance(op.instance_id)
    mine = [
        one
        for one in call.world.table(Change).newest_first()
        if one.instance_id == op.instance_id and op.parameter_name in (None, one.name)
    ]
    return Page(mine, lambda one: encode(_changed(one)))


def _changed(one: Change) -> dict[str, Any]:
    return {
        "parameter_name": one.name,
        "old_value": one.old,
        "new_value": one.new,
        "update_result": "SUCCESS",
        "applied": True,
        "updated_at": job_time(one.at),
        "applied_at": job_time(one.at),
    }
