"""The request signature SDK-HMAC-SHA256, as pure functions.

The client signs requests and the sandbox verifies them; the signatures equal those of the official SDK.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from calendar import timegm
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from ..core.secrets import discreet

__all__ = [
    "ALGORITHM",
    "CLOCK_TOLERANCE",
    "Authorization",
    "canonical_query",
    "canonical_request",
    "parse_authorization",
    "sdk_date",
    "sign",
    "verify",
]

ALGORITHM = "SDK-HMAC-SHA256"
CLOCK_TOLERANCE = 15 * 60
"""Seconds by which ``X-Sdk-Date`` may differ from the gateway's clock."""

_DATE = "%Y%m%dT%H%M%SZ"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_FIELD = re.compile(r"(Access|SignedHeaders|Signature)=([^,\s]+)")


class Authorization(NamedTuple):
    """The parts of the value of an ``Authorization`` header."""

    access: str
    signed_names: tuple[str, ...]
    signature: str


def sdk_date(seconds: float) -> str:
    """Write epoch seconds as a value of ``X-Sdk-Date``.

    >>> sdk_date(0)
    '19700101T000000Z'
    """
    return time.strftime(_DATE, time.gmtime(seconds))


def canonical_query(query_items: Iterable[tuple[str, Any]]) -> str:
    """Write a query string in the spelling that is signed; the client sends this spelling too.

    Args:
        query_items: decoded (name, value) pairs; a list of values stands for a repeated name.

    >>> canonical_query([("b", "x y"), ("a", ["2", "1"]), ("c", True)])
    'a=1&a=2&b=x%20y&c=true'
    """
    pairs = sorted((name, text) for name, value in query_items for text in _texts(value))
    return "&".join(f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in pairs)


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, (list, tuple)) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def canonical_request(
    method: str,
    path: str,
    query_items: Iterable[tuple[str, Any]],
    headers: Mapping[str, str],
    signed_names: Iterable[str],
    body: bytes,
) -> str:
    """Write a request in the spelling that signer and verifier hash.

    Args:
        method, path: as in the request line; the path percent-encoded or not, without query.
        query_items: see `canonical_query`.
        headers: values of at least the signed headers, as text that counts as UTF-8.
        signed_names: names of the signed headers.
        body: the body, empty for none.

    Raises:
        KeyError: a signed header is not among the headers.
    """
    values = {name.lower(): str(value).strip() for name, value in headers.items()}
    names = sorted({name.lower() for name in signed_names})
    uri = "/".join(quote(part, safe="") for part in unquote(path).split("/"))
    if not uri.endswith("/"):
        uri += "/"  # the slash at the end is signed although it is not sent
    digest = hashlib.sha256(body).hexdigest()
    if body:
        digest = values.get("x-sdk-content-sha256") or digest
    signed_headers = "".join(f"{name}:{values[name]}\n" for name in names)
    return "\n".join((method.upper(), uri, canonical_query(query_items), signed_headers, ";".join(names), digest))


def _signature(canonical: str, date: str, sk: str) -> str:
    # The secret key signs directly: there is no derived key, and no region or service in the text.
    text = f"{ALGORITHM}\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(sk.encode(), text.encode(), hashlib.sha256).hexdigest()


