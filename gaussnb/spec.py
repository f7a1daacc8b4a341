"""What an operation, a row and a route are, and the catalogue of all of them.

An operation of the REST API is one small class under a route::

    @post("/v3/{project_id}/instances/{instance_id}/restart", returns=JobStarted, success=202)
    class RestartInstance(Operation):
        \"""Restart an instance or one of its nodes.\"""
        instance_id: InstanceId
        node_id: NodeId | None = None
        \"""Restart this node only.\"""

Method, form, frame, sandbox route, documentation and law tests read that class; nothing about the
operation stands anywhere else.

Where a field travels follows from the route: a field named by a hole of the path goes there; the
other fields of a GET go into the query, those of every other method into the JSON body. A field that
differs says so (:class:`Query`, :class:`Inside`).
"""

from __future__ import annotations

import re
import types
from abc import ABC
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    Self,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, SecretStr, ValidationError, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from .docstrings import told
from .fields import Limit, Offset, refuse

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
    from pydantic.fields import FieldInfo

    from .widgets import Form
else:
    ModelMetaclass = type(BaseModel)

Place = Literal["path", "query", "body"]
Ends = Literal["ready", "gone", "done", "answered"]
"""How the work an operation starts comes to its end: an instance is ready, it is gone, a job about no
instance is done, or the answer is already all there is."""


@dataclass(frozen=True)
class Query:
    """Marks a field that travels in the query although the method would put it into the body."""


@dataclass(frozen=True)
class Inside:
    """Marks a field that travels inside a named object of the body, ``{"resize": {field: …}}``."""

    key: str


@dataclass(frozen=True)
class AsText:
    """Marks a number that the body carries as text."""


# --------------------------------------------------------------------------------------- requests


_SAYS = {"missing": "this field is required", "extra_forbidden": "there is no such field"}


def _without_input(error: ValidationError) -> ValidationError:
    """The same error with every input left out.

    pydantic keeps the input in ``errors()`` and ``json()`` even where it hides it in the text, and the
    error of one missing field carries all its siblings: a password would travel in an exception.
    """
    lines = []
    for line in error.errors(include_url=False, include_input=False):
        says = _SAYS.get(line["type"], line["msg"])
        context = {key: str(value) for key, value in line.get("ctx", {}).items()}
        kind = PydanticCustomError(line["type"], "{says}", {**context, "says": says})
        lines.append(InitErrorDetails(type=kind, loc=line["loc"], input=None))
    return ValidationError.from_exception_data(error.title, lines, hide_input=True)


T = TypeVar("T")
Judged = TypeVar("Judged", contravariant=True)


@dataclass(frozen=True)
class Tie(Generic[Judged]):
    """A rule over several fields, and the one field to blame when it does not hold."""

    blames: tuple[str | int, ...]
    code: str
    says: str | Callable[[Judged], str]
    """What is allowed; where it depends on the case, with the numbers and names of this very one."""
    holds: Callable[[Judged], bool]


def broken(subject: T, ties: Iterable[Tie[T]]) -> list[InitErrorDetails]:
    """The ties that do not hold, as errors that name the field to blame."""
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
    """Refuse, where something is broken.

    Any other error of a model validator would blame the whole; this one keeps each field's place.
    """
    if broken:
        raise ValidationError.from_exception_data(title, broken, hide_input=True)


Ties = tuple[Tie[Any], ...]


class Model(BaseModel):
    """The base of every request and its nested parts: strict about names, silent about inputs."""

    ties: ClassVar[Ties] = ()
    """What ties its fields together, judged once each field holds by itself."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made = handler(schema)
        properties = handler.resolve_ref_schema(made).get("properties", {})
        for name, says in told(cls, properties).items():
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
    """Where an operation lives and what it answers."""

    method: str
    path: str
    returns: type[Row]
    success: int = 200
    service: str = "nosql"
    asks: bool = False
    """Whether a call that is no GET only looks all the same."""
    total: str = "total_count"
    """Where an answer says how many there are in all, as a dotted path; empty where it does not."""
    page_size: int = 100
    """The largest page the service gives, used when all pages are read."""
    reach: int = 2**63
    """How many of a longer list can be read at all."""
    ends: Ends = "answered"
    takes: float | None = None
    """Seconds the work it starts usually takes, roughly; of a creation :mod:`gaussnb.engines` knows more."""
    creates: bool = False
    """Whether a repeated send would make a second, paid-for thing."""
    signed: bool = True
    """Whether the call must be authenticated."""
    deprecated: bool = False
    """Whether the vendor has announced its end."""
    superseded: str = ""
    """The id of the newer operation that does the same. Older ones are in no group; ``gdb.send`` sends them."""
    id: str = ""
    """The vendor's operation id."""

    @property
    def holes(self) -> tuple[str, ...]:
        """The names of the path's holes, in order."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def reads(self) -> bool:
        """Whether the call only looks, so that it may be repeated freely."""
        return self.method == "GET" or self.asks


def plain(value: Any) -> Any:
    """A value as JSON would say it: models as objects without their empty fields, secrets revealed."""
    if isinstance(value, BaseModel):
        return {name: plain(item) for name, item in value if item is not None}
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S%z}"
    return value


@cache
def documented(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The fields of a model by name, each with what stands below it in the source as its description."""
    for name, says in told(model, model.model_fields).items():
        model.model_fields[name].description = says
    return model.model_fields


