"""Parameter templates, and the parameters of an instance."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from ...core.catalogue import delete, get, post, put
from ...core.methods import Group, call
from ...core.operation import Model, Operation, Tie, Ties
from ...core.rows import Above, Each, FromRequest, Known, Row
from ...core.rules import MISSING, Part, at_most, matches
from ..fields import ConfigurationId, EngineName, InstanceId, short_text
from .bases import OfInstance, Paged
from .rows import AboutInstance, Did

TemplateName = Annotated[
    str, matches(r"[A-Za-z0-9_.-]{1,64}", "1 to 64 letters, digits, '-', '_' and '.'", "DBS.212031")
]
TemplateText = Annotated[str, short_text("DBS.212028")]


class TemplateFacts(Row):
    """What a template is for, and since when."""

    datastore_name: str
    """The engine it is for."""
    datastore_version_name: str
    """The version it is for."""
    mode: str
    """The mode it is for."""
    created: datetime
    """When it was made."""
    updated: datetime
    """When it was last changed."""


class NamedTemplate(Row):
    """What a template is called."""

    id: str
    """The template."""
    name: str
    """Its name."""
    description: str
    """What it is for."""


class OneTemplate(TemplateFacts, NamedTemplate):
    """The template that was asked for."""


class InstanceTemplate(TemplateFacts, AboutInstance):
    """The template an instance has its parameters from."""

    id: str
    """The template."""


class NewTemplate(OneTemplate, at="configuration"):
    """The template that was made."""


class Template(OneTemplate, at="configurations"):
    """One parameter template."""

    user_defined: bool
    """Whether somebody made it; only then it can be changed."""


class TemplateQuota(Row):
    """How many parameter templates there may be."""

    quota: int
    """How many can be made."""
    count: int
    """How many are listed, those of the service included."""


class Parameter(Row, at="configuration_parameters"):
    """One parameter."""

    name: str
    """The parameter."""
    value: str
    """Its value."""
    value_range: str
    """What it may be, like 0-1 or true|false."""
    type: Annotated[str, Known(("string", "integer", "boolean", "list", "float"))]
    """What kind of value it has."""
    restart_required: bool
    """Whether a new value needs a restart."""
    readonly: bool
    """Whether it cannot be changed."""
    description: str
    """What it does."""


class CopiedTemplate(Row):
    """The receipt of a copy."""

    config_id: str
    """The new template."""
    name: Annotated[str, FromRequest("name")]
    """Its name."""


class TemplateDone(Did):
    """The receipt of a change of a template."""

    config_id: Annotated[str, FromRequest("config_id")]
    """To which template."""


class ParameterDifference(Row, at="differences"):
    """One parameter two templates differ in."""

    parameter_name: str
    """The parameter."""
    source_value: str
    """Its value in the source."""
    target_value: str
    """Its value in the target."""


class Applied(Row):
    """The receipt of a template for one of several instances. ``gdb.wait(frame)`` follows it."""

    instance_id: Annotated[str, Each("instance_ids")]
    """The instance that gets it."""
    config_id: Annotated[str, FromRequest("config_id")]
    """The template."""
    job_id: str
    """The job, for ``gdb.jobs.get``."""
    success: bool
    """Whether the work was accepted; how it ends is the job's matter."""


class ApplicableInstance(Row, at="instances"):
    """One instance a template fits."""

    config_id: Annotated[str, FromRequest("config_id")]
    """The template."""
    id: str
    """The instance."""
    name: str
    """Its name."""
    at_once: Annotated[int, Above("", "count")]
    """To how many instances the template can be applied in one call."""


class Application(Row, at="histories"):
    """One time a template was applied to an instance."""

    config_id: Annotated[str, FromRequest("config_id")]
    """The template."""
    instance_id: str
    """The instance."""
    instance_name: str
    """Its name."""
    applied_at: datetime
    """When it was applied."""
    apply_result: str
    """SUCCESS, or else."""
    failure_reason: str
    """Why it was not applied."""


class TemplateDatastoreRow(Row, at="datastores"):
    """One engine that has parameter templates."""

    datastore_name: str
    """The engine."""
    version: str
    """Its version."""
    mode: str
    """The mode."""


