"""API versions. OpenStack's clients read the same documents at the root and at ``/v3``."""

from __future__ import annotations

from typing import Any

from ...nosql.operations.versions import ListApiVersion, ShowApiVersion
from ..refusals import Refused
from . import Context, simulates


@simulates(ListApiVersion, "fixed")
def list_versions(op: ListApiVersion, context: Context) -> dict[str, Any]:
    return {"versions": [_v3(context)]}


@simulates(ShowApiVersion, "fixed")
def show_version(op: ShowApiVersion, context: Context) -> dict[str, Any]:
    if op.version != "v3":
        raise Refused("APIGW.0101")
    return {"version": _v3(context)}


def _v3(context: Context) -> dict[str, Any]:
    return {
        "id": "v3",
        "links": [{"href": f"{context.request.base}/v3/", "rel": "self"}],
        "status": "CURRENT",
        "version": "",
        "min_version": "",
        "updated": "2019-10-30T17:34:02Z",
    }
