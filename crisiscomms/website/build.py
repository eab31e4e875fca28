"""The whole site as files: the same incidents, words and layouts give the same bytes. Nothing here reads a clock."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from crisiscomms.errors import Finding, InvalidInput, Place, Severity, relative
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.model import Page, PromiseLine, SiteContent
from crisiscomms.record import CLOSED
from crisiscomms.website.content import own_links, shaped, stamped
from crisiscomms.website.feed import build_feed
from crisiscomms.website.speech import Speech
from crisiscomms.workspace import Workspace

_SEVERITIES = ("critical", "major", "minor")
_STATES = ("operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage")
#: How many incidents that are over the front page shows. History has them all.
_RECENT = 10


def build_site(
    workspace: Workspace,
    contents: Sequence[SiteContent],
    voices: Mapping[str, Voice],
    *,
    layouts: Path,
    overrides: Path | None = None,
    rehearsal: bool = False,
    corrected: Mapping[str, datetime] | None = None,
) -> dict[str, bytes]:
    """Return every file of the site by its path below the root.

    `contents` are all published incidents in all languages, `layouts` our page layouts, `overrides` a workspace's
    own, `corrected` when each incident is published, for content that waits for it. Raises InvalidInput where a
    layout cannot be used, and ValueError where a time of publication is missing.
    """
    filled = [stamped(c, corrected or {}, voices.get(c.words_language, voices[c.language])) for c in contents]
    ordered = sorted(
        filled, key=lambda content: (datetime.fromisoformat(content.first_at), content.incident), reverse=True
    )
    languages = workspace.settings.organisation.languages
    trees = [
        _Tree(Speech(voices[language]), "" if n == 0 else f"{language}/", _in(language, ordered), workspace)
        for n, language in enumerate(languages)
    ]
    return dict(sorted(_Site(workspace, trees, layouts, overrides, rehearsal=rehearsal).files().items()))


def _in(language: str, contents: Iterable[SiteContent]) -> tuple[SiteContent, ...]:
    return tuple(content for content in contents if content.language == language)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One page: its layout, its path below its language's root, and what the layout is given besides."""

    layout: str
    path: str
    title: str
    description: str
    given: Mapping[str, Any] = field(default_factory=dict)
    content: SiteContent | None = None
    page: Page | None = None


@dataclass(frozen=True)
class _Tree:
    """One language of the site. `prefix` is its folder, `contents` its incidents, newest first."""

    speech: Speech
    prefix: str
    contents: tuple[SiteContent, ...]
    workspace: Workspace

    def leaves(self) -> Iterator[_Leaf]:
        """Yield every page of this language."""
        speech, name = self.speech, self.workspace.settings.organisation.name
        yield self._front(name)
        yield _Leaf(
            "promises", "promises/", speech.plain("promises_title"), speech.plain("promises_intro"), self._promises()
        )
        months = [
            (month, list(group)) for month, group in groupby(self.contents, key=lambda c: speech.month(c.first_at))
        ]
        yield _Leaf(
            "history", "history/", speech.plain("history_title"), speech.plain("history_intro"), {"months": months}
        )
        for content in self.contents:
            for page in content.pages:
                yield _Leaf(page.kind, page.path, page.title, page.description, {}, content, page)

    def _front(self, name: str) -> _Leaf:
        now = [content for content in self.contents if content.status not in CLOSED]
        now.sort(key=lambda content: _SEVERITIES.index(content.severity))
        past = [content for content in self.contents if content.status in CLOSED][:_RECENT]
        title = now[0].title if len(now) == 1 else self.speech.plain("open_title" if now else "calm_title")
        given = {"now": now, "past": past, "components": self._components(now)}
        return _Leaf("front", "", title, self.speech.plain("purpose", organisation=name), given)

    def _promises(self) -> dict[str, list[tuple[PromiseLine, SiteContent]]]:
        """Return the promises that are open, the next due first, and those that are kept, the latest first."""
        lines = [(line, content) for content in self.contents for line in content.promises]
        pending = sorted(
            (pair for pair in lines if not pair[0].kept), key=lambda pair: self.speech.when(pair[0].due).at
        )
        kept = sorted(
            (pair for pair in lines if pair[0].kept),
            key=lambda pair: self.speech.when(pair[0].kept or "").at,
            reverse=True,
        )
        return {"pending": pending, "kept": kept}

    def _components(self, now: Iterable[SiteContent]) -> list[tuple[str, str]]:
        """Return all parts of the service with their worst state. None where nothing is wrong with any."""
        worst: dict[str, str] = {}
        for name, state in (pair for content in now for pair in content.components):
            worst[name] = max(state, worst.get(name, state), key=_STATES.index)
        if set(worst.values()) <= {"operational"}:
            return []
        found = []
        for component in self.workspace.settings.site.components:
            # An incident that is not translated knows the part by its name in another language.
            states = [worst.pop(words) for _, words in component.name if words in worst]
            found.append(
                (component.name.told(self.speech.language)[0], max(states, default="operational", key=_STATES.index))
            )
        return [*found, *worst.items()]