@discreet
def sign(
    method: str,
    path: str,
    query_items: Iterable[tuple[str, Any]],
    headers: Mapping[str, str],
    body: bytes,
    *,
    ak: str,
    sk: str,
    signed_names: Iterable[str] | None = None,
) -> str:
    """Sign a request.

    Args:
        method, path, query_items, headers, body: see `canonical_request`; the headers must hold ``Host`` and
            ``X-Sdk-Date``.
        ak, sk: access key and secret key.
        signed_names: names of the headers to sign; by default all headers except those with ``_`` in the name,
            because gateways drop these.

    Returns:
        The value of the header ``Authorization``.

    Raises:
        ValueError: ``Host``, ``X-Sdk-Date`` or a header of ``signed_names`` is missing.

    >>> headers = {"Host": "example.org", "X-Sdk-Date": "20260203T040506Z"}
    >>> sign("GET", "/v3/x", [], headers, b"", ak="AK", sk="SK")[:58]
    'SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, '
    """
    lower = {name.lower(): value for name, value in headers.items()}
    if not {"host", "x-sdk-date"} <= lower.keys():
        raise ValueError("a signed request needs the headers Host and X-Sdk-Date")
    names = sorted({name.lower() for name in signed_names or lower if "_" not in name} - {"authorization"})
    if absent := set(names) - lower.keys():
        raise ValueError(f"headers to be signed are missing: {', '.join(sorted(absent))}")
    canonical = canonical_request(method, path, query_items, lower, names, body)
    signature = _signature(canonical, lower["x-sdk-date"].strip(), sk)
    return f"{ALGORITHM} Access={ak}, SignedHeaders={';'.join(names)}, Signature={signature}"


def parse_authorization(value: str) -> Authorization:
    """Split the value of an ``Authorization`` header into its parts.

    Raises:
        ValueError: the algorithm is not SDK-HMAC-SHA256, or a part is missing.

    >>> parse_authorization("SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature=00").signed_names
    ('host', 'x-sdk-date')
    """
    algorithm, _, rest = value.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise ValueError(f"the Authorization header does not begin with {ALGORITHM}")
    fields = dict(_FIELD.findall(rest))
    if len(fields) != 3:
        raise ValueError("the Authorization header lacks Access, SignedHeaders or Signature")
    names = tuple(name.lower() for name in fields["SignedHeaders"].split(";"))
    return Authorization(fields["Access"], names, fields["Signature"])


def verify(
    method: str,
    path: str,
    query_items: Iterable[tuple[str, Any]],
    headers: Mapping[str, str],
    body: bytes,
    *,
    secret_of: Callable[[str], str | None],
    now: float,
    tolerance: float = CLOCK_TOLERANCE,
) -> str | None:
    """Check the signature of a received request.

    Args:
        method, path, query_items, headers, body: as received; header values may be ISO-8859-1 text, because
            Python's HTTP server decodes UTF-8 in this way.
        secret_of: returns the secret key of an access key, or None for an unknown access key.
        now: the verifier's time in epoch seconds.
        tolerance: allowed difference of the clocks in seconds.

    Returns:
        The fault, in words for the error message; None if the signature is right.
    """
    received = {name.lower(): _utf8(value) for name, value in headers.items()}
    try:
        authorization = parse_authorization(received.get("authorization", ""))
    except ValueError as error:
        return str(error)
    missing = sorted({"host", "x-sdk-date"} - set(authorization.signed_names))
    if missing:
        return f"{' and '.join(missing)} must be signed"
    absent = sorted(set(authorization.signed_names) - received.keys())
    if absent:
        return f"signed but not sent: {', '.join(absent)}"
    try:
        sent = timegm(time.strptime(received["x-sdk-date"].strip(), _DATE))
    except ValueError:
        return "X-Sdk-Date is not of the form YYYYMMDDTHHMMSSZ"
    if abs(now - sent) > tolerance:
        return "X-Sdk-Date is more than 15 minutes off" if tolerance == CLOCK_TOLERANCE else "X-Sdk-Date is too far off"
    secret = secret_of(authorization.access)
    if secret is None:
        return "the access key is unknown"
    declared = received.get("x-sdk-content-sha256", _UNSIGNED)
    if body and declared not in (_UNSIGNED, hashlib.sha256(body).hexdigest()):
        return "X-Sdk-Content-Sha256 does not match the body"
    canonical = canonical_request(method, path, query_items, received, authorization.signed_names, body)
    expected = _signature(canonical, received["x-sdk-date"].strip(), secret)
    same = hmac.compare_digest(expected.encode(), authorization.signature.encode())
    return None if same else "the signature does not match"


def _utf8(value: str) -> str:
    """Decode a header as UTF-8 that the server decoded as ISO-8859-1."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
