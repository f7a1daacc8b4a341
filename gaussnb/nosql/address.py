"""The host name of GaussDB NoSQL and the regions that offer the service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Address:
    """The facts that `gaussnb.cloud.credentials.find_credentials` derives an endpoint from.

    Attributes:
        title: name of the service in messages.
        host: first label of the service's host names.
        endpoint_variable: variable of the official SDK that holds an endpoint, without the region at its end.
        regions: ids of the regions that offer the service.
    """

    title: str
    host: str
    endpoint_variable: str
    regions: frozenset[str]


ADDRESS = Address(
    title="GaussDB NoSQL",
    host="gaussdb-nosql",
    endpoint_variable="HUAWEICLOUD_SDK_REGION_GAUSSDBFORNOSQL_",
    regions=frozenset(
        (
            "af-south-1",
            *("ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5"),
            *("cn-east-2", "cn-east-3", "cn-east-4"),
            *("cn-north-1", "cn-north-2", "cn-north-4", "cn-north-9", "cn-north-11"),
            *("cn-south-1", "cn-south-2", "cn-south-4"),
            *("cn-southwest-2", "cn-southwest-3"),
            "eu-west-101",
            *("la-north-2", "la-south-2"),
            "me-east-1",
            *("ru-moscow-1", "ru-northwest-2"),
            "sa-brazil-1",
            "tr-west-1",
        )
    ),
)
