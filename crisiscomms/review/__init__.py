"""The review room: may we say it so? Every finding at once, each with its place, its reason and its fix.

How the room is built:

    catalogue/*.toml   the rules: code, weight, why, source, examples; read when one of them speaks (`rules`)
    language/*.toml    the phrases of a language, a line each (`phrases`, `lexicon`); a new language is a new file
    letter             one text with its sentences; `seen` makes them of messages, `texts` of .md, .docx, .eml; `alone` reviews one
    scan               one walk through a letter: phrases, `shape` (what is missing), `style` and `privacy`, weighed by
                       `conditions`
    elements, truth    the record against its status and itself, `moments` against the clock; beside them `lists`, `hours`,
                       `standing`, `own`, `care`,
                       `committed`
    given_word, ahead  the record against what was published from it, and against what is planned for later
    figures, joined    numbers, dates and times in a text, alone and together; `days` of the week beside them
    packs/*.toml       duties by law as dated data: `packs` reads them, `clocks` counts, `duties` says what is missing
    required           each message against the record's own words, `stated` one by hand in any words; `consistency`
                       and `channels` one against the others
    wording            hits become findings with places; from there `reports` (terminal, JSON, SARIF, HTML) and `fixes`,
                       with what is meant from `mending`; `explain` says a rule in words
"""

from __future__ import annotations

from collections.abc import Iterable

from crisiscomms.errors import Finding, Severity, did_you_mean
from crisiscomms.messages.compose import Account
from crisiscomms.review.ahead import refused_later
from crisiscomms.review.amounts import record_amounts
from crisiscomms.review.care import message_care, record_care
from crisiscomms.review.channels import across_channels
from crisiscomms.review.committed import record_committed
from crisiscomms.review.consistency import handwritten_figures, message_findings
from crisiscomms.review.context import Case
from crisiscomms.review.duties import message_duties, record_duties
from crisiscomms.review.elements import record_elements
from crisiscomms.review.given_word import stands_by_its_word
from crisiscomms.review.hours import record_hours
from crisiscomms.review.lists import record_lists
from crisiscomms.review.moments import record_moments
from crisiscomms.review.own import record_own
from crisiscomms.review.seen import OWN_WORDS, later, seen, unread
from crisiscomms.review.standing import record_standing
from crisiscomms.review.truth import record_truth
from crisiscomms.review.wording import wording

__all__ = ["Case", "review"]


def review(case: Case, accounts: Iterable[Account] = ()) -> tuple[Finding, ...]:
    """Return every finding about a record and its messages, in the order of the file.

    A finding that the record silences stays in the list as information, with the reason that was given. Where the
    record itself lacks something, the messages that lack it too are not named again. A past incident is not judged by
    what we would say today: what must not stand on a page makes its record unreadable.
    """
    if case.incident.history:
        return ()
    findings = [
        *record_elements(case),
        *record_truth(case),
        *record_moments(case),
        *record_committed(case),
        *record_lists(case),
        *record_amounts(case),
        *record_hours(case),
        *record_standing(case),
    ]
    findings += record_own(case)
    findings += [*record_care(case), *record_duties(case, {finding.code for finding in findings})]
    named = {finding.code for finding in findings} - {"fact-mismatch"}
    if case.composed is not None:
        letters = list(seen(case))
        of_messages = [
            *message_findings(case, accounts, letters),
            *across_channels(case, letters),
            *stands_by_its_word(case),
            *refused_later(case),
        ]
        findings += [finding for finding in of_messages if finding.code not in named]
        more = [*later(case), *unread(case)]
        findings += wording(case, [*letters, *more], named)
        findings += handwritten_figures(case, more)
        letters += [letter for letter in more if letter.kind != OWN_WORDS]
        findings += [*message_care(case, letters), *message_duties(case, letters)]
    findings = _silenced(case, list(dict.fromkeys(findings)))
    if "todo" in named:  # a question is asked once the record is written
        findings = [finding for finding in findings if finding.severity is not Severity.QUESTION]
    return tuple(sorted(findings, key=lambda finding: finding.place))


def _silenced(case: Case, findings: list[Finding]) -> list[Finding]:
    codes = {finding.code for finding in findings}
    result = [case.silenced(finding) for finding in findings]
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
