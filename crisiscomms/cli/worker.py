"""`crisiscomms worker`: help sending, on any number of machines that share the ledger's database."""

import logging
import sys
from typing import Annotated

import typer

from crisiscomms.cli.app import Folder, app, guarded


@app.command()
@guarded
def worker(
    folder: Folder = None,
    hands: Annotated[int, typer.Option("--hands", min=1, max=32, help="How many channels to serve at once.")] = 4,
    until_done: Annotated[bool, typer.Option("--until-done", help="Stop when nothing is left to do now.")] = False,
) -> int:
    """Send what publish puts into the shared ledger, until stopped. Start one on each machine; kill any of them at any time.

    Needs a ledger in PostgreSQL (see: crisiscomms ledger move), this workspace's settings, and its secrets.

    Example: crisiscomms worker
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import say
    from crisiscomms.delivery.anchors import refuse_older
    from crisiscomms.errors import CrisiscommsError, UsageError

    room = open_room(folder)
    if room.rehearsal or not isinstance(room.ledger_place, str):
        raise UsageError(
            "this workspace's ledger is a file, which one machine uses alone",
            why="There is nothing that a worker could share.",
            fix="Move it first: crisiscomms ledger move postgresql://USER@HOST/NAME",
        )
    try:
        from crisiscomms.delivery.hands import Hands
        from crisiscomms.delivery.jobs import ensure_tables, run_worker
    except ImportError as error:
        raise CrisiscommsError(
            "workers need a package that is not installed", fix='Install it: pip install "crisiscomms[postgres]"'
        ) from error
    refuse_older(room)
    ensure_tables(room.ledger)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    for library in ("procrastinate", "psycopg.pool"):  # what happens is said by us, once and in words
        logging.getLogger(library).setLevel(logging.CRITICAL)
    say(f"Working for {room.workspace.settings.organisation.name}. Stop with Ctrl-C; what is begun is finished first.")
    sys.stdout.flush()  # into a log at once
    run_worker(room.ledger, Hands(room.workspace), concurrency=hands, until_done=until_done)
    return 0
