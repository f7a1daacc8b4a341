"""Export of a spec without its secrets: as JSON to read, and as Python code to run."""

from __future__ import annotations

import json
import pprint
import re
import sys
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from ..core.operation import Operation
from ..core.secrets import replaced

Secret = Callable[[str], str]
"""Makes the text that replaces a secret, from the name of the secret's environment variable."""


def masked(spec: Operation, secret: Secret) -> dict[str, Any]:
    """The fields of a spec as JSON values, with a text in the place of each secret."""
    fields: dict[str, Any] = replaced(spec, lambda path: secret("_".join(("GAUSSNB", *map(str, path))).upper()))
    return fields


def to_json(spec: Operation) -> str:
    """The fields of a spec as JSON, with ``${GAUSSNB_PASSWORD}`` in the place of a secret."""
    return json.dumps(masked(spec, "${{{}}}".format), ensure_ascii=False, indent=2)


def to_code(spec: Operation) -> str:
    """Python code that builds an equal spec, and reads secrets from environment variables."""
    name = type(spec).__name__
    package, _, _ = __name__.partition(".")
    public = getattr(sys.modules[package], name, None) is type(spec)
    variables: list[str] = []
    mark = uuid4().hex  # a text that no spec contains

    def variable(of_secret: str) -> str:
        variables.append(of_secret)
        return f"{mark}{of_secret}{mark}"

    arguments = [f"    {field}={_pretty(value)},\n" for field, value in masked(spec, variable).items()]
    text = re.sub(rf"'{mark}(\w+){mark}'", r'os.environ["\1"]', "".join(arguments))
    imports = f"import {package} as gn" if public else f"from {type(spec).__module__} import {name}"
    lines = [*(["import os", ""] if variables else []), imports, ""]
    return "\n".join([*lines, f"spec = {'gn.' if public else ''}{name}(\n{text})"])


def _pretty(value: Any) -> str:
    return pprint.pformat(value, width=100, sort_dicts=False).replace("\n", "\n    ")