class ParametersChanged(AboutInstance):
    """The receipt of new parameters. ``gdb.wait(frame)`` follows it."""

    job_id: str
    """The job, for ``gdb.jobs.get``."""
    restart_required: bool
    """Whether the instance has to be restarted for them."""


class ParameterChange(AboutInstance, at="histories"):
    """One change of a parameter."""

    parameter_name: str
    """The parameter."""
    old_value: str
    """Its value before."""
    new_value: str
    """Its value after."""
    update_result: str
    """Whether the change was made."""
    applied: bool
    """Whether it is in force."""
    updated_at: datetime
    """When it was made."""
    applied_at: datetime
    """When it came into force."""


class TemplateDatastore(Model):
    """What a template is for."""

    type: EngineName
    """The engine."""
    version: str
    """Its version."""
    mode: str | None = None
    """The mode; needed for MongoDB and for cloud-native Cassandra."""


@post("/v3/{project_id}/configurations", returns=NewTemplate)
class CreateConfiguration(Operation):
    """Make a parameter template, from the engine's defaults or from an instance."""

    name: TemplateName
    """Its name, unlike every other template's."""
    description: TemplateText | None = None
    """What it is for."""
    datastore: Part[TemplateDatastore] | None = None
    """The engine it is for; or else give ``instance_id``."""
    values: dict[str, str] | None = None
    """Values by parameter; the others keep the default."""
    instance_id: InstanceId | None = None
    """The instance whose parameters to take."""

    ties: ClassVar[Ties] = (
        Tie(
            ("datastore",),
            MISSING,
            "the engine, or else the instance to take the parameters from in instance_id",
            lambda ask: ask.datastore is not None or ask.instance_id is not None,
        ),
    )


@get("/v3.1/{project_id}/configurations", returns=Template, total="count")
class ListConfigurationTemplates(Paged):
    """List parameter templates, the service's own and those somebody made."""

    datastore_name: EngineName | None = None
    """Only templates of this engine."""
    mode: str | None = None
    """Only templates of this mode, or All; without it, those of classic storage."""


@get(
    "/v3/{project_id}/configurations",
    returns=Template,
    total="count",
    deprecated=True,
    superseded="ListConfigurationTemplates",
)
class ListConfigurations(Operation):
    """List parameter templates, in the form that is going away."""

    datastore_name: EngineName | None = None
    """Only templates of this engine."""
    mode: str | None = None
    """Only templates of this mode."""


@get("/v3/{project_id}/configurations/{config_id}", returns=OneTemplate)
class ShowConfigurationDetail(Operation):
    """Show a parameter template."""

    config_id: ConfigurationId
    """The template."""


@put("/v3/{project_id}/configurations/{config_id}", returns=TemplateDone)
class UpdateConfiguration(Operation):
    """Change name, description or values of a parameter template; instances keep theirs until it is applied."""

    config_id: ConfigurationId
    """The template."""
    name: TemplateName | None = None
    """Its new name, unlike every other template's."""
    description: TemplateText | None = None
    """What it is for."""
    values: dict[str, str] | None = None
    """New values by parameter; the others stay."""

    ties: ClassVar[Ties] = (
        Tie(
            ("values",),
            MISSING,
            "at least one of name, description and values",
            lambda ask: not (ask.name is None and ask.description is None and ask.values is None),
        ),
    )


@delete("/v3/{project_id}/configurations/{config_id}", returns=TemplateDone)
class DeleteConfiguration(Operation):
    """Delete a parameter template that somebody made."""

    config_id: ConfigurationId
    """The template."""


@post("/v3/{project_id}/configurations/{config_id}/copy", returns=CopiedTemplate, success=202)
class CopyConfiguration(Operation):
    """Copy a parameter template."""

    config_id: ConfigurationId
    """The template."""
    name: TemplateName
    """The copy's name, unlike every other template's."""
    description: TemplateText | None = None
    """What it is for."""


