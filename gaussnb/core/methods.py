"""Groups and calls: a declared operation as a documented, typed, displayable method of a client.

:func:`call` takes the signature from the declaration by typing (ParamSpec), so editors and type checkers complete and
check it without stub files. Kernels read it from ``__signature__``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from importlib.util import resolve_name
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    Never,
    ParamSpec,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)

from .. import doors
from .catalogue import load_chapter
from .faces import face
from .operation import Operation, documented
from .process import Stays, cached_property
from .refusals import ErrorCodes
from .rows import Column, Row, columns
from .secrets import discreet
from .words import kinds_in_words, line_of, meaning_of, table_of, type_in_words

if TYPE_CHECKING:
    import pandas as pd

P = ParamSpec("P")
Op = TypeVar("Op", bound=Operation)
Accepted = TypeVar("Accepted", bound=Operation, contravariant=True)


STAYS = "a client stays in its process, with its groups and calls; call gaussnb.connect() in the worker"
"""The message of the error for a copy of a client, or of a part of it."""


class Sender(Protocol):
    """The interface of a client for its calls."""

    @property
    def codes(self) -> ErrorCodes:
        """The error codes of the service."""
        ...

    def send(self, operation: Operation, returns: type[Row] | None = None) -> pd.DataFrame:
        """Send an operation and answer with a frame."""
        ...


class Group(Stays):
    """The operations of one chapter, bound to a client. Show a group in a cell to see its calls."""

    stays = STAYS

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    @classmethod
    def calls(cls) -> dict[str, AnyCall]:
        """The calls of this group by name, in declared order."""
        return {name: value for name, value in cls._members() if isinstance(value, Call)}

    def __iter__(self) -> Iterator[AnyCall]:
        """The bound calls: ``for call in gdb.backups: display(call)`` shows their cards."""
        return (getattr(self, name) for name in self.calls())

    @classmethod
    def _members(cls) -> Iterator[tuple[str, object]]:
        return (member for base in reversed(cls.__mro__) for member in vars(base).items())

    @classmethod
    def many(cls) -> dict[str, Many[...]]:
        """The methods of this group that act on many things at once, by name."""
        return {name: value for name, value in cls._members() if isinstance(value, Many)}

    @face
    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()}: {', '.join([*self.calls(), *self.many()])}>"

    @face
    def _repr_markdown_(self) -> str:
        about = f"**{type(self).__name__}**: {inspect.getdoc(type(self)) or ''}"
        methods: dict[str, AnyCall | Many[...]] = {**self.calls(), **self.many()}
        rows = [(f"`{name}`", method.summary) for name, method in methods.items()]
        return "\n".join([about, *table_of(("call", "what it does"), rows)])


def chapter(module: str) -> Any:
    """A group of a client, declared in a module that is imported when the group is first used.

    Write ``nodes: Nodes = chapter("operations.nodes")`` in a :class:`Groups`: the annotation names the class.

    Args:
        module: the module, relative to the package of the class that has the group.
    """
    return _LazyGroup(module)


class _LazyGroup:
    # A descriptor instead of __getattr__ on the client: kernels do not complete what is behind a __getattr__.
    def __init__(self, module: str) -> None:
        self._module = module

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._kind: str = owner.__annotations__[name]
        package = owner.__module__.rpartition(".")[0]
        dots = len(self._module) - len(self._module.lstrip("."))
        self.module = resolve_name(self._module if dots else f".{self._module}", package)

    def load(self) -> type[Group]:
        found: type[Group] = getattr(load_chapter(self.module), self._kind)
        return found

    def __get__(self, client: Sender | None, owner: type) -> Any:
        if client is None:
            return self
        group = vars(client)[self._name] = self.load()(client)
        return group


class _GroupTable(Mapping[str, type[Group]]):
    def __init__(self, chapters: Mapping[str, _LazyGroup]) -> None:
        self._chapters = chapters

    def __getitem__(self, name: str) -> type[Group]:
        return self._chapters[name].load()

    def __iter__(self) -> Iterator[str]:
        return iter(self._chapters)

    def __len__(self) -> int:
        return len(self._chapters)


class Groups(Stays):
    """The base of a client class whose attributes are groups, each declared with :func:`chapter`."""

    stays = STAYS

    @classmethod
    def _chapters(cls) -> dict[str, _LazyGroup]:
        members = (member for base in reversed(cls.__mro__) for member in vars(base).items())
        return {name: value for name, value in members if isinstance(value, _LazyGroup)}

    @classmethod
    def groups(cls) -> Mapping[str, type[Group]]:
        """The group classes by attribute name. The module of a group is imported when its class is looked up."""
        return _GroupTable(cls._chapters())

    @classmethod
    def chapters(cls) -> tuple[str, ...]:
        """The full names of the modules that declare the groups."""
        return tuple(dict.fromkeys(one.module for one in cls._chapters().values()))


class _Method:
    """The base of calls and of methods over many things: the binding to a group, and the repr."""

    _sender: Sender | None = None
    _group = ""
    __name__: str

    @cached_property
    def __signature__(self) -> inspect.Signature:
        raise NotImplementedError

    def __set_name__(self, owner: type, name: str) -> None:
        self._group, self.__name__ = owner.__name__.lower(), name

    def __get__(self, group: Group | None, owner: type) -> Self:
        if group is None:
            return self
        bound: Self = object.__new__(type(self))
        vars(bound).update(vars(self), _sender=group._sender)
        return bound

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self._sender is not None:
            raise TypeError(STAYS)
        return super().__reduce_ex__(protocol)

    @face
    def __repr__(self) -> str:
        short = [p.replace(annotation=inspect.Parameter.empty) for p in self.__signature__.parameters.values()]
        return f"{self._group}.{self.__name__}{inspect.Signature(short)}"


class _Documentation:
    """``__doc__`` of a call, written on first use: writing 150 of them would slow the import."""

    def __get__(self, call: AnyCall | None, owner: type) -> str:
        return call.documentation if call is not None else "An operation as a method of a group."


class Call(_Method, Generic[P, Accepted]):
    """An operation as a method of a group. Show a call in a cell to read its documentation.

    The type parameters are the arguments of the call, and the operation it accepts instead of them.
    """

    if not TYPE_CHECKING:  # to type checkers a docstring is a text
        __doc__ = _Documentation()

    def __init__(self, operation: type[Operation], *, returns: type[Row] | None = None) -> None:
        self.operation = operation
        self.returns = returns or operation.route.returns
        self._sender: Sender | None = None
        self._group = ""
        self.__name__ = operation.__name__

    @overload
    def __call__(self, *args: P.args, **fields: P.kwargs) -> pd.DataFrame: ...

    @overload
    def __call__(self, operation: Accepted, /) -> pd.DataFrame: ...

    @discreet
    def __call__(self, *args: Any, **fields: Any) -> pd.DataFrame:
        return self._send(self._operation(args, fields))

    def _operation(self, args: tuple[Any, ...], fields: dict[str, Any]) -> Operation:
        if len(args) == 1 and not fields and isinstance(args[0], self.operation):
            return args[0]  # a validated operation
        return self.operation(*args, **fields)

    def _send(self, operation: Operation) -> pd.DataFrame:
        if self._sender is None:
            raise TypeError(f"{self!r} is not bound to a client: use gaussnb.connect() first")
        return self._sender.send(operation, self.returns)

    @discreet
    def form(self, spec: Operation | None = None, /, **values: Any) -> doors.Form:
        """A form of this operation, filled with given values. Show the form in a cell.

        Args:
            spec: an operation with values for the form.
            values: values by field; nested parts as dicts.

        Raises:
            ImportError: ipywidgets is not installed; ``pip install "gaussnb[lab]"``.
        """
        return doors.form_of(self.operation, self._sender, self._send).fill(spec, **values)

    # -- documentation

    @property
    def about(self) -> str:
        """The description of the operation."""
        return self._prose_and_example()[0]

    def _prose_and_example(self) -> tuple[str, str]:
        """The description and the example in the docstring of the operation."""
        prose, *sections = re.split(r"\n\n(?=[A-Z]\w+:\n|>>> )", inspect.getdoc(self.operation) or "")
        return prose, next((section for section in sections if section.startswith(">>> ")), "")

    @property
    def summary(self) -> str:
        """The first line of the description."""
        return self.about.partition("\n")[0]

    @property
    def fields(self) -> Iterator[tuple[str, str, str]]:
        """Name, type and meaning of each field in words, in the order of the signature."""
        known = documented(self.operation)
        for name, parameter in self.__signature__.parameters.items():
            yield name, parameter.annotation, meaning_of(known[name])

    @cached_property
    def __signature__(self) -> inspect.Signature:
        parameters = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY if info.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=inspect.Parameter.empty if info.is_required() else info.default,
                annotation=type_in_words(info.annotation),
            )
            for name, info in self.operation.model_fields.items()
        ]
        # A signature needs its keyword-only parameters last; a declaration may inherit them first.
        parameters.sort(key=lambda parameter: parameter.kind)
        return inspect.Signature(parameters, return_annotation="DataFrame")

    @property
    def documentation(self) -> str:
        """The documentation of the call: description, kinds, fields, columns of the answer, and source."""
        route = self.operation.route
        only = kinds_in_words(route.only)
        example = self._prose_and_example()[1]
        taken = [f"    {name}: {type_}. {line_of(says)}" for name, type_, says in self.fields]
        given = [f"    {column.name}: {column.dtype}. {line_of(column.doc)}" for column in self.columns]
        return "\n".join(
            [
                self.about,
                *(["", only] if only else []),
                *(["", "Args:", *taken] if taken else []),
                "",
                "Returns:",
                "    A DataFrame with the columns",
                *given,
                "",
                "Raises:",
                "    pydantic.ValidationError: a field is not valid; nothing was sent.",
                "    gaussnb.ApiError: the service refused, as one of its subclasses.",
                *(["", example] if example else []),
                "",
                f"Source: operation {route.id}, {route.method} {route.path}",
            ]
        )

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the frame this call answers with."""
        return columns(self.returns)

    @face
    def _repr_markdown_(self) -> str:
        route = self.operation.route
        only = kinds_in_words(route.only)
        taken = [(f"`{name}`", type_, says) for name, type_, says in self.fields]
        given = [(f"`{column.name}`", column.dtype, column.doc) for column in self.columns]
        return "\n".join(
            [
                f"### {self._group}.{self.__name__}",
                "",
                self.about,
                "",
                *([only, ""] if only else []),
                f"`{route.method} {route.path}` · {route.id}",
                *table_of(("field", "type", "meaning"), taken),
                *table_of(("column", "type", "meaning"), given),
            ]
        )


