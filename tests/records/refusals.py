"""How the tests load what cannot be read, and judge the words that they get for it."""

import re
import time
from collections import Counter
from pathlib import Path

import pytest

from crisiscomms.errors import InvalidInput, Severity
from crisiscomms.record import load_record

EXAMPLES = ("checkout-outage", "customer-data-breach", "kettle-recall")
JARGON = re.compile(
    r"Input should|String should|Value error|valid (tuple|dictionary|string|number|boolean)|instance of"
    r"|\b(dict|str|int|bool|tuple|float|NoneType|pydantic|Errno|Error|Exception|object at)\b"
)


def refused(workspace, name):
    """Load a record that cannot be read, and return its findings. Nothing but InvalidInput, and in under a second."""
    began = time.process_time()
    with pytest.raises(InvalidInput) as caught:
        load_record(workspace, name)
    assert time.process_time() - began < 1.0
    return caught.value.findings


def outcome(read):
    """Return a record, or the findings that stand in its way."""
    try:
        return read(), ()
    except InvalidInput as error:
        return None, error.findings


def reported(findings, name):
    """Return what was found as code and line; in a list as code and `list.csv:line`."""
    return Counter(
        (
            f.code,
            f"{f.place.line}" if f.place.file.endswith(f"{name}.yaml") else f"{Path(f.place.file).name}:{f.place.line}",
        )
        for f in findings
    )


def helps(finding, name, *, may_say_none=False):
    """Say whether a finding tells where, what, what it means, and what to do, in plain words."""
    for words in (finding.message, finding.why, finding.fix):
        assert words.strip() == words != ""
        assert words.isprintable(), words
        assert not JARGON.search(re.sub(r'"[^"]*"|\([^)]*\)', "", words)), words
        assert may_say_none or not re.search(r"\bNone\b", words), words
        assert len(words) < 700, words
    assert finding.severity is Severity.ERROR
    assert finding.place.file.endswith((f"{name}.yaml", ".csv", "crisiscomms.toml"))
    assert finding.message[-1] != ":"
    return True
