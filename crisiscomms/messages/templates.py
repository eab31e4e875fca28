"""The templates: where the words of every message are found, and how they become prose.

Every long message is one Markdown template per language; HTML and plain text are made from the same Markdown, so they
cannot say different things. A workspace overrides any template by putting a file of the same name into its own
`templates/<language>/`.
"""

from __future__ import annotations

import hashlib
import os
import re
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
)
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

from crisiscomms.errors import Finding, InvalidInput, Place, Severity, relative
from crisiscomms.messages.languages import Voice, folders, load_words, placed
from crisiscomms.messages.prose import Md, escape, single_spaced, to_text
from crisiscomms.record.edit import yaml_text
from crisiscomms.workspace import Workspace


@cache
def packaged(name: str) -> Path:
    """Return a folder of words or layouts that comes with us: the wheel's own, else the repository's."""
    inside = Path(str(files("crisiscomms"))) / f"_{name}"
    return inside if inside.is_dir() else Path(str(files("crisiscomms"))).parent / name


def overrides(workspace: Workspace, name: str = "templates") -> Path | None:
    """Return the workspace's own folder of templates, if it has one."""
    own = workspace.folder / name
    return own if own.is_dir() else None


def voices(workspace: Workspace) -> dict[str, Voice]:
    """Return a voice for each language of the workspace. Raises InvalidInput where its words are missing."""
    found = {}
    for language in workspace.settings.organisation.languages:
        if not any(folder.is_dir() for folder in folders(language, packaged("templates"), overrides(workspace))):
            known = ", ".join(
                sorted(path.name for path in packaged("templates").iterdir() if (path / "words.toml").is_file())
            )
            place = Place(relative(workspace.folder / "crisiscomms.toml"))
            raise InvalidInput(
                [
                    Finding(
                        "unknown-language",
                        Severity.ERROR,
                        place,
                        f'there are no templates in "{language}"',
                        "Nothing can be written in that language.",
                        f"Use one of {known}, or add templates/{language}/ to the workspace.",
                    )
                ]
            )
        found[language] = Voice(
            language, workspace.zone, load_words(language, packaged("templates"), overrides(workspace))
        )
    return found


def render(name: str, voice: Voice, own: Path | None, **context: Any) -> str:
    """Render a template to Markdown. Raises InvalidInput that names the template and its line."""
    environment = _environment(voice.language, own)
    try:
        source = environment.get_template(name).render(word=voice.word, **context)
    except TemplateSyntaxError as error:
        raise _broken(error.filename or name, error.lineno, error.message or "") from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise _broken(*_where(error, name), str(error)) from error
    return re.sub(r"\n{3,}", "\n\n", source).strip() + "\n"


def render_record(template: str, /, **values: Any) -> str:
    """Render a record that a person will go on writing. A function among the values is a filter too."""
    environment = Environment(
        loader=FileSystemLoader(packaged("templates") / "records"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 -- this is YAML
    )
    environment.filters |= {"yaml": yaml_text, **{key: value for key, value in values.items() if callable(value)}}
    return environment.get_template(template).render(**values)


def page_template(name: str) -> Template:
    """Return the layout of a page for the team that stands alone: whatever is put into it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(packaged("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


@lru_cache(maxsize=32)
def _environment(language: str, own: Path | None) -> Environment:
    base = packaged("templates")
    # Our own words need no sandbox; it costs a third of the time. Those of a workspace get one.
    kind = ImmutableSandboxedEnvironment if own else Environment
    environment = kind(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in [*folders(language, base, own), base]]),
        bytecode_cache=compiled("sandboxed" if own else "words", Path(__file__)),
        undefined=StrictUndefined,
        extensions=[_KeepLineEnds],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        comment_start_string="<#",
        comment_end_string="#>",
        finalize=_finalize,
        autoescape=False,
    )
    words = load_words(language, base, own)["time"]
    environment.filters |= {
        "raw": Md,
        "join_md": lambda items: Md(" ".join(str(item) for item in items)),
        "quoted": lambda text: Md(single_spaced(str(text))),
        "upper_first": lambda text: type(text)(text[:1].upper() + text[1:]),
        "lower_first": lambda text: type(text)(text[:1].lower() + text[1:]),
        "at": lambda when: Md(placed(words, when, "at")),
        "by": lambda when: Md(placed(words, when, "by")),
        "since": lambda when: Md(placed(words, when, "since")),
        "until": lambda when: Md(placed(words, when, "until")),
    }
    return environment


def compiled(kind: str, by: Path) -> FileSystemBytecodeCache | None:
    """Return where compiled templates of a kind are kept between runs: compiling them takes longer than using them.

    `by` is the module that says how they are compiled: those of one version of it are none for another.
    """
    version = hashlib.sha256(by.read_bytes()).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crisiscomms" / version
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileSystemBytecodeCache(str(folder), f"{kind}_%s.cache") if os.access(folder, os.W_OK) else None
    except (OSError, RuntimeError):
        return None


class _KeepLineEnds(Extension):
    """Lets a line break after a tag stand where the line also holds words. Only lines of nothing but tags vanish."""

    _ONLY_TAGS = re.compile(r"\s*(?:\{%(?:(?!%\}).)*%\}\s*)+")

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Mark the ends of lines that hold words and end in a tag."""
        del name, filename
        return "\n".join(
            line + '{{ "" }}' if line.endswith("%}") and not self._ONLY_TAGS.fullmatch(line) else line
            for line in source.split("\n")
        )


def _finalize(value: Any) -> Any:
    if value is None:
        raise ValueError("something that is not known was printed; ask for it with {% if %} first")
    return value if isinstance(value, Md) else escape(value) if isinstance(value, str) else value


def _where(error: BaseException, name: str) -> tuple[str, int]:
    """Return the template and line that an error came through."""
    found = (name, 0)
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename.endswith(".j2"):
            found = (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _broken(file: str, line: int, problem: str) -> InvalidInput:
    place = Place(relative(Path(file)) if "/" in file else file, line)
    return InvalidInput(
        [
            Finding(
                "template",
                Severity.ERROR,
                place,
                f"this template cannot be used: {problem}",
                "The message cannot be written.",
                "Correct the template, or remove it to use the one that comes with crisiscomms.",
            )
        ]
    )


def mail_html(subject: str, preheader: str, language: str, body: str, direction: str = "ltr") -> str:
    """Return a whole HTML mail around its body, with its styles inlined as mail programs want them."""
    import css_inline  # noqa: PLC0415 -- only mails need it

    environment = _layout()
    page = environment.get_template("mail.html.j2").render(
        subject=subject, preheader=preheader, language=language, direction=direction, body=body
    )
    return str(css_inline.inline(page, keep_at_rules=True, keep_style_tags=True, load_remote_stylesheets=False))


@cache
def _layout() -> ImmutableSandboxedEnvironment:
    from markupsafe import Markup  # noqa: PLC0415

    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(packaged("templates")),
        bytecode_cache=compiled("mail", Path(__file__)),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clean_html"] = Markup
    return environment


def preheader(markdown: str, most: int = 110) -> str:
    """Return the first words of a mail after its greeting, for the line that mail programs show beside the subject."""
    paragraphs = [block for block in to_text(markdown).split("\n\n") if block.strip()]
    words = single_spaced(paragraphs[1]) if len(paragraphs) > 1 else ""
    return words if len(words) <= most else words[:most].rsplit(" ", 1)[0]