class _One(Call[[str], Never]):
    """A list call as a look-up of the one row with a given key."""

    if not TYPE_CHECKING:
        __doc__ = _Documentation()

    def __init__(self, operation: type[Operation], key: str, missing: str, column: str) -> None:
        super().__init__(operation)
        self._key, self._column = key, column
        self._missing = missing

    @cached_property
    def __signature__(self) -> inspect.Signature:
        one = inspect.Parameter(self._key, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation="str")
        return inspect.Signature([one], return_annotation="DataFrame")

    def _prose_and_example(self) -> tuple[str, str]:
        return f"The one row of {self.operation.route.id} with this {self._key}, or gaussnb.NotFound.", ""

    @property
    def fields(self) -> Iterator[tuple[str, str, str]]:
        yield self._key, "str", "The exact value to look for."

    def _operation(self, args: tuple[Any, ...], fields: dict[str, Any]) -> Operation:
        return self.operation(**self.__signature__.bind(*args, **fields).arguments)

    def _send(self, operation: Operation) -> pd.DataFrame:
        frame = super()._send(operation)
        wanted = getattr(operation, self._key)
        # A service may read a leading `*` as a search for a part of the key; here only the exact key counts.
        found: pd.DataFrame = frame.loc[frame[self._column] == wanted].reset_index(drop=True)
        if len(found) == 0:
            assert self._sender is not None
            raise self._sender.codes.error(
                status=200,
                error_code=self._missing,
                error_msg=f"There is nothing with {self._key} {wanted!r} here.",
                request_id=str(frame.attrs.get("request_id", "")),
                operation=self.operation.route.id,
            )
        return found


