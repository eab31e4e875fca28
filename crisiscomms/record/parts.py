"""The parts of a record, from its times to its duties by law. `model` puts them together.

The line under a field is its description in the JSON Schema, for the person who fills it in. States: lightest first.
"""

from typing import Literal

from pydantic import Field

from crisiscomms.fields import Email, Model, PackName, Slug, Text, When

ComponentState = Literal["operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage"]


class Times(Model):
    """When it happened."""

    noticed: When
    """When we noticed."""
    started: When | None = None
    """When it began. Leave it out while nobody knows."""
    contained: When | None = None
    """When it stopped spreading, or could do no more harm."""
    fixed: When | None = None
    """When it worked again, for everyone."""


class Responsibility(Model):
    """Whose doing it was."""

    level: Literal["ours", "shared", "not-ours", "unknown"]
    """ours, shared, not-ours, or unknown while nobody can say."""
    statement: Text | None = None
    """What we did or left undone, in one sentence that begins with "We"."""
    duty: Text | None = None
    """What our duty was, when it was not our doing."""


class Picture(Model):
    """A picture, with its words for those who cannot see it."""

    file: str
    """The file, from the folder of the record."""
    alt: Text
    """What the picture shows, in a sentence."""


class Product(Model):
    """A product that people can hold."""

    name: Text
    """Its name, as on the box."""
    model: str | None = None
    """Its model number."""
    lots: tuple[str, ...] = ()
    """The lots or batches."""
    where_to_find: Text | None = None
    """Where the numbers stand on it."""
    sold_from: When | None = None
    """The first day of sale."""
    sold_to: When | None = None
    """The last day of sale."""
    sold_by: Text | None = None
    """Who sold it."""
    picture: Picture | None = None
    """A picture that helps people to tell it."""


class NotAffected(Model):
    """Something that people may fear, and that did not happen."""

    text: Text
    """What was not affected."""
    how_we_know: Text | None = None
    """How we know. Without this it is a hope."""


class Affected(Model):
    """What and who is touched, and what is not."""

    who: Text | None = None
    """Who is affected, in plain words."""
    components: dict[str, ComponentState] = Field(default_factory=dict)
    """Components of the workspace and their state."""
    regions: tuple[Text, ...] = ()
    """Where."""
    data_types: tuple[Text, ...] = ()
    """Which kinds of data, for a breach."""
    products: tuple[Product, ...] = ()
    """Which products, for a recall."""
    not_affected: tuple[NotAffected, ...] = ()
    """What is certain not to be affected."""


class Impact(Model):
    """What it did to one audience."""

    audience: str
    """The audience, by its name."""
    effect: Text
    """What happened to them, in their terms."""
    felt: Text | None = None
    """What that means for them. One sentence that shows we understand."""
    opening: Text | None = None
    """The first words of their letter, once it is resolved: their figure, our failure, and that we are sorry."""
    private: bool = False
    """true: for this audience only, never on a page."""


class Cause(Model):
    """Why it happened."""

    state: Literal["unknown", "suspected", "confirmed"]
    """A suspected cause is for the team and is not printed."""
    confirmed_at: When | None = None
    """When we were sure."""
    plain: Text | None = None
    """The cause, so that a neighbour would understand it."""


class Unknown(Model):
    """A question that is still open."""

    question: Text
    """What we do not know yet."""
    expected_by: When | None = None
    """When we expect to know."""


class Action(Model):
    """Something we did or will do about it."""

    kind: Literal["contain", "fix", "prevent"]
    """contain: stop the harm. fix: make it work. prevent: keep it from coming back."""
    text: Text
    """What we did, or what we will do."""
    done: When | None = None
    """When it was done."""
    due: When | None = None
    """When it will be done."""
    owner: Text | None = None
    """Who sees to it."""


class DoNow(Model):
    """What readers should do. "Nothing" counts."""

    audience: str
    """The audience, by its name."""
    text: Text
    """What to do, as you would say it on the phone."""
    private: bool = False
    """true: for this audience only, never on a page."""


class Repair(Model):
    """What we owe, and how people get it."""

    audience: str
    """The audience, by its name."""
    kind: Literal["refund", "credit", "replacement", "service", "gesture"]
    """What sort of repair."""
    what: Text
    """What people get."""
    how: Text | None = None
    """What they have to do for it. Best: nothing."""
    by: When | None = None
    """By when they have it."""
    done: When | None = None
    """When everybody had it. A person says so, never the clock."""
    private: bool = False
    """true: for this audience only, never on a page."""


class Promise(Model):
    """Something we said we would do by a time."""

    id: Slug
    """A short name. Texts cite its time as $promises.NAME.due."""
    text: Text
    """The promise, as readers see it."""
    due: When
    """By when."""
    owner: Text
    """The person who keeps it."""
    kept: When | None = None
    """When it was kept. A person says so, never the clock."""
    broken: When | None = None
    """When we said that we will not keep it. A person says so, never the clock."""


class Question(Model):
    """A question that people ask."""

    ask: Text
    """The question in their words."""
    answer: Text
    """The answer."""


class Rumour(Model):
    """Something false that people say."""

    claim: Text
    """The claim, as it goes round."""
    answer: Text
    """What is true."""


class Feedback(Model):
    """How readers answer us."""

    question: Text
    """What we ask them."""
    channel: Email
    """Where their answers go. A person reads it."""
    read_by: str
    """The person who reads the answers."""
    closes: When | None = None
    """Until when."""


class Signature(Model):
    """Who signs."""

    name: str
    """The person's name."""
    role: Text
    """What they are in the organisation."""


class Officer(Model):
    """A person with a duty by law."""

    name: str
    """The person's name."""
    email: Email
    """Their address."""


class Regulation(Model):
    """A duty by law, and its clock."""

    pack: PackName
    """Which set of rules."""
    applies: bool
    """Whether it applies. A lawyer decides."""
    clock_start: When | None = None
    """When its clock began."""
    starts: dict[Slug, When] = Field(default_factory=dict)
    """When its other clocks began, by what starts them."""
    filed_at: When | None = None
    """When it was filed. Of several reports: the first."""
    filed: dict[Slug, When] = Field(default_factory=dict)
    """When each report was filed, by its name."""
    audiences: tuple[str, ...] = ()
    """Who it is about, where another law wants other words for others. everyone: whatever is public."""
    answers: dict[Slug, str] = Field(default_factory=dict)
    """What the law asks and no other field holds. For the team."""
    reference: str | None = None
    """The authority's reference."""
    data_protection_officer: Officer | None = None
    """Who answers for data protection."""
    likely_consequences: Text | None = None
    """What may happen to the people affected."""


class Care(Model):
    """What was done for people before anything was published. For the team."""

    told_first: str | None = None
    """Who was hurt or is in danger and heard it from us before the public, from whom, and when."""
    marketing_paused: When | None = None
    """When advertising and planned posts were stopped."""


class Silence(Model):
    """A finding that the team has read and accepts."""

    code: str
    """The code of the finding."""
    reason: str
    """Why it is right here. Everyone who reviews sees it."""
