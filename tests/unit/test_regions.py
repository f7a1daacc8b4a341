"""The host names of regions and the check of endpoints."""

from __future__ import annotations

import pytest

from gaussnb.cloud.regions import Region, check_endpoint, find_region, is_loopback
from gaussnb.core.errors import CredentialsError
from gaussnb.nosql.service import SERVICE


def test_every_region_has_safe_endpoints() -> None:
    assert len(SERVICE.regions) == 27
    for id in SERVICE.regions:
        region = find_region(id, SERVICE)
        assert region.id == id
        endpoint = region.service_endpoint(SERVICE.host)
        for url in (endpoint, region.iam_endpoint, region.service_endpoint("vpc")):
            assert check_endpoint(url) == url
        assert endpoint == f"https://gaussdb-nosql.{id}.{region.domain}"


def test_a_usual_a_european_and_a_small_region() -> None:
    assert Region("cn-north-4").iam_endpoint == "https://iam.cn-north-4.myhuaweicloud.com"
    assert Region("cn-north-4").service_endpoint("kms") == "https://kms.cn-north-4.myhuaweicloud.com"
    assert Region("eu-west-101").service_endpoint("eps") == "https://eps.eu-west-101.myhuaweicloud.eu"
    assert Region("eu-west-101").iam_endpoint == "https://iam.eu-west-101.myhuaweicloud.eu"
    assert Region("cn-north-11").iam_endpoint == "https://iam.myhuaweicloud.com"
    assert Region("cn-north-11").service_endpoint("iam") == "https://iam.myhuaweicloud.com"


@pytest.mark.parametrize(
    ("wrong", "meant"), [("cn-north4", "cn-north-4"), ("cn-north-4a", "cn-north-4"), ("EU-WEST-101", "eu-west-101")]
)
def test_an_unknown_region_names_close_ones(wrong: str, meant: str) -> None:
    with pytest.raises(CredentialsError, match=f"{meant}.*endpoint="):
        find_region(wrong, SERVICE)


def test_an_unknown_region_without_a_close_one() -> None:
    with pytest.raises(CredentialsError, match="endpoint=") as caught:
        find_region("aaa", SERVICE)
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["http://localhost", "http://LOCALHOST:80", "http://a.localhost:1", "http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:9",
     "https://localhost."],
)  # fmt: skip
def test_loopback(url: str) -> None:
    assert is_loopback(url)
    assert check_endpoint(url + "/") == url


@pytest.mark.parametrize(
    "url",
    ["http://localhost.example.org", "http://127.0.0.1.example.org", "http://0.0.0.0", "http://10.0.0.1", "http://127.1",
     "http://notlocalhost", "http://[::ffff:127.0.0.1]", "http://2130706433", "http://128.0.0.1"],
)  # fmt: skip
def test_not_loopback(url: str) -> None:
    assert not is_loopback(url)
    with pytest.raises(CredentialsError, match="https://"):
        check_endpoint(url)


@pytest.mark.parametrize(
    "url",
    ["", "example.org", "ftp://example.org", "https://", "https:///x", "https://u:p@example.org", "https://u@example.org",
     "https://@example.org", "https://example.org?x=1", "https://example.org/?", "https://example.org#f", "https://example.org:port",
     "https://example.org:99999", "https://[::1", "https://good.example.org\\@bad.example.org", "https://exa mple.org",
     "https://example.org\n", "file:///etc/passwd", "http://user@localhost"],
)  # fmt: skip
def test_endpoints_unfit_for_secrets(url: str) -> None:
    with pytest.raises(CredentialsError, match=r"^OS_AUTH_URL ") as caught:
        check_endpoint(url, "OS_AUTH_URL")
    assert "u:p" not in str(caught.value)
