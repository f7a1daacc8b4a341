"""Parameter templates, the parameters of instances, and the history of both.

An instance keeps its values; a change of its template takes effect only when the template is applied again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...nosql.engines import ENGINES
from ...nosql.operations.configurations import (
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
    TemplateDatastore,
    UpdateConfiguration,
    UpdateInstanceConfiguration,
    UpdateInstanceConfigurations,
)
from .. import lifecycle
from ..engine.messages import encode
from ..engine.tables import job_time
from ..engine.work import Work
from ..lifecycle import End, register
from ..parameters import Parameter, parameter, parameters
from ..refusals import Refused
from ..world import Instance, World, kept, list_time
from . import Context, Page, matching, simulates

_MOST = 100
_BORN = 1_546_300_800.0  # 2019-01-01: the creation of the service's own templates


@kept("template")
@dataclass
class Template:
    """A parameter template."""

    id: str
    name: str
    description: str
    engine: str
    version: str
    mode: str
    created: float
    updated: float
    values: dict[str, str] = field(default_factory=dict)
    """The values that differ from the default of the engine."""
    own: bool = True
    """False for a template of the service."""

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

    def fits(self, engine: str, version: str, mode: str) -> bool:
        """True if it is for instances of this engine, version and mode."""
        return (self.engine, self.version, self.mode) == (engine, version, mode)


@kept("parameters", ends_with_instance=True)
@dataclass
class Parameters:
    """The parameters of an instance, with the id of the instance. An instance without them has the defaults."""

    id: str
    template_id: str
    updated: float
    values: dict[str, str] = field(default_factory=dict)


@kept("parameter change", ends_with_instance=True)
@dataclass
class Change:
    """One change of one parameter of an instance."""

    id: str
    instance_id: str
    name: str
    old: str
    new: str
    moment: float
    restart: bool
    """True if it takes effect only after the next restart."""


@kept("application")
@dataclass
class Application:
    """One application of a template to an instance."""

    id: str
    template_id: str
    instance_id: str
    instance_name: str
    moment: float
    result: str = "APPLYING"
    reason: str = ""


# ---------------------------------------------------------------------------------- the present


def system_templates(world: World) -> dict[str, Template]:
    """The templates of the service: one for each engine, mode and version."""
    made = {}
    for engine in ENGINES.values():
        for mode in engine.modes.values():
            for version in mode.versions:
                first = version == mode.versions[0]
                id = world.ids.fixed(f"template {engine.name} {mode.name}{'' if first else f' {version}'}")
                name = "-".join(filter(None, ("Default", engine.name, version, mode.name)))
                made[f"{id}pr{engine.id_suffix}"] = Template(
                    f"{id}pr{engine.id_suffix}",
                    name,
                    f"Default parameters of {engine.title}",
                    engine.name,
                    version,
                    mode.name,
                    _BORN,
                    _BORN,
                    own=False,
                )
    return made


def template(world: World, id: str) -> Template:
    """The template with this id, of the service or of the account.

    Raises:
        Refused: when there is none.
    """
    found = world.table(Template).get(id) or system_templates(world).get(id)
    if found is None:
        raise Refused("DBS.280045")
    return found


def check_template(world: World, id: str, engine: str, version: str, mode: str) -> None:
    """Refuse a template that does not exist, or is for another engine, version or mode."""
    if not template(world, id).fits(engine, version, mode):
        raise Refused("DBS.200057", "The template is for another engine, version or mode.")


def take_template(world: World, instance: Instance, now: float) -> None:
    """Give a new instance the parameters of the template it was created with."""
    if instance.configuration_id:
        values = template(world, instance.configuration_id).values
        world.table(Parameters).put(Parameters(instance.id, instance.configuration_id, now, dict(values)))


def _of(world: World, instance: Instance) -> Parameters:
    """The parameters of an instance."""
    if present := world.table(Parameters).get(instance.id):
        return present
    default = next(
        one.id for one in system_templates(world).values() if one.fits(instance.engine, instance.version, instance.mode)
    )
    return Parameters(instance.id, default, instance.created)


def _own(context: Context, id: str) -> Template:
    found = template(context.world, id)
    if not found.own:
        raise Refused("DBS.212003", "The service's own templates cannot be changed.")
    if matching(context.world.table(Application).values(), template_id=id, result="APPLYING"):
        raise Refused("DBS.212035")
    return found


def _checked(engine: str, values: Mapping[str, str]) -> dict[str, str]:
    """New values, if each parameter exists and accepts its value.

    Raises:
        Refused: when one does not.
    """
    for name, value in values.items():
        one = parameter(engine, name)
        if one is None:
            raise Refused("DBS.212013", "The engine has no such parameter.")
        if one.readonly:
            raise Refused("DBS.212013", f"{name}: it is read-only.")
        if allowed := one.problem(value):
            raise Refused("DBS.212013", f"{name}: {one.type}, {allowed}.")
    return dict(values)


def _check_name(world: World, name: str, but: str = "") -> None:
    named = [*system_templates(world).values(), *world.table(Template).values()]
    if any(one.name == name and one.id != but for one in named):
        raise Refused("DBS.212030")


def _value(one: Parameter, values: Mapping[str, str]) -> str:
    return values.get(one.name, one.default)


def _shown(engine: str, values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [one.wire(values) for one in parameters(engine)]


# ------------------------------------------------------------------------------------ templates


@simulates(CreateConfiguration)
def create(op: CreateConfiguration, context: Context) -> dict[str, Any]:
    if op.datastore is not None:
        engine, version, mode = _kind(op.datastore)
        values: Mapping[str, str] = {}
    else:
        source = context.instance(op.instance_id or "")
        engine, version, mode = source.engine, source.version, source.mode
        values = _of(context.world, source).values
    merged = {**values, **_checked(engine, op.values or {})}
    made = _made(context, op.name, op.description, engine, version, mode, merged)
    return {"configuration": made.facts()}


def _kind(store: TemplateDatastore) -> tuple[str, str, str]:
    """The engine, version and mode of a new template; without a mode, the first classic one."""
    engine = ENGINES[store.type]
    modes, name = engine.modes, store.mode or engine.classic_mode.name
    if store.mode is None and engine.template_mode:
        raise Refused("DBS.280040", "datastore.mode: needed for MongoDB.")
    if name not in modes:
        raise Refused("DBS.280342", "The engine has no such mode.")
    if store.version not in modes[name].versions:
        raise Refused("DBS.280236", f"There are {', '.join(modes[name].versions)}.")
    return store.type, store.version, name


def _made(
    context: Context, name: str, description: str | None, engine: str, version: str, mode: str, values: dict[str, str]
) -> Template:
    world = context.world
    _check_name(world, name)
    if len(world.table(Template)) >= _MOST:
        raise Refused("DBS.212003", f"There are {_MOST} templates already.")
    id = f"{world.ids.hex('template')}pr{ENGINES[engine].id_suffix}"
    made = Template(id, name, description or "", engine, version, mode, context.now, context.now, values)
    return world.table(Template).put(made)


def _listed(context: Context, engine: str | None, mode: str | None) -> list[Template]:
    """The templates of the account, the newest first, then those of the service."""
    own = context.world.table(Template).newest_first()
    found = matching([*own, *system_templates(context.world).values()], engine=engine)
    return [
        one
        for one in found
        if mode == "All" or (one.mode == mode if mode else ENGINES[one.engine].modes[one.mode].classic)
    ]


@simulates(ListConfigurationTemplates)
def list_templates(op: ListConfigurationTemplates, context: Context) -> Page:
    found = _listed(context, op.datastore_name, op.mode)
    return Page(found, _line, {"quota": _MOST})


@simulates(ListConfigurations)
def list_older(op: ListConfigurations, context: Context) -> Page:
    found = _listed(context, op.datastore_name, op.mode)
    return Page(found, _line, {"quota": _MOST}, limit=len(found))


def _line(one: Template) -> bytes:
    return encode({**one.facts(), "user_defined": one.own})


@simulates(ShowConfigurationDetail)
def show(op: ShowConfigurationDetail, context: Context) -> dict[str, Any]:
    one = template(context.world, op.config_id)
    return {**one.facts(), "configuration_parameters": _shown(one.engine, one.values)}


@simulates(UpdateConfiguration)
def update(op: UpdateConfiguration, context: Context) -> dict[str, Any]:
    one = _own(context, op.config_id)
    values = _checked(one.engine, op.values or {})
    if op.name is not None:
        _check_name(context.world, op.name, but=one.id)
        one.name = op.name
    if op.description is not None:
        one.description = op.description
    one.values |= values
    one.updated = context.now
    context.world.table(Template).put(one)
    return {}


@simulates(DeleteConfiguration)
def delete(op: DeleteConfiguration, context: Context) -> dict[str, Any]:
    one = _own(context, op.config_id)
    if matching(context.world.table(Parameters).values(), template_id=one.id):
        raise Refused("DBS.212032", "Instances have their parameters from it.")
    context.world.table(Template).drop(one.id)
    return {}


@simulates(CopyConfiguration)
def copy(op: CopyConfiguration, context: Context) -> dict[str, Any]:
    one = template(context.world, op.config_id)
    made = _made(context, op.name, op.description, one.engine, one.version, one.mode, dict(one.values))
    return {"config_id": made.id}


@simulates(CompareConfiguration)
def compare(op: CompareConfiguration, context: Context) -> dict[str, Any]:
    source = template(context.world, op.source_configuration_id)
    target = template(context.world, op.target_configuration_id)
    if not source.fits(target.engine, target.version, target.mode):
        raise Refused("DBS.212001", "The templates are for different engines, versions or modes.")
    pairs = [(one.name, _value(one, source.values), _value(one, target.values)) for one in parameters(source.engine)]
    return {
        "differences": [
            {"parameter_name": name, "source_value": old, "target_value": new} for name, old, new in pairs if old != new
        ]
    }


@simulates(ResetParamGroupTemplate)
def reset(op: ResetParamGroupTemplate, context: Context) -> dict[str, Any]:
    one = _own(context, op.config_id)
    one.values, one.updated = {}, context.now
    context.world.table(Template).put(one)
    return {}


@simulates(ListConfigurationDatastores, "data")
def list_datastores(op: ListConfigurationDatastores, context: Context) -> list[dict[str, Any]]:
    return [
        {"datastore_name": one.engine, "version": one.version, "mode": one.mode}
        for one in system_templates(context.world).values()
    ]


# ------------------------------------------------------------------------- templates on instances


def _change(world: World, instance: Instance, values: Mapping[str, str], template_id: str, now: float) -> None:
    """Give an instance other values, and add the differences to its history."""
    present, changes = _of(world, instance), world.table(Change)
    for one in parameters(instance.engine):
        old, new = _value(one, present.values), _value(one, values)
        if old != new:
            change = Change(world.ids.hex("change"), instance.id, one.name, old, new, now, one.restart_required)
            changes.put(change)
    world.table(Parameters).put(Parameters(instance.id, template_id, now, dict(values)))


def _applied(end: End) -> None:
    world, effect = end.world, end.effect
    _change(world, end.instance, effect["values"], effect["template_id"], end.now)
    _settle(end, "SUCCESS")


def _settle(end: End, result: str) -> None:
    one = end.world.table(Application)[end.effect["application"]]
    one.result, one.reason = result, end.task.fail_reason
    end.world.table(Application).put(one)


_APPLY_ONE = register(
    Work(
        "ApplyToInstance",
        "SET_CONFIGURATION",
        60,
        apply=_applied,
        undo=lambda end: _settle(end, "FAILED"),
    )
)
_APPLY = register(Work("ApplyConfiguration", "", 60))
_UPDATE = register(
    Work(
        "UpdateInstanceConfiguration",
        "SET_CONFIGURATION",
        60,
        apply=lambda end: _change(
            end.world,
            end.instance,
            {**_of(end.world, end.instance).values, **end.effect["values"]},
            _of(end.world, end.instance).template_id,
            end.now,
        ),
    )
)


@simulates(ApplyConfiguration)
@simulates(ApplyConfigurationToInstances)
def apply(op: ApplyConfigurationToInstances, context: Context) -> dict[str, Any]:
    """Start one job for the request. Each instance gets the template separately, so that one may fail alone."""
    world, one = context.world, template(context.world, op.config_id)
    instances = [context.instance(id) for id in dict.fromkeys(op.instance_ids)]
    if not all(one.fits(instance.engine, instance.version, instance.mode) for instance in instances):
        raise Refused("DBS.200057", "The template is for another engine, version or mode.")
    if len(instances) == 1:
        lifecycle.check_idle(instances[0], lifecycle.USABLE)
    failed = {instance.name: reason for instance in instances if (reason := _apply_one(one, instance, context))}
    reasons = "; ".join(f"{name}: {reason}" for name, reason in failed.items())
    reason = f"{len(failed)} of {len(instances)} instances failed: {reasons}" if failed else ""
    task = lifecycle.begin(world, _APPLY, instances[0], context.now, fail=reason)
    return {"job_id": task.id, "success": True}


def _apply_one(one: Template, instance: Instance, context: Context) -> str:
    """Begin the work on one instance; the reason of its failure, present or to come, or an empty text."""
    world = context.world
    id = world.ids.hex("application")
    application = Application(id, one.id, instance.id, instance.name, context.now)
    effect = {"values": dict(one.values), "template_id": one.id, "application": id}
    try:
        lifecycle.begin(world, _APPLY_ONE, instance, context.now, fail=context.fail, listed=False, effect=effect)
    except Refused as refused:
        application.result, application.reason = "FAILED", refused.message
    world.table(Application).put(application)
    return application.reason or context.fail


@simulates(ShowApplicableInstances)
def applicable(op: ShowApplicableInstances, context: Context) -> Page:
    one = template(context.world, op.config_id)
    found = [
        instance
        for instance in matching(context.world.instances.newest_first(), id=op.instance_id, name=op.instance_name)
        if one.fits(instance.engine, instance.version, instance.mode) and instance.status == "normal"
    ]
    return Page(found, lambda instance: encode({"id": instance.id, "name": instance.name}), {"count": _MOST})


@simulates(ShowApplyHistory)
def show_applications(op: ShowApplyHistory, context: Context) -> Page:
    template(context.world, op.config_id)
    found = matching(context.world.table(Application).newest_first(), template_id=op.config_id)
    return Page(
        found,
        lambda one: encode(
            {
                "instance_id": one.instance_id,
                "instance_name": one.instance_name,
                "applied_at": list_time(one.moment),  # the SDK reads no offset here
                "apply_result": one.result,
                "failure_reason": one.reason,
            }
        ),
    )


# ------------------------------------------------------------------------ parameters of instances


@simulates(ShowInstanceConfiguration)
def show_parameters(op: ShowInstanceConfiguration, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    present = _of(context.world, instance)
    facts = {
        "id": present.template_id,
        "datastore_version_name": instance.version,
        "datastore_name": instance.engine,
        "mode": instance.mode,
        "created": job_time(instance.created),
        "updated": job_time(present.updated),
    }
    return {**facts, "configuration_parameters": _shown(instance.engine, present.values)}


@simulates(UpdateInstanceConfiguration)
@simulates(UpdateInstanceConfigurations)
def update_parameters(op: UpdateInstanceConfigurations, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    values = _checked(instance.engine, op.values)
    restart = any(one.restart_required for one in parameters(instance.engine) if one.name in values)
    return {**context.start(_UPDATE, instance, values=values), "restart_required": restart}


@simulates(ShowModifyHistory)
def show_changes(op: ShowModifyHistory, context: Context) -> Page:
    instance = context.instance(op.instance_id)
    restarts = _restarts(context.world.tasks.values(), instance.id)
    changes = matching(reversed(context.world.table(Change).of(instance.id)), name=op.parameter_name)

    def shown(one: Change) -> bytes:
        moment = next((end for end in restarts if end > one.moment), None) if one.restart else one.moment
        return encode(
            {
                "parameter_name": one.name,
                "old_value": one.old,
                "new_value": one.new,
                "update_result": "SUCCESS",
                "applied": moment is not None,
                "updated_at": job_time(one.moment),
                "applied_at": "" if moment is None else job_time(moment),
            }
        )

    return Page(changes, shown)


def _restarts(tasks: Iterable[Any], instance_id: str) -> list[float]:
    """The moments when an instance was restarted as a whole, oldest first."""
    done = matching(tasks, work=lifecycle.RESTART.job, instance_id=instance_id, status="Completed")
    return sorted(task.end for task in done)
