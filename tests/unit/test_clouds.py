"""One cloud's secret goes to no other cloud: addresses follow from the region only if nothing names another cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gaussnb.cloud.credentials import Credentials, find_credentials, report_sources
from gaussnb.cloud.login import Access
from gaussnb.cloud.regions import Region
from gaussnb.cloud.transport import Transport
from gaussnb.core.errors import CredentialsError
from gaussnb.nosql.service import SERVICE

SBER_IAM, SBER = "https://iam.ru-moscow-1.hc.sbercloud.ru", "https://gaussdb-nosql.ru-moscow-1.hc.sbercloud.ru"
USER = {"HW_USER_NAME": "u", "HW_USER_PASSWORD": "p", "HW_DOMAIN_NAME": "d"}
KEY = {"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s"}
OS_USER = {"OS_USERNAME": "u", "OS_PASSWORD": "p", "OS_USER_DOMAIN_NAME": "d"}
LOGIN = {"username": "u", "password": "p", "domain": "d"}
HW_REGION = {"HW_REGION_NAME": "ru-moscow-1"}
OS_REGION = {"OS_REGION_NAME": "ru-moscow-1"}
HW_CLOUD = {"HW_CLOUD": "hc.sbercloud.ru"}
OTHERS = [
    "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com",
    "https://iam.eu-de.otc.t-systems.com/v3",
    "https://iam-pub.eu-de.otc.t-systems.com:443",
    SBER_IAM,
    "https://iam.eu-west-101.myhuaweicloud.eu",
    "https://iam.cn-north-4.myhuaweicloud.eu",
    "https://iam.evilmyhuaweicloud.com",
    "https://evilmyhuaweicloud.com",
    "https://iam.myhuaweicloud.com.evil.example",
    "https://iam.cn-north-4.myhuaweicloud.co",
    "https://myhuaweicloud.com-evil.example",
    "https://iam.cn-north-4.myhwclouds.com",
    "https://iam.my-huaweicloud.com",
    "https://10.0.0.7",
    "https://[2001:db8::1]:8443",
]
OWN = [
    "https://iam.myhuaweicloud.com/v3",
    "https://IAM.CN-North-4.MyHuaweiCloud.COM",
    "https://iam.cn-north-4.myhuaweicloud.com.:443",
    "https://iam.cn-north-1.myhuaweicloud.com",
]


def find(tmp_path: Path, environ: dict[str, str], profile: str | None = None, **settings: Any) -> Credentials:
    environ = {"GAUSSNB_PROFILES": str(tmp_path / "profiles.toml"), **environ}
    return find_credentials(profile, environ, tmp_path, service=SERVICE, **settings)


def refuse(tmp_path: Path, environ: dict[str, str], profile: str | None = None, **settings: Any) -> str:
    with pytest.raises(CredentialsError) as caught:
        find(tmp_path, environ, profile, **settings)
    return str(caught.value)


# --------------------------------------------------------------------------------- the region's domain


@pytest.mark.parametrize("address", [*OTHERS, "", "https://", "https://[", "com", "cloud.com", "huaweicloud.com", "//"])
def test_hosts_of_no_region_and_of_other_regions(address: str) -> None:
    assert not Region("cn-north-4").has(address)


@pytest.mark.parametrize("address", [*OWN, "myhuaweicloud.com", "MYHUAWEICLOUD.COM.", "iam.myhuaweicloud.com:443/v3"])
def test_hosts_of_a_region(address: str) -> None:
    assert Region("cn-north-4").has(address)
    assert not Region("eu-west-101").has(address)


def test_every_region_has_its_own_addresses() -> None:
    for id in SERVICE.regions:
        region = Region(id)
        assert region.has(region.iam_endpoint) and region.has(region.service_endpoint(SERVICE.host))


# ------------------------------------------------------------------------------- one half of a cloud is named


@pytest.mark.parametrize("url", OTHERS)
def test_the_other_half_of_another_cloud_is_not_derived(tmp_path: Path, url: str) -> None:
    """Wherever the half is named, the error names the half that is missing."""
    message = refuse(tmp_path, {**USER, "HW_REGION_NAME": "cn-north-4", "HW_AUTH_URL": url})
    assert "HW_AUTH_URL may mean another cloud than myhuaweicloud.com" in message and "give endpoint=" in message
    assert "OS_AUTH_URL" in refuse(tmp_path, {**OS_USER, "OS_REGION_NAME": "cn-north-4", "OS_AUTH_URL": url})
    assert "give endpoint=" in refuse(tmp_path, {}, region="cn-north-4", iam_endpoint=url, **LOGIN)
    assert "give iam_endpoint=" in refuse(tmp_path, {}, region="cn-north-4", endpoint=url, **LOGIN)
    sdk = {**KEY, "HW_REGION_NAME": "cn-north-4"}
    assert "HUAWEICLOUD_SDK_IAM" in refuse(tmp_path, {**sdk, "HUAWEICLOUD_SDK_IAM_ENDPOINT": url})
    variable = "HUAWEICLOUD_SDK_REGION_GAUSSDBFORNOSQL_CN_NORTH_4"
    assert "give iam_endpoint=" in refuse(tmp_path, {**sdk, variable: url})
    assert find(tmp_path, {**sdk, variable: url}, project_id="p").iam_endpoint is None
    assert find(tmp_path, {}, region="cn-north-4", endpoint=url, token="t").iam_endpoint is None


@pytest.mark.parametrize("url", OWN)
def test_the_other_half_of_the_same_cloud_is_derived(tmp_path: Path, url: str) -> None:
    found = find(tmp_path, {**USER, "HW_REGION_NAME": "cn-north-4", "HW_AUTH_URL": url})
    assert found.endpoint == "https://gaussdb-nosql.cn-north-4.myhuaweicloud.com"
    assert "give endpoint=" in refuse(tmp_path, {**USER, "HW_REGION_NAME": "eu-west-101", "HW_AUTH_URL": url})
    other = "https://gaussdb-nosql.cn-north-4.myhuaweicloud.com"
    assert find(tmp_path, {}, region="cn-east-3", endpoint=other, **LOGIN).iam_endpoint == (
        "https://iam.cn-east-3.myhuaweicloud.com"
    )
    assert "give iam_endpoint=" in refuse(tmp_path, {}, region="eu-west-101", endpoint=other, **LOGIN)


def test_a_profile_and_the_file_of_the_sdk(tmp_path: Path) -> None:
    toml = tmp_path / "profiles.toml"
    toml.write_text(
        f'[sber]\nusername = "u"\npassword = "p"\ndomain = "d"\nregion = "ru-moscow-1"\niam_endpoint = "{SBER_IAM}"\n'
    )
    toml.chmod(0o600)
    assert "[sber] iam_endpoint may mean another cloud" in refuse(tmp_path, {}, "sber")
    found = find(tmp_path, {}, "sber", endpoint=SBER)
    assert (found.endpoint, found.iam_endpoint) == (SBER, SBER_IAM)
    ini = tmp_path / ".huaweicloud" / "credentials"
    ini.parent.mkdir()
    ini.write_text(f"[basic]\nak = a\nsk = s\niam_endpoint = {SBER_IAM}\n")
    assert "[basic] iam_endpoint may mean another cloud" in refuse(tmp_path, HW_REGION)


def test_both_halves_are_used_as_they_are_given(tmp_path: Path) -> None:
    found = find(tmp_path, {**USER, **HW_REGION, **HW_CLOUD, "HW_AUTH_URL": f"{SBER_IAM}/v3"}, endpoint=SBER)
    assert (found.endpoint, found.iam_endpoint, found.warnings) == (SBER, SBER_IAM, ())


# -------------------------------------------------------------------------------------- a cloud is named


@pytest.mark.parametrize(
    "where",
    [
        {**USER, **HW_REGION},
        {**OS_USER, **HW_REGION},
        {**OS_USER, **OS_REGION},
        {**KEY, **OS_REGION},
        {**KEY, **HW_REGION},
    ],
)
@pytest.mark.parametrize(
    "cloud",
    [
        "hc.sbercloud.ru",
        "https://hc.sbercloud.ru/",
        "myhuaweicloud.eu",
        "evilmyhuaweicloud.com",
        "com",
        "[",
        " otc.t-systems.com ",
    ],
)
def test_the_domain_of_another_cloud(tmp_path: Path, where: dict[str, str], cloud: str) -> None:
    """Whichever place the identity and the region come from, nothing goes to the cloud of the region's table."""
    message = refuse(tmp_path, {**where, "HW_CLOUD": cloud})
    assert "HW_CLOUD may mean another cloud" in message and "endpoint=" in message and "iam_endpoint=" in message


