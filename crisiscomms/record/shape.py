"""The shape of a record: what kind of thing stands at each path of it, asked of the model."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal, get_args, get_origin

from crisiscomms.fields import Model
from crisiscomms.record.model import Incident
from crisiscomms.record.tree import Path_


def type_at(path: Path_) -> Any:
    """Return the type of what stands at a path of a record, or None where nothing can."""
    return _type_at(tuple(0 if isinstance(part, int) else part for part in path))  # all entries of a list are alike


@lru_cache(maxsize=4096)
def _type_at(path: Path_) -> Any:
    if not path:
        return Incident
    return next((found for o in options(_type_at(path[:-1])) if (found := _below(o, path[-1])) is not None), None)


def model_at(path: Path_) -> type[Model] | None:
    """Return the model whose fields stand at a path of a record. None where there is none, or any name will do."""
    return next((o for o in options(type_at(path)) if isinstance(o, type) and issubclass(o, Model)), None)


def choices_at(path: Path_) -> list[str]:
    """Return the words to choose from at a path of a record, if there are any."""
    return [word for option in options(type_at(path)) if get_origin(option) is Literal for word in get_args(option)]


def options(annotation: Any) -> list[Any]:
    """Return the types that a value may have: those of a union, without what surrounds them."""
    if get_origin(annotation) is Annotated:
        return options(get_args(annotation)[0])
    is_union = get_origin(annotation) not in {dict, tuple, Literal}
    return (
        [option for argument in get_args(annotation) for option in options(argument)]
        if (is_union and get_args(annotation))
        else [annotation]
    )


def _below(annotation: Any, part: str | int) -> Any:
    if get_origin(annotation) is tuple and isinstance(part, int):
        return get_args(annotation)[0]
    if get_origin(annotation) is dict and isinstance(part, str):
        return get_args(annotation)[1]
    if isinstance(annotation, type) and issubclass(annotation, Model):
        info = annotation.model_fields.get(str(part))
        return info.annotation if info else None
    return None
