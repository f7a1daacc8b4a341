"""Rules for the values of single fields.

A :class:`Rule` holds three things together: the check, the sentence that says what is allowed, and the error code that
the service answers with when the rule is broken. The error of the client, the help line of the form and the refusal of
the sandbox all read this one rule.
"""

from __future__ import annotations

import ipaddress
import numbers
import re
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

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
    # The types a caller may give: plain text for a secret, plain dicts and lists for parts of a request.
    Secret = SecretStr | str
    Part: TypeAlias = T | Any
else:
    # The types of the validated values.
    Secret = SecretStr

    class Part:
        """``Part[Datastore]``: a nested part of a request."""

        def __class_getitem__(cls, part):
            return part


BAD_VALUE = ""
"""The code of a rule that names none: the sandbox answers with the service's usual code for a bad value."""
MISSING = "missing"
"""The code of a rule about a value that must be given: the sandbox answers with the service's usual code for it."""


NO_SUCH_FIELD = "there is no such field"
"""The sentence about a name that is not declared."""


def refuse(says: str, code: str = BAD_VALUE) -> PydanticCustomError:
    """Make the error that a validator raises: a sentence for people, and an error code for the sandbox."""
    return PydanticCustomError("rule", "{says}", {"says": says, "code": code})


@dataclass(frozen=True)
class Rule:
    """A check with its sentence and its error code, used as ``Annotated[str, Rule(...)]``."""

    says: str
    """The sentence that says what is allowed, for a person who fills a form."""
    holds: Callable[[Any], bool]
    code: str = BAD_VALUE
    """The service's error code for a value that breaks the rule."""
    pattern: str = ""
    """The regular expression of a rule for texts; empty for other rules."""
    obvious: bool = False
    """True if a form need not show the sentence before the rule is broken."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._judge, handler(source))

    def _judge(self, value: Any) -> Any:
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        if self.holds(plain):
            return value
        raise refuse(self.says, self.code)


def matches(pattern: str, says: str, code: str = BAD_VALUE) -> Rule:
    """A rule that a whole text must match ``pattern``."""
    return Rule(says, lambda text: re.fullmatch(pattern, text) is not None, code, pattern)


def between(low: float, high: float, what: str = "a number", code: str = BAD_VALUE) -> Rule:
    """A rule for a number: ``low`` to ``high``, both allowed."""
    return Rule(f"{what} from {low} to {high}", lambda number: low <= number <= high, code)


@dataclass(frozen=True)
class Length(Rule):
    """A rule for the length of a list or text. A form adds and removes rows within these limits."""

    low: int = 1
    high: int = 1


def at_most(count: int, what: str, code: str = BAD_VALUE) -> Length:
    """A rule for a list or text: one to ``count`` of ``what``."""
    return Length(f"1 to {count} {what}", lambda items: 1 <= len(items) <= count, code, high=count)


def exactly_one(what: str, code: str = BAD_VALUE) -> Length:
    """A rule for a list that the service wants to have one item."""
    return Length(f"exactly one {what}", lambda items: len(items) == 1, code, obvious=True)


@dataclass(frozen=True)
class Titled:
    """The title of a field in a form, where it differs from the name of the field."""

    title: str


def up_to(count: int, what: str, code: str = BAD_VALUE) -> Length:
    """A rule for a list or text: none to ``count`` of ``what``."""
    return Length(f"at most {count} {what}", lambda items: len(items) <= count, code, low=0, high=count)


def some(what: str, code: str = MISSING) -> Rule:
    """A rule for a list or text: not empty."""
    return Rule(f"at least one {what}", lambda items: len(items) > 0, code)


def at_least(low: float, code: str = BAD_VALUE) -> Rule:
    """A rule for a number: ``low`` or more."""
    return Rule(f"{low} or more", lambda number: number >= low, code)


Offset = Annotated[int, at_least(0)]
"""The number of items before a page."""
Limit = Annotated[int, between(1, 100, "items a page,")]
"""The number of items of a page."""


@dataclass(frozen=True)
class Whole:
    """A rule for a whole number that is a JSON number or a text, and is sent in the form it was given in.

    The schema of a service may call a number a string while the service accepts both. A spec must not change the given
    value, so ``3`` stays ``3`` and ``"3"`` stays ``"3"``.
    """

    low: int
    high: int | None = None
    code: str = BAD_VALUE

    @property
    def says(self) -> str:
        if self.high is None:
            return f"a whole number, {self.low} or more"
        return f"a whole number from {self.low} to {self.high}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._judge)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+$"}]}

    def _judge(self, value: Any) -> int | str:
        # numpy's integers are Integral too (a spec may be built from a frame); a bool is not a count.
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
    """Gives a ``Literal`` the error code that the service answers with for any other word."""

    code: str = BAD_VALUE

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
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
    """A rule for one of two words, each with a JSON value of the same meaning; the value is sent as it was given."""

    words: tuple[str, str]
    """The words for off and for on."""
    twins: tuple[object, object]
    """The JSON values with the same meaning."""
    code: str = BAD_VALUE
    obvious: ClassVar[bool] = True

    @property
    def says(self) -> str:
        return f'"{self.words[1]}" or "{self.words[0]}"'

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._judge)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"enum": [*self.words, *self.twins]}

    def _judge(self, value: Any) -> Any:
        # `1 == True` in Python, so the types are compared too: a flag must be sent in the form it was given in.
        if any(value == known and type(value) is type(known) for known in self.words + self.twins):
            return value
        raise refuse(self.says, self.code)


def is_address(text: str) -> bool:
    """True if ``text`` is an IPv4 address."""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def is_network(text: str) -> bool:
    """True if ``text`` is an IPv4 address or a CIDR block."""
    try:
        ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return False
    return True


def is_any_address(text: str) -> bool:
    """True if ``text`` is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_any_network(text: str) -> bool:
    """True if ``text`` is an IPv4 or IPv6 address or CIDR block."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


# -- identifiers: users cannot know how an id is built, so only empty ids and path characters are refused


def identifier(code: str = BAD_VALUE) -> Rule:
    """A rule for an id from the service: one word, without characters that would lead to another path."""
    holds = re.compile(r"(?!\.+\Z)[A-Za-z0-9_.:*-]{1,64}")
    return Rule(
        "an id: one word of letters, digits, '-' and '_'",
        lambda text: holds.fullmatch(text) is not None,
        code,
        holds.pattern,
        obvious=True,
    )


Trimmed = StringConstraints(strip_whitespace=True)
"""Drops blanks around a text, as the service does."""


def _moment(given: datetime) -> datetime:
    return given.replace(microsecond=0, tzinfo=given.tzinfo or UTC)


Moment = Annotated[
    datetime,
    Rule("a moment from 1970 on", lambda moment: 1970 <= moment.year < 9999),
    AfterValidator(_moment),
]
"""A moment, to the second. A moment without an offset is UTC, as in every frame."""


# ----------------------------------------------------------------------------------- reading types


def unwrap(annotation: Any) -> Any:
    """Find the type behind ``Annotated`` and ``| None``."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
            continue
        if get_origin(annotation) in (Union, types.UnionType):
            inner = [arg for arg in get_args(annotation) if arg is not type(None)]
            if len(inner) == 1:
                annotation = inner[0]
                continue
        return annotation


def is_secret(annotation: Any) -> bool:
    """True if a field of this type holds a secret."""
    return unwrap(annotation) is SecretStr


def marks(annotation: Any, metadata: Iterable[Any] = ()) -> list[Any]:
    """Find all annotations of a type, also those inside ``| None``."""
    found = list(metadata)
    if get_origin(annotation) is Annotated:
        inner, *own = get_args(annotation)
        return [*marks(inner), *own, *found]
    if get_origin(annotation) in (Union, types.UnionType):
        for arg in get_args(annotation):
            found += marks(arg)
    return found
