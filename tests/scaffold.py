"""Write the skeleton of a new operation: declaration, call, behaviour, sample and test.

    python -m tests.scaffold RestartThing --method POST --path "/v3/{project_id}/instances/{instance_id}/things" \\
        --chapter instances --call restart_thing

The skeleton passes the laws for every operation. What follows is the real work: fields, rows, documentation.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class Skeleton:
    """The texts of one new operation.

    Args:
        name: the vendor's operation id, which becomes the class name.
        method: the HTTP method.
        path: the path with its holes, as the reference writes it.
        chapter: the module below ``gaussnb/nosql/operations/``.
        call: the name of the call in the group.
        group: the class of the group; by default the first of the chapter.
        root: the folder of the project.
    """

    def __init__(
        self, name: str, method: str, path: str, chapter: str, call: str, group: str = "", root: Path = ROOT
    ) -> None:
        self.name, self.method, self.path, self.chapter, self.call = name, method.upper(), path, chapter, call
        self.root = root
        self.declarations = root / "gaussnb/nosql/operations" / f"{chapter}.py"
        self.behaviours = root / "gaussnb/sandbox/behaviours" / f"{chapter}.py"
        self.samples = root / "tests/witness/samples.py"
        self.test = root / "tests/sandbox" / f"test_sandbox_{call}.py"
        if not (self.declarations.exists() and self.behaviours.exists()):
            raise ValueError(f"no chapter {chapter!r} in gaussnb/nosql/operations/")
        if self.test.exists() or f"class {name}(" in self.declarations.read_text("utf-8"):
            raise ValueError(f"{name} is there already")
        self.group = group or re.findall(r"^class (\w+)\(Group\)", self.declarations.read_text("utf-8"), re.M)[0]
        self.holes = [hole for hole in re.findall(r"{(\w+)}", path) if hole not in ("project_id", "instance_id")]
        self.of_instance = "{instance_id}" in path

    # -- the declaration

    @property
    def row(self) -> str:
        """The row class of the answer: a new one for a GET, the receipt of a change otherwise."""
        if self.method == "GET":
            return re.sub(r"^(Show|List|Get|Query)(?=.)", "", self.name) + "Row"
        return "Done" if self.of_instance else "Did"

    def declaration(self) -> str:
        row = f'class {self.row}(Row):\n    """One thing of the answer."""\n\n    name: str\n    """The name."""\n\n\n'
        fields = "".join(f'    {hole}: {type_}\n    """The id."""\n' for hole, type_ in self.typed_holes())
        base = "OfInstance" if self.of_instance else "Operation"
        return (
            (row if self.method == "GET" else "")
            + f'@{self.method.lower()}("{self.path}", returns={self.row})\n'
            + f'class {self.name}({base}):\n    """{self.words}."""\n'
            + (f"\n{fields}" if fields else "")
        )

    @property
    def words(self) -> str:
        """The class name as a sentence: RestartThing is "Restart thing"."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.name).capitalize()

    def typed_holes(self) -> Iterator[tuple[str, str]]:
        """Yield the holes of the path that the declaration adds, with the types of ``fields.py`` if it has them."""
        known = (self.root / "gaussnb/nosql/fields.py").read_text("utf-8")
        for hole in self.holes:
            type_ = hole.title().replace("_", "")
            yield hole, type_ if f"\n{type_} = " in known else "ResourceId"

    def declaration_imports(self) -> str:
        lines = [f"from ...core.catalogue import {self.method.lower()}", "from ...core.methods import call"]
        lines.append("from .bases import OfInstance" if self.of_instance else "from ...core.operation import Operation")
        lines.append("from ...core.rows import Row" if self.method == "GET" else f"from .rows import {self.row}")
        types = {type_ for _, type_ in self.typed_holes()}
        lines += [f"from ..fields import {type_}" for type_ in sorted(types - {"ResourceId"})]
        if "ResourceId" in types:
            lines += ["from typing import Annotated", "from ...core.rules import identifier"]
        return "\n".join(lines)

    # -- behaviour, sample and test

    def behaviour(self) -> str:
        answer = '{"name": "a name"}' if self.method == "GET" else "{}"
        look = "    context.instance(op.instance_id)\n" if self.of_instance else ""
        return (
            f"@simulates({self.name})\n"
            f"def {self.call}(op: {self.name}, context: Context) -> dict[str, Any]:\n{look}    return {answer}\n"
        )

    @property
    def given(self) -> list[str]:
        """The arguments of a sample, in the order of the declaration: the instance first."""
        return [*(["id"] if self.of_instance else []), *(f'"{hole}-1"' for hole in self.holes)]

    def test_text(self, attribute: str) -> str:
        arguments = ", ".join(argument.replace("id", "instance_id", argument == "id") for argument in self.given)
        create = (
            '        created = gdb.instances.create(**body("cn-north-4"), password=password())\n'
            "        gdb.wait(created)\n"
            '        instance_id = created["id"].item()\n'
        )
        return (
            f'"""{self.name} in the sandbox."""\n\nfrom __future__ import annotations\n\nimport gaussnb as gn\n'
            + ("from gaussnb.quickstart import body, password\n" if self.of_instance else "")
            + f"\n\ndef test_{self.call}() -> None:\n"
            + '    with gn.Sandbox(port=None, start="2026-01-01T08:00:00") as sandbox:\n'
            + "        gdb = sandbox.connect()\n"
            + (create if self.of_instance else "")
            + f"        frame = gdb.{attribute}.{self.call}({arguments})\n        assert len(frame) == 1\n"
        )

    # -- writing

    def write(self) -> list[Path]:
        """Write all parts, let ruff sort the imports, and return the files that changed."""
        declared = self.declarations.read_text("utf-8")
        before, group, after = declared.partition(f"class {self.group}(Group):")
        if not group:
            raise ValueError(f"{self.chapter} has no group {self.group!r}")
        declared = f"{before}{self.declaration()}\n\n{group}{self._with_call(after)}"
        if "ResourceId" in {type_ for _, type_ in self.typed_holes()} and "\nResourceId = " not in declared:
            at = re.search(r"^(@|class )", declared, re.M)
            assert at is not None
            declared = (
                f'{declared[: at.start()]}ResourceId = Annotated[str, identifier("")]\n\n\n{declared[at.start() :]}'
            )
        self._save(self.declarations, declared, self.declaration_imports())

        acted = self.behaviours.read_text("utf-8")
        imports = (
            f"from typing import Any\n\nfrom ...nosql.operations.{self.chapter} import {self.name}\n"
            "from . import Context, simulates"
        )
        self._save(self.behaviours, f"{acted}\n\n{self.behaviour()}", imports)

        end = self.samples.read_text("utf-8").rstrip()
        assert end.endswith("}"), "samples.py ends with a table of samples"
        sample = f'    "{self.name}": lambda id: {self.chapter}.{self.name}({", ".join(self.given)}),\n}}\n'
        self._save(self.samples, end[:-1] + sample, f"from gaussnb.nosql.operations import {self.chapter}")

        groups = (self.root / "gaussnb/nosql/groups.py").read_text("utf-8")
        attribute = re.findall(rf"^    (\w+): {self.group} = ", groups, re.M)[0]
        self.test.write_text(self.test_text(attribute), "utf-8")

        changed = [self.declarations, self.behaviours, self.samples, self.test]
        ruff = Path(sysconfig.get_path("scripts")) / "ruff"
        for command in (["check", "--quiet", "--no-cache", "--fix"], ["format", "--quiet", "--no-cache"]):
            subprocess.run([ruff, *command, *changed], cwd=self.root, check=True)
        return changed

    def _with_call(self, group: str) -> str:
        """Append the call to the body of the group's class, which ends before the next class or with the file."""
        body, gap, rest = re.match(r"(.*?)(\n\n\n(?=\S)|\n*\Z)(.*)", group, re.S).groups()  # type: ignore[union-attr]
        return f"{body}\n    {self.call} = call({self.name}){gap}{rest}"

    @staticmethod
    def _save(path: Path, text: str, imports: str) -> None:
        """Write a module, with imports added; ruff merges them with those that stand there."""
        first = "from __future__ import annotations\n"
        path.write_text(text.replace(first, f"{first}\n{imports}\n", 1), "utf-8")


COMMAND = ["python", "-m", "tests.scaffold"]


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=" ".join(COMMAND), description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", help="the vendor's operation id, like RestartThing")
    parser.add_argument("--method", required=True, choices=["GET", "POST", "PUT", "DELETE"])
    parser.add_argument("--path", required=True, help="the path, like /v3/{project_id}/instances/{instance_id}/things")
    parser.add_argument("--chapter", required=True, help="the module below gaussnb/nosql/operations/, like instances")
    parser.add_argument("--call", required=True, help="the name of the call in the group, like restart_thing")
    parser.add_argument("--group", default="", help="the class of the group; by default the first of the chapter")
    return parser


def main() -> None:
    try:
        changed = Skeleton(**vars(parser().parse_args())).write()
    except ValueError as error:
        sys.exit(str(error))
    print(*(path.relative_to(ROOT) for path in changed), sep="\n")


if __name__ == "__main__":
    main()