def fields_of(part: BaseModel) -> dict[str, Any]:
    """Every field of a request with its value. ``dict()`` would stumble over a field that is called ``keys``."""
    return {name: value for name, value in part}


@dataclass_transform(kw_only_default=False, field_specifiers=(Field,))
class _Positional(ModelMetaclass):
    """Tells type checkers that an operation's fields may be given by position."""


class Operation(Model, metaclass=_Positional):
    """One REST call, seen as data. Give the fields by name, or in declared order."""

    route: ClassVar[Route]

    if not TYPE_CHECKING:  # to type checkers the generated signature is the truth

        def __init__(self, *args, **fields):
            for name, value in zip(self._ordered(args), args):
                if name in fields:
                    raise TypeError(f"{type(self).__name__}() got {name!r} twice")
                fields[name] = value
            super().__init__(**fields)

        # Nothing to pydantic's mind: else it would parse requests by calling this, and forget
        # on the way that unknown names are to be ignored.
        __init__.__pydantic_base_init__ = True

    @classmethod
    def _ordered(cls, args: tuple[Any, ...]) -> list[str]:
        names = [name for name, info in cls.model_fields.items() if not info.kw_only]
        if len(args) > len(names):
            raise TypeError(
                f"{cls.__name__}() takes at most {len(names)} values by position: {', '.join(names)}"
            )
        return names

    def wire(self) -> dict[str, Any]:
        """The JSON body exactly as it goes out, secrets included: keep it out of logs and cells.

        Returns:
            A new dict of plain JSON values; fields that were not given are left out.
        """
        body: dict[str, Any] = {}
        for name, value in self:
            if value is None or self.place(name) != "body":
                continue
            into, said = body, plain(value)
            for mark in type(self).model_fields[name].metadata:
                if isinstance(mark, Inside):
                    into = body.setdefault(mark.key, {})
                elif isinstance(mark, AsText):
                    said = str(said)
            into[name] = said
        return body

    def replace(self, **changes: Any) -> Self:
        """A validated copy with some fields changed.

        Raises:
            pydantic.ValidationError: when the changed whole does not hold.
        """
        return type(self)(**{**fields_of(self), **changes})

    @classmethod
    def form(cls, spec: Operation | None = None) -> Form:
        """A form that builds this operation, without sending it. Show it in a cell.

        Args:
            spec: fills the form.
        """
        from .widgets import form_of

        return form_of(cls).fill(spec)

    @classmethod
    def place(cls, name: str) -> Place:
        """Where the field called ``name`` travels."""
        if name in cls.route.holes:
            return "path"
        if cls.route.method == "GET" or any(isinstance(mark, Query) for mark in cls.model_fields[name].metadata):
            return "query"
        return "body"

    @classmethod
    def paged(cls) -> str:
        """The field that says where a page begins; empty where the answer has no pages."""
        begins = ("offset", "marker", "line_num") if "limit" in cls.model_fields else ()
        return next((name for name in begins if name in cls.model_fields), "")


class Paged(Operation):
    """The standard paging of this API, for operations whose answer comes in pages."""

    offset: Offset | None = Field(default=None, kw_only=True)
    """How many items to skip. Given, one page is read instead of all."""
    limit: Limit | None = Field(default=None, kw_only=True)
    """How many items to read, at most 100. Given, one page is read instead of all."""


# ---------------------------------------------------------------------------------------- answers


@dataclass(frozen=True)
class At:
    """Reads a column at a dotted path below the row. Lists on the way give their first value."""

    path: str
    other: str = ""
    """Where it stands in some answers instead, as sources disagree."""


@dataclass(frozen=True)
class Json(At):
    """Reads what is no plain value at a dotted path: the column holds it as JSON."""


