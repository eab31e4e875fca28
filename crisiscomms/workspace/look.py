"""How the site looks: what a workspace may set of it, refused where words could not be read."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from crisiscomms.fields import Model, wrong
from crisiscomms.workspace.colours import OWN, SCHEMES, faint, is_colour, palette

_FONTS = re.compile(r"[\w \"',.-]+")


class Shade(Model):
    """One colour, in light and in dark."""

    light: str
    """On a light ground, as #0e5261."""
    dark: str | None = None
    """On a dark ground. Left out: the nearest shade of it that can be read there."""

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, given: Any) -> Any:
        return {"light": given} if isinstance(given, str) else given

    @field_validator("light", "dark")
    @classmethod
    def _colour(cls, given: str | None) -> str | None:
        if given is not None and not is_colour(given):
            raise wrong("colour", f'"{given}" is not a colour as we read them. Write it as #0e5261')
        return given


class Look(Model):
    """The organisation's own look."""

    logo: str | None = None
    """A picture beside the name: an SVG, PNG or WebP file of at most 4 kB in the workspace."""
    accent: Shade | None = None
    """The colour of links and marks."""
    ink: Shade | None = None
    """The colour of words."""
    paper: Shade | None = None
    """The colour of the page."""
    text_font: str | None = Field(default=None, max_length=200)
    """The names of fonts for text, as in CSS. Readers need to have them: nothing is loaded."""
    title_font: str | None = Field(default=None, max_length=200)
    """The names of fonts for titles."""

    KINDS: ClassVar[tuple[str, ...]] = (".svg", ".png", ".webp")

    @field_validator("text_font", "title_font")
    @classmethod
    def _fonts(cls, given: str | None) -> str | None:
        if given is not None and (not _FONTS.fullmatch(given) or given.count('"') % 2 or given.count("'") % 2):
            raise wrong("fonts", 'is not a list of fonts. Write their names with commas: "Source Sans 3", sans-serif')
        return given

    @field_validator("logo")
    @classmethod
    def _logo(cls, given: str | None) -> str | None:
        if given is not None and not given.lower().endswith(cls.KINDS):
            raise wrong("logo", f"should be a file that ends in {', '.join(cls.KINDS)}")
        return given

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for weak in faint(self.colours):
            raise wrong(
                "contrast",
                f"{weak.name} {weak.colour} cannot be read in the {weak.scheme} scheme: it stands out from {weak.against} "
                f"by {weak.contrast:.1f} to 1, and people need 4.5. The nearest colour that can be read is {weak.nearest}",
            )
        return self

    @property
    def colours(self) -> dict[str, dict[str, str]]:
        """The colours that are set, by scheme and name."""
        found: dict[str, dict[str, str]] = {scheme: {} for scheme in SCHEMES}
        for name in OWN:
            shade = getattr(self, name)
            for scheme in SCHEMES:
                if shade and getattr(shade, scheme):
                    found[scheme][name] = getattr(shade, scheme).lower()
        return found

    @property
    def style(self) -> str:
        """The colours and fonts as CSS, by the names that our style calls them: for light, for dark, for paper."""
        lines = []
        for scheme, colours in palette(self.colours).items():
            named = "".join(f"--{name}:{colour};" for name, colour in colours.items())
            rule = f":root{{{named}}}"
            lines.append(f"@media (prefers-color-scheme:{scheme}){{{rule}}}\n" if scheme == "dark" else f"{rule}\n")
        fonts = (("words", self.text_font), ("titles", self.title_font))
        if named := "".join(f"--{name}:{font};" for name, font in fonts if font):
            lines.append(f":root:root{{{named}}}\n")
        return "".join(lines)
