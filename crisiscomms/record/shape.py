"""The shape of a record: what kind of thing stands at each path of it, asked of the model."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args, get_origin

from crisiscomms.fields import Model
from crisiscomms.record.model import Incident
from crisiscomms.record.tree import Path_


def type_at(path: Path_) -> Any:
    """Return the type of what stands at a path of a record, or None where nothing can."""
    found: Any = Incident
    for part in path:
        found = next((below for option in options(found) if (below := _below(option, part)) is not None), None)
    return found


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
