"""``call()``: a declared operation as a documented, typed, displayable method of a group.

The signature comes from the declaration by typing (ParamSpec), so editors and type checkers complete
and check it without stub files; kernels read it from ``__signature__``.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
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
from .operation import Operation, documented
from .refusals import ErrorCodes
from .rows import Column, Row, columns

if TYPE_CHECKING:
    import pandas as pd

from .words import _line, _table, meaning_of, type_in_words

P = ParamSpec("P")
Op = TypeVar("Op", bound=Operation)
Accepted = TypeVar("Accepted", bound=Operation, contravariant=True)


class Sender(Protocol):
    """What a bound call needs: something that sends an operation and answers with a frame."""

    @property
    def codes(self) -> ErrorCodes: ...

    def send(self, operation: Operation, returns: type[Row] | None = None) -> pd.DataFrame: ...


class Group:
    """The operations of one chapter, bound to a client. Show it in a cell to see what it can do."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    @classmethod
    def calls(cls) -> dict[str, AnyCall]:
        """The calls of this group by name, in declared order."""
        return {name: value for name, value in cls._members() if isinstance(value, Call)}

    def __iter__(self) -> Iterator[AnyCall]:
        """The calls, bound: ``for call in gdb.backups: display(call)`` shows their cards."""
        return (getattr(self, name) for name in self.calls())

    @classmethod
    def _members(cls) -> Iterator[tuple[str, Any]]:
        return (member for base in reversed(cls.__mro__) for member in vars(base).items())

    @classmethod
    def many(cls) -> dict[str, Many[...]]:
        """What this group does to many things at once, by name."""
        return {name: value for name, value in cls._members() if isinstance(value, Many)}

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()}: {', '.join([*self.calls(), *self.many()])}>"

    def _repr_markdown_(self) -> str:
        about = f"**{type(self).__name__}**: {inspect.getdoc(type(self)) or ''}"
        methods: dict[str, AnyCall | Many[...]] = {**self.calls(), **self.many()}
        rows = [(f"`{name}`", method.summary) for name, method in methods.items()]
        return "\n".join([about, *_table(("call", "what it does"), rows)])


def chapter(module: str) -> Any:
    """A group of a client, declared in a module that is imported when the group is first used.

    Write ``nodes: Nodes = chapter("operations.nodes")`` in a :class:`Groups`: the annotation names the class.

    Args:
        module: the module, relative to the package of the class that has the group.
    """
    return _Chapter(module)


class _Chapter:
    # No __getattr__ on the client: a kernel completes nothing behind one, for fear of what it may do.
    def __init__(self, module: str) -> None:
        self._module = module

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._kind: str = owner.__annotations__[name]
        package = owner.__module__.rpartition(".")[0]
        dots = len(self._module) - len(self._module.lstrip("."))
        self.module = resolve_name(self._module if dots else f".{self._module}", package)

    def load(self) -> type[Group]:
        found: type[Group] = getattr(import_module(self.module), self._kind)
        return found

    def __get__(self, client: Sender | None, owner: type) -> Any:
        if client is None:
            return self
        group = vars(client)[self._name] = self.load()(client)
        return group


class _GroupTable(Mapping[str, type[Group]]):
    def __init__(self, chapters: Mapping[str, _Chapter]) -> None:
        self._chapters = chapters

    def __getitem__(self, name: str) -> type[Group]:
        return self._chapters[name].load()

    def __iter__(self) -> Iterator[str]:
        return iter(self._chapters)

    def __len__(self) -> int:
        return len(self._chapters)


class Groups:
    """The base of a class whose attributes are groups, each declared with :func:`chapter`."""

    @classmethod
    def _chapters(cls) -> dict[str, _Chapter]:
        members = (member for base in reversed(cls.__mro__) for member in vars(base).items())
        return {name: value for name, value in members if isinstance(value, _Chapter)}

    @classmethod
    def groups(cls) -> Mapping[str, type[Group]]:
        """The group classes by attribute name; the module of each is imported when the class is asked for."""
        return _GroupTable(cls._chapters())

    @classmethod
    def chapters(cls) -> tuple[str, ...]:
        """The full names of the modules that declare the groups."""
        return tuple(dict.fromkeys(one.module for one in cls._chapters().values()))


