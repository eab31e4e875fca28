"""`crisiscomms schema`: the fields of a record, for editors, and of what `check --json` prints, for programs."""

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
    check: Annotated[bool, typer.Option("--check", help="The schema of what check --json prints.")] = False,
) -> int:
    """Print the JSON Schema of a record. Editors complete from it.

    With --check: the schema of what check --json prints, for programs.

    Example: crisiscomms schema --out incident.schema.json
    """
    import json

    from crisiscomms.cli.words import say

    if check:
        from crisiscomms.review.reports.plain import check_schema as made
    else:
        from crisiscomms.record.schema import record_schema as made
    text = json.dumps(made(), ensure_ascii=False, indent=2)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
        hint = f" The first line of a record names it: # yaml-language-server: $schema=../{out.name}"
        say(f"Written: {out}.{'' if check else hint}")
    else:
        say(text)
    return 0
