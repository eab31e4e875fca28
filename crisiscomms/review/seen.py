"""Messages as their readers see them, with where their words come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crisiscomms.review.context import Case


@dataclass(frozen=True)
class Seen:
    """One message as its readers see it. `template` is where its words come from."""

    kind: str
    language: str
    text: str
    audience: str | None
    template: str

    @property
    def name(self) -> str:
        """What the message is called in findings."""
        return f"{self.kind} ({self.language}{', ' + self.audience if self.audience else ''})"


def seen(case: Case) -> Iterator[Seen]:
    """Yield every message of a case, each in the languages that the record is in."""
    assert case.composed  # noqa: S101 -- the caller asked
    messages = case.composed.messages
    for content in messages.site:
        if content.language == content.words_language:
            for page in content.pages:
                yield Seen(page.kind, content.language, page.text, None, f"{page.kind}.md.j2")
    for notice in messages.notices:
        if notice.language in case.composed.facts.languages:
            yield Seen(notice.kind, notice.language, notice.text, notice.audience, f"{notice.kind}.md.j2")
    for post in messages.posts:
        yield Seen(post.kind, post.language, post.text, None, "words.toml")
    for memo in messages.memos:
        yield Seen("memo", memo.language, memo.text, None, "memo.md.j2")
