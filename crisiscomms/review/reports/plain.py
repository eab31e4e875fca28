"""What was found as plain data, for programs. `check.schema.json` is its shape; a new shape gets a new number."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from crisiscomms.review.reports.model import Report

FORMAT = "crisiscomms/check/1"


def check_schema() -> dict[str, Any]:
    """Return the JSON Schema of what `check --json` prints."""
    text = files("crisiscomms.review.reports").joinpath("check.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def plain(report: Report) -> dict[str, Any]:
    """Return a report as plain data."""
    return {
        "format": FORMAT,
        "incidents": [one.incident for one in report.records if one.incident],
        "clocks": [clock.to_json() for clock in report.clocks],
        "messages": [
            {
                "incident": one.incident,
                "message": score.message,
                "kind": score.kind,
                "language": score.language,
                "audience": score.audience,
                "elements": {key: str(level) for key, level in score.elements.items()},
            }
            for one in report.records
            for score in one.scores
        ],
        "findings": [finding.to_json() for finding in report.findings],
    }
