"""Where every message stands: the addresses of an incident on the status site."""

from __future__ import annotations

from typing import NamedTuple


class Addresses(NamedTuple):
    """The addresses of one incident. `site` is the site's public address, `first` the language at its root."""

    site: str
    incident: str
    first: str

    def path(self, kind: str) -> str:
        """Return the path of a page below its language's root."""
        return f"incidents/{self.incident}/" + {"incident": "", "statement": "statement/", "faq": "faq/"}[kind]

    def _absolute(self, language: str, path: str) -> str:
        folder = "" if language == self.first else f"{language}/"
        return f"{self.site.rstrip('/')}/{folder}{path}"

    def page(self, language: str) -> str:
        """Return the incident page's address."""
        return self._absolute(language, self.path("incident"))

    def statement(self, language: str) -> str:
        """Return the statement's address."""
        return self._absolute(language, self.path("statement"))

    def faq(self, language: str) -> str:
        """Return the FAQ's address."""
        return self._absolute(language, self.path("faq"))

    def feed(self, language: str) -> str:
        """Return the address of the incident's feed."""
        return self._absolute(language, f"incidents/{self.incident}/feed.atom")

    def update(self, language: str, update: str) -> str:
        """Return the address of one update: unique to it, so that two honest posts never read alike."""
        return f"{self.page(language)}#{update}"