class _Site:
    """Renders the trees into files."""

    def __init__(
        self, workspace: Workspace, trees: Sequence[_Tree], layouts: Path, overrides: Path | None, *, rehearsal: bool
    ) -> None:
        self.organisation = workspace.settings.organisation
        self.address = workspace.settings.site.url.rstrip("/")
        self.trees, self.rehearsal = trees, rehearsal
        self.environment = _environment(layouts, overrides)
        self.assets = dict(_asset(name, layouts, overrides) for name in ("style.css", "icon.svg"))
        self.style, self.icon = self.assets
        self.leaves = {tree.prefix: list(tree.leaves()) for tree in trees}
        self.paths = {prefix: {leaf.path for leaf in leaves} for prefix, leaves in self.leaves.items()}
        self.pictures = _pictures(content for tree in trees for content in tree.contents)
        self.known = {prefix + path for prefix, paths in self.paths.items() for path in paths} | set(self.pictures)

    def files(self) -> dict[str, bytes]:
        """Return every file."""
        files = {**self.assets, **self.pictures}
        for tree in self.trees:
            for leaf in self.leaves[tree.prefix]:
                folder = tree.prefix + leaf.path
                files[f"{folder}index.html"] = self._page(tree, leaf, "../" * folder.count("/") or "./")
                if leaf.page:
                    files[f"{folder}index.md"] = leaf.page.markdown.encode()
            files |= self._feeds(tree)
        first = self.trees[0]
        lost = _Leaf(
            "404",
            "404.html",
            first.speech.plain("not_found_title"),
            first.speech.plain("not_found"),
            {"trees": self.trees},
        )
        files["404.html"] = self._page(first, lost, f"{urlsplit(self.address).path}/")
        everywhere = [(tree, leaf) for tree in self.trees for leaf in self.leaves[tree.prefix]]
        files["sitemap.xml"] = self._render("sitemap.xml.j2", {"address": self.address, "leaves": everywhere})
        allowed = "Disallow: /" if self.rehearsal else f"Allow: /\n\nSitemap: {self.address}/sitemap.xml"
        files["robots.txt"] = f"User-agent: *\n{allowed}\n".encode()
        return files

    def _feeds(self, tree: _Tree) -> Iterator[tuple[str, bytes]]:
        speech, name = tree.speech, self.organisation.name
        every: list[tuple[str, str, tuple[SiteContent, ...]]] = [
            ("", speech.plain("name", organisation=name), tree.contents)
        ]
        every += [(f"incidents/{content.incident}/", content.title, (content,)) for content in tree.contents]
        for folder, title, contents in every:
            shown = f"{speech.plain('rehearsal_mark')}: {title}" if self.rehearsal else title
            path, home = f"{folder}feed.atom", f"{self.address}/{tree.prefix}"
            yield (
                tree.prefix + path,
                build_feed(contents, language=speech.language, title=shown, author=name, home=home, path=path),
            )

    def _page(self, tree: _Tree, leaf: _Leaf, root: str) -> bytes:
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
            "style": self.style,
            "icon": self.icon,
            "rehearsal": self.rehearsal,
            "ours": lambda body: own_links(Markup(body), self.address, root, self.known),  # noqa: S704 -- clean already
            "closed": CLOSED,
        }
        if leaf.page:
            context["shape"] = shaped(leaf.page.html, leaf.page.title)
        return self._render(f"{leaf.layout}.html.j2", context)

    def _render(self, name: str, context: Mapping[str, Any]) -> bytes:
        try:
            return self.environment.get_template(name).render(context).encode()
        except TemplateError as error:
            raise _unusable(name, error) from error


@lru_cache(maxsize=8)
def _environment(layouts: Path, overrides: Path | None) -> Environment:
    """Return the layouts, compiled once. The workspace's own come first, and bring the sandbox, which takes its time."""
    folders = [overrides, layouts] if overrides else [layouts]
    kind = ImmutableSandboxedEnvironment if overrides else Environment
    return kind(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _asset(name: str, layouts: Path, overrides: Path | None) -> tuple[str, bytes]:
    """Return an asset with its digest in its name, so that browsers may keep it for ever."""
    own = overrides / name if overrides else None
    body = (own if own and own.is_file() else layouts / name).read_bytes()
    stem, _, suffix = name.partition(".")
    return f"assets/{stem}.{hashlib.sha256(body).hexdigest()[:8]}.{suffix}", body


def _pictures(contents: Iterable[SiteContent]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for picture in (picture for content in contents for picture in content.pictures):
        body = base64.b64decode(picture.body)
        if found.setdefault(picture.path, body) != body:
            raise ValueError(f"two pictures want to stand at {picture.path}")
    return found


def _unusable(name: str, error: TemplateError) -> InvalidInput:
    """Name the layout and the line that cannot be used."""
    file, line = name, 0
    if isinstance(error, TemplateSyntaxError):
        file, line = error.filename or name, error.lineno
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename.endswith(".j2"):
            file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    place = Place(relative(Path(file)) if "/" in file else file, line)
    problem, fix = f"this layout cannot be used: {error.message}", "Correct the layout, or remove it to use ours."
    return InvalidInput([Finding("layout", Severity.ERROR, place, problem, "The site cannot be built.", fix)])
