"""`crisiscomms init`: a workspace to start from."""

import re
import shlex
from pathlib import Path
from typing import Annotated

import typer

from crisiscomms.cli.app import Json, app, guarded

_IGNORED = "# What must not end up in git: people, secrets, and what was sent.\nlists/\nsecrets/\nrehearsal/\noutbox/\nmemos/\npublic\n.*-releases/\nserver/\n.public-cards/\n.public-pieces/\n*.db\n*.db-shm\n*.db-wal\n.*.lock\n"


@app.command()
@guarded
def init(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where. Default: here.")] = Path(),
    example: Annotated[
        bool, typer.Option("--example", help="Copy a whole example: three incidents of a payment company.")
    ] = False,
    name: Annotated[str, typer.Option("--name", help="Your organisation's name.")] = "Your organisation",
    url: Annotated[str, typer.Option("--url", help="Its website.")] = "https://example.com",
    timezone: Annotated[str, typer.Option("--timezone", help="Its time zone, such as Europe/Berlin.")] = "UTC",
    language: Annotated[str, typer.Option("--language", help="The language records are written in.")] = "en",
    as_json: Json = False,
) -> int:
    """Make a workspace: settings, folders, and a .gitignore that keeps people and secrets out of git.

    Example: crisiscomms init my-status --name "Northwind Pay" --timezone Europe/Berlin
    """
    from crisiscomms.cli.words import done
    from crisiscomms.errors import UsageError, relative
    from crisiscomms.workspace import FILE, read_workspace

    if (folder / FILE).exists():
        raise UsageError(
            f"{relative(folder / FILE)} is there already", why="Nothing was changed.", fix="Choose another folder."
        )
    settings = "" if example else _settings(name, url, timezone, language)
    folder.mkdir(parents=True, exist_ok=True)
    if example:
        _copy_example(folder)
    else:
        (folder / FILE).write_text(settings, encoding="utf-8")
        for inside in ("incidents", "lists"):
            (folder / inside).mkdir(exist_ok=True)
    (folder / ".gitignore").write_text(_IGNORED, encoding="utf-8")
    (folder / "incident.schema.json").write_text(_schema(), encoding="utf-8")
    read_workspace(folder)
    verb = "crisiscomms publish --rehearsal" if example else "crisiscomms new ID --call"
    next_ = verb if folder == Path() else f"{verb} -C {shlex.quote(str(folder))}"
    done("init", [f"Written: {relative(folder)}", f"Next: {next_}"], as_json=as_json, folder=str(folder), next=next_)
    return 0


def _copy_example(folder: Path) -> None:
    import shutil
    from importlib.resources import files

    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(str(files("crisiscomms") / "examples"), folder, dirs_exist_ok=True, ignore=ignore)


def _settings(name: str, url: str, timezone: str, language: str) -> str:
    """Return the text of a new `crisiscomms.toml`. Raises UsageError for what could not be read back."""
    import json

    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from crisiscomms.errors import UsageError
    from crisiscomms.fields import zone_of
    from crisiscomms.messages.templates import packaged

    try:
        zone_of(timezone)
    except ValueError as error:
        raise UsageError(
            f"--timezone: {error}", why="Nothing was written.", fix="For example: Europe/Berlin"
        ) from error
    known = sorted(path.name for path in packaged("templates").iterdir() if (path / "words.toml").is_file())
    if language not in known:
        raise UsageError(
            f'there are no words in "{language}" yet',
            why="Nothing was written.",
            fix=f"Use one of: {', '.join(known)}.",
        )
    if not re.fullmatch(r"https?://[^\s@<>\"/]+/?", url):
        raise UsageError(
            f'"{url}" is not an address', why="Nothing was written.", fix="For example: https://northwind.example"
        )
    environment = Environment(
        loader=FileSystemLoader(packaged("templates") / "records"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 -- this is TOML
    )
    environment.filters["toml"] = lambda text: json.dumps(text, ensure_ascii=False)
    host = url.rsplit("//", maxsplit=1)[-1].strip("/")
    template = environment.get_template("crisiscomms.toml.j2")
    settings = template.render(name=name, url=url, host=host, timezone=timezone, language=language)
    _try(settings)
    return settings


def _try(settings: str) -> None:
    """Read settings as a workspace would. Raises UsageError with the first thing that it would refuse."""
    from tempfile import TemporaryDirectory

    from crisiscomms.errors import InvalidInput, UsageError
    from crisiscomms.workspace import FILE, read_workspace

    with TemporaryDirectory() as draft:
        (Path(draft) / FILE).write_text(settings, encoding="utf-8")
        try:
            read_workspace(Path(draft))
        except InvalidInput as error:
            refused = error.findings[0]
            raise UsageError(refused.message, why="Nothing was written.", fix=refused.fix) from error


def _schema() -> str:
    import json

    from crisiscomms.record.schema import record_schema

    return json.dumps(record_schema(), ensure_ascii=False, indent=2) + "\n"
