"""A spec as JSON to read and as Python to run, without its secrets."""

from __future__ import annotations

import json
import pprint
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, SecretStr

from ..core.operation import Operation, fields_of, plain

Secret = Callable[[str], str]
"""From the name of a secret's environment variable to the text that stands in its place."""


def masked(spec: Operation, secret: Secret) -> dict[str, Any]:
    """The fields of a spec as JSON values, each secret replaced by a text."""

    def told(way: tuple[str, ...], value: Any) -> Any:
        if isinstance(value, SecretStr):
            return secret("_".join(("GAUSSNB", *way)).upper())
        if isinstance(value, BaseModel):
            value = {name: item for name, item in value if item is not None}
        if isinstance(value, dict):
            return {name: told((*way, str(name)), item) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [told((*way, str(number)), item) for number, item in enumerate(value)]
        return plain(value)

    return {name: told((name,), value) for name, value in spec if value is not None}


def secrets_of(spec: Operation) -> list[str]:
    """Every secret in a spec, in clear: to know what to mask."""
    found: list[str] = []

    def look(value: Any) -> None:
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        elif isinstance(value, BaseModel):
            look(fields_of(value))
        elif isinstance(value, dict):
            look(list(value.values()))
        elif isinstance(value, (list, tuple)):
            for item in value:
                look(item)

    look(spec)
    return found


def to_json(spec: Operation) -> str:
    """The fields of a spec as JSON; a secret stands as ``${GAUSSNB_PASSWORD}``."""
    return json.dumps(masked(spec, "${{{}}}".format), ensure_ascii=False, indent=2)


def to_code(spec: Operation) -> str:
    """Python that builds an equal spec; a secret is read from the environment."""
    kind = type(spec)
    public = kind.__name__ == "InstanceSpec"
    variables: list[str] = []
    mark = uuid4().hex  # stands in no spec

    def variable(name: str) -> str:
        variables.append(name)
        return f"{mark}{name}{mark}"

    arguments = [f"    {name}={_pretty(value)},\n" for name, value in masked(spec, variable).items()]
    text = re.sub(rf"'{mark}(\w+){mark}'", r'os.environ["\1"]', "".join(arguments))
    imports = "import gaussnb as gn" if public else f"from {kind.__module__} import {kind.__name__}"
    lines = [*(["import os", ""] if variables else []), imports, ""]
    return "\n".join([*lines, f"spec = {'gn.' if public else ''}{kind.__name__}(\n{text})"])


def _pretty(value: Any) -> str:
    return pprint.pformat(value, width=100, sort_dicts=False).replace("\n", "\n    ")
