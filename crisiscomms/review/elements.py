"""What the record must hold at each status, so that its messages can say what readers need."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crisiscomms.errors import Finding
from crisiscomms.record import CLOSED
from crisiscomms.review.context import Case

_NO_REPLY = re.compile(r"^(?:no|do|not?)[-_.]?(?:t[-_.]?|not[-_.]?)?reply", re.IGNORECASE)


def record_elements(case: Case) -> Iterator[Finding]:
    """Yield what is missing from the record for where the incident stands now."""
    yield from _always(case)
    yield from _while_open(case)
    yield from _unknowns(case)
    yield from _cause(case)
    yield from _actions(case)
    if case.update.status in CLOSED:
        yield from _once_resolved(case)
    yield from _responsibility(case)
    yield from _for_statement(case)
    yield from _contacts(case)


def _always(case: Case) -> Iterator[Finding]:
    incident = case.incident
    affected = incident.affected
    if not (affected.who or affected.components or affected.regions or affected.data_types or affected.products):
        yield case.error(
            "missing-affected",
            ("affected",),
            "affected says neither who nor what is affected",
            "Readers cannot tell whether this is about them.",
            "Add affected.who in plain words, or regions, components, products or data_types.",
        )
    public = [item for item in incident.impact if not _has_list(case, item.audience)]
    if not public:
        yield case.error(
            "missing-impact",
            ("impact",),
            "impact has no effect for the public",
            "Readers are not told what it did to them.",
            "Add an entry under impact with audience: everyone and its effect.",
        )
    if not any(not _has_list(case, item.audience) for item in incident.do_now):
        yield case.error(
            "missing-reader-action",
            ("do_now",),
            "do_now says nothing to the public",
            "Readers do not know what to do, and will guess.",
            'Add what they should do now. "You do not need to do anything" counts.',
        )
    contact = incident.contact or case.workspace.settings.organisation.contact
    if not (contact.email or contact.phone):
        yield case.error(
            "missing-contact",
            ("contact",),
            "there is no address or number that readers can turn to",
            "People in trouble find nobody to ask.",
            "Add contact with email or phone, here or in crisiscomms.toml.",
        )
    if case.update.audiences and not incident.signed_by and incident.severity != "minor":
        yield case.error(
            "missing-signatory",
            (),
            "nobody signs",
            "A letter that nobody signs is nobody's word.",
            "Add signed_by with the name and role of the person who answers for this.",
        )


def _has_list(case: Case, audience: str) -> bool:
    found = case.workspace.audiences(case.incident.audiences).get(audience)
    return found is not None and found.recipients is not None


def _while_open(case: Case) -> Iterator[Finding]:
    incident = case.incident
    for index, update in enumerate(incident.updates):
        newest = update is case.update or update.at.at > case.now
        if newest and update.status not in CLOSED and update.next_update is None:
            yield case.error(
                "missing-next-update",
                ("updates", index),
                f'update "{update.id}" does not say when the next one comes',
                "Readers will keep asking, and fear the worst.",
                "Add next_update, and keep that time even if there is no news.",
            )


def _unknowns(case: Case) -> Iterator[Finding]:
    if case.incident.unknowns is None:
        build = case.warning if case.update.status in {"monitoring", "follow-up"} else case.error
        yield build(
            "missing-unknowns",
            ("unknowns",),
            "unknowns is missing",
            "Readers take silence for certainty.",
            "List what you do not know yet, or write unknowns: [] if nothing is open.",
        )


def _cause(case: Case) -> Iterator[Finding]:
    cause, status = case.incident.cause, case.update.status
    if status == "identified" and cause.state == "unknown":
        yield case.error(
            "missing-cause",
            ("cause", "state"),
            "the status says that the cause is found, and cause.state is unknown",
            "Readers are told that you know, and not what.",
            "Set cause.state to confirmed and tell the cause in cause.plain; to suspected if you are not sure yet.",
        )
    if status in {"monitoring", *CLOSED} and (cause.state != "confirmed" or cause.plain is None):
        yield case.error(
            "missing-cause",
            ("cause",),
            f"the status is {status}, and the cause is not confirmed or not told",
            "Readers cannot believe in a repair when nobody says what was broken.",
            "Set cause.state to confirmed and tell the cause in cause.plain, or go back to an earlier status.",
        )


def _actions(case: Case) -> Iterator[Finding]:
    """From the moment the cause is found: what is done about it. A time for each, and a person."""
    incident = case.incident
    if case.update.status in {"identified", "monitoring"} and not incident.actions:
        yield case.error(
            "missing-corrective-action",
            ("actions",),
            "actions is empty",
            "Readers do not learn what is being done.",
            "Add what you have done so far, or are doing, with its time.",
        )
    for index, action in enumerate(incident.actions):
        if not action.done and not action.due:
            build = case.error if case.owes_statement else case.warning
            yield build(
                "undated-commitment",
                ("actions", index),
                "this action is neither done nor has a time",
                "A promise without a date is a hope.",
                "Add due, or done.",
            )
        elif not action.done and not action.owner and case.owes_statement:
            yield case.warning(
                "missing-owner",
                ("actions", index),
                "nobody is named who sees to this action",
                "A promise without a person is nobody's promise.",
                "Add owner.",
            )


def _once_resolved(case: Case) -> Iterator[Finding]:
    incident = case.incident
    if not any(action.done for action in incident.actions):
        yield case.error(
            "missing-corrective-action",
            ("actions",),
            "no action is done",
            "Readers are told it is over, and not what ended it.",
            "Add what fixed it under actions, with done.",
        )
    if not any(action.kind == "prevent" and (action.due or action.done) for action in incident.actions):
        yield case.error(
            "missing-prevention",
            ("actions",),
            "no action with a date keeps it from happening again",
            "Readers have no reason to believe that it will not.",
            "Add an action of kind prevent with due and owner.",
        )
    yield from _what_remains(case)


def _what_remains(case: Case) -> Iterator[Finding]:
    """Yield what readers still want to know once it is over: what comes, what was never touched, what was learned."""
    incident = case.incident
    if not incident.promises and not any(action.due for action in incident.actions):
        yield case.error(
            "missing-commitment",
            ("promises",),
            "nothing is promised for a day that readers can write down",
            "Readers are told that it is over, and hear nothing more.",
            "Add a promise with due and owner: when you will tell what you found out, for example.",
        )
    if not incident.affected.not_affected:
        yield case.error(
            "missing-not-affected",
            ("affected",),
            "affected.not_affected is empty",
            "Readers fear the worst about everything that is not named.",
            "Add what is certain not to be affected, and how you know. If nothing is, silence this with the reason.",
        )
    if not incident.lessons:
        build = case.error if case.update.status == "follow-up" else case.warning
        yield build(
            "missing-lessons",
            ("lessons",),
            "lessons is empty",
            "Readers cannot see that anything was learned.",
            "Add what you do differently now.",
        )
    for name, fact in incident.facts.items():
        if fact.certainty == "estimated" and fact.material:
            yield case.warning(
                "still-estimated",
                ("facts", name, "certainty"),
                f"{name} is still an estimate, and the incident is {case.update.status}",
                'Readers see "about" for something that should be counted by now.',
                "Count it, and set certainty to confirmed.",
            )


def _responsibility(case: Case) -> Iterator[Finding]:
    """Whose doing it was, from the moment it works again; and what is owed to those who were harmed."""
    incident, ours = case.incident, case.incident.responsibility.level in {"ours", "shared"}
    told = case.owes_statement or case.update.status == "monitoring"
    if ours and told and incident.responsibility.statement is None:
        yield case.error(
            "missing-responsibility",
            ("responsibility",),
            "responsibility.statement is missing",
            "Readers are not told what you did. An apology for nothing in particular is none.",
            'Add one sentence that begins with "We" and says what you did or left undone.',
        )
    if ours and case.owes_statement and not incident.repair:
        build = case.warning if incident.harm == "none" else case.error
        yield build(
            "missing-repair",
            ("repair",),
            "nothing is offered to those affected",
            "Words alone do little. Readers notice.",
            "Add repair: what they get, how, and by when.",
        )
    elif ours and case.owes_statement and case.composed and not _is_repair_public(case):
        yield case.warning(
            "missing-repair",
            ("repair",),
            "no page says what people get: each repair is private, or has figures of the reader's own",
            "Whoever reads the page or the statement first sees nothing offered.",
            "Add a repair that says it without anybody's own figures.",
        )


def _is_repair_public(case: Case) -> bool:
    """Say whether the pages tell of any repair."""
    told = case.told(case.workspace.language, None)
    return bool(told.repair) or any(group.repair for group in told.groups)


def _for_statement(case: Case) -> Iterator[Finding]:
    incident = case.incident
    if case.owes_statement and incident.signed_by is None and not case.update.audiences:
        yield case.error(
            "missing-signatory",
            (),
            "nobody signs the statement",
            "An apology that nobody signs is nobody's apology.",
            "Add signed_by with the name and role of the person who answers for this.",
        )
    if incident.feedback is None and (case.owes_statement or case.update.status != "investigating"):
        build = case.error if case.owes_statement else case.warning
        yield build(
            "missing-feedback",
            ("feedback",),
            "feedback is missing",
            "Readers cannot answer, and learn that nobody wants to hear them.",
            "Add feedback: a question, the address, and the person who reads the answers.",
        )


def _contacts(case: Case) -> Iterator[Finding]:
    incident = case.incident
    contact = incident.contact.email if incident.contact else None
    settings = case.workspace.settings
    addresses = [
        (("contact", "email"), contact),
        (("feedback", "channel"), incident.feedback.channel if incident.feedback else None),
        (("contact",), settings.organisation.contact.email),
    ]
    senders = [(("audiences",), str(table.get("sender", "")).split("<")[-1]) for table in settings.channels.values()]
    for path, address in [*addresses, *senders]:
        if address and _NO_REPLY.match(address):
            yield case.error(
                "no-reply-contact",
                path,
                f"{address.rstrip('>')} says that nobody reads the answers",
                "Readers are told to keep quiet.",
                "Use an address that a named person reads.",
            )
