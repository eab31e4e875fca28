"""What all pages of a site share, and how one page is rendered into it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from markupsafe import Markup

from crisiscomms.fields import Contact, Text
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.model import SiteContent
from crisiscomms.record import CLOSED
from crisiscomms.website.assets import Assets
from crisiscomms.website.cards import Drawer, faces
from crisiscomms.website.content import own_links
from crisiscomms.website.layouts import Layouts
from crisiscomms.website.leaves import Leaf
from crisiscomms.website.linked import Publisher, linked_data
from crisiscomms.website.speech import Speech
from crisiscomms.workspace import Workspace


class Branch(NamedTuple):
    """One language of the site. `prefix` is its folder: empty for the first language."""

    prefix: str
    speech: Speech


class Ground(NamedTuple):
    """What a site is made from besides its incidents.

    `layouts` are our page layouts, `overrides` a workspace's own, and `drawn` a folder that keeps cards.
    """

    workspace: Workspace
    voices: Mapping[str, Voice]
    layouts: Path
    overrides: Path | None = None
    drawn: Path | None = None
    rehearsal: bool = False


class Frame:
    """The organisation, the languages, the layouts and what every page shows. `mark` stands before titles of a rehearsal."""

    def __init__(self, ground: Ground) -> None:
        self.workspace, self.rehearsal = ground.workspace, ground.rehearsal
        self.organisation = ground.workspace.settings.organisation
        self.address = ground.workspace.settings.site.url.rstrip("/")
        self.layouts = Layouts(ground.layouts, ground.overrides)
        self.assets = Assets(ground.workspace, self.layouts)
        self.draw = Drawer(faces(ground.layouts / "fonts"), ground.drawn)
        languages = self.organisation.languages
        self.branches = [
            Branch("" if n == 0 else f"{language}/", Speech(ground.voices[language]))
            for n, language in enumerate(languages)
        ]
        self.mark = f"{self.branches[0].speech.plain('rehearsal_mark')}: " if ground.rehearsal else ""
        self.prefixes = {branch.speech.language: branch.prefix for branch in self.branches}

    def name(self, branch: Branch) -> str:
        """Return what the site is called in one language."""
        return self.mark + branch.speech.plain("name", organisation=self.organisation.name)

    def branch(self, language: str) -> Branch:
        """Return a language of the site."""
        return next(branch for branch in self.branches if branch.speech.language == language)

    def page(
        self,
        branch: Branch,
        leaf: Leaf,
        everywhere: Collection[str],
        known: AbstractSet[str],
        card: str | None = None,
    ) -> bytes:
        """Render one page.

        `everywhere` are the folders of the languages that have this page, `known` the paths that it may lead to, `card`
        is the path of the picture for its address.
        """
        folder = branch.prefix + leaf.path
        return self.rendered(branch, leaf, "../" * folder.count("/") or "./", everywhere, known, card)

    def lost(self) -> bytes:
        """Return the page for lost readers, in all languages. It is served at any depth, so its links count from the root."""
        first = self.branches[0]
        title, words = first.speech.plain("not_found_title"), first.speech.plain("not_found")
        leaf = Leaf("404", "404.html", title, words, {"trees": self.branches})
        return self.rendered(first, leaf, f"{urlsplit(self.address).path}/", (), frozenset(), None)

    def rendered(  # noqa: PLR0917
        self,
        branch: Branch,
        leaf: Leaf,
        root: str,
        everywhere: Collection[str],
        known: AbstractSet[str],
        card: str | None,
    ) -> bytes:
        """Render one page. `root` leads from it to the site's root."""
        here = {one.speech: f"{one.prefix}{leaf.path}" for one in self.branches if one.prefix in everywhere}
        context = {
            **leaf.given,
            "speech": branch.speech,
            "say": branch.speech.say,
            "leaf": leaf,
            "root": root,
            "home": root + branch.prefix,
            "canonical": f"{self.address}/{branch.prefix}{leaf.path}",
            "address": self.address,
            "alternates": here if len(here) > 1 else {},
            "languages": [(one.speech, root + here.get(one.speech, one.prefix)) for one in self.branches],
            "organisation": self.organisation,
            "contact": _contact(leaf.content) or self.organisation.contact,
            "assets": self.assets,
            "rehearsal": self.rehearsal,
            "ours": lambda body: own_links(Markup(body), self.address, root, known),  # noqa: S704 -- clean already
            "closed": CLOSED,
            "card": card,
            "linked": self._linked(branch, leaf),
        }
        return self.layouts.render(f"{leaf.layout}.html.j2", context)

    def _linked(self, branch: Branch, leaf: Leaf) -> Markup:
        if not (leaf.content and leaf.page):
            return Markup()
        shown = {update.anchor for update in leaf.given["part"].items}
        who = Publisher(self.organisation.name, self.organisation.url)
        return linked_data(leaf.content, leaf.page, shown, who, f"{self.address}/{branch.prefix}{leaf.path}")


def _contact(content: SiteContent | None) -> Mapping[str, str | Text | None]:
    """Return whom to talk to about an incident that has a contact of its own."""
    if content is None or not content.contact:
        return {}
    said = dict(content.contact)
    found: dict[str, str | Text | None] = {**dict.fromkeys(Contact.model_fields), **said}
    spoken = {
        name: Text(((content.words_language, said[name]),)) for name in ("hours", "replies_within") if name in said
    }
    return found | spoken
