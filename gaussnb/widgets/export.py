"""A spec as JSON to read and as Python to run, without its secrets."""

from __future__ import annotations

import json
import pprint
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from ..core.operation import Operation
from ..core.secrets import replaced

Secret = Callable[[str], str]
"""From the name of a secret's environment variable to the text that stands in its place."""


def masked(spec: Operation, secret: Secret) -> dict[str, Any]:
    """The fields of a spec as JSON values, each secret replaced by a text."""
    fields: dict[str, Any] = replaced(spec, lambda path: secret("_".join(("GAUSSNB", *map(str, path))).upper()))
    return fields


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