@post("/v3/{project_id}/configurations/comparison", returns=ParameterDifference, asks=True)
class CompareConfiguration(Operation):
    """List what two parameter templates differ in."""

    source_configuration_id: ConfigurationId
    """One template."""
    target_configuration_id: ConfigurationId
    """The other one."""


@post("/v3/{project_id}/configurations/{config_id}/reset", returns=TemplateDone)
class ResetParamGroupTemplate(Operation):
    """Give a parameter template the default values again."""

    config_id: ConfigurationId
    """The template."""


@put("/v3.1/{project_id}/configurations/{config_id}/apply", returns=Applied, success=202, ends="ready")
class ApplyConfigurationToInstances(Operation):
    """Give instances the parameters of a template."""

    config_id: ConfigurationId
    """The template."""
    instance_ids: Annotated[list[InstanceId], at_most(100, "instances")]
    """The instances, each one of ``configurations.applicable_instances``."""


@put(
    "/v3/{project_id}/configurations/{config_id}/apply",
    returns=Applied,
    ends="ready",
    deprecated=True,
    superseded="ApplyConfigurationToInstances",
)
class ApplyConfiguration(ApplyConfigurationToInstances):
    """Give instances the parameters of a template, in the form that is going away."""


# Its `count` says to how many instances a template can be applied at once, not how many there are.
@get("/v3/{project_id}/configurations/{config_id}/applicable-instances", returns=ApplicableInstance, total="")
class ShowApplicableInstances(Paged):
    """List the instances a parameter template fits."""

    config_id: ConfigurationId
    """The template."""
    instance_name: str | None = None
    """Only the instance of this name."""
    instance_id: InstanceId | None = None
    """Only this instance."""


@get("/v3/{project_id}/configurations/{config_id}/applied-histories", returns=Application)
class ShowApplyHistory(Paged):
    """List when a parameter template was applied, and to which instances."""

    config_id: ConfigurationId
    """The template."""


@get("/v3/{project_id}/configurations/datastores", returns=TemplateDatastoreRow)
class ListConfigurationDatastores(Operation):
    """List the engines that have parameter templates."""


@get("/v3/{project_id}/instances/{instance_id}/configurations", returns=Parameter)
class ShowInstanceConfiguration(OfInstance):
    """List the parameters of an instance."""


@put(
    "/v3.1/{project_id}/instances/{instance_id}/configurations",
    returns=ParametersChanged,
    success=202,
    ends="ready",
)
class UpdateInstanceConfigurations(OfInstance):
    """Change parameters of an instance."""

    values: dict[str, str]
    """New values by parameter; the others stay."""


@put(
    "/v3/{project_id}/instances/{instance_id}/configurations",
    returns=ParametersChanged,
    ends="ready",
    deprecated=True,
    superseded="UpdateInstanceConfigurations",
)
class UpdateInstanceConfiguration(UpdateInstanceConfigurations):
    """Change parameters of an instance, in the form that is going away."""


@get("/v3/{project_id}/instances/{instance_id}/configuration-histories", returns=ParameterChange)
class ShowModifyHistory(OfInstance, Paged):
    """List how the parameters of an instance were changed."""

    parameter_name: str | None = None
    """Only this parameter."""


class Configurations(Group):
    """Parameter templates."""

    create = call(CreateConfiguration)
    list = call(ListConfigurationTemplates)
    quota = call(ListConfigurationTemplates, returns=TemplateQuota)
    get = call(ShowConfigurationDetail)
    parameters = call(ShowConfigurationDetail, returns=Parameter)
    update = call(UpdateConfiguration)
    copy = call(CopyConfiguration)
    compare = call(CompareConfiguration)
    reset = call(ResetParamGroupTemplate)
    apply = call(ApplyConfigurationToInstances)
    applicable_instances = call(ShowApplicableInstances)
    history = call(ShowApplyHistory)
    datastores = call(ListConfigurationDatastores)
    delete = call(DeleteConfiguration)


class Parameters(Group):
    """Parameters of an instance."""

    list = call(ShowInstanceConfiguration)
    template = call(ShowInstanceConfiguration, returns=InstanceTemplate)
    update = call(UpdateInstanceConfigurations)
    history = call(ShowModifyHistory)
