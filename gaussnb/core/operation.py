"""The base classes of requests: model, operation and paging, and the route of an operation.

An operation of the REST API is one small class under a route::

    @post("/v1/{project_id}/servers/{server_id}/restart", returns=JobStarted, success=202)
    class RestartServer(Operation):
        \"""Restart a server or one of its disks.\"""
        server_id: str
        disk_id: str | None = None
        \"""Restart this disk only.\"""

Method, form, frame, sandbox route, documentation and law tests read that class. No fact about an operation is declared
in a second place.

The route decides where a field travels: a field with the name of a hole travels in the path; the other fields of a GET
travel in the query, those of every other method in the JSON body. A field with another place has a mark
(:class:`Query`, :class:`Inside`).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    Self,
    TypeVar,
    dataclass_transform,
)

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, ValidationError, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from .. import doors
from .docstrings import attribute_docs
from .process import cached_property
from .rows import Row
from .rules import NO_SUCH_FIELD, Limit, Offset, refuse
from .secrets import discreet, reveal

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
    from pydantic.fields import FieldInfo

else:
    ModelMetaclass = type(BaseModel)

Place = Literal["path", "query", "body"]
Ends = Literal["ready", "gone", "done", "answered"]
"""The end of the work that an operation starts: the thing is ready, the thing is gone, the job (about no
thing) is done, or there is no work after the answer."""


@dataclass(frozen=True)
class Query:
    """Marks a field that travels in the query instead of the body."""


@dataclass(frozen=True)
class Inside:
    """Marks a field that travels inside a named object of the body, ``{"resize": {field: …}}``."""

    key: str


@dataclass(frozen=True)
class AsText:
    """Marks a number that the body carries as text."""


# --------------------------------------------------------------------------------------- requests


_SAYS = {"missing": "this field is required", "extra_forbidden": NO_SUCH_FIELD}


def _without_input(error: ValidationError) -> ValidationError:
    """The same error without any input.

    pydantic hides the input in the text of an error but keeps it in ``errors()`` and ``json()``. The error of one
    missing field holds all other fields, so an exception could hold a password.
    """
    lines = []
    for line in error.errors(include_url=False, include_input=False):
        says = _SAYS.get(line["type"], line["msg"])
        context = {key: str(value) for key, value in line.get("ctx", {}).items()}
        kind = PydanticCustomError(
            line["type"],  # pyright: ignore[reportArgumentType]  # the type of an error is no literal here
            "{says}",
            {**context, "says": says},
        )
        lines.append(InitErrorDetails(type=kind, loc=line["loc"], input=None))
    return ValidationError.from_exception_data(error.title, lines, hide_input=True)


T = TypeVar("T")
Judged = TypeVar("Judged", contravariant=True)


@dataclass(frozen=True)
class Tie(Generic[Judged]):
    """A rule over several fields, with the field that the error names when the rule is broken."""

    blames: tuple[str | int, ...]
    code: str
    says: str | Callable[[Judged], str]
    """The sentence that says what is allowed, or a function that makes it from the subject."""
    holds: Callable[[Judged], bool]


def broken(subject: T, ties: Iterable[Tie[T]]) -> list[InitErrorDetails]:
    """Find the ties that a subject breaks, as errors at the fields they blame."""
    return [
        InitErrorDetails(
            type=refuse(tie.says if isinstance(tie.says, str) else tie.says(subject), tie.code),
            loc=tie.blames,
            input=None,
        )
        for tie in ties
        if not tie.holds(subject)
    ]


def refuse_all(title: str, broken: list[InitErrorDetails]) -> None:
    """Raise one error for all broken ties, if there are any.

    Raises:
        ValidationError: with the place of each field; another exception would blame the whole model.
    """
    if broken:
        raise ValidationError.from_exception_data(title, broken, hide_input=True)


Ties = tuple[Tie[Any], ...]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field,))
class _Named(ModelMetaclass):
    """Tells type checkers that the fields of a part are given by name, and that a part is hashable."""


@dataclass_transform(kw_only_default=False, frozen_default=True, field_specifiers=(Field,))
class _Positional(_Named):  # type: ignore[misc]  # mypy takes the metaclass itself for a dataclass
    """Tells type checkers that the fields of an operation may be given by position."""

    if TYPE_CHECKING:  # pyright would take the hash of an object for that of its class

        def __hash__(cls) -> int: ...


class _BuiltSignature:
    """The signature of a class, for ``inspect`` and kernels: pydantic makes it when it builds the class's validator."""

    def __get__(self, instance: Any, owner: type[BaseModel]) -> inspect.Signature:
        if instance is not None:
            raise AttributeError("only the class has a signature")
        owner.model_rebuild()  # replaces this attribute
        return owner.__signature__


