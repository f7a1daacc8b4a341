"""Where the service lives: region → endpoints, as a table, and what counts as an endpoint at all."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from urllib.parse import urlsplit

from ..core.errors import CredentialsError

__all__ = ["GLOBAL_IAM", "REGIONS", "Region", "check_endpoint", "is_loopback", "region"]

GLOBAL_IAM = "https://iam.myhuaweicloud.com"
"""IAM of the regions that have no host of their own."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the cloud.

    Attributes:
        id: such as ``cn-north-4``.
        endpoint: of GaussDB NoSQL.
        iam_endpoint: of IAM.
        domain: what the host names of this region end in.
    """

    id: str
    endpoint: str
    iam_endpoint: str
    domain: str = "myhuaweicloud.com"

    def service_endpoint(self, name: str) -> str:
        """Endpoint of another service in this region.

        Args:
            name: the service's name in host names: ``vpc``, ``eps``, ``kms``, …

        >>> region("cn-north-4").service_endpoint("vpc")
        'https://vpc.cn-north-4.myhuaweicloud.com'
        """
        return self.iam_endpoint if name == "iam" else f"https://{name}.{self.id}.{self.domain}"


def _region(id: str, domain: str = "myhuaweicloud.com", own_iam: bool = True) -> Region:
    iam = f"https://iam.{id}.{domain}" if own_iam else GLOBAL_IAM
    return Region(id, f"https://gaussdb-nosql.{id}.{domain}", iam, domain)


REGIONS: Mapping[str, Region] = MappingProxyType(
    {
        each.id: each
        for each in (
            _region("af-south-1"),
            _region("ap-southeast-1"),
            _region("ap-southeast-2"),
            _region("ap-southeast-3"),
            _region("ap-southeast-4"),
            _region("ap-southeast-5", own_iam=False),
            _region("cn-east-2"),
            _region("cn-east-3"),
            _region("cn-east-4"),
            _region("cn-north-1"),
            _region("cn-north-2"),
            _region("cn-north-4"),
            _region("cn-north-9"),
            _region("cn-north-11", own_iam=False),
            _region("cn-south-1"),
            _region("cn-south-2"),
            _region("cn-south-4", own_iam=False),
            _region("cn-southwest-2"),
            _region("cn-southwest-3", own_iam=False),
            _region("eu-west-101", domain="myhuaweicloud.eu"),
            _region("la-north-2"),
            _region("la-south-2"),
            _region("me-east-1"),
            _region("ru-moscow-1"),
            _region("ru-northwest-2", own_iam=False),
            _region("sa-brazil-1"),
            _region("tr-west-1"),
        )
    }
)
"""The regions that offer GaussDB NoSQL, by id."""


def region(id: str) -> Region:
    """Look a region up.

    Args:
        id: region id, such as ``cn-north-4``.

    Raises:
        CredentialsError: the region is not in the table; the message names the closest ones.

    >>> region("eu-west-101").endpoint
    'https://gaussdb-nosql.eu-west-101.myhuaweicloud.eu'
    """
    try:
        return REGIONS[id]
    except KeyError:
        close = get_close_matches(id.lower(), REGIONS, n=3, cutoff=0.5)
        meant = f" Did you mean {' or '.join(close)}?" if close else ""
        raise CredentialsError(
            f"Region {id!r} is not known here.{meant} For a region that is newer than this table, "
            "give endpoint= and iam_endpoint= as well."
        ) from None


def is_loopback(endpoint: str) -> bool:
    """Whether an endpoint is on this very machine: localhost, ``*.localhost``, 127.0.0.0/8 or ::1.

    >>> is_loopback("http://127.0.0.1:8080"), is_loopback("https://example.org")
    (True, False)
    """
    host = (urlsplit(endpoint).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # Not `is_loopback`, whose view of IPv4 inside IPv6 differs between Python versions.
    return address == ipaddress.IPv6Address("::1") or address in ipaddress.IPv4Network("127.0.0.0/8")


def check_endpoint(endpoint: str, name: str = "endpoint") -> str:
    """An endpoint a secret may be sent to: HTTPS, or plain HTTP to this very machine.

    Args:
        endpoint: URL of a service; a trailing slash is dropped.
        name: what to call it in the error. The URL itself is not shown, as it may hold a password.

    Raises:
        CredentialsError: another scheme, no host, or a user name, password, query or fragment in it.

    >>> check_endpoint("https://gaussdb.example.org/")
    'https://gaussdb.example.org'
    """
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port  # both are checked only when read
        local = is_loopback(endpoint)
    except ValueError:
        raise CredentialsError(f"{name} is not a URL.") from None
    # Browsers, proxies and libraries disagree about what follows a backslash or a blank.
    if not host or not endpoint.isprintable() or set(endpoint) & set(" \\"):
        raise CredentialsError(f"{name} is not a URL with a host; write it like https://host.example.org.")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise CredentialsError(f"{name} must begin with https:// (http:// only for localhost).")
    if parts.username is not None or parts.password is not None or set(endpoint) & set("@?#"):
        raise CredentialsError(f"{name} must not contain a user name, a password, a query or a fragment.")
    return endpoint.rstrip("/")
