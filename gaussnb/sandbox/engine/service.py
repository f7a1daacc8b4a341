"""What the engine needs to know about a service in order to play it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...cloud.error_codes import CLOUD_CODES
from ...core.catalogue import Catalogue
from ...core.methods import Group
from ...core.refusals import NOT_SIMULATED, Code
from .behaviours import Behaviours, Context
from .tables import State
from .work import Works


@dataclass(frozen=True, eq=False)
class SandboxService:
    """A service, as the sandbox plays it.

    A code that is left empty makes an error in the format of IAM, with the right HTTP status.
    """

    catalogue: Catalogue
    """Its operations, with those of IAM and of its neighbours, which name another ``Route.service``."""
    behaviours: Behaviours = field(default_factory=Behaviours)
    works: Works = field(default_factory=Works)
    context: type[Context] = Context
    world: type[State] = State
    title: str = ""
    """The title of the OpenAPI document."""
    version: str = "v3"
    """The version of its API, in the OpenAPI document."""
    groups: Mapping[str, type[Group]] = field(default_factory=dict)
    """The groups of a client by name: the tags of the OpenAPI document."""
    codes: Mapping[str, Code] = field(default_factory=lambda: CLOUD_CODES)
    """HTTP status and text of its error codes, of the gateway's (APIGW.*) and of IAM's."""
    bad_value_code: str = ""
    """The code for a value that breaks a rule without a code."""
    missing_code: str = ""
    """The code for a missing field."""
    missing_codes: Mapping[str, str] = field(default_factory=dict)
    """Other codes for some missing fields, by field."""
    failure_code: str = ""
    """The code of an internal error."""
    wrong_project_code: str = ""
    """The code for a token or a key of another project."""
    not_simulated_code: str = NOT_SIMULATED
    """The code for an operation without a behaviour."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """The types in the catalog of a token, of the service and its neighbours, and the version in their paths."""
    endpoint_variable: str = ""
    """The environment variable with an endpoint for the official SDK, without the region at its end."""