@dataclass(frozen=True)
class Joined:
    """Reads every value at a dotted path, lists included, joined by ``", "`` without repeats."""

    path: str


@dataclass(frozen=True)
class Count:
    """Counts the things at a dotted path, lists included."""

    path: str


@dataclass(frozen=True)
class Keys:
    """Joins the keys of the object at a dotted path whose value is ``value``."""

    path: str
    value: str


@dataclass(frozen=True)
class Above:
    """Reads a value of an enclosing thing: ``Above("instances", "id")`` beside a node."""

    thing: str
    """The dotted path, from the answer's root, of the enclosing thing."""
    path: str


@dataclass(frozen=True)
class Asked:
    """Reads a value of the request that was answered."""

    name: str


@dataclass(frozen=True)
class Each:
    """Gives a receipt a row for every value at a dotted path of the request that was answered."""

    path: str


Source = At | Joined | Count | Keys | Above | Asked | Each


@dataclass(frozen=True)
class Known:
    """The values of a column that are known today. Unknown ones are kept, never dropped."""

    values: tuple[str, ...]


Dtype = Literal["string", "Int64", "Float64", "boolean", "datetime64[us, UTC]", "category"]
_DTYPES: dict[str, Dtype] = {
    "str": "string",
    "int": "Int64",
    "float": "Float64",
    "bool": "boolean",
    "datetime": "datetime64[us, UTC]",
}


@dataclass(frozen=True)
class Column:
    """One column of a frame: its name, its type, and where it comes from."""

    name: str
    dtype: Dtype
    source: Source
    row: type[Row]
    known: tuple[str, ...] = ()

    @property
    def doc(self) -> str:
        """What it means."""
        return told(self.row, [self.name]).get(self.name, "")


class Row(ABC):  # noqa: B024 - what is abstract is that nobody makes one
    """One record of an answer. Its fields are the columns of the frame; it is never instantiated."""

    at: ClassVar[str] = ""
    """The dotted path, from the answer's root, of the thing a row stands for; ``*`` stands for every entry of an
    object with free names, as ``{"key": …, "value": …}``. Of several paths, joined by ``|``, an answer has one."""

    def __init_subclass__(cls, at: str | None = None) -> None:
        if at is not None:
            cls.at = at


@cache
def columns(row: type[Row]) -> tuple[Column, ...]:
    """The columns a row class declares, in order.

    Raises:
        TypeError: for a field whose type has no column type.
    """
    return tuple(_columns(row))


def _columns(row: type[Row]) -> Iterator[Column]:
    for name, annotation in get_type_hints(row, include_extras=True).items():
        if get_origin(annotation) is ClassVar:
            continue
        notes = {type(mark): mark for mark in marks(annotation)}
        known: tuple[str, ...] = notes[Known].values if Known in notes else ()
        source = next((mark for mark in notes.values() if isinstance(mark, Source)), At(name))
        bare = unwrap(annotation)
        kind = getattr(bare, "__name__", str(bare))
        if kind not in _DTYPES:
            raise TypeError(f"{row.__name__}.{name}: no column type for {kind}")
        yield Column(name, "category" if known else _DTYPES[kind], source, row, known)


# -------------------------------------------------------------------------------------- catalogue


