"""The official SDK at work: sends our operations, and reads answers into its own objects."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkgaussdbfornosql import v3
from shapes import snake

from gaussnb.core.operation import Operation
from gaussnb.core.secrets import reveal
from gaussnb.sandbox import Sandbox


def client(sandbox: Sandbox) -> Any:
    """The official client, signing with the sandbox's access key."""
    known = sandbox.credentials
    keys = BasicCredentials(known["ak"], known["sk"].get_secret_value(), sandbox.project_id)  # type: ignore[union-attr]
    return v3.GaussDBforNoSQLClient.new_builder().with_credentials(keys).with_endpoint(sandbox.endpoint).build()


def model(type_: str) -> Any:
    """The SDK's class of that name, or None for what is none of its models."""
    kind = getattr(v3, type_, None)
    return kind if hasattr(kind, "attribute_map") else None


def item_of(type_: str) -> str:
    """The type of a list's items, or an empty text."""
    found = re.fullmatch(r"list\[(.*)\]", type_)
    return found[1] if found else ""


def sdk_object(type_: str, value: Any) -> Any:
    """A JSON value as an object of the SDK's."""
    if item := item_of(type_):
        return [sdk_object(item, one) for one in value]
    kind = model(type_)
    if kind is None:
        return value
    names = {wire: attribute for attribute, wire in kind.attribute_map.items()}
    return kind(**{names[wire]: sdk_object(kind.openapi_types[names[wire]], item) for wire, item in value.items()})


def sdk_plain(value: Any) -> Any:
    """Return the content of an SDK object as JSON; its own ``to_json_object`` would give back the raw answer."""
    if isinstance(value, list):
        return [sdk_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if not hasattr(value, "attribute_map"):
        return value
    return {wire: sdk_plain(getattr(value, attribute)) for attribute, wire in value.attribute_map.items()}


def by_sdk(sandbox: Sandbox, operation: Operation) -> Any:
    """Send one of our operations with the SDK; its own parsing of the answer."""
    id = operation.route.id
    kind = getattr(v3, f"{id}Request")
    given = {name: reveal(value) for name, value in operation if value is not None and operation.place(name) != "body"}
    if "body" in kind.openapi_types:
        given["body"] = sdk_object(kind.openapi_types["body"], operation.wire())
    return getattr(client(sandbox), snake(id))(kind(**given))
