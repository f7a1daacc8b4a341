"""The shape of a request by three independent sources: our declaration, the official SDK, the vendor's document.

A shape maps each place, like ``body.flavor[].num`` or ``query.limit``, to whether it is mandatory.
"""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import json
import re
import textwrap
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from gaussnb.core.operation import Inside, Operation
from gaussnb.core.rules import unwrap
from gaussnb.nosql.service import OPERATIONS

DECLARED = {id: operation for id, operation in OPERATIONS.items() if not operation.route.service}

Shape = dict[str, bool]


# ---------------------------------------------------------------------------------------------- ours


def ours(operation: type[Operation]) -> Shape:
    """The shape of a request by our declaration. A field that is always sent is mandatory, also if it has a default."""
    shape: Shape = {}
    for name, info in operation.model_fields.items():
        # For log lines the client always sends the size of the page, see gaussnb.client.pages.
        by_client = operation.paged() == "line_num" and name == "limit"
        sent = info.is_required() or info.default is not None or by_client
        place = operation.place(name)
        for mark in info.metadata:
            if isinstance(mark, Inside):
                place = f"{place}.{mark.key}"
                shape[place] = shape.get(place, False) or sent
        place = f"{place}.{name}"
        shape[place] = sent
        shape |= _nested(place, info.annotation)
    return shape


def _nested(place: str, annotation: Any) -> Shape:
    kind = unwrap(annotation)
    if get_origin(kind) is list:
        return _nested(f"{place}[]", get_args(kind)[0])
    shape: Shape = {}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            shape[f"{place}.{name}"] = info.is_required()
            shape |= _nested(f"{place}.{name}", info.annotation)
    return shape


# ------------------------------------------------------------------------------------------- the SDK


def snake(id: str) -> str:
    """``ListFlavorInfos`` as the SDK names its method."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", id).lower()


def sdk_call(id: str) -> dict[str, Any]:
    """Return the request the SDK would send for an operation whose fields are all given, each as its own name."""
    from huaweicloudsdkgaussdbfornosql import v3

    kind = getattr(v3, f"{id}Request")
    request = kind(**dict.fromkeys(kind.openapi_types, "given"))
    return dict(getattr(v3.GaussDBforNoSQLClient, f"_{snake(id)}_http_info")(request))


def sdk(id: str) -> Shape:
    """The shape the official SDK gives a request."""
    from huaweicloudsdkgaussdbfornosql import v3

    call, kind = sdk_call(id), getattr(v3, f"{id}Request")
    mandatory = _mandatory(kind)
    wire = {wire: attribute in mandatory for attribute, wire in kind.attribute_map.items()}
    shape = {f"path.{name}": wire[name] for name in call["path_params"]}
    shape |= {f"query.{name}": wire[name] for name, _ in call["query_params"]}
    if "body" in kind.openapi_types:
        shape |= _sdk_nested("body", kind.openapi_types["body"])
    return shape


def _sdk_nested(place: str, type_: str) -> Shape:
    from huaweicloudsdkgaussdbfornosql import v3

    if found := re.fullmatch(r"list\[(.*)\]", type_):
        return _sdk_nested(f"{place}[]", found[1])
    kind = getattr(v3, type_, None)
    if kind is None or not hasattr(kind, "attribute_map"):
        return {}
    mandatory, shape = _mandatory(kind), {}
    for attribute, wire in kind.attribute_map.items():
        shape[f"{place}.{wire}"] = attribute in mandatory
        shape |= _sdk_nested(f"{place}.{wire}", kind.openapi_types[attribute])
    return shape


@cache
def _mandatory(kind: type) -> frozenset[str]:
    """The attributes a model of the SDK sets without asking whether they were given."""
    (init,) = ast.parse(textwrap.dedent(inspect.getsource(kind.__init__))).body
    assert isinstance(init, ast.FunctionDef)
    targets = [node.targets[0] for node in init.body if isinstance(node, ast.Assign)]
    return frozenset(target.attr for target in targets if isinstance(target, ast.Attribute)) & set(kind.openapi_types)


# ----------------------------------------------------------------------------- the vendor's document


@cache
def document() -> dict[str, Any]:
    """The vendor's OpenAPI document, from a published wheel."""
    files = importlib.metadata.files("huaweicloud-mcp-server") or []
    found = next(file for file in files if file.name == "gaussdbfornosql.json")
    return dict(json.loads(found.locate().read_text(encoding="utf-8")))  # type: ignore[attr-defined]


YOUNGER = {
    "ListBackups",
    "ListBiactiveInstanceCandidates",
    "ListSslCertDownloadAddresses",
    "ModifyAutoNodeExpansionPolicy",
    "RestoreRedisData",
    "ShowAutoNodeExpansionPolicy",
    "SwitchOverDisasterRecovery",
    "UpdateInstanceLb",
}
"""The operations of the SDK that the older document does not have."""

DESCRIBED = {id: operation for id, operation in DECLARED.items() if id not in YOUNGER}


def described(id: str) -> tuple[str, str, dict[str, Any]]:
    """Method, path and description of an operation."""
    item = document()["paths"][f"/{id}"]
    return item["x-method"].upper(), item["x-url"].removeprefix("{endpoint}"), item[item["x-method"]]


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema, or the one it refers to."""
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def vendor(id: str) -> Shape:
    """The shape the vendor's document gives a request."""
    _, _, call = described(id)
    shape = {
        f"{one['in']}.{one['name']}": bool(one.get("required"))
        for one in call.get("parameters", [])
        if one["in"] != "header" and one["name"] != "project_id"
    }
    content = call.get("requestBody", {}).get("content", {})
    for media in content.values():
        shape |= _vendor_nested("body", media["schema"])
    return shape


def _vendor_nested(place: str, schema: Mapping[str, Any]) -> Shape:
    schema = resolved(schema)
    if schema.get("type") == "array":
        return _vendor_nested(f"{place}[]", schema["items"])
    shape: Shape = {}
    for name, below in schema.get("properties", {}).items():
        shape[f"{place}.{name}"] = name in schema.get("required", ())
        shape |= _vendor_nested(f"{place}.{name}", below)
    return shape
