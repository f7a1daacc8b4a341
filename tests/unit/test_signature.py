"""The signature equals that of the official SDK, and the verifier names the fault of a wrong signature."""

from __future__ import annotations

from typing import Any

import pytest

from gaussnb.cloud.signature import Authorization, canonical_request, parse_authorization, sdk_date, sign, verify

AK, SK = "ACCESS" + "KEY", "se" + "cr" + "et"
NOW = 1_770_091_506.0
DATE = sdk_date(NOW)
TOKEN = "temporary" * 20

REQUESTS: list[tuple[str, str, list[tuple[str, Any]], dict[str, str], bytes]] = [
    ("GET", "/v3/p/instances", [], {}, b""),
    ("GET", "/v3/p/instances", [("offset", 0), ("limit", 100)], {}, b""),
    ("POST", "/v3/p/instances", [], {"Content-Type": "application/json"}, b'{"name": "demo"}'),
    ("get", "/", [], {}, b""),
    ("GET", "/v3/p/instances/", [("a", "1")], {}, b""),
    ("GET", "/v3/a b/c+d*e~f", [("q", "a b")], {}, b""),
    ("GET", "/v3/a%20b/c%2Fd/%7Bproject_id%7D", [], {}, b""),
    ("GET", "/v3/100%25/x=y&z",
     [("plus", "+"), ("star", "*"), ("tilde", "~"), ("percent", "%"), ("and", "&"), ("eq", "=")], {}, b""),
    ("GET", "/v3/p", [("slash", "a/b"), ("question", "?"), ("hash", "#"), ("semi", ";,:@")], {}, b""),
    ("GET", "/v3/caf\u00e9", [("n\u00e4me", "\u00fcber")], {}, b""),
    ("GET", "/v3/\u6570\u636e\u5e93", [("\u540d", "\u5b9e\u4f8b \u4e00")], {}, b""),
    ("GET", "/v3/p", [("empty", ""), ("", "nameless")], {}, b""),
    ("GET", "/v3/p", [("tag", ["b", "a", "c"]), ("flag", True), ("other", False)], {}, b""),
    ("GET", "/v3/p", [("x", "2"), ("x", "10"), ("x", ""), ("X", "1"), ("x-y", "0")], {}, b""),
    ("PUT", "/v3/p", [], {"Content-Type": "application/json;charset=utf8"}, "{\"name\": \"\u540d\u524d\"}".encode()),
    ("DELETE", "/v3/p", [], {"X-Note": "  Gr\u00fc\u00dfe \u540d  "}, b"{}"),
    ("GET", "/v3/p", [], {"X-Security-Token": TOKEN, "X-Project-Id": "0" * 32}, b""),
    ("POST", "/v3/p", [], {"Content-Type": "text/plain", "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"}, b"anything"),
    ("POST", "/v3/p", [], {"not_signed": "x", "User-Agent": "test/1 (a; b)"}, bytes(range(256))),
    ("GET", "/v3//p///", [], {}, b""),
    ("GET", "/v3/p", [("emoji", "\U0001f600"), ("uml", "\uff5e")], {}, b""),
]  # fmt: skip


def headers_of(extra: dict[str, str]) -> dict[str, str]:
    return {"Host": "gaussdb.example.org:8443", "X-Sdk-Date": DATE, **extra}


@pytest.mark.parametrize("request_parts", REQUESTS, ids=map(str, range(len(REQUESTS))))
def test_the_signature_equals_that_of_the_sdk(
    request_parts: tuple[str, str, list[tuple[str, Any]], dict[str, str], bytes],
) -> None:
    signer = pytest.importorskip("huaweicloudsdkcore.signer.signer")
    sdk_request = pytest.importorskip("huaweicloudsdkcore.sdk_request")
    credentials = pytest.importorskip("huaweicloudsdkcore.auth.credentials")
    method, path, items, extra, body = request_parts
    theirs = sdk_request.SdkRequest(
        method=method,
        schema="https",
        host="gaussdb.example.org:8443",
        resource_path=path,
        query_params=[(name, list(value) if isinstance(value, list) else value) for name, value in items],
        header_params=headers_of(extra),
        body=body,
    )
    signer.Signer(credentials.BasicCredentials(AK, SK)).sign(theirs)
    assert sign(method, path, items, headers_of(extra), body, ak=AK, sk=SK) == theirs.header_params["Authorization"]


