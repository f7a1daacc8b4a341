"""The SDK-HMAC-SHA256 request signature, as pure functions.

The client signs with it and the sandbox verifies with it; both agree with the official SDK to the byte.
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
    """The parts of an ``Authorization`` header value."""

    access: str
    signed_names: tuple[str, ...]
    signature: str


def sdk_date(seconds: float) -> str:
    """Epoch seconds as an ``X-Sdk-Date`` value.

    >>> sdk_date(0)
    '19700101T000000Z'
    """
    return time.strftime(_DATE, time.gmtime(seconds))


def canonical_query(query_items: Iterable[tuple[str, Any]]) -> str:
    """The query string in its one signed spelling; also a good spelling to send.

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
    """The request in the one spelling that both sides hash.

    Args:
        method, path: as in the request line; the path percent-encoded or not, without query.
        query_items: see `canonical_query`.
        headers: header values as text; they count as UTF-8. At least the signed ones.
        signed_names: names of the headers that are covered.
        body: what is sent, empty for none.

    Raises:
        KeyError: a signed header is not among the headers.
    """
    values = {name.lower(): str(value).strip() for name, value in headers.items()}
    names = sorted({name.lower() for name in signed_names})
    uri = "/".join(quote(part, safe="") for part in unquote(path).split("/"))
    if not uri.endswith("/"):
        uri += "/"  # signed even though it is not sent
    digest = hashlib.sha256(body).hexdigest()
    if body:
        digest = values.get("x-sdk-content-sha256") or digest
    covered = "".join(f"{name}:{values[name]}\n" for name in names)
    return "\n".join((method.upper(), uri, canonical_query(query_items), covered, ";".join(names), digest))


def _signature(canonical: str, date: str, sk: str) -> str:
    # There is no region or service in the scope and no derived key: the secret key signs directly.
    text = f"{ALGORITHM}\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(sk.encode(), text.encode(), hashlib.sha256).hexdigest()


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
    """The ``Authorization`` value of a request.

    Args:
        method, path, query_items, headers, body: see `canonical_request`; the headers must hold ``Host`` and
            ``X-Sdk-Date``.
        ak, sk: access key and secret key.
        signed_names: headers to cover; by default all given ones except those with ``_`` in the name, which
            gateways drop.

    Raises:
        ValueError: ``Host`` or ``X-Sdk-Date`` is missing.

    >>> headers = {"Host": "example.org", "X-Sdk-Date": "20260203T040506Z"}
    >>> sign("GET", "/v3/x", [], headers, b"", ak="AK", sk="SK")[:58]
    'SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, '
    """
    lower = {name.lower(): value for name, value in headers.items()}
    if not {"host", "x-sdk-date"} <= lower.keys():
        raise ValueError("a signed request needs the headers Host and X-Sdk-Date")
    names = sorted({name.lower() for name in signed_names or lower if "_" not in name} - {"authorization"})
    canonical = canonical_request(method, path, query_items, lower, names, body)
    signature = _signature(canonical, lower["x-sdk-date"].strip(), sk)
    return f"{ALGORITHM} Access={ak}, SignedHeaders={';'.join(names)}, Signature={signature}"


def parse_authorization(value: str) -> Authorization:
    """Take an ``Authorization`` value apart.

    Raises:
        ValueError: it is not an SDK-HMAC-SHA256 one, or a part is missing.

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
    """Check the signature of a request that came in.

    Args:
        method, path, query_items, headers, body: as received; header values may be ISO-8859-1 text, as
            Python's HTTP server makes it of UTF-8.
        secret_of: secret key of an access key, or None for an unknown one.
        now: the verifier's time in epoch seconds.
        tolerance: allowed difference of the clocks in seconds.

    Returns:
        What is wrong, in words for the error message; None when the signature is right.
    """
    received = {name.lower(): _utf8(value) for name, value in headers.items()}
    try:
        said = parse_authorization(received.get("authorization", ""))
    except ValueError as error:
        return str(error)
    missing = sorted({"host", "x-sdk-date"} - set(said.signed_names))
    if missing:
        return f"{' and '.join(missing)} must be signed"
    absent = sorted(set(said.signed_names) - received.keys())
    if absent:
        return f"signed but not sent: {', '.join(absent)}"
    try:
        sent = timegm(time.strptime(received["x-sdk-date"].strip(), _DATE))
    except ValueError:
        return "X-Sdk-Date is not of the form YYYYMMDDTHHMMSSZ"
    if abs(now - sent) > tolerance:
        return "X-Sdk-Date is more than 15 minutes off" if tolerance == CLOCK_TOLERANCE else "X-Sdk-Date is too far off"
    secret = secret_of(said.access)
    if secret is None:
        return "the access key is unknown"
    declared = received.get("x-sdk-content-sha256", _UNSIGNED)
    if body and declared not in (_UNSIGNED, hashlib.sha256(body).hexdigest()):
        return "X-Sdk-Content-Sha256 does not match the body"
    canonical = canonical_request(method, path, query_items, received, said.signed_names, body)
    expected = _signature(canonical, received["x-sdk-date"].strip(), secret)
    same = hmac.compare_digest(expected.encode(), said.signature.encode())
    return None if same else "the signature does not match"


def _utf8(value: str) -> str:
    """Undo the ISO-8859-1 reading of a header that was sent as UTF-8."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
