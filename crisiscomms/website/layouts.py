"""The page layouts: found by name, a workspace's own first, and what is said when one cannot be used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from crisiscomms.errors import Finding, InvalidInput, Place, Severity, did_you_mean, relative
from crisiscomms.messages.templates import compiled

_SUFFIXES = (".j2", ".css")


class Layouts:
    """Our layouts in a folder, and a workspace's own laid over them."""

    def __init__(self, ours: Path, own: Path | None) -> None:
        if own and (unknown := list(_unknown(ours, own))):
            raise InvalidInput(unknown)
        self._folders = [own, ours] if own else [ours]
        self._environment = _environment(ours, own)

    def render(self, name: str, context: Mapping[str, Any]) -> bytes:
        """Render a layout. Raises InvalidInput that names the layout and its line."""
        try:
            return self._environment.get_template(name).render(context).encode()
        except TemplateError as error:
            raise _unusable(name, error) from error

    def asset(self, name: str) -> bytes:
        """Return a file that is served as it is: the workspace's own, else ours."""
        found = next(folder / name for folder in self._folders if (folder / name).is_file())
        return found.read_bytes()


@lru_cache(maxsize=8)
def _environment(ours: Path, own: Path | None) -> Environment:
    """Return the layouts, compiled once. The workspace's own come first, and bring the sandbox, which takes its time."""
    kind = ImmutableSandboxedEnvironment if own else Environment
    return kind(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in ([own, ours] if own else [ours])]),
        bytecode_cache=compiled("sandboxed" if own else "layouts", Path(__file__)),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _unknown(ours: Path, own: Path) -> Iterator[Finding]:
    """Yield the workspace's files that nothing would ever use: neither ours by name nor named by another of its own."""
    known = {path.name for path in ours.iterdir()}
    files = [path for path in sorted(own.iterdir()) if path.suffix in _SUFFIXES]
    words = {path: path.read_text(encoding="utf-8") for path in files}
    for path in files:
        named = any(
            re.search(rf"[\"']{re.escape(path.name)}[\"']", text) for other, text in words.items() if other != path
        )
        if path.name not in known and not named:
            yield Finding(
                "layout",
                Severity.ERROR,
                Place(relative(path)),
                f'there is no layout "{path.name}".{did_you_mean(path.name, known)}',
                "It would never be used, and readers would see ours.",
                f"Call it one of {', '.join(sorted(known))}, or remove it.",
            )


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
