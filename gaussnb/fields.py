"""The value vocabulary: what one field of a request may hold, and how that is said to a person.

A :class:`Rule` is the only way a value is judged. It carries three things together, so that the
client's error, the form's help line and the sandbox's refusal can never drift apart: the check, the
sentence that says what is allowed, and the code the service answers with when it does not hold.

>>> from pydantic import TypeAdapter
>>> TypeAdapter(InstanceName).validate_python("test-cassandra-01")
'test-cassandra-01'
"""

from __future__ import annotations

import ipaddress
import numbers
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar, get_args

from pydantic import (
    AfterValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
    StringConstraints,
    ValidationError,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

T = TypeVar("T")

if TYPE_CHECKING:
    # What a caller may give: plain text for a secret, plain dicts and lists for parts of a request.
    Secret = SecretStr | str
    Part: TypeAlias = T | Any
else:
    # What it is made into.
    Secret = SecretStr

    class Part:
        """``Part[Datastore]``: a nested part of a request."""

        def __class_getitem__(cls, part):
            return part


BAD_PARAMETER = "DBS.280001"
MISSING = "DBS.280040"


def refuse(says: str, code: str = BAD_PARAMETER) -> PydanticCustomError:
    """The error a validator raises: a sentence for the person, a code for the wire."""
    return PydanticCustomError("rule", "{says}", {"says": says, "code": code})


@dataclass(frozen=True)
class Rule:
    """A check with its sentence and its code, used as ``Annotated[str, Rule(...)]``."""

    says: str
    """What is allowed, as a person filling a form wants to read it."""
    holds: Callable[[Any], bool]
    code: str = BAD_PARAMETER
    """The service's error code for a value that breaks the rule."""
    pattern: str = ""
    """The regular expression it holds texts against, where it does."""
    obvious: bool = False
    """Whether a form need not say it before it is broken."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._judge, handler(source))

    def _judge(self, value: Any) -> Any:
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        if self.holds(plain):
            return value
        raise refuse(self.says, self.code)


def matches(pattern: str, says: str, code: str = BAD_PARAMETER) -> Rule:
    """A rule that a whole text must match ``pattern``."""
    return Rule(says, lambda text: re.fullmatch(pattern, text) is not None, code, pattern)


def between(low: float, high: float, what: str = "a number", code: str = BAD_PARAMETER) -> Rule:
    """A rule for a number: ``low`` to ``high``, both allowed."""
    return Rule(f"{what} from {low} to {high}", lambda number: low <= number <= high, code)


@dataclass(frozen=True)
class Length(Rule):
    """A rule for a list or text that says between which lengths; a form adds and removes rows by it."""

    low: int = 1
    high: int = 1


def at_most(count: int, what: str, code: str = BAD_PARAMETER) -> Length:
    """A rule for a list or text: one to ``count`` of ``what``."""
    return Length(f"1 to {count} {what}", lambda items: 1 <= len(items) <= count, code, high=count)


def exactly_one(what: str, code: str = BAD_PARAMETER) -> Length:
    """A rule for a list that the service wants to have one item."""
    return Length(f"exactly one {what}", lambda items: len(items) == 1, code, obvious=True)


@dataclass(frozen=True)
class Titled:
    """What a form calls a field, where its name is not what people say."""

    title: str


def up_to(count: int, what: str, code: str = BAD_PARAMETER) -> Length:
    """A rule for a list or text: none to ``count`` of ``what``."""
    return Length(f"at most {count} {what}", lambda items: len(items) <= count, code, low=0, high=count)


def some(what: str, code: str = MISSING) -> Rule:
    """A rule for a list or text: not empty."""
    return Rule(f"at least one {what}", lambda items: len(items) > 0, code)


def at_least(low: float, code: str = BAD_PARAMETER) -> Rule:
    """A rule for a number: ``low`` or more."""
    return Rule(f"{low} or more", lambda number: number >= low, code)


@dataclass(frozen=True)
class Whole:
    """A whole number that may travel as JSON number or as text, and is sent the way it was given.

    The service's schema calls many numbers strings and accepts both; a spec must not change what its
    author wrote, so ``3`` stays ``3`` and ``"3"`` stays ``"3"``.
    """

    low: int
    high: int | None = None
    code: str = BAD_PARAMETER

    @property
    def says(self) -> str:
        if self.high is None:
            return f"a whole number, {self.low} or more"
        return f"a whole number from {self.low} to {self.high}"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._judge)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+$"}]}

    def _judge(self, value: Any) -> int | str:
        # Integral lets numpy's integers in (a spec built from a frame), bool is not a count.
        if isinstance(value, numbers.Integral) and not isinstance(value, bool):
            given: int | str = int(value)
        elif isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
            given = value
        else:
            raise refuse(self.says, self.code)
        if int(given) < self.low or (self.high is not None and int(given) > self.high):
            raise refuse(self.says, self.code)
        return given


@dataclass(frozen=True)
class OneOf:
    """Gives a ``Literal`` the code the service answers with for any other word."""

    code: str = BAD_PARAMETER

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        says = f"one of {', '.join(map(str, get_args(source)))}"

        def judge(value: Any, inner: core_schema.ValidatorFunctionWrapHandler) -> Any:
            try:
                return inner(value)
            except ValidationError:
                error = refuse(says, self.code)
            raise error

        return core_schema.no_info_wrap_validator_function(judge, handler(source))


@dataclass(frozen=True)
class Flag:
    """One of two wire words that may also be given as their JSON twin, sent the way it was given."""

    words: tuple[str, str]
    """The words for off and on."""
    twins: tuple[object, object]
    """The JSON values that mean the same."""
    code: str = BAD_PARAMETER
    obvious: ClassVar[bool] = True

    @property
    def says(self) -> str:
        return f'"{self.words[1]}" or "{self.words[0]}"'

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._judge)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"enum": [*self.words, *self.twins]}

    def _judge(self, value: Any) -> Any:
        # `1 == True` in Python: compare the type too, or a flag would change its face on the wire.
        if any(value == known and type(value) is type(known) for known in self.words + self.twins):
            return value
        raise refuse(self.says, self.code)


def is_address(text: str) -> bool:
    """Whether ``text`` is an IPv4 address."""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def is_network(text: str) -> bool:
    """Whether ``text`` is an IPv4 address or a CIDR block."""
    try:
        ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_any_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_any_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def is_backup_window(text: str) -> bool:
    """Whether ``text`` is one hour, ``hh:mm-HH:MM``, on a quarter, wrapping at midnight."""
    found = re.fullmatch(r"([01]\d|2[0-3]):(00|15|30|45)-([01]\d|2[0-3]):(00|15|30|45)", text)
    return bool(found) and (int(found[1]) + 1) % 24 == int(found[3]) and found[2] == found[4]  # type: ignore[index]


# -- identifiers: opaque to the service's users, so only emptiness and path characters are refused

def identifier(code: str) -> Rule:
    """A rule for an id that someone else made: one word, nothing that would lead to another path."""
    holds = re.compile(r"(?!\.+\Z)[A-Za-z0-9_.:*-]{1,64}")
    return Rule(
        "an id: one word of letters, digits, '-' and '_'",
        lambda text: holds.fullmatch(text) is not None,
        code,
        holds.pattern,
        obvious=True,
    )


InstanceId = Annotated[str, identifier("DBS.280404"), Titled("Instance")]
NodeId = Annotated[str, identifier("DBS.280407"), Titled("Node")]
JobId = Annotated[str, identifier(BAD_PARAMETER), Titled("Job")]
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
        "at least two kinds of: small letters, capitals, digits, special characters "
        "(safest: all four)",
        _strong,
        "DBS.200068",
    ),
]
"""The administrator's password. Sources disagree on the kinds needed: two are refused by none."""

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
VolumeSize = Annotated[  # as every integer of the wire, of 32 bits
    int, Rule("a whole number of GB, 1 or more", lambda size: 1 <= size < 2**31, "DBS.280242"), Titled("Storage, GB")
]
Gigabytes = Annotated[int | str, Whole(1, None, "DBS.280242"), Titled("Storage, GB")]
Port = Annotated[int | str, Whole(1024, 65535, "DBS.200059")]
OnOff01 = Annotated[int | str, Flag(("0", "1"), (0, 1))]
TrueFalse = Annotated[bool | str, Flag(("false", "true"), (False, True))]
"""A truth value the service's schema calls a string: ``"true"``, ``"false"`` or the JSON twins."""
OnOff = Annotated[Literal["on", "off"], OneOf()]

Address = Annotated[str, Rule("an IPv4 address, like 192.168.0.12", is_address, "DBS.200091")]
Network = Annotated[str, Rule("an IPv4 address or block, like 192.168.0.0/24", is_network, "DBS.200091")]

AnyAddress = Annotated[str, Rule("an IP address, like 192.168.0.12 or 2001:db8::1", _is_any_address, "DBS.200091")]
AnyNetwork = Annotated[
    str, Rule("an IP address or block, like 192.168.0.0/24 or 2001:db8::/32", _is_any_network, "DBS.200091")
]

Trimmed = StringConstraints(strip_whitespace=True)
"""Blanks around the text are dropped, as the service does."""
TagKey = Annotated[
    str, Trimmed, matches(r"[\w-]{1,128}", "1 to 128 letters, digits, '_' and '-'", "DBS.280441")
]
TagValue = Annotated[
    str, Trimmed, matches(r"[\w.-]{0,255}", "at most 255 letters, digits, '_', '-' and '.'", "DBS.280444")
]


def _moment(given: datetime) -> datetime:
    return given.replace(microsecond=0, tzinfo=given.tzinfo or UTC)


Moment = Annotated[
    datetime,
    Rule("a moment from 1970 on", lambda moment: 1970 <= moment.year < 9999),
    AfterValidator(_moment),
]
"""A moment to the second. Without an offset it is UTC, as in every frame."""



def short_text(code: str) -> Rule:
    """A rule for a description."""
    says = """at most 256 characters, none of > ! < " & ' ="""
    return matches(r"""[^>!<"&'=]{0,256}""", says, code)


Offset = Annotated[int, Rule("0 or more", lambda number: number >= 0, "DBS.280440")]
Limit = Annotated[int, between(1, 100, "items a page,", "DBS.280439")]