def test_the_domain_of_another_cloud_with_arguments(tmp_path: Path) -> None:
    assert "iam_endpoint=" in refuse(tmp_path, HW_CLOUD, region="ru-moscow-1", **LOGIN)
    assert "give endpoint=" in refuse(tmp_path, HW_CLOUD, region="ru-moscow-1", token="t")
    own = "https://gaussdb-nosql.ru-moscow-1.myhuaweicloud.com"
    assert "give iam_endpoint=" in refuse(tmp_path, HW_CLOUD, region="ru-moscow-1", endpoint=own, **LOGIN)
    assert "give endpoint=" in refuse(tmp_path, HW_CLOUD, region="ru-moscow-1", iam_endpoint=SBER_IAM, **LOGIN)


@pytest.mark.parametrize("cloud", ["myhuaweicloud.com", " MyHuaweiCloud.com. ", "https://myhuaweicloud.com"])
def test_the_domain_of_the_region_changes_nothing(tmp_path: Path, cloud: str) -> None:
    found = find(tmp_path, {**USER, **HW_REGION, "HW_CLOUD": cloud})
    assert found.iam_endpoint == "https://iam.ru-moscow-1.myhuaweicloud.com"
    assert find(tmp_path, {**USER, "HW_REGION_NAME": "eu-west-101", "HW_CLOUD": "myhuaweicloud.eu"}).iam_endpoint
    assert "iam_endpoint=" in refuse(tmp_path, {**USER, "HW_REGION_NAME": "eu-west-101", "HW_CLOUD": cloud})


