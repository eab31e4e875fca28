"""The memo as files for staff: text, Markdown and a page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from crisiscomms.durable import put_durably


def write_memo(folder: Path, memo: Mapping[str, str]) -> list[str]:
    """Write one language of a memo. Returns the names of its files."""
    folder.mkdir(parents=True, exist_ok=True)
    bodies = {"md": memo["markdown"], "txt": memo["text"], "html": _page(memo)}
    names = {f"{memo['incident']}.{memo['language']}.{suffix}": body for suffix, body in bodies.items()}
    for name, body in names.items():
        put_durably(folder / name, body.encode())
    return list(names)


def _page(memo: Mapping[str, str]) -> str:
    head = f'<!DOCTYPE html>\n<html lang="{memo["language"]}"><head><meta charset="utf-8"><meta name="robots" content="noindex"><title>{escape(memo["title"])}</title></head>'
    return f"{head}<body>\n{memo['html']}\n</body></html>\n"
