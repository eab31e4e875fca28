"""The application: its verbs, and the one place where errors become words and exit codes.

Typer's help must be there at once, so every verb imports what it needs when it runs.
"""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

# Both only cost time here: colours in help, and a search through every installed package for plugins of pydantic.
os.environ.setdefault("TYPER_USE_RICH", "0")
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

import typer
from typer.core import TyperCommand, TyperGroup


class _Verbs(TyperGroup):
    """The verbs. The list of all of them needs only what `VERBS` says of each."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return every verb."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a verb, or for one that was not imported its line in the list."""
        listed = VERBS.get(cmd_name)
        return super().get_command(ctx, cmd_name) or (TyperCommand(cmd_name, help=listed[1]) if listed else None)


app = typer.Typer(
    name="crisiscomms",
    cls=_Verbs,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
)


@app.callback()
def _crisiscomms() -> None:
    """Tell people what went wrong: one record, every message, each once.

    On the worst day: crisiscomms new ID --call, then crisiscomms publish ID.
    """


Folder = Annotated[
    Path | None, typer.Option("-C", metavar="FOLDER", help="The workspace. Default: here or the nearest folder above.")
]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Incidents. Default: all that are open.")]
Rehearsal = Annotated[
    bool, typer.Option("--rehearsal", help="Play everything into files under rehearsal/. Nothing leaves this machine.")
]
Now = Annotated[
    str | None,
    typer.Option(
        "--now", metavar="TIME", help="Pretend that it is this time. Only with --rehearsal, or where nothing is sent."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs; words for people go to stderr.")]

#: What is closed when a verb ends, however it ends.
AT_END = ExitStack()

#: The verbs in the order in which help lists them: the file of each, and what the list says of it. Only the file of the
#: verb that is asked for is imported.
VERBS = {
    "init": ("init", "Make a workspace: settings, folders, and a .gitignore that keeps people and secrets out of git."),
    "new": ("new", "Write a new record."),
    "update": ("update", "Add an update to a record."),
    "import": ("bring", "Bring past incidents in from another status page. Nobody is told of them."),
    "check": ("check", "Read records and their messages as a critic would."),
    "plan": ("plan", "Show what publishing would do now."),
    "publish": ("publish", "Publish: the site, the mails, the posts."),
    "status": ("status", "Say what is out where, what comes next and when, what is late, and what is in doubt."),
    "hold": (
        "hold",
        "Stop an incident, a channel or everything before the next message, even while someone publishes.",
    ),
    "release": ("hold", "Lift a hold, and show what would go now."),
    "unlock": ("unlock", "Open a market-sensitive incident, in the name of a person."),
    "suppress": ("suppress", "Send no more mail to somebody."),
    "worker": ("worker", "Send what publish puts into the shared ledger, until stopped."),
    "schema": ("schema", "Print the JSON Schema of a record."),
    "doubt": ("doubt", "Messages that may or may not have arrived."),
    "refused": ("refused", "Messages that were refused for good."),
    "site": ("site", "The site as readers see it: its releases, one of them again, and whether all of it is there."),
    "audit": ("audit", "The trail of everything that was done."),
    "ledger": ("ledger", "What was sent: backups, and where it lives."),
}


def guarded(verb: Callable[..., int | None]) -> Callable[..., None]:
    """Turn what a verb returns or raises into an exit code, and errors into words."""

    @wraps(verb)
    def run(*args: Any, **kwargs: Any) -> None:
        from crisiscomms.errors import CrisiscommsError

        code = 0
        try:
            code = verb(*args, **kwargs) or 0
        except CrisiscommsError as error:
            from crisiscomms.cli.words import show_error

            as_json = kwargs.get("json") or kwargs.get("as_json") or kwargs.get("format_") == "json"
            show_error(error, as_json=bool(as_json))
            code = error.exit_code
        except KeyboardInterrupt:
            sys.stderr.write("\nStopped. What was sent is in the ledger: crisiscomms status\n")
            code = 130
        except BrokenPipeError:
            code = 1
        except OSError as error:
            from crisiscomms.cli.words import show_any, show_error, unwritable

            said = unwritable(error)
            code = said.exit_code if said else show_any(error)
            if said:
                show_error(said, as_json=bool(kwargs.get("json") or kwargs.get("as_json")))
        except Exception as error:  # noqa: BLE001 -- a person sees words, never a traceback
            from crisiscomms.cli.words import show_any

            code = show_any(error)
        finally:
            AT_END.close()
        raise typer.Exit(code)

    return run


def main() -> None:
    """Run the command line."""
    from importlib import import_module

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a title in Japanese is no reason to stop where nobody can show it
            stream.reconfigure(errors="backslashreplace")

    if "--debug" in sys.argv:  # with any verb, for whoever mends crisiscomms
        sys.argv.remove("--debug")
        os.environ["CRISISCOMMS_DEBUG"] = "1"
    asked = [word for word in sys.argv[1:2] if word in VERBS]
    for verb in [] if sys.argv[1:] == ["--help"] else dict.fromkeys(VERBS[word][0] for word in asked or VERBS):
        import_module(f"crisiscomms.cli.{verb}")

    app()
