"""The OpenAPI document of a service, made from its declarations, for other tools."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo
from pydantic.json_schema import models_json_schema

from ...core.operation import AsText, Inside, Operation
from ...core.rules import Rule, marks
from ...core.words import rule_in_words
from .messages import JSON
from .service import SandboxService
from .shapes import shape_of

_SCHEMAS = "#/components/schemas/{model}"
_LENGTH = 1_000  # of a pattern that is too long to read


@cache
def document(service: SandboxService) -> dict[str, Any]:
    """The document, OpenAPI 3.1, with every declared operation of a service."""
    service.behaviours.load()
    operations = [operation for operation in service.catalogue.values() if not operation.route.service]
    chapters = _chapters(service)
    # All schemas are made together, so that a part which several requests share is written once.
    schemas, shared = models_json_schema([(one, "validation") for one in operations], ref_template=_SCHEMAS)
    parts = _plain(shared.get("$defs", {}), names=True)
    paths: dict[str, dict[str, Any]] = {}
    for operation in sorted(operations, key=lambda one: (one.route.path, one.route.method)):
        name = schemas[operation, "validation"]["$ref"].rpartition("/")[2]
        whole = parts.pop(name)
        described = _described(
            operation, whole, _chapter(operation, chapters), operation in service.behaviours.functions
        )
        paths.setdefault(operation.route.path, {})[operation.route.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": service.title,
            "version": service.version,
            "description": "Made from the declarations that client, form and sandbox read. The schema of an answer "
            "describes the fields that the columns of a DataFrame are read from. An answer may have more fields.",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in sorted({_chapter(one, chapters) for one in operations})],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {**parts, "Error": _ERROR},
            "securitySchemes": {"token": _TOKEN},
        },
    }


_TOKEN = {
    "type": "apiKey",
    "in": "header",
    "name": "X-Auth-Token",
    "description": "An IAM token for the project: POST /v3/auth/tokens answers with it in the header X-Subject-Token. "
    "It is valid for 24 hours.",
}
_ERROR = {
    "type": "object",
    "properties": {"error_code": {"type": "string"}, "error_msg": {"type": "string"}},
    "required": ["error_code", "error_msg"],
}


def _chapters(service: SandboxService) -> dict[str, str]:
    """The group of each operation, by the id of the operation."""
    calls = ((group, call) for group, kind in service.groups.items() for call in kind.calls().values())
    return {call.operation.route.id: group for group, call in calls}


def _chapter(operation: type[Operation], chapters: dict[str, str]) -> str:
    """The group of an operation; for an older operation without one, the group of the newer operation."""
    route = operation.route
    return chapters.get(route.id) or chapters.get(route.superseded) or operation.__module__.rpartition(".")[2]


def _described(operation: type[Operation], whole: dict[str, Any], chapter: str, simulated: bool) -> dict[str, Any]:
    route = operation.route
    about = (operation.__doc__ or "").partition("\n\n")[0]
    shown: dict[str, Any] = {
        "operationId": route.id,
        "summary": " ".join(about.split()),
        "tags": [chapter],
        "parameters": list(_parameters(operation, whole.get("properties", {}))),
        "responses": {
            str(route.success): _answer(operation),
            "default": {
                "description": "The request was refused.",
                "content": {JSON: {"schema": {"$ref": _SCHEMAS.format(model="Error")}}},
            },
        },
        "x-simulated": simulated,
    }
    if body := _body(operation, whole):
        shown["requestBody"] = {"required": "required" in body, "content": {JSON: {"schema": body}}}
    if not route.signed:
        shown["security"] = []
    if route.deprecated:
        shown["deprecated"] = True
    return shown


def _parameters(operation: type[Operation], properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for hole in operation.route.holes:
        schema = properties.get(hole, {"type": "string", "description": "The project."})
        yield _parameter("path", hole, operation.model_fields.get(hole), dict(schema), True)
    for name, info in operation.model_fields.items():
        if operation.place(name) == "query":
            yield _parameter("query", name, info, dict(properties[name]), info.is_required())


def _parameter(place: str, name: str, info: FieldInfo | None, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    says = schema.pop("description", "")
    schema = _ruled(schema, info) if info else schema
    if rule := schema.pop("description", ""):
        says = f"{says} {rule}".strip()
    return {"name": name, "in": place, "required": required, "description": says, "schema": schema}


def _body(operation: type[Operation], whole: dict[str, Any]) -> dict[str, Any]:
    """The schema of the body; empty for an operation without a body."""
    body: dict[str, Any] = {}
    for name, info in operation.model_fields.items():
        if operation.place(name) != "body":
            continue
        schema = _ruled(dict(whole["properties"][name]), info)
        into = body
        for mark in info.metadata:
            if isinstance(mark, Inside):
                if info.is_required():
                    _require(body, mark.key)
                into = body.setdefault("properties", {}).setdefault(mark.key, {"type": "object"})
            elif isinstance(mark, AsText):
                schema["type"] = "string"
        into.setdefault("type", "object")
        into.setdefault("properties", {})[name] = schema
        if info.is_required():
            _require(into, name)
    if body:
        body["type"] = "object"
    return body


def _require(schema: dict[str, Any], name: str) -> None:
    names = schema.setdefault("required", [])
    if name not in names:
        names.append(name)


def _ruled(schema: dict[str, Any], info: FieldInfo) -> dict[str, Any]:
    """A schema with the rules of its field."""
    says = [schema.get("description", ""), f"({rule})" if (rule := rule_in_words(info)) else ""]
    schema["description"] = " ".join(filter(None, says))
    for mark in marks(info.annotation, info.metadata):
        if isinstance(mark, Rule) and 0 < len(mark.pattern) < _LENGTH and schema.get("type") == "string":
            pattern = mark.pattern.replace(r"\Z", "$")  # the end of a text in the patterns of other languages
            schema["pattern"] = f"^(?:{pattern})$"
    return {name: value for name, value in schema.items() if value != ""}


def _answer(operation: type[Operation]) -> dict[str, Any]:
    route = operation.route
    says = " ".join((route.returns.__doc__ or "The request was carried out.").split())
    if route.success == 204:
        return {"description": says}
    return {"description": says, "content": {JSON: {"schema": shape_of(operation)}}}


def _plain(schema: Any, names: bool = False) -> Any:
    """A schema without the null type and the null default of optional fields, and without generated titles.

    Args:
        schema: a schema, or a part of one.
        names: True if the keys are names of fields, and no words of the schema language.
    """
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if names:
        return {name: _plain(item) for name, item in schema.items()}
    plain = {
        key: _plain(value, names=key in ("properties", "$defs"))
        for key, value in schema.items()
        if key != "title" and not (key == "default" and value is None)
    }
    if "anyOf" in plain:
        kept = [item for item in plain["anyOf"] if item != {"type": "null"}]
        if len(kept) == 1:
            return {**{key: value for key, value in plain.items() if key != "anyOf"}, **kept[0]}
        plain["anyOf"] = kept
    return plain
