"""`crisiscomms unlock`: a named person opens an incident that is market-sensitive."""

from typing import Annotated

import typer

from crisiscomms.cli.app import Folder, Json, Rehearsal, app, guarded


@app.command()
@guarded
def unlock(
    incident: Annotated[str, typer.Argument(metavar="ID", help="The incident.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who opens it. The ledger keeps the name.")],
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why now.")] = "no reason given",
    folder: Folder = None,
    rehearsal: Rehearsal = False,
    json: Json = False,
) -> int:
    """Open a market-sensitive incident, in the name of a person. Sends nothing.

    Example: crisiscomms unlock profit-warning --by "Ines Aalto" --reason "filed at the exchange"
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import done
    from crisiscomms.delivery.world import SENSITIVE
    from crisiscomms.errors import UsageError
    from crisiscomms.record import load_record

    room = open_room(folder, rehearsal=rehearsal)
    record = load_record(room.workspace, incident, people=False).incident
    if not any(character.isalpha() for character in by):
        raise UsageError("a person opens it, so --by needs a name", fix='For example: --by "Ines Aalto"')
    if not record.market_sensitive:
        raise UsageError(
            f"{incident} is not market-sensitive",
            fix=f"It needs no unlocking. What would go now: crisiscomms plan{room.where}",
        )
    if room.has_ledger and room.ledger.opened(incident):
        already = f"{incident} is open already. Who opened it and when: crisiscomms audit export{room.where}"
        done("unlock", [already], as_json=json, incident=incident, opened=False)
        return 0
    room.ledger.open(incident, " ".join(by.split()), reason)
    if room.ledger.holds().get(incident) == SENSITIVE:
        room.ledger.release(incident)
    words = [
        f"Open: {incident}, by {' '.join(by.split())}. It is written in the ledger, with the time.",
        f"Nothing was sent. What would go now: crisiscomms plan {incident}{room.where}",
    ]
    done("unlock", words, as_json=json, incident=incident, opened=True)
    return 0
