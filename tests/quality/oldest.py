"""Print the oldest versions that the package allows, as requirements for pip.

pip install -r <(python tests/quality/oldest.py)
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
EXTRAS = ("lab", "yaml")
"""The extras that users install. Test tools stay new: no user meets their versions."""


def oldest() -> list[str]:
    """Return one pin per dependency of the package, at the lower bound that ``pyproject.toml`` states."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *(one for extra in EXTRAS for one in project["optional-dependencies"][extra])]
    bounds = [re.match(r"([\w-]+)>=([\d.]+)", requirement) for requirement in asked]
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound]


if __name__ == "__main__":
    print("\n".join(oldest()))
