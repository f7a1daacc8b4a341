"""Auth objects for `requests`: they add an IAM token or the signature of an access key to a request.

After a 401, ``renew(request)`` returns True if a repeat of the request can succeed. Then the caller applies the auth
object to the request again and sends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from pydantic import SecretStr
from requests import PreparedRequest
from requests.auth import AuthBase

from ..core.faces import face
from . import signature
from .tokens import Token, TokenCache

__all__ = ["Auth", "GivenToken", "SignatureAuth", "TokenAuth"]

_TOKEN = "X-Auth-Token"
_SECURITY_TOKEN = "X-Security-Token"
_PORTS = {"http": 80, "https": 443}


class Auth(AuthBase):
    """Base of the auth objects. Applied to a request again, an auth object replaces the headers it added before."""

    secret_headers: ClassVar = (_TOKEN, _SECURITY_TOKEN)
    """The headers that hold a secret, which an answer must not repeat."""

    def renew(self, request: PreparedRequest) -> bool:
        """Get new credentials if possible; True if a repeat of the request can succeed.

        Args:
            request: the sent request, which was answered with 401.
        """
        return False

    @face
    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class TokenAuth(Auth):
    """Adds an IAM token, which is requested on first use and replaced when the service refuses it.

    Args:
        issue: requests a token from IAM. Its errors are raised to the caller of the request.
        cache: holds the tokens.
        key: the key of this login in the cache; see `gaussnb.cloud.tokens.cache_key`.

    >>> auth = TokenAuth(issue, TokenCache(), cache_key(user="ann"))    # doctest: +SKIP
    >>> requests.get(url, auth=auth)                                    # doctest: +SKIP
    """

    def __init__(self, issue: Callable[[], Token], cache: TokenCache, key: str) -> None:
        self._issue = issue
        self._cache = cache
        self._key = key

    @property
    def token(self) -> Token:
        """A valid token; IAM is asked if the cache holds none."""
        return self._cache.get_or_issue(self._key, self._issue)

    def log_in(self) -> Token:
        """A valid token. A person asks for it, so a refused login is repeated earlier than by a call."""
        return self._cache.get_or_issue(self._key, self._issue, insist=True)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers[_TOKEN] = self.token.value.get_secret_value()
        return request

    def renew(self, request: PreparedRequest) -> bool:
        """Replace the token of this request; True if the new token is another one."""
        sent = SecretStr(_text(request.headers.get(_TOKEN, "")))
        return self._cache.get_or_issue(self._key, self._issue, refused=sent).value != sent


class GivenToken(Auth):
    """Adds a token that the user gave. A refused token cannot be replaced, because there is no login.

    Args:
        token: value of the token.
    """

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers[_TOKEN] = self._token.get_secret_value()
        return request


class SignatureAuth(Auth):
    """Signs each request with an access key; no login is needed.

    Args:
        ak, sk: access key and secret key.
        security_token: the security token of a temporary access key.
        project_id: sent as ``X-Project-Id``.
        domain_id: sent as ``X-Domain-Id`` if there is no project.
        clock: epoch seconds; the gateway allows a difference of 15 minutes.

    Raises:
        TypeError: the body of a request is a stream, which would have to be read for the signature.

    >>> auth = SignatureAuth("AK", SecretStr("SK"), project_id="0" * 32, clock=lambda: 0)
    >>> request = PreparedRequest()
    >>> request.prepare(method="GET", url="https://example.org/v3/x", auth=auth)
    >>> request.headers["X-Sdk-Date"]
    '19700101T000000Z'
    """

    def __init__(
        self,
        ak: str,
        sk: SecretStr,
        security_token: SecretStr | None = None,
        project_id: str | None = None,
        domain_id: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ak = ak
        self._sk = sk
        self._security_token = security_token
        self._project_id = project_id
        self._domain_id = domain_id
        self._clock = clock

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        if not isinstance(body, (bytes, str)):
            raise TypeError("a streamed body cannot be signed")
        parts = urlsplit(str(request.url))
        items = parse_qsl(parts.query, keep_blank_values=True)
        # The query is sent as it is signed: gateways differ in reading "+" as a blank or as a plus.
        request.url = urlunsplit((parts.scheme, parts.netloc, parts.path, signature.canonical_query(items), ""))

        headers = {
            "Host": _host(parts.scheme, parts.hostname or "", parts.port),
            "X-Sdk-Date": signature.sdk_date(self._clock()),
            "Content-Type": _text(request.headers.get("Content-Type", "application/json")),
        }
        if self._project_id:
            headers["X-Project-Id"] = self._project_id
        elif self._domain_id:
            headers["X-Domain-Id"] = self._domain_id
        if self._security_token:
            headers[_SECURITY_TOKEN] = self._security_token.get_secret_value()
        if "X-Sdk-Content-Sha256" in request.headers:
            headers["X-Sdk-Content-Sha256"] = _text(request.headers["X-Sdk-Content-Sha256"])
        headers["Authorization"] = signature.sign(
            request.method or "GET",
            parts.path,
            items,
            headers,
            body.encode() if isinstance(body, str) else body,
            ak=self._ak,
            sk=self._sk.get_secret_value(),
        )
        request.headers.update(headers)
        return request


def _host(scheme: str, host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port in (None, _PORTS.get(scheme)) else f"{name}:{port}"


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
