"""The types of the fields of GaussDB NoSQL requests: allowed values, titles and error codes.

>>> from pydantic import TypeAdapter
>>> TypeAdapter(InstanceName).validate_python("test-cassandra-01")
'test-cassandra-01'
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from ..core.rules import (
    Flag,
    OneOf,
    Rule,
    Secret,
    Titled,
    Trimmed,
    Whole,
    between,
    identifier,
    is_address,
    is_any_address,
    is_any_network,
    is_network,
    matches,
)


def is_backup_window(text: str) -> bool:
    """True if ``text`` is one hour, ``hh:mm-HH:MM``, that begins on a quarter of an hour; it may pass midnight."""
    found = re.fullmatch(r"([01]\d|2[0-3]):(00|15|30|45)-([01]\d|2[0-3]):(00|15|30|45)", text)
    return bool(found) and (int(found[1]) + 1) % 24 == int(found[3]) and found[2] == found[4]  # type: ignore[index]


InstanceId = Annotated[str, identifier("DBS.280404"), Titled("Instance")]
NodeId = Annotated[str, identifier("DBS.280407"), Titled("Node")]
JobId = Annotated[str, identifier(), Titled("Job")]
BackupId = Annotated[str, identifier("DBS.280124"), Titled("Backup")]
ConfigurationId = Annotated[str, identifier("DBS.200057"), Titled("Parameter template")]
VpcId = Annotated[str, identifier("DBS.280247"), Titled("VPC")]
SubnetId = Annotated[str, identifier("DBS.280248"), Titled("Subnet")]
SecurityGroupId = Annotated[str, identifier("DBS.280249"), Titled("Security group")]
EnterpriseProjectId = Annotated[str, identifier("DBS.280433"), Titled("Enterprise project")]
RegionId = Annotated[str, identifier("DBS.200024"), Titled("Region")]
KeyId = Annotated[str, identifier("DBS.280438"), Titled("Encryption key")]

SpecCode = Annotated[str, identifier("DBS.280240"), Titled("Specification")]

# -- names and words

NAME = "4 to 64 characters: a letter first, then letters, digits, '-' and '_'"
InstanceName = Annotated[str, matches(r"[A-Za-z][A-Za-z0-9_-]{3,63}", NAME, "DBS.280234")]

EngineName = Annotated[
    Literal["cassandra", "mongodb", "influxdb", "redis", "dynamodb", "hbase"],
    OneOf("DBS.280235"),
]
ModeName = Annotated[
    Literal[
        "Cluster",
        "CloudNativeCluster",
        "RedisCluster",
        "Replication",
        "InfluxdbSingle",
        "EnhancedCluster",
        "ReplicaSet",
    ],
    OneOf("DBS.280342"),
]
ProductType = Annotated[Literal["Capacity", "Standard", "Performance"], OneOf()]


def _strong(password: str) -> bool:
    kinds = ("[a-z]", "[A-Z]", "[0-9]", r"[~!@#%^*\-_=+?]")
    return sum(re.search(kind, password) is not None for kind in kinds) >= 2


Password = Annotated[
    Secret,
    Rule("8 to 32 characters", lambda text: 8 <= len(text) <= 32, "DBS.280465"),
    matches(
        r"[A-Za-z0-9~!@#%^*\-_=+?]*",
        "only letters, digits and ~ ! @ # % ^ * - _ = + ?",
        "DBS.280200",
    ),
    Rule(
        "at least two kinds of: small letters, capitals, digits, special characters (safest: all four)",
        _strong,
        "DBS.200068",
    ),
]
"""The administrator's password. Sources disagree on the number of kinds; every source accepts two."""

BackupWindow = Annotated[
    str,
    Rule(
        "one hour in UTC as hh:mm-HH:MM, minutes 00, 15, 30 or 45 (like 01:00-02:00)",
        is_backup_window,
        "DBS.280216",
    ),
]
KeepDays = Annotated[int | str, Whole(0, 35, "DBS.280214"), Titled("Days kept")]
NodeCount = Annotated[int | str, Whole(1, 200, "DBS.280123"), Titled("Nodes")]
NodesAtOnce = Annotated[int, between(1, 200, "a number of nodes", "DBS.240001"), Titled("Nodes")]
VolumeSize = Annotated[  # an integer of the service has 32 bits
    int, Rule("a whole number of GB, 1 or more", lambda size: 1 <= size < 2**31, "DBS.280242"), Titled("Storage, GB")
]
Gigabytes = Annotated[int | str, Whole(1, None, "DBS.280242"), Titled("Storage, GB")]
Port = Annotated[int | str, Whole(1024, 65535, "DBS.200059")]
OnOff01 = Annotated[int | str, Flag(("0", "1"), (0, 1))]
TrueFalse = Annotated[bool | str, Flag(("false", "true"), (False, True))]
"""A boolean that the service's schema calls a string: ``"true"``, ``"false"`` or a JSON boolean."""
OnOff = Annotated[Literal["on", "off"], OneOf()]

Address = Annotated[str, Rule("an IPv4 address, like 192.168.0.12", is_address, "DBS.200091")]
Network = Annotated[str, Rule("an IPv4 address or block, like 192.168.0.0/24", is_network, "DBS.200091")]

AnyAddress = Annotated[str, Rule("an IP address, like 192.168.0.12 or 2001:db8::1", is_any_address, "DBS.200091")]
AnyNetwork = Annotated[
    str, Rule("an IP address or block, like 192.168.0.0/24 or 2001:db8::/32", is_any_network, "DBS.200091")
]
TagKey = Annotated[str, Trimmed, matches(r"[\w-]{1,128}", "1 to 128 letters, digits, '_' and '-'", "DBS.280441")]
TagValue = Annotated[
    str, Trimmed, matches(r"[\w.-]{0,255}", "at most 255 letters, digits, '_', '-' and '.'", "DBS.280444")
]


def short_text(code: str) -> Rule:
    """A rule for a description."""
    says = """at most 256 characters, none of > ! < " & ' ="""
    return matches(r"""[^>!<"&'=]{0,256}""", says, code)


Offset = Annotated[int, Rule("0 or more", lambda number: number >= 0, "DBS.280440")]
Limit = Annotated[int, between(1, 100, "items a page,", "DBS.280439")]
