"""The host names of a region, and the check that an endpoint is fit for secrets."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol
from urllib.parse import urlsplit

from ..core.errors import CredentialsError

__all__ = ["GLOBAL_IAM", "Region", "ServiceAddress", "check_endpoint", "find_region", "is_loopback", "place_of"]

GLOBAL_IAM = "https://iam.myhuaweicloud.com"
"""IAM of the regions that have no IAM host of their own."""

_DOMAIN = "myhuaweicloud.com"
_OTHER_DOMAINS = {"eu-west-101": "myhuaweicloud.eu"}
_WITHOUT_IAM_HOST = frozenset(
    ("ap-southeast-5", "cn-north-11", "cn-south-4", "cn-southwest-3", "ru-northwest-2"),
)


class ServiceAddress(Protocol):
    """The facts about a service that its endpoint follows from. The product hands them to `find_credentials`."""

    @property
    def title(self) -> str:
        """Name of the service in messages."""
        ...

    @property
    def host(self) -> str:
        """First label of the service's host names."""
        ...

    @property
    def endpoint_variable(self) -> str:
        """Variable of the official SDK that holds an endpoint of the service, without the region at its end."""
        ...

    @property
    def regions(self) -> Collection[str]:
        """Ids of the regions that offer the service."""
        ...


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the cloud.

    Attributes:
        id: region id, such as ``cn-north-4``.
    """

    id: str

    @property
    def domain(self) -> str:
        """The end of all host names in this region."""
        return _OTHER_DOMAINS.get(self.id, _DOMAIN)

    def has(self, address: str) -> bool:
        """True if a host belongs to the cloud of this region: its name is the region's domain or ends in the domain.

        Args:
            address: a URL, a host name or a domain; anything else belongs to no cloud.

        >>> Region("cn-north-4").has("https://IAM.myhuaweicloud.com:443/v3")
        True
        >>> Region("cn-north-4").has("evilmyhuaweicloud.com")
        False
        """
        host = _host_of(address)
        return host == self.domain or host.endswith(f".{self.domain}")

    @property
    def iam_endpoint(self) -> str:
        """Endpoint of IAM.

        >>> Region("cn-north-11").iam_endpoint
        'https://iam.myhuaweicloud.com'
        """
        return GLOBAL_IAM if self.id in _WITHOUT_IAM_HOST else f"https://iam.{self.id}.{self.domain}"

    def service_endpoint(self, host: str) -> str:
        """Endpoint of a service in this region.

        Args:
            host: first label of the service's host names: ``vpc``, ``eps``, ``kms``, …

        >>> Region("eu-west-101").service_endpoint("vpc")
        'https://vpc.eu-west-101.myhuaweicloud.eu'
        """
        return self.iam_endpoint if host == "iam" else f"https://{host}.{self.id}.{self.domain}"


def find_region(id: str, service: ServiceAddress) -> Region:
    """Look up a region that offers a service.

    Args:
        id: region id, such as ``cn-north-4``.
        service: the service.

    Raises:
        CredentialsError: the service is not known to be in this region; the message names the closest ids.
    """
    if id in service.regions:
        return Region(id)
    close = get_close_matches(id.lower(), service.regions, n=3, cutoff=0.5)
    meant = f" Did you mean {' or '.join(close)}?" if close else ""
    raise CredentialsError(
        f"{service.title} is not known to be in region {id!r}.{meant} For a newer region, "
        "give endpoint= and iam_endpoint= as well."
    )


def _host_of(address: str) -> str:
    try:
        # A full stop at the end of a host name says only that the name is complete.
        return (urlsplit(address if "//" in address else f"//{address}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_loopback(endpoint: str) -> bool:
    """True if an endpoint is on this machine: localhost, ``*.localhost``, 127.0.0.0/8 or ::1.

    >>> is_loopback("http://127.0.0.1:8080"), is_loopback("https://example.org")
    (True, False)
    """
    host = _host_of(endpoint)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # IPv6Address.is_loopback is not used: Python versions differ about IPv4 addresses inside IPv6.
    return address == ipaddress.IPv6Address("::1") or address in ipaddress.IPv4Network("127.0.0.0/8")


def check_endpoint(endpoint: str, name: str = "endpoint") -> str:
    """Check that a secret may be sent to an endpoint: HTTPS, or plain HTTP to this machine.

    Args:
        endpoint: URL of a service.
        name: name of the endpoint in the error. The URL itself is not shown, as it may hold a password.

    Returns:
        The endpoint without a trailing slash.

    Raises:
        CredentialsError: another scheme, no host, or a user name, password, query or fragment in the URL.

    >>> check_endpoint("https://service.example.org/")
    'https://service.example.org'
    """
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port  # urlsplit checks both only when they are read
        local = is_loopback(endpoint)
    except ValueError:
        raise CredentialsError(f"{name} is not a URL.") from None
    # Browsers, proxies and libraries disagree about the host of a URL with a backslash or a blank.
    if not host or not endpoint.isprintable() or set(endpoint) & set(" \\"):
        raise CredentialsError(f"{name} is not a URL with a host; write it like https://host.example.org.")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise CredentialsError(f"{name} must begin with https:// (http:// only for localhost).")
    if parts.username is not None or parts.password is not None or set(endpoint) & set("@?#"):
        raise CredentialsError(f"{name} must not contain a user name, a password, a query or a fragment.")
    return endpoint.rstrip("/")


_PORTS = {"https": 443, "http": 80}


def place_of(endpoint: str) -> str:
    """The one spelling of all endpoints that lead to the same place, to compare endpoints.

    Capitals, the usual port, dots and slashes at the end, and the names of this machine make no difference. A text that
    is no URL is its own place.

    >>> place_of("HTTPS://Service.Example.org.:443/"), place_of("http://127.0.0.1:8080") == place_of("http://[::1]:8080")
    ('https://service.example.org', True)
    """
    try:
        parts = urlsplit(endpoint.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return endpoint
    if not host:
        return endpoint
    scheme = parts.scheme.lower()
    host = "localhost" if is_loopback(f"//[{host}]" if ":" in host else f"//{host}") else _host(host)
    usual = _PORTS.get(scheme)
    path = "/".join(filter(None, parts.path.split("/")))
    return f"{scheme}://{host}" + (f":{port}" if port not in (None, usual) else "") + (f"/{path}" if path else "")


def _host(host: str) -> str:
    """The one spelling of a host name or an IP address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:
            return host.encode("idna").decode()
        except UnicodeError:
            return host
    return f"[{address.compressed}]" if address.version == 6 else str(address)