class Catalogue(MutableMapping[str, type[Operation]]):
    """The declared operations by id. Who asks for one that is not here yet, or for all, has every chapter read."""

    def __init__(self) -> None:
        self._here: dict[str, type[Operation]] = {}

    def declare(self, operation: type[Operation]) -> None:
        """Take an operation in.

        Raises:
            TypeError: its id is taken.
        """
        if operation.route.id in self._here:
            raise TypeError(f"{operation.route.id} is declared twice")
        self._here[operation.route.id] = operation

    def chapters(self) -> Iterator[list[type[Operation]]]:
        """Every operation: first those that are here, then a chapter at a time, each read when it is asked for."""
        from .groups import reading

        seen: set[str] = set()
        for _ in chain((None,), reading()):
            fresh = self._here.keys() - seen
            seen |= fresh  # now: until somebody wants more, others may read chapters too
            yield [self._here[id] for id in fresh]

    def _whole(self) -> dict[str, type[Operation]]:
        for _ in self.chapters():
            pass
        return self._here

    def __getitem__(self, id: str) -> type[Operation]:
        return self._here[id] if id in self._here else self._whole()[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def __setitem__(self, id: str, operation: type[Operation]) -> None:
        self._here[id] = operation

    def __delitem__(self, id: str) -> None:
        del self._here[id]


OPERATIONS = Catalogue()
"""Every declared operation, by the vendor's operation id."""

Op = TypeVar("Op", bound=Operation)


def route(method: str, path: str, *, returns: type[Row], **facts: Any) -> Callable[[type[Op]], type[Op]]:
    """Put an operation under a route and into the catalogue. Use :func:`get` and its siblings.

    Raises:
        TypeError: when a hole of the path has no field, or the operation id is taken.
    """

    def bind(operation: type[Op]) -> type[Op]:
        bound = Route(method, path, returns, **{"id": operation.__name__, **facts})
        missing = set(bound.holes) - {"project_id"} - operation.model_fields.keys()
        if missing:
            raise TypeError(f"{operation.__name__}: no field for {', '.join(sorted(missing))}")
        operation.route = bound
        OPERATIONS.declare(operation)
        return operation

    return bind


def get(path: str, *, returns: type[Row], **facts: Any) -> Callable[[type[Op]], type[Op]]:
    """``@get("/v3/{project_id}/quotas", returns=Quota)``: see :class:`Route` for the other facts."""
    return route("GET", path, returns=returns, **facts)


def post(path: str, *, returns: type[Row], **facts: Any) -> Callable[[type[Op]], type[Op]]:
    """As :func:`get`, for POST."""
    return route("POST", path, returns=returns, **facts)


def put(path: str, *, returns: type[Row], **facts: Any) -> Callable[[type[Op]], type[Op]]:
    """As :func:`get`, for PUT."""
    return route("PUT", path, returns=returns, **facts)


def delete(path: str, *, returns: type[Row], **facts: Any) -> Callable[[type[Op]], type[Op]]:
    """As :func:`get`, for DELETE."""
    return route("DELETE", path, returns=returns, **facts)


_DIGIT = re.compile(r"[0-9]")


class Router:
    """Finds the operation a method and a path belong to. A literal segment beats a hole.

    Args:
        chapters: the operations, a chapter at a time. The next is taken as long as it may have what is looked for.
    """

    def __init__(self, chapters: Iterable[Iterable[type[Operation]]]) -> None:
        self._tree: dict[str, Any] = {}
        self._further = iter(chapters)

    def _add(self, operation: type[Operation]) -> None:
        node = self._tree
        for segment in operation.route.path.strip("/").split("/"):
            node = node.setdefault("{}" if segment.startswith("{") else segment, {})
        node[f"{operation.route.method} "] = operation  # a blank: no segment can be equal

    def find(self, method: str, path: str) -> tuple[type[Operation], dict[str, str]] | None:
        """The operation at ``method`` and ``path`` with the values of its holes, or None."""
        while (found := self._here(method, path)) is None or not all(map(_DIGIT.search, found[1].values())):
            # An id has a digit. A word without one may be a literal of a chapter that was not taken yet.
            chapter = next(self._further, None)
            if chapter is None:
                break
            for one in chapter:
                self._add(one)
        return found

    def _here(self, method: str, path: str) -> tuple[type[Operation], dict[str, str]] | None:
        segments = path.strip("/").split("/")
        operation = self._walk(self._tree, segments, f"{method} ")
        if operation is None:
            return None
        template = operation.route.path.strip("/").split("/")
        return operation, {hole[1:-1]: value for hole, value in zip(template, segments) if hole.startswith("{")}

    def methods(self, path: str) -> list[str]:
        """The methods some operation accepts at ``path``."""
        return [method for method in ("GET", "POST", "PUT", "DELETE") if self.find(method, path)]

    def _walk(self, node: Mapping[str, Any], segments: list[str], leaf: str) -> type[Operation] | None:
        if not segments:
            return node.get(leaf)
        for key in (segments[0], "{}"):
            if key in node and (found := self._walk(node[key], segments[1:], leaf)):
                return found
        return None


# ----------------------------------------------------------------------------------- reading types


def unwrap(annotation: Any) -> Any:
    """The type behind ``Annotated`` and ``| None``."""
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
    """Whether a field of this type holds a secret."""
    return unwrap(annotation) is SecretStr


def marks(annotation: Any, metadata: Iterable[Any] = ()) -> list[Any]:
    """Everything that is annotated on a type, ``| None`` looked through."""
    found = list(metadata)
    if get_origin(annotation) is Annotated:
        inner, *own = get_args(annotation)
        return [*marks(inner), *own, *found]
    if get_origin(annotation) in (Union, types.UnionType):
        for arg in get_args(annotation):
            found += marks(arg)
    return found