def test_an_entry_of_clouds_yaml_counts_for_its_own_place(tmp_path: Path) -> None:
    entry = {"OS_CLOUD": "partner"}
    assert "OS_CLOUD may mean another cloud" in refuse(tmp_path, {**OS_USER, **entry}, region="ru-moscow-1")
    assert "OS_CLOUD may mean another cloud" in refuse(tmp_path, {**KEY, **OS_REGION, **entry})
    assert find(tmp_path, {**USER, **HW_REGION, **entry}).iam_endpoint
    named = {**entry, "OS_AUTH_URL": "https://iam.ru-moscow-1.myhuaweicloud.com/v3"}
    assert find(tmp_path, {**OS_USER, **named}, region="ru-moscow-1").endpoint


def test_an_unused_endpoint_beside_the_region_counts(tmp_path: Path) -> None:
    """The region is a word of the place that names another cloud, though another place has the identity."""
    message = refuse(tmp_path, {**KEY, **OS_REGION, "OS_AUTH_URL": SBER_IAM}, project_id="p")
    assert "OS_AUTH_URL may mean another cloud" in message and "give endpoint=" in message
    assert find(tmp_path, {**KEY, **OS_REGION, "OS_AUTH_URL": "http://127.0.0.1:8080"}).endpoint
    own = {"OS_AUTH_URL": "https://iam.myhuaweicloud.com"}
    assert find(tmp_path, {**KEY, **OS_REGION, **own}).endpoint


def test_the_report_names_what_the_places_say_about_the_cloud(tmp_path: Path) -> None:
    reports = report_sources(None, {**HW_CLOUD, "OS_CLOUD": "x"}, tmp_path, service=SERVICE)
    assert {"HW_CLOUD", "OS_CLOUD"} <= {name for each in reports for name in each.found}


# ------------------------------------------------------------------------------------------ other services


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://gaussdb-nosql.com",
        "https://gaussdb-nosql.ru",
        "https://gaussdb-nosql",
        "https://gaussdb-nosql.co.uk:8443",
    ],
)
def test_no_other_service_is_at_a_host_that_anybody_can_own(endpoint: str) -> None:
    """``vpc.com`` is another company's host."""
    access = Access(Credentials(token="t", endpoint=endpoint), Transport(), SERVICE, None, None)  # type: ignore[arg-type]
    assert access.endpoint_of("vpc") == endpoint
