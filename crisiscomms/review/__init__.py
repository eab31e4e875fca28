"""The review room: may we say it so? Every finding at once, each with its place, its reason and its fix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from crisiscomms.errors import Finding, Severity, did_you_mean
from crisiscomms.messages.compose import Account
from crisiscomms.review.consistency import message_findings
from crisiscomms.review.context import Case
from crisiscomms.review.elements import record_elements
from crisiscomms.review.truth import record_truth

__all__ = ["Case", "review"]


def review(case: Case, accounts: Iterable[Account] = ()) -> tuple[Finding, ...]:
    """Return every finding about a record and its messages, in the order of the file.

    A finding that the record silences stays in the list as information, with the reason that was given. Where the
    record itself lacks something, the messages that lack it too are not named again.
    """
    findings = [*record_elements(case), *record_truth(case)]
    named = {finding.code for finding in findings}
    findings += [
        finding
        for finding in message_findings(case, accounts)
        if finding.code not in named or finding.code == "fact-mismatch"
    ]
    findings = _silenced(case, list(dict.fromkeys(findings)))
    return tuple(sorted(findings, key=lambda finding: finding.place))


def _silenced(case: Case, findings: list[Finding]) -> list[Finding]:
    reasons = {silence.code: silence.reason for silence in case.incident.silence}
    codes = {finding.code for finding in findings}
    result = [
        replace(f, severity=Severity.INFO, why=f"Accepted in the record: {reasons[f.code]}") if f.code in reasons else f
        for f in findings
    ]
    for index, silence in enumerate(case.incident.silence):
        if silence.code not in codes:
            result.append(
                case.finding(
                    "unused-silence",
                    Severity.INFO,
                    ("silence", index),
                    f'nothing here is called "{silence.code}".{did_you_mean(silence.code, codes)}',
                    "A silence that is no longer needed can hide the next problem.",
                    "Remove it.",
                )
            )
    return result
