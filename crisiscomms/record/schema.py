"""The JSON Schema of a record, as the YAML language server completes from it."""

from __future__ import annotations

from typing import Any

from crisiscomms.record.model import Incident


def record_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a record, each field with its plain description."""
    schema = Incident.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "crisiscomms incident record"}