class _ManyDocumentation:
    """``__doc__`` of a method over many things: the docstring of its function."""

    def __get__(self, method: Many[...] | None, owner: type) -> str:
        return inspect.getdoc(method.function) or "" if method is not None else "Many things at once, as a method."


AnyCall: TypeAlias = Call[..., Never]


class Many(_Method, Generic[P]):
    """A function over many things as a method of a group. Show the method in a cell to read its documentation."""

    if not TYPE_CHECKING:
        __doc__ = _ManyDocumentation()

    def __init__(self, function: Callable[Concatenate[Any, P], pd.DataFrame]) -> None:
        self.function = function
        self._sender: Sender | None = None
        self._group, self.__name__ = "", function.__name__

    @discreet
    def __call__(self, *args: P.args, **given: P.kwargs) -> pd.DataFrame:
        if self._sender is None:
            raise TypeError(f"{self!r} is not bound to a client: use gaussnb.connect() first")
        return self.function(self._sender, *args, **given)

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (self.__doc__ or "").partition("\n")[0]

    @cached_property
    def __signature__(self) -> inspect.Signature:
        _, *parameters = inspect.signature(self.function).parameters.values()
        return inspect.Signature(parameters, return_annotation="DataFrame")

    @face
    def _repr_markdown_(self) -> str:
        text = re.sub(r":\w+:`[\w.]*?(\w+)`", r"`\1`", self.__doc__ or "")
        prose, *sections = re.split(r"\n\n(?=[A-Z]\w+:\n)", text)
        lines = [f"### {self._group}.{self.__name__}", "", prose]
        for section in sections:
            head, _, body = section.partition("\n")
            # An entry begins at the outer indent; lines with a deeper indent belong to it.
            entries = [line_of(entry) for entry in re.split(r"\n(?=    \S)", body)]
            named = [re.fullmatch(r"(\w+): (.+)", entry) for entry in entries] if head != "Returns:" else [None]
            items = [f"- `{found[1]}`: {found[2]}" for found in named if found] if all(named) else [" ".join(entries)]
            lines += ["", f"**{head[:-1]}**", "", *items]
        return "\n".join(lines)


def call(operation: Callable[P, Op], *, returns: type[Row] | None = None) -> Call[P, Op]:
    """Make a call of a group from a declared operation.

    Args:
        operation: the declared class.
        returns: another row class for the same answer, instead of the row class of the route.
    """
    return Call(cast("type[Op]", operation), returns=returns)  # a class; as a callable it carries its parameters


def one(operation: type[Operation], key: str, missing: str, column: str = "") -> Call[[str], Never]:
    """Make a look-up of one row from a list operation: ``get = one(ListThings, "id", "X.404")``.

    Args:
        operation: a declared list whose ``key`` field filters exactly.
        key: the field of the operation and the column of the frame.
        missing: the error code of the error when there is no such row, which makes it a :class:`gaussnb.NotFound`.
        column: the column of the frame, if its name differs from the field.
    """
    return _One(operation, key, missing, column or key)


def many(function: Callable[Concatenate[Any, P], pd.DataFrame]) -> Many[P]:
    """Make a method of a group from a function over many things: ``create_many = many(functions.create_many)``.

    Args:
        function: its first parameter is the client, and it answers with a frame.
    """
    return Many(function)
