"""The reason why a request could not be sent, and what to do about it: sentences without any value of it."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, LocationValueError, NameResolutionError
from urllib3.exceptions import ProxyError as PoolProxyError

from .channel import causes


@dataclass(frozen=True)
class Reason:
    """The reason why nothing was sent."""

    what: str
    """The failure, as a clause."""
    remedy: str
    """The remedy, as a sentence."""
    passes: bool = True
    """True if a repeat may succeed."""


def reason_of(error: BaseException, endpoint: str, verify: bool | str, connect: float) -> Reason:
    """Find the reason why a request could not be sent.

    Args:
        error: the exception of the HTTP library.
        endpoint: scheme and host of the service.
        verify: the file or the directory of trusted certificates, or True for the usual ones.
        connect: seconds that were given for the connection.
    """
    chain = list(causes(error))
    if isinstance(verify, str) and endpoint.startswith("https") and not _is_readable(verify):
        return Reason(
            f"the trusted certificates in {verify} cannot be read",
            "Let REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE) name a file of certificates, or unset it.",
            passes=False,
        )
    if any("SOCKS" in str(each) for each in chain if isinstance(each, requests.exceptions.InvalidSchema)):
        return Reason("the proxy speaks SOCKS, and PySocks is missing", "Run `pip install pysocks`.", passes=False)
    if any(isinstance(each, (requests.exceptions.ProxyError, PoolProxyError)) for each in chain):
        return _proxy_reason(chain)
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            why = f" ({each.verify_message})" if getattr(each, "verify_message", "") else ""
            return Reason(
                f"the certificate of {endpoint} is not trusted{why}",
                "A company's own certificates go into REQUESTS_CA_BUNDLE.",
                passes=False,
            )
    host = urlsplit(endpoint).hostname or endpoint
    for kinds, say in _REASONS:
        if any(isinstance(each, kinds) for each in chain):
            return say(endpoint, host, connect)
    if isinstance(error, (OSError, requests.RequestException)) and not isinstance(error, ValueError):
        return Reason(f"no connection to {endpoint}", "Check the endpoint, the network and the proxy.")
    return Reason(
        f"the request or the address {endpoint} cannot be written as HTTP ({type(error).__name__})",
        "Check the endpoint, the proxy and the token: they have ASCII characters only.",
        passes=False,
    )


_Say = Callable[[str, str, float], Reason]
_REASONS: tuple[tuple[tuple[type[BaseException], ...], _Say], ...] = (
    (
        (requests.exceptions.InvalidProxyURL,),
        lambda endpoint, host, connect: Reason(
            "the address of the proxy is not usable", "Check HTTPS_PROXY and HTTP_PROXY.", passes=False
        ),
    ),
    (
        (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
            LocationValueError,
        ),
        lambda endpoint, host, connect: Reason(
            f"{endpoint} or its proxy is no usable address", "Check the endpoint and HTTPS_PROXY.", passes=False
        ),
    ),
    (
        (NameResolutionError, socket.gaierror),
        lambda endpoint, host, connect: Reason(
            f"no connection to {endpoint}: the name {host} is not known on this network",
            "Check the region or the endpoint, and this machine's DNS or VPN.",
        ),
    ),
    (
        (ConnectTimeoutError, requests.ConnectTimeout, TimeoutError),
        lambda endpoint, host, connect: Reason(
            f"no connection to {endpoint} within {connect:g} s",
            "Check the network, a firewall on the way, and the proxy.",
        ),
    ),
    (
        (ConnectionRefusedError,),
        lambda endpoint, host, connect: Reason(
            f"no connection to {endpoint}: it was refused", "Check the host and the port of the endpoint."
        ),
    ),
    (
        (ssl.SSLError, requests.exceptions.SSLError),
        lambda endpoint, host, connect: Reason(
            f"no encrypted connection to {endpoint}",
            "Check that the endpoint speaks TLS, and that HTTPS_PROXY begins with the scheme of the proxy itself.",
        ),
    ),
)
"""The exceptions that have a cause of their own, most special first."""

_PROXY_STATUS: Mapping[str, str] = {
    "407": "it wants a user and a password: give them in HTTPS_PROXY.",
    "403": "it does not allow this host: ask for it, or name the host in NO_PROXY.",
}


def _proxy_reason(chain: list[BaseException]) -> Reason:
    """The reason of a failed proxy. Its address is not told, since it may hold a password."""
    for each in chain:
        if found := re.search(r"Tunnel connection failed: (\d{3})", str(each)):
            status = found[1]
            remedy = _PROXY_STATUS.get(status, "check HTTPS_PROXY and NO_PROXY.")
            # A proxy whose own network is down may answer otherwise a moment later; one that forbids does not.
            return Reason(f"the proxy refused with status {status}", f"About the proxy: {remedy}", status >= "500")
    if any(isinstance(each, (NameResolutionError, socket.gaierror)) for each in chain):
        return Reason("the name of the proxy is not known on this network", "Check HTTPS_PROXY.")
    return Reason("no connection to the proxy", "Check HTTPS_PROXY and NO_PROXY.")


def _is_readable(certificates: str) -> bool:
    """True if a file or a directory of certificates can be read."""
    try:
        directory = Path(certificates).is_dir()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(**{"capath" if directory else "cafile": certificates})
    except (OSError, ValueError):
        return False
    return True
