"""Makes GraphQL types of the models that the other routes answer with, so that neither can forget a field.

What a resolver gives is the model itself; a field of the type reads the member of its name.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import Enum
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import strawberry
from pydantic import BaseModel
from strawberry.scalars import JSON

BigInt = NewType("BigInt", int)
BIG_INT = strawberry.scalar(
    name="BigInt",
    description="A whole number, also one beyond 32 bits; as a number in JSON.",
    serialize=int,
    parse_value=int,
)

_BIG = ("_bytes", "_ms", "_rate", "_done", "_total", "frames", "left")
"""How the names of those members end whose numbers may be beyond GraphQL's Int."""

_PLAIN = {str: str, float: float, bool: bool, datetime: datetime}


Resolver = TypeVar("Resolver", bound=Callable[..., Any])


def gives(shape: Any, *, live: bool = False) -> Callable[[Resolver], Resolver]:
    """Makes a field of a resolver: of this type, and described by the resolver's docstring."""

    def field(resolver: Resolver) -> Resolver:
        about = inspect.getdoc(resolver)
        made = strawberry.field(
            resolver=resolver, graphql_type=shape, description=about, is_subscription=live
        )
        return cast(Resolver, made)

    return field


class Shapes:
    """The types that were made, each once. `enums` says which closed sets have a name of their own."""

    def __init__(self, *enums: type[Enum]) -> None:
        self._enums = {frozenset(each.value for each in enum): enum for enum in enums}
        self._made: dict[type, Any] = {}

    def of(self, model: type, **more: Any) -> Any:
        """The type for a model or dataclass, of the same name, with these fields more.

        The first call for a model says which. Raises KeyError for a member that GraphQL has no type for.
        """
        if model not in self._made:
            self._made[model] = self._make(model, **more)
        return self._made[model]

    def _make(self, model: type, **more: Any) -> Any:
        members = {name: self._member(name, said) for name, said, _ in _members(model)}
        fields = {n: strawberry.field(description=about) for n, _, about in _members(model) if about}
        about = (inspect.getdoc(model) or "").partition("\n\n")[0] or None
        made = type(model.__name__, (), {"__annotations__": members, **fields, **more})
        return strawberry.type(made, description=about)

    def _member(self, name: str, said: Any) -> Any:
        args = get_args(said)
        match get_origin(said):
            case origin if origin in (Union, UnionType):
                (inner,) = (each for each in args if each is not NoneType)
                return self._member(name, inner) | None if NoneType in args else self._member(name, inner)
            case origin if origin is Annotated:
                return self._member(name, args[0])
            case origin if origin is Literal:
                return self._enums.get(frozenset(args), str)
            case origin if origin in (list, tuple):
                return list[self._member(name, args[0])]  # type: ignore[misc]
            case origin if origin is dict:
                return JSON
        return self._single(name, said)

    def _single(self, name: str, said: Any) -> Any:
        if said is str and (name == "id" or name.endswith("_id")):
            return strawberry.ID
        if said is int:
            return BigInt if name.endswith(_BIG) else int
        if dataclasses.is_dataclass(said) or issubclass(said, BaseModel):
            return self.of(said)
        return _PLAIN[said]


def _members(model: type) -> Iterator[tuple[str, Any, str | None]]:
    """The members of a model: name, annotation and what is said of it."""
    if issubclass(model, BaseModel):
        for name, member in model.model_fields.items():
            yield name, member.annotation, member.description
    else:
        hints = get_type_hints(model)
        for field in dataclasses.fields(cast(Any, model)):
            yield field.name, hints[field.name], None