@pytest.mark.parametrize("request_parts", REQUESTS, ids=map(str, range(len(REQUESTS))))
def test_a_signed_request_verifies(
    request_parts: tuple[str, str, list[tuple[str, Any]], dict[str, str], bytes],
) -> None:
    method, path, items, extra, body = request_parts
    headers = headers_of(extra)
    headers["Authorization"] = sign(method, path, items, headers, body, ak=AK, sk=SK)
    # Python's HTTP server reads UTF-8 as ISO-8859-1; the names of headers come in any case.
    wire = {name.upper(): value.encode().decode("latin-1") for name, value in headers.items()}
    for received in (headers, wire):
        assert verify(method, path, items, received, body, secret_of={AK: SK}.get, now=NOW + 899) is None


def test_the_canonical_request_is_as_documented() -> None:
    text = canonical_request(
        "post", "/v3/a b", [("b", "2"), ("a", "1 ")], {"Host": " h ", "X-Sdk-Date": "d"}, ["X-Sdk-Date", "host"], b""
    )
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert text == f"POST\n/v3/a%20b/\na=1%20&b=2\nhost:h\nx-sdk-date:d\n\nhost;x-sdk-date\n{empty}"


def signed(**changes: str) -> dict[str, str]:
    headers = headers_of({})
    headers["Authorization"] = sign("GET", "/v3/p", [], headers, b"", ak=AK, sk=SK)
    return {**headers, **changes}


def check(headers: dict[str, str], *, path: str = "/v3/p", body: bytes = b"", now: float = NOW) -> str | None:
    return verify("GET", path, [], headers, body, secret_of={AK: SK}.get, now=now)


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (check(signed()), None),
        (check(signed(), path="/v3/q"), "signature does not match"),
        (check(signed(), body=b"{}"), "signature does not match"),
        (check(signed(Host="other.example.org")), "signature does not match"),
        (check(signed(), now=NOW + 901), "15 minutes"),
        (check(signed(), now=NOW - 901), "15 minutes"),
        (check(signed(**{"X-Sdk-Date": "yesterday"})), "form"),
        (check(signed(Authorization="")), "does not begin with"),
        (check(signed(Authorization="Bearer x")), "does not begin with"),
        (check(signed(Authorization="SDK-HMAC-SHA256 Access=a")), "lacks"),
        (check(signed(Authorization=f"SDK-HMAC-SHA256 Access={AK}, SignedHeaders=host, Signature=00")),
         "x-sdk-date must be signed"),
        (check(signed(Authorization=f"SDK-HMAC-SHA256 Access={AK}, SignedHeaders=host;x-sdk-date;x-a, Signature=00")),
         "not sent: x-a"),
        (check(signed(Authorization="SDK-HMAC-SHA256 Access=who, SignedHeaders=host;x-sdk-date, Signature=00")),
         "unknown"),
        (check(signed(Authorization=f"SDK-HMAC-SHA256 Access={AK}, SignedHeaders=host;x-sdk-date, Signature=\u00e9")),
         "does not match"),
        (check(signed(**{"X-Sdk-Content-Sha256": "0" * 64}), body=b"{}"), "X-Sdk-Content-Sha256"),
    ],
)  # fmt: skip
def test_the_verifier_names_the_fault(cause: str | None, expected: str | None) -> None:
    assert cause == expected if expected is None else expected in (cause or "")
    assert SK not in (cause or "")


def test_an_authorization_is_split() -> None:
    assert parse_authorization(signed()["Authorization"])[:2] == (AK, ("host", "x-sdk-date"))
    assert Authorization._fields == ("access", "signed_names", "signature")


def test_nothing_is_signed_without_host_and_date() -> None:
    with pytest.raises(ValueError, match="Host and X-Sdk-Date"):
        sign("GET", "/", [], {"Host": "h"}, b"", ak=AK, sk=SK)


def test_only_the_named_headers_are_signed() -> None:
    value = sign("GET", "/", [], headers_of({"X-A": "1"}), b"", ak=AK, sk=SK, signed_names=["Host", "X-Sdk-Date"])
    assert "SignedHeaders=host;x-sdk-date," in value
