"""The whole site as files: the same incidents, words, layouts and clock give the same bytes.

The clock is passed in, and tells one thing only: which open promises are late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from markupsafe import Markup

from crisiscomms.messages.languages import Voice
from crisiscomms.messages.model import SiteContent
from crisiscomms.record import CLOSED
from crisiscomms.website.assets import Assets
from crisiscomms.website.content import own_links, stamped
from crisiscomms.website.feed import build_feed
from crisiscomms.website.layouts import Layouts
from crisiscomms.website.speech import Speech
from crisiscomms.website.trees import Leaf, Tree
from crisiscomms.workspace import Workspace

#: How many addresses one sitemap holds.
_ADDRESSES = 2000


def build_site(
    workspace: Workspace,
    contents: Sequence[SiteContent],
    voices: Mapping[str, Voice],
    *,
    layouts: Path,
    now: datetime,
    overrides: Path | None = None,
    rehearsal: bool = False,
    corrected: Mapping[str, datetime] | None = None,
) -> dict[str, bytes]:
    """Return every file of the site by its path below the root.

    `contents` are all published incidents in all languages, `layouts` our page layouts, `overrides` a workspace's
    own, `corrected` when each incident is published, for content that waits for it. Raises InvalidInput where a
    layout or the logo cannot be used, and ValueError where a time of publication is missing.
    """
    filled = [stamped(c, corrected or {}, voices.get(c.words_language, voices[c.language])) for c in contents]
    ordered = sorted(
        filled, key=lambda content: (datetime.fromisoformat(content.first_at), content.incident), reverse=True
    )
    languages = workspace.settings.organisation.languages
    trees = [
        Tree(Speech(voices[language]), "" if n == 0 else f"{language}/", _in(language, ordered), workspace, now)
        for n, language in enumerate(languages)
    ]
    found = Layouts(layouts, overrides)
    assets = Assets(workspace, found, ordered)
    return dict(sorted(_Site(workspace, trees, found, assets, rehearsal=rehearsal).files().items()))


def _in(language: str, contents: Iterable[SiteContent]) -> tuple[SiteContent, ...]:
    return tuple(content for content in contents if content.language == language)


class _Site:
    """Renders the trees into files."""

    def __init__(
        self, workspace: Workspace, trees: Sequence[Tree], layouts: Layouts, assets: Assets, *, rehearsal: bool
    ) -> None:
        self.organisation = workspace.settings.organisation
        self.address = workspace.settings.site.url.rstrip("/")
        self.trees, self.layouts, self.assets, self.rehearsal = trees, layouts, assets, rehearsal
        self.leaves = {tree.prefix: list(tree.leaves()) for tree in trees}
        self.paths = {prefix: {leaf.path for leaf in leaves} for prefix, leaves in self.leaves.items()}
        self.known = {prefix + path for prefix, paths in self.paths.items() for path in paths} | set(assets.files)

    def files(self) -> dict[str, bytes]:
        """Return every file."""
        files = dict(self.assets.files)
        for tree in self.trees:
            for leaf in self.leaves[tree.prefix]:
                folder = tree.prefix + leaf.path
                files[f"{folder}index.html"] = self._page(tree, leaf, "../" * folder.count("/") or "./")
                if leaf.page:
                    files[f"{folder}index.md"] = leaf.page.markdown.encode()
            files |= self._feeds(tree)
        files["404.html"] = self._lost()
        files |= self._sitemaps()
        allowed = "Disallow: /" if self.rehearsal else f"Allow: /\n\nSitemap: {self.address}/sitemap.xml"
        files["robots.txt"] = f"User-agent: *\n{allowed}\n".encode()
        return files

    def _lost(self) -> bytes:
        """Return the page for lost readers, in all languages. It is served at any depth, so its links count from the root."""
        first = self.trees[0]
        title, words = first.speech.plain("not_found_title"), first.speech.plain("not_found")
        leaf = Leaf("404", "404.html", title, words, {"trees": self.trees})
        return self._page(first, leaf, f"{urlsplit(self.address).path}/")

    def _sitemaps(self) -> Iterator[tuple[str, bytes]]:
        every = [(tree, leaf) for tree in self.trees for leaf in self.leaves[tree.prefix]]
        chunks = [every[n : n + _ADDRESSES] for n in range(0, len(every), _ADDRESSES)]
        names = ["sitemap.xml"] if len(chunks) == 1 else [f"sitemap-{n}.xml" for n in range(1, len(chunks) + 1)]
        for name, leaves in zip(names, chunks, strict=True):
            yield name, self._sitemap(leaves=leaves, sitemaps=[])
        if len(chunks) > 1:
            yield "sitemap.xml", self._sitemap(leaves=[], sitemaps=names)

    def _sitemap(self, **given: object) -> bytes:
        return self.layouts.render("sitemap.xml.j2", {"address": self.address, **given})

    def _feeds(self, tree: Tree) -> Iterator[tuple[str, bytes]]:
        speech, name = tree.speech, self.organisation.name
        every: list[tuple[str, str, tuple[SiteContent, ...]]] = [
            # Fifty old incidents in a feed would be fifty pieces of news to whoever reads it.
            ("", speech.plain("name", organisation=name), tuple(one for one in tree.contents if not one.past))
        ]
        every += [(f"incidents/{content.incident}/", content.title, (content,)) for content in tree.contents]
        for folder, title, contents in every:
            shown = f"{speech.plain('rehearsal_mark')}: {title}" if self.rehearsal else title
            path, home = f"{folder}feed.atom", f"{self.address}/{tree.prefix}"
            yield (
                tree.prefix + path,
                build_feed(contents, language=speech.language, title=shown, author=name, home=home, path=path),
            )

    def _page(self, tree: Tree, leaf: Leaf, root: str) -> bytes:
        """Render one page. `root` leads from it to the site's root."""
        here = {t.speech: f"{t.prefix}{leaf.path}" for t in self.trees if leaf.path in self.paths[t.prefix]}
        context = {
            **leaf.given,
            "speech": tree.speech,
            "say": tree.speech.say,
            "leaf": leaf,
            "root": root,
            "home": root + tree.prefix,
            "canonical": f"{self.address}/{tree.prefix}{leaf.path}",
            "address": self.address,
            "alternates": here if len(here) > 1 else {},
            "languages": [(t.speech, root + here.get(t.speech, t.prefix)) for t in self.trees],
            "organisation": self.organisation,
            "assets": self.assets,
            "rehearsal": self.rehearsal,
            "ours": lambda body: own_links(Markup(body), self.address, root, self.known),  # noqa: S704 -- clean already
            "closed": CLOSED,
        }
        return self.layouts.render(f"{leaf.layout}.html.j2", context)
