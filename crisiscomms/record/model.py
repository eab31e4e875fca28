"""The record: everything a team knows and says about one incident, typed and frozen.

The line under each field is its description in the JSON Schema, so it is written for the person who fills it in.
"""

from datetime import timedelta
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from crisiscomms.fields import Audience, Contact, Language, Model, Slug, Span, Text, When
from crisiscomms.record.fact import Fact
from crisiscomms.record.own import OwnText
from crisiscomms.record.parts import (
    Action,
    Affected,
    Care,
    Cause,
    ComponentState,
    DoNow,
    Feedback,
    Impact,
    NotAffected,
    Officer,
    Picture,
    Product,
    Promise,
    Question,
    Regulation,
    Repair,
    Responsibility,
    Rumour,
    Signature,
    Silence,
    Times,
    Unknown,
)

__all__ = [
    "CLOSED",
    "COMPONENT_STATES",
    "STATUSES",
    "Action",
    "Affected",
    "Care",
    "Cause",
    "ComponentState",
    "DoNow",
    "Fact",
    "FactName",
    "Feedback",
    "History",
    "Impact",
    "Incident",
    "Kind",
    "NotAffected",
    "Officer",
    "OwnText",
    "Picture",
    "Product",
    "Promise",
    "Question",
    "Regulation",
    "Repair",
    "Responsibility",
    "Rumour",
    "Signature",
    "Silence",
    "Status",
    "Times",
    "Unknown",
    "Update",
]

Kind = Literal["outage", "data-breach", "recall", "delay", "billing", "conduct", "safety", "misinformation", "other"]
Status = Literal["investigating", "identified", "monitoring", "resolved", "follow-up"]
FactName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]

STATUSES: tuple[Status, ...] = ("investigating", "identified", "monitoring", "resolved", "follow-up")
CLOSED: frozenset[Status] = frozenset({"resolved", "follow-up"})
#: The audience that everybody belongs to.
EVERYONE = "everyone"
#: From the lightest to the gravest.
COMPONENT_STATES: tuple[ComponentState, ...] = get_args(ComponentState)


class Update(Model):
    """What we said, or will say, at one time."""

    id: Slug
    """A short name. It is part of the address, so it stays."""
    at: When
    """When it is said. A later time waits."""
    status: Status
    """Where we are: investigating, identified, monitoring, resolved or follow-up."""
    text: Text
    """What we say."""
    short: Text | None = None
    """The same in fewer words, for posts."""
    next_update: When | None = None
    """When readers hear from us again, news or no news."""
    audiences: tuple[str, ...] = ()
    """Who gets it by mail, besides the public channels."""
    needs: tuple[str, ...] = ()
    """Promises that must be marked as kept before this goes out."""
    private: bool = False
    """true: goes to its audiences only, never to a page or a post."""


class History(Model):
    """A past incident that was brought in from elsewhere. It stands on the pages, and nobody is told of it."""

    source: Literal["statuspage", "atom", "cstate", "upptime"]
    """Where it comes from."""
    reference: str
    """What it is called there."""
    imported: When
    """When it was brought in."""
    digest: str
    """Tells whether a person has changed the record since. Leave it as it is."""


class Incident(Model):
    """One incident, and everything we say about it."""

    id: Slug
    """A short name, the same as the file's. It is part of every address."""
    title: Text
    """What happened, in the fewest plain words."""
    kind: Kind
    """What sort of incident."""
    severity: Literal["minor", "major", "critical"]
    """How bad it is for those affected."""
    harm: Literal["none", "possible", "confirmed"]
    """Is anyone hurt or in danger?"""
    care: Care = Care()
    """What was done for people before anything was published."""
    market_sensitive: bool = False
    """true: investors would act on it. Nothing goes out, not even to staff, until a named person opens it."""
    languages: tuple[Language, ...] = ()
    """The languages the texts are in. Empty: those of the workspace."""
    cadence: Span | None = None
    """How often readers hear from us. Empty: what the workspace says for this severity."""
    statement: Literal["when-resolved", "now"] = "when-resolved"
    """now: publish the apology before it is resolved."""
    stale_after: Span = Span(timedelta(hours=6))
    """An update older than this is not sent any more unless told to."""
    times: Times
    """When it happened."""
    responsibility: Responsibility
    """Whose doing it was."""
    facts: dict[FactName, Fact] = Field(default_factory=dict)
    """Every figure that a message may state."""
    audiences: dict[Slug, Audience] = Field(default_factory=dict)
    """Groups of this incident only."""
    affected: Affected = Affected()
    """What and who is touched, and what is not."""
    impact: tuple[Impact, ...] = ()
    """What it did, per audience."""
    cause: Cause
    """Why it happened."""
    unknowns: tuple[Unknown, ...] | None = None
    """What is still open. [] says that nothing is."""
    actions: tuple[Action, ...] = ()
    """What is done and what will be done."""
    do_now: tuple[DoNow, ...] = ()
    """What readers should do now, per audience."""
    repair: tuple[Repair, ...] = ()
    """What we owe, per audience."""
    promises: tuple[Promise, ...] = ()
    """What we said we would do, by when."""
    questions: tuple[Question, ...] = ()
    """Questions for the FAQ, besides those that every record answers."""
    rumours: tuple[Rumour, ...] = ()
    """False claims, and what is true."""
    texts: tuple[OwnText, ...] = ()
    """Texts you wrote by hand, in place of ours."""
    contact: Contact | None = None
    """How people reach someone about this. Empty: the workspace's contact."""
    feedback: Feedback | None = None
    """How readers answer us."""
    lessons: tuple[Text, ...] = ()
    """What we learned."""
    signed_by: Signature | None = None
    """Who signs the statement."""
    regulation: tuple[Regulation, ...] = ()
    """Duties by law."""
    silence: tuple[Silence, ...] = ()
    """Findings that are accepted, each with its reason."""
    glossary: dict[str, Text] = Field(default_factory=dict)
    """Words that need explaining, and their explanations."""
    notes: str | None = None
    """For the team only. Reaches no message."""
    history: History | None = None
    """Only in records that import wrote: what is over for long. It stands on the pages, and nobody is told of it."""
    updates: tuple[Update, ...] = Field(min_length=1)
    """What we said and will say, oldest first."""

    @property
    def status(self) -> Status:
        """The status of the newest update, whether due or not."""
        return self.updates[-1].status

    def update(self, update_id: str) -> Update:
        """Return an update by its id. Raises KeyError."""
        return next(update for update in self.updates if update.id == update_id)


def is_open(promise: Promise) -> bool:
    """Say whether a promise is still to be kept: nobody has said that it is kept, or that it will not be."""
    return promise.kept is None and promise.broken is None
