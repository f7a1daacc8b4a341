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
    """The engine that a template is for, and its dates."""

    datastore_name: str
    """The engine that the template is for."""
    datastore_version_name: str
    """The version of the engine."""
    mode: str
    """The mode that the template is for."""
    created: datetime
    """The time of creation."""
    updated: datetime
    """The time of the last change."""


class NamedTemplate(Row):
    """The name and the description of a template."""

    id: str
    """The id of the template."""
    name: str
    """The name of the template."""
    description: str
    """The description."""


class OneTemplate(TemplateFacts, NamedTemplate):
    """The template that was asked for."""


class InstanceTemplate(TemplateFacts, AboutInstance):
    """The template from which an instance has its parameters."""

    id: str
    """The id of the template."""


class NewTemplate(OneTemplate, at="configuration"):
    """The template that was created."""


class Template(OneTemplate, at="configurations"):
    """One parameter template."""

    user_defined: bool
    """True if a user created the template; only such templates can be changed."""


class TemplateQuota(Row):
    """The quota of parameter templates."""

    quota: int
    """The number of templates that users can create."""
    count: int
    """The number of templates that are listed, those of the service included."""


class Parameter(Row, at="configuration_parameters"):
    """One parameter."""

    name: str
    """The name of the parameter."""
    value: str
    """The value."""
    value_range: str
    """The allowed values, like 0-1 or true|false."""
    type: Annotated[str, Known(("string", "integer", "boolean", "list", "float"))]
    """The type of the value."""
    restart_required: bool
    """True if a new value needs a restart."""
    readonly: bool
    """True if the value cannot be changed."""
    description: str
    """The description of the parameter."""


class CopiedTemplate(Row):
    """The receipt of a copied template."""

    config_id: str
    """The new template."""
    name: Annotated[str, FromRequest("name")]
    """The name of the new template."""


class TemplateDone(Did):
    """The receipt of a change of a template."""

    config_id: Annotated[str, FromRequest("config_id")]
    """The template that was changed."""


class ParameterDifference(Row, at="differences"):
    """One parameter whose values differ in two templates."""

    parameter_name: str
    """The parameter."""
    source_value: str
    """The value in the source template."""
    target_value: str
    """The value in the target template."""


class Applied(Row):
    """The receipt of a template for one of several instances. ``gdb.wait(frame)`` follows it."""

    instance_id: Annotated[str, Each("instance_ids")]
    """The instance that gets the parameters."""
    config_id: Annotated[str, FromRequest("config_id")]
    """The template."""
    job_id: str
    """The job, for ``gdb.jobs.get``."""
    success: bool
    """True if the work was accepted; its end is recorded in the job."""


class ApplicableInstance(Row, at="instances"):
    """One instance to which a template can be applied."""

    config_id: Annotated[str, FromRequest("config_id")]
    """The template."""
    id: str
    """The id of the instance."""
    name: str
    """The name of the instance."""
    at_once: Annotated[int, Above("", "count")]
    """The number of instances to which the template can be applied in one call."""


class Application(Row, at="histories"):
    """One application of a template to an instance."""

    config_id: Annotated[str, FromRequest("config_id")]
    """The template."""
    instance_id: str
    """The instance."""
    instance_name: str
    """The name of the instance."""
    applied_at: datetime
    """The time at which the template was applied."""
    apply_result: str
    """SUCCESS, or another result."""
    failure_reason: str
    """The reason why the template was not applied."""


class TemplateDatastoreRow(Row, at="datastores"):
    """One engine that has parameter templates."""

    datastore_name: str
    """The engine."""
    version: str
    """The version of the engine."""
    mode: str
    """The mode."""


class ParametersChanged(AboutInstance):
    """The receipt of new parameter values. ``gdb.wait(frame)`` follows it."""

    job_id: str
    """The job, for ``gdb.jobs.get``."""
    restart_required: bool
    """True if the instance has to be restarted for the new values."""


class ParameterChange(AboutInstance, at="histories"):
    """One change of the value of a parameter."""

    parameter_name: str
    """The parameter."""
    old_value: str
    """The value before the change."""
    new_value: str
    """The value after the change."""
    update_result: str
    """The result of the change."""
    applied: bool
    """True if the new value is in force."""
    updated_at: datetime
    """The time of the change."""
    applied_at: datetime
    """The time from which the new value is in force."""


class TemplateDatastore(Model):
    """The engine that a template is for."""

    type: EngineName
    """The engine."""
    version: str
    """The version of the engine."""
    mode: str | None = None
    """The mode; required for MongoDB and for cloud-native Cassandra."""


