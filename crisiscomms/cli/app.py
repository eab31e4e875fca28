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

from crisiscomms.errors import CrisiscommsError

app = typer.Typer(
    name="crisiscomms",
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

#: The file of each verb, in the order in which help names them. Only the one that is asked for is imported.
FILES = {
    "init": "init",
    "new": "new",
    "update": "update",
    "check": "check",
    "plan": "plan",
    "publish": "publish",
    "status": "status",
    "doubt": "doubt",
    "hold": "hold",
    "release": "hold",
    "suppress": "suppress",
    "worker": "worker",
    "audit": "audit",
    "ledger": "ledger",
    "schema": "schema",
}


def guarded(verb: Callable[..., int | None]) -> Callable[..., None]:
    """Turn what a verb returns or raises into an exit code, and errors into words."""

    @wraps(verb)
    def run(*args: Any, **kwargs: Any) -> None:
        code = 0
        try:
            code = verb(*args, **kwargs) or 0
        except CrisiscommsError as error:
            from crisiscomms.cli.words import show_error

            show_error(error, as_json=bool(kwargs.get("json") or kwargs.get("as_json")))
            code = error.exit_code
        except KeyboardInterrupt:
            sys.stderr.write("\nStopped. What was sent is in the ledger: crisiscomms status\n")
            code = 130
        except BrokenPipeError:
            code = 1
        except Exception:  # noqa: BLE001 -- a person sees words, never a traceback
            from crisiscomms.cli.words import show_fault

            show_fault()
            code = 1
        finally:
            AT_END.close()
        raise typer.Exit(code)

    return run


def main() -> None:
    """Run the command line."""
    from importlib import import_module

    if "--debug" in sys.argv:  # with any verb, for whoever mends crisiscomms
        sys.argv.remove("--debug")
        os.environ["CRISISCOMMS_DEBUG"] = "1"
    named = [word for word in sys.argv[1:2] if word in FILES]
    for verb in dict.fromkeys(FILES[word] for word in named or FILES):
        import_module(f"crisiscomms.cli.{verb}")

    app()
