"""The JSON Schema of a record, as the YAML language server completes from it.

The description of each field is the line under it in the model's source. It is read here, and only here: asking
pydantic for it would cost every start of the program a tenth of a second.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from crisiscomms.fields import Model
from crisiscomms.record.model import Incident


def record_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a record, each field with its plain description."""
    schema = Incident.model_json_schema()
    models = {model.__name__: model for model in _models(Incident, set())}
    for name, part in [(Incident.__name__, schema), *schema.get("$defs", {}).items()]:
        for field, words in _descriptions(models[name]).items() if name in models else ():
            if field in part.get("properties", {}):
                part["properties"][field]["description"] = words
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "crisiscomms incident record"}


def _models(model: type[Model], seen: set[type[Model]]) -> Iterator[type[Model]]:
    """Yield a model and every model that its fields hold."""
    if model in seen:
        return
    seen.add(model)
    yield model
    for info in model.model_fields.values():
        for inner in _inside(info.annotation):
            yield from _models(inner, seen)


def _inside(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _inside(argument)


def _descriptions(model: type[Model]) -> dict[str, str]:
    """Return the line under each field of a model, by the field's name."""
    tree = ast.parse(inspect.getsource(importlib.import_module(model.__module__)))
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == model.__name__:
            for field, words in zip(node.body, node.body[1:], strict=False):
                if (
                    isinstance(field, ast.AnnAssign)
                    and isinstance(field.target, ast.Name)
                    and isinstance(words, ast.Expr)
                    and isinstance(words.value, ast.Constant)
                ):
                    found[field.target.id] = str(words.value.value)
    return found
