"""The headers that the auth objects add to a request."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from pydantic import SecretStr

from gaussnb.cloud.auth import Auth, GivenToken, SignatureAuth, TokenAuth
from gaussnb.cloud.signature import verify
from gaussnb.cloud.tokens import Token, TokenCache

CANARY = "Can4ry" + "-" + "auth" * 3
NOW = 1_770_091_506.0


def prepared(auth: Auth, url: str = "https://example.org/v3/p", **more: object) -> requests.PreparedRequest:
    return requests.Request("POST", url, auth=auth, **more).prepare()  # type: ignore[arg-type]


def verified(request: requests.PreparedRequest, now: float = NOW) -> str | None:
    parts = urlsplit(str(request.url))
    body = request.body or b""
    assert isinstance(body, (bytes, str))
    return verify(
        request.method or "",
        parts.path,
        parse_qsl(parts.query, keep_blank_values=True),
        {name: str(value) for name, value in request.headers.items()},
        body.encode() if isinstance(body, str) else body,
        secret_of={"AK": CANARY}.get,
        now=now,
    )


@pytest.fixture
def token_auth(tmp_path: Path) -> TokenAuth:
    numbers = iter(range(1, 10))

    def issue() -> Token:
        return Token(SecretStr(f"{CANARY}{next(numbers)}"), 10_000.0, "p")

    return TokenAuth(issue, TokenCache(tmp_path / "tokens.json", clock=lambda: 0.0), "key")


def test_a_token_is_added_and_renewed(token_auth: TokenAuth) -> None:
    request = prepared(token_auth)
    assert request.headers["X-Auth-Token"] == f"{CANARY}1"
    assert token_auth.token.project_id == "p"
    assert token_auth.renew(request)
    assert token_auth.renew(request)  # the cache holds a newer token already
    assert token_auth(request).headers["X-Auth-Token"] == f"{CANARY}2"


def test_a_login_with_the_same_token_is_no_renewal(tmp_path: Path) -> None:
    auth = TokenAuth(
        lambda: Token(SecretStr("same"), 10_000.0), TokenCache(tmp_path / "t.json", clock=lambda: 0.0), "key"
    )
    assert not auth.renew(prepared(auth))


def test_a_given_token_cannot_be_renewed() -> None:
    auth = GivenToken(SecretStr(CANARY))
    request = prepared(auth)
    assert request.headers["X-Auth-Token"] == CANARY
    assert not auth.renew(request)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.org/v3/p/instances", "example.org"),
        ("https://example.org:443/v3", "example.org"),
        ("http://localhost:8080/v3?a=b%20c&a=%2B&empty=&d=\u540d", "localhost:8080"),
        ("http://[::1]:8080/", "[::1]:8080"),
        ("https://example.org", "example.org"),
        ("https://example.org/v3/caf\u00e9/%7Bx%7D/a%2Fb", "example.org"),
    ],
)
@pytest.mark.parametrize("body", [None, b"{}", '{"n": "\u540d"}'])
def test_signed_requests_verify(url: str, host: str, body: bytes | str | None) -> None:
    auth = SignatureAuth("AK", SecretStr(CANARY), SecretStr("temporary"), project_id="p", clock=lambda: NOW)
    request = prepared(auth, url, data=body)
    assert request.headers["Host"] == host
    assert request.headers["X-Project-Id"] == "p"
    assert request.headers["X-Security-Token"] == "temporary"
    assert request.headers["Content-Type"] == "application/json"
    assert verified(request) is None
    assert not auth.renew(request)


def test_the_query_is_sent_as_it_is_signed() -> None:
    request = prepared(SignatureAuth("AK", SecretStr(CANARY), clock=lambda: NOW), params={"q": "a b+c", "n": "1"})
    assert urlsplit(str(request.url)).query == "n=1&q=a%20b%2Bc"
    assert verified(request) is None


def test_other_headers_are_not_changed() -> None:
    auth = SignatureAuth("AK", SecretStr(CANARY), domain_id="d", clock=lambda: NOW)
    request = prepared(
        auth, json={"a": 1}, headers={"X-Language": "en-us", "Content-Type": "application/json;charset=utf8"}
    )
    assert request.headers["X-Domain-Id"] == "d"
    assert "X-Project-Id" not in request.headers
    assert request.headers["Content-Type"] == "application/json;charset=utf8"
    assert "x-language" not in request.headers["Authorization"]
    assert verified(request) is None


def test_a_repeated_request_gets_a_new_signature() -> None:
    now = [NOW]
    auth = SignatureAuth("AK", SecretStr(CANARY), clock=lambda: now[0])
    request = prepared(auth)
    before = request.headers["Authorization"]
    now[0] += 3600
    assert verified(request, now[0]) is not None
    request.url = "http://localhost:1/v3/q"
    auth(request)
    assert verified(request, now[0]) is None
    assert request.headers["Authorization"] != before
    assert request.headers["Host"] == "localhost:1"


def test_a_stream_cannot_be_signed() -> None:
    with pytest.raises(TypeError, match="stream"):
        prepared(SignatureAuth("AK", SecretStr(CANARY)), data=iter([b"x"]))


def test_reprs_and_logs_hold_no_secret(token_auth: TokenAuth, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for auth in (token_auth, GivenToken(SecretStr(CANARY)), SignatureAuth("AK", SecretStr(CANARY), SecretStr(CANARY))):
        request = prepared(auth)
        for shown in (repr(auth), str(auth), repr(request), caplog.text):
            assert CANARY not in shown
            assert "0x" not in repr(auth)
