"""Types of Python in plain words, with a link to each model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, JsonValue

PLAIN = {str: "text", int: "whole number", float: "number", bool: "`True` or `False`", NoneType: "none", date: "date"}


def annotation_words(annotation: Any) -> str:
    """What a field may hold."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in PLAIN:
        return PLAIN[annotation]
    if origin in (Union, UnionType):
        return " or ".join(annotation_words(one) for one in arguments)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is Annotated:
        return annotation_words(arguments[0])
    if origin is tuple:
        return f"list of {annotation_words(arguments[0])}"
    if origin in (dict, Mapping):
        return f"mapping of {annotation_words(arguments[0])} to {annotation_words(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{member.value}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    assert annotation in (JsonValue, Any), f"no words for {annotation}"
    return "any value"


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def properties_of(model: type[BaseModel]) -> Iterator[tuple[str, Any, str | None]]:
    """What a model works out of its fields: the name, the type and what is said of it."""
    for parent in model.__mro__:
        if parent is BaseModel:
            return
        for name, value in vars(parent).items():
            if isinstance(value, property) and not name.startswith("_"):
                yield name, get_type_hints(value.fget)["return"], value.__doc__
