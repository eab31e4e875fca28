"""`crisiscomms schema`: the record's fields, for editors."""

from pathlib import Path
from typing import Annotated

import typer

from crisiscomms.cli.app import app, guarded


@app.command()
@guarded
def schema(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it to a file. Default: print it.")
    ] = None,
) -> int:
    """Print the JSON Schema of a record. Editors complete from it.

    Example: crisiscomms schema --out incident.schema.json
    """
    import json

    from crisiscomms.cli.words import say
    from crisiscomms.record.schema import record_schema

    text = json.dumps(record_schema(), ensure_ascii=False, indent=2)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
        say(f"Written: {out}. The first line of a record names it: # yaml-language-server: $schema=../{out.name}")
    else:
        say(text)
    return 0