class Model(BaseModel, metaclass=_Named):
    """The base of every request and its nested parts: unknown names are refused, and errors hold no input."""

    ties: ClassVar[Ties] = ()
    """The rules over several fields, checked after the rules of the single fields."""

    model_config = ConfigDict(
        extra="forbid",
        defer_build=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    if not TYPE_CHECKING:  # type checkers read the generated signature instead

        @discreet
        def __init__(self, /, **fields):
            super(Model, self).__init__(**fields)

        # Without this mark pydantic would parse requests by calling __init__, and would lose on the way the
        # setting that unknown names are ignored.
        __init__.__pydantic_base_init__ = True

    @classmethod
    @discreet
    def model_validate(cls, obj: Any, **how: Any) -> Self:
        """Make a model from a mapping; see :meth:`pydantic.BaseModel.model_validate`."""
        return super().model_validate(obj, **how)

    @classmethod
    @discreet
    def model_validate_json(cls, json_data: str | bytes | bytearray, **how: Any) -> Self:
        """Make a model from JSON; see :meth:`pydantic.BaseModel.model_validate_json`."""
        return super().model_validate_json(json_data, **how)

    @classmethod
    def __pydantic_init_subclass__(cls, **config: Any) -> None:
        super().__pydantic_init_subclass__(**config)
        if not cls.__pydantic_complete__:
            cls.__signature__ = _BuiltSignature()  # type: ignore[assignment]

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made = handler(schema)
        properties = handler.resolve_ref_schema(made).get("properties", {})
        for name, says in attribute_docs(cls, properties).items():
            properties[name].setdefault("description", says)
        return made

    @model_validator(mode="wrap")
    @classmethod
    def _judge(cls, data: Any, handler: Callable[[Any], Any]) -> Any:
        try:
            made = handler(data)
            refuse_all(cls.__name__, broken(made, cls.ties))
            return made
        except ValidationError as error:
            clean = _without_input(error)
        raise clean


@dataclass(frozen=True)
class Route:
    """Method and path of an operation, its answer, and the facts about both."""

    method: str
    path: str
    returns: type[Row]
    success: int = 200
    service: str = ""
    """The name of the service that answers, where it is another service of the cloud; empty for the client's own."""
    asks: bool = False
    """True if a call that is no GET only reads."""
    total: str = "total_count"
    """The dotted path of the total count in an answer; empty if the answer has none."""
    page_size: int = 100
    """The largest page of the service, used when all pages are read."""
    reach: int = 2**63
    """The number of items that can be read of a longer list."""
    ends: Ends = "answered"
    takes: float | None = None
    """Seconds that the work usually takes, roughly. None where there is no work, or where it depends on the kind of
    thing that is made."""
    creates: bool = False
    """True if a repeated request would create a second thing, which costs money."""
    signed: bool = True
    """True if the request must be authenticated."""
    deprecated: bool = False
    """True if the vendor has announced the end of the operation."""
    superseded: str = ""
    """The id of the newer operation that does the same. The older one is in no group; ``gdb.send`` sends it."""
    only: tuple[str, ...] = ()
    """The kinds of things the operation is for, in the words of the service; empty if it is for all kinds."""
    id: str = ""
    """The vendor's operation id."""

    @cached_property
    def holes(self) -> tuple[str, ...]:
        """The names of the path's holes, in order."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def reads(self) -> bool:
        """True if the call only reads, so that it may be repeated."""
        return self.method == "GET" or self.asks


def documented(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The fields of a model by name, each with its attribute docstring as its description."""
    _describe(model)
    return model.model_fields


@cache
def _describe(model: type[BaseModel]) -> None:
    for name, says in attribute_docs(model, model.model_fields).items():
        model.model_fields[name].description = says


def fields_of(part: BaseModel) -> dict[str, Any]:
    """Every field of a request with its value. ``dict()`` would fail for a field with the name ``keys``."""
    return {name: value for name, value in part}


class Operation(Model, metaclass=_Positional):
    """One REST call, seen as data. Give the fields by name, or in declared order."""

    route: ClassVar[Route]

    if not TYPE_CHECKING:  # type checkers read the generated signature instead

        @discreet
        def __init__(self, *args, **fields):
            for name, value in zip(self._ordered(args), args):
                if name in fields:
                    raise TypeError(f"{type(self).__name__}() got {name!r} twice")
                fields[name] = value
            super().__init__(**fields)

        __init__.__pydantic_base_init__ = True  # as above

    @classmethod
    def _ordered(cls, args: tuple[Any, ...]) -> list[str]:
        names = [name for name, info in cls.model_fields.items() if not info.kw_only]
        if len(args) > len(names):
            raise TypeError(f"{cls.__name__}() takes at most {len(names)} values by position: {', '.join(names)}")
        return names

    def wire(self) -> dict[str, Any]:
        """The JSON body exactly as it is sent, secrets included: keep it out of logs and cells.

        Returns:
            A new dict of plain JSON values; fields that were not given are left out.
        """
        body: dict[str, Any] = {}
        for name, value in self:
            if value is None or self.place(name) != "body":
                continue
            into, said = body, reveal(value)
            for mark in type(self).model_fields[name].metadata:
                if isinstance(mark, Inside):
                    into = body.setdefault(mark.key, {})
                elif isinstance(mark, AsText):
                    said = str(said)
            into[name] = said
        return body

    @discreet
    def replace(self, **changes: Any) -> Self:
        """A validated copy with some fields changed.

        Raises:
            pydantic.ValidationError: the changed operation breaks a rule.
        """
        return type(self)(**{**fields_of(self), **changes})

    @classmethod
    def form(cls, spec: Operation | None = None) -> doors.Form:
        """A form that builds this operation, without sending it. Show it in a cell.

        Args:
            spec: fills the form.
        """
        return doors.form_of(cls).fill(spec)

    @classmethod
    def place(cls, name: str) -> Place:
        """The place where a field travels."""
        return places_of(cls)[name]

    @classmethod
    def paged(cls) -> str:
        """The name of the field that says where a page begins; empty if the answer has no pages."""
        begins = ("offset", "marker", "line_num") if "limit" in cls.model_fields else ()
        return next((name for name in begins if name in cls.model_fields), "")


class Paged(Operation):
    """The base of operations whose answer comes in pages."""

    offset: Offset | None = Field(default=None, kw_only=True)
    """Number of items to skip. With it one page is read instead of all pages."""
    limit: Limit | None = Field(default=None, kw_only=True)
    """Number of items to read, at most 100. With it one page is read instead of all pages."""


@cache
def places_of(operation: type[Operation]) -> Mapping[str, Place]:
    """The place where each field of an operation travels: the path, the query or the JSON body."""
    route = operation.route

    def place(name: str, info: FieldInfo) -> Place:
        if name in route.holes:
            return "path"
        in_query = route.method == "GET" or any(isinstance(mark, Query) for mark in info.metadata)
        return "query" if in_query else "body"

    return {name: place(name, info) for name, info in operation.model_fields.items()}
