"""The parts of a service that only the sandbox needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...core.methods import Group
from ...core.refusals import NOT_SIMULATED
from ...core.service import Service
from .behaviours import Behaviours, Context
from .tables import State
from .work import Works


@dataclass(frozen=True, eq=False)
class SandboxService:
    """A service, as the sandbox plays it.

    A code that is left empty makes an error in the format of IAM, with the usual HTTP status.
    """

    product: Service
    """The operations of the service, with those of IAM and of its neighbours, its error codes and its title."""
    behaviours: Behaviours = field(default_factory=Behaviours)
    works: Works = field(default_factory=Works)
    context: type[Context] = Context
    world: type[State] = State
    version: str = "v3"
    """The version of its API, in the OpenAPI document."""
    groups: Mapping[str, type[Group]] = field(default_factory=dict)
    """The groups of a client by name: the tags of the OpenAPI document."""
    missing_codes: Mapping[str, str] = field(default_factory=dict)
    """Other error codes than the usual one for some missing fields, by field."""
    failure_code: str = ""
    """The code of an internal error."""
    wrong_project_code: str = ""
    """The code for a token or a key of another project."""
    not_simulated_code: str = NOT_SIMULATED
    """The code for an operation without a behaviour."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """The types in the catalog of a token, of the service and its neighbours, and the version in their paths."""