class _Method:
    """What calls and methods over many things have in common: how a group binds them, and their short face."""

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
        bound = copy.copy(self)
        bound._sender = group._sender
        return bound

    def __repr__(self) -> str:
        short = [p.replace(annotation=inspect.Parameter.empty) for p in self.__signature__.parameters.values()]
        return f"{self._group}.{self.__name__}{inspect.Signature(short)}"


class _Documentation:
    """``__doc__`` of a call, written when it is asked for: 150 of them would slow the import."""

    def __get__(self, call: AnyCall | None, owner: type) -> str:
        return call.documentation if call is not None else "An operation as a method of a group."


class Call(_Method, Generic[P, Accepted]):
    """An operation as a method of a group. Showing it in a cell is its documentation.

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

    def __call__(self, *args: Any, **fields: Any) -> pd.DataFrame:
        return self._send(self._operation(args, fields))

    def _operation(self, args: tuple[Any, ...], fields: dict[str, Any]) -> Operation:
        if len(args) == 1 and not fields and isinstance(args[0], self.operation):
            return args[0]  # a spec that was built and validated before
        return self.operation(*args, **fields)

    def _send(self, operation: Operation) -> pd.DataFrame:
        if self._sender is None:
            raise TypeError(f"{self!r} is not bound to a client: use gaussnb.connect() first")
        return self._sender.send(operation, self.returns)

    def form(self, spec: Operation | None = None, /, **values: Any) -> doors.Form:
        """A form of this operation, filled with what is known already. Show it in a cell.

        Args:
            spec: an operation to fill it with.
            values: values by field; nested parts as dicts.

        Raises:
            ImportError: ipywidgets is not installed; ``pip install "gaussnb[lab]"``.
        """
        return doors.form_of(self.operation, self._sender, self._send).fill(spec, **values)

    # -- the faces

    @property
    def about(self) -> str:
        """What the operation does, in prose."""
        return self._told()[0]

    def _told(self) -> tuple[str, str]:
        """The prose and the example of the operation's documentation."""
        prose, *sections = re.split(r"\n\n(?=[A-Z]\w+:\n|>>> )", inspect.getdoc(self.operation) or "")
        return prose, next((section for section in sections if section.startswith(">>> ")), "")

    @property
    def summary(self) -> str:
        """The first line of what the operation does."""
        return self.about.partition("\n")[0]

    @property
    def fields(self) -> Iterator[tuple[str, str, str]]:
        """Name, type in words and meaning of each field, in the order of the signature."""
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
        # A signature wants keyword-only parameters last, a declaration may inherit them first.
        parameters.sort(key=lambda parameter: parameter.kind)
        return inspect.Signature(parameters, return_annotation="DataFrame")

    @property
    def documentation(self) -> str:
        """What the operation does, its fields, the columns it answers with, and its source."""
        route = self.operation.route
        example = self._told()[1]
        taken = [f"    {name}: {type_}. {_line(says)}" for name, type_, says in self.fields]
        given = [f"    {column.name}: {column.dtype}. {_line(column.doc)}" for column in self.columns]
        return "\n".join(
            [
                self.about,
                *(["", "Args:", *taken] if taken else []),
                "",
                "Returns:",
                "    A DataFrame with the columns",
                *given,
                "",
                "Raises:",
                "    pydantic.ValidationError: a field does not hold; nothing was sent.",
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

    def _repr_markdown_(self) -> str:
        route = self.operation.route
        taken = [(f"`{name}`", type_, says) for name, type_, says in self.fields]
        given = [(f"`{column.name}`", column.dtype, column.doc) for column in self.columns]
        return "\n".join(
            [
                f"### {self._group}.{self.__name__}",
                "",
                self.about,
                "",
                f"`{route.method} {route.path}` · {route.id}",
                *_table(("field", "type", "meaning"), taken),
                *_table(("column", "type", "meaning"), given),
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

    def _told(self) -> tuple[str, str]:
        return f"The one row of {self.operation.route.id} with this {self._key}, or gaussnb.NotFound.", ""

    @property
    def fields(self) -> Iterator[tuple[str, str, str]]:
        yield self._key, "str", "Which one, exactly."

    def _operation(self, args: tuple[Any, ...], fields: dict[str, Any]) -> Operation:
        return self.operation(**self.__signature__.bind(*args, **fields).arguments)

    def _send(self, operation: Operation) -> pd.DataFrame:
        frame = super()._send(operation)
        wanted = getattr(operation, self._key)
        # The service matches a leading `*` by substring; one row means this very key.
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
    """``__doc__`` of a method that acts on many: its function's own."""

    def __get__(self, method: Many[...] | None, owner: type) -> str:
        return inspect.getdoc(method.function) or "" if method is not None else "Many things at once, as a method."


AnyCall: TypeAlias = Call[..., Never]


class Many(_Method, Generic[P]):
    """A function over many things as a method of a group. Showing it in a cell is its documentation."""

    if not TYPE_CHECKING:
        __doc__ = _ManyDocumentation()

    def __init__(self, function: Callable[Concatenate[Any, P], pd.DataFrame]) -> None:
        self.function = function
        self._sender: Sender | None = None
        self._group, self.__name__ = "", function.__name__

    def __call__(self, *args: P.args, **given: P.kwargs) -> pd.DataFrame:
        if self._sender is None:
            raise TypeError(f"{self!r} is not bound to a client: use gaussnb.connect() first")
        return self.function(self._sender, *args, **given)

    @property
    def summary(self) -> str:
        """The first line of what it does."""
        return (self.__doc__ or "").partition("\n")[0]

    @cached_property
    def __signature__(self) -> inspect.Signature:
        _, *parameters = inspect.signature(self.function).parameters.values()
        return inspect.Signature(parameters, return_annotation="DataFrame")

    def _repr_markdown_(self) -> str:
        text = re.sub(r":\w+:`[\w.]*?(\w+)`", r"`\1`", self.__doc__ or "")
        prose, *sections = re.split(r"\n\n(?=[A-Z]\w+:\n)", text)
        lines = [f"### {self._group}.{self.__name__}", "", prose]
        for section in sections:
            head, _, body = section.partition("\n")
            # An entry begins at the outer indent; what stands further in goes on with it.
            entries = [_line(entry) for entry in re.split(r"\n(?=    \S)", body)]
            named = [re.fullmatch(r"(\w+): (.+)", entry) for entry in entries] if head != "Returns:" else [None]
            items = [f"- `{found[1]}`: {found[2]}" for found in named if found] if all(named) else [" ".join(entries)]
            lines += ["", f"**{head[:-1]}**", "", *items]
        return "\n".join(lines)


def call(operation: Callable[P, Op], *, returns: type[Row] | None = None) -> Call[P, Op]:
    """An operation as a method of a group.

    Args:
        operation: the declared class.
        returns: another view of the same answer, instead of the row the route names.
    """
    return Call(cast("type[Op]", operation), returns=returns)  # a class; as a callable it carries its parameters


def one(operation: type[Operation], key: str, missing: str, column: str = "") -> Call[[str], Never]:
    """A list call as a look-up of one row: ``get = one(ListThings, "id", "X.404")``.

    Args:
        operation: a declared list whose ``key`` field filters exactly.
        key: the field of the operation and the column of the frame.
        missing: the error code :class:`gaussnb.NotFound` carries when there is no such row.
        column: the column of the frame, where it is called otherwise.
    """
    return _One(operation, key, missing, column or key)


def many(function: Callable[Concatenate[Any, P], pd.DataFrame]) -> Many[P]:
    """A function over many things as a method: ``create_many = many(bulk.create_many)``.

    Args:
        function: takes the client first, and answers with a frame.
    """
    return Many(function)
