"""The kinds of value that the workspace and the record share: texts, times, spans of time, figures, addresses.

YAML and TOML hand us strings; each type here reads one, and explains itself when it cannot.
What a string means may depend on the organisation (its zone, its first language): see `Reading`.
"""

from crisiscomms.fields.base import Flaw, Model, Reading, plain, shown, wrong
from crisiscomms.fields.moments import Span, When, zone_of
from crisiscomms.fields.numbers import Number, figure_in
from crisiscomms.fields.people import PACK, SLUG, Audience, Contact, Email, Language, PackName, Slug, Url, is_email
from crisiscomms.fields.text import LANGUAGE, PLURALS, Text, Unit, is_language

__all__ = [
    "LANGUAGE",
    "PACK",
    "PLURALS",
    "SLUG",
    "Audience",
    "Contact",
    "Email",
    "Flaw",
    "Language",
    "Model",
    "Number",
    "PackName",
    "Reading",
    "Slug",
    "Span",
    "Text",
    "Unit",
    "Url",
    "When",
    "figure_in",
    "is_email",
    "is_language",
    "plain",
    "shown",
    "wrong",
    "zone_of",
]