@post("/v3/{project_id}/configurations", returns=NewTemplate)
class CreateConfiguration(Operation):
    """Create a parameter template, from the defaults of an engine or from the parameters of an instance."""

    name: TemplateName
    """The name; no other template may have the same."""
    description: TemplateText | None = None
    """A description."""
    datastore: Part[TemplateDatastore] | None = None
    """The engine that the template is for; or else give ``instance_id``."""
    values: dict[str, str] | None = None
    """Values by parameter; all other parameters keep their defaults."""
    instance_id: InstanceId | None = None
    """The instance whose parameters are copied."""

    ties: ClassVar[Ties] = (
        Tie(
            ("datastore",),
            MISSING,
            "the engine, or else instance_id",
            lambda ask: ask.datastore is not None or ask.instance_id is not None,
        ),
    )


@get("/v3.1/{project_id}/configurations", returns=Template, total="count")
class ListConfigurationTemplates(Paged):
    """List parameter templates, those of the service and those of users."""

    datastore_name: EngineName | None = None
    """Only templates of this engine."""
    mode: str | None = None
    """Only templates of this mode, or All; left out, those of classic storage."""


@get(
    "/v3/{project_id}/configurations",
    returns=Template,
    total="count",
    deprecated=True,
    superseded="ListConfigurationTemplates",
)
class ListConfigurations(Operation):
    """List parameter templates, in a deprecated form."""

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
    """Change name, description or values of a parameter template; instances change only when it is applied."""

    config_id: ConfigurationId
    """The template."""
    name: TemplateName | None = None
    """The new name; no other template may have the same."""
    description: TemplateText | None = None
    """A new description."""
    values: dict[str, str] | None = None
    """New values by parameter; all other values stay."""

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
    """Delete a parameter template that a user created."""

    config_id: ConfigurationId
    """The template."""


@post("/v3/{project_id}/configurations/{config_id}/copy", returns=CopiedTemplate, success=202)
class CopyConfiguration(Operation):
    """Copy a parameter template."""

    config_id: ConfigurationId
    """The template."""
    name: TemplateName
    """The name of the copy; no other template may have the same."""
    description: TemplateText | None = None
    """A description."""


@post("/v3/{project_id}/configurations/comparison", returns=ParameterDifference, asks=True)
class CompareConfiguration(Operation):
    """List the parameters whose values differ in two templates."""

    source_configuration_id: ConfigurationId
    """The source template."""
    target_configuration_id: ConfigurationId
    """The target template."""


@post("/v3/{project_id}/configurations/{config_id}/reset", returns=TemplateDone)
class ResetParamGroupTemplate(Operation):
    """Reset all values of a parameter template to the defaults."""

    config_id: ConfigurationId
    """The template."""


@put("/v3.1/{project_id}/configurations/{config_id}/apply", returns=Applied, success=202, ends="ready")
class ApplyConfigurationToInstances(Operation):
    """Apply a parameter template to instances."""

    config_id: ConfigurationId
    """The template."""
    instance_ids: Annotated[list[InstanceId], at_most(100, "instances")]
    """The instances; all must be in ``configurations.applicable_instances``."""


@put(
    "/v3/{project_id}/configurations/{config_id}/apply",
    returns=Applied,
    ends="ready",
    deprecated=True,
    superseded="ApplyConfigurationToInstances",
)
class ApplyConfiguration(ApplyConfigurationToInstances):
    """Apply a parameter template to instances, in a deprecated form."""


# `count` in the answer is the number of instances for one call, not the number of instances in the list.
@get("/v3/{project_id}/configurations/{config_id}/applicable-instances", returns=ApplicableInstance, total="")
class ShowApplicableInstances(Paged):
    """List the instances to which a parameter template can be applied."""

    config_id: ConfigurationId
    """The template."""
    instance_name: str | None = None
    """Only the instance with this name."""
    instance_id: InstanceId | None = None
    """Only this instance."""


@get("/v3/{project_id}/configurations/{config_id}/applied-histories", returns=Application)
class ShowApplyHistory(Paged):
    """List the applications of a parameter template to instances."""

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
    """New values by parameter; all other values stay."""


@put(
    "/v3/{project_id}/instances/{instance_id}/configurations",
    returns=ParametersChanged,
    ends="ready",
    deprecated=True,
    superseded="UpdateInstanceConfigurations",
)
class UpdateInstanceConfiguration(UpdateInstanceConfigurations):
    """Change parameters of an instance, in a deprecated form."""


@get("/v3/{project_id}/instances/{instance_id}/configuration-histories", returns=ParameterChange)
class ShowModifyHistory(OfInstance, Paged):
    """List the changes of the parameters of an instance."""

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
