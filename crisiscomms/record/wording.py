"""What the schema says about a record, in words that a person who has never seen a schema understands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crisiscomms.errors import Finding, Severity, did_you_mean
from crisiscomms.fields import LANGUAGE, PACK, SLUG, Model, shown
from crisiscomms.record.shape import choices_at, model_at, type_at
from crisiscomms.record.tree import Path_, Tree

_STAYS = "Nothing of this record goes out until it can be read."
_CODES = {
    "missing": "missing-field",
    "string_too_short": "empty",
    "too_short": "missing-field",
}
#: What a value should be, by the kind of error, and how it is written.
_SHOULD_BE = {
    "string_type": ("plain words", "Write the words after the colon, on the same line."),
    "bool_type": ("yes or no", "Write yes or no."),
    "bool_parsing": ("yes or no", "Write yes or no."),
    "tuple_type": ("a list", "Write each entry on a line of its own that begins with a dash, or all in [brackets]."),
    "dict_type": ("a group of named fields", "Write its fields below it, each indented by two spaces: name: value"),
    "model_type": ("a group of named fields", "Write its fields below it, each indented by two spaces: name: value"),
}
_PATTERNS = {
    LANGUAGE: ("is not a language code", "Write a code such as en, de or pt-BR."),
    SLUG: ("cannot be part of an address", "Use small letters, digits and single hyphens between them"),
    PACK: ("cannot be the name of a set of rules", "Use small letters, digits, and single hyphens between them"),
    "": ("cannot be a name here", "Use small letters, digits and underscores, and begin with a letter"),
}
_SEVERAL = 500


def findings_of(tree: Tree, errors: Iterable[Any]) -> Iterator[Finding]:
    """Yield a finding for each of pydantic's errors, and for each name without a value that needs one."""
    blanks = set(tree.blanks)
    hollow = {path[:-1] for path in blanks}
    unreadable = {problem.place.line for problem in tree.problems if problem.code == "yaml"}
    for error in errors:
        path = tuple(part for part in error["loc"] if part != "[key]")
        holder = path[:-1] if error["type"] == "missing" else path
        is_cut_off = holder in tree.partial and error["type"] != "extra_forbidden"
        if is_cut_off or path in tree.unread or path in blanks:
            continue
        if "flaws" in error.get("ctx", {}):
            for flaw in error["ctx"]["flaws"]:
                at = (*path, *flaw["at"])
                if at not in hollow:  # its blank has a finding of its own
                    yield _finding(tree, at, path, flaw)
        else:
            is_about_name = error["loc"][-1:] == ("[key]",) or error["type"] == "extra_forbidden"
            code, message, fix = _words(path[:-1] if error["loc"][-1:] == ("[key]",) else path, error)
            place = tree.place(path) if is_about_name else tree.place_of_value(holder)
            if place.line not in unreadable:
                yield Finding(code, Severity.ERROR, place, message, _STAYS, fix)
    yield from _blanks(tree)


def _finding(tree: Tree, at: Path_, field: Path_, flaw: Mapping[str, str]) -> Finding:
    place = tree.place(at) if flaw["code"] == "bad-language" else tree.place_of_value(at)
    joint = ": " if flaw["message"].startswith('"') else " "
    message = f"{dotted(field)}{joint}{flaw['message']}"
    return Finding(flaw["code"], Severity.ERROR, place, message, _STAYS, _closed(flaw["fix"] or "Correct the value"))


def _blanks(tree: Tree) -> Iterator[Finding]:
    """Yield the names with nothing after them, but for fields that may be left out."""
    for path in tree.blanks:
        if path[:-1] in tree.unread or type_at(path[:-1]) is None:
            continue
        known = model_at(path[:-1])
        info = known.model_fields.get(str(path[-1])) if known else None
        if known and info is None:
            code, message, fix = _unknown(path, known)
        elif info is None or info.is_required():
            code, message, fix = "empty", f"{dotted(path)} is empty", _fill_in(path)
        else:
            continue
        yield Finding(code, Severity.ERROR, tree.place(path), message, _STAYS, fix)


def _words(path: Path_, error: Any) -> tuple[str, str, str]:
    """Return the code of one of pydantic's errors, what is wrong, and how to fix it."""
    kind, field, given = error["type"], dotted(path), error["input"]
    if kind == "extra_forbidden":
        return _unknown(path, model_at(path[:-1]))
    if kind == "literal_error":
        return _unknown_choice(field, given, re.findall(r"'([^']+)'", str(error["ctx"]["expected"])))
    if kind == "string_pattern_mismatch":
        return _bad_name(field, str(given), str(error["ctx"]["pattern"]))
    if kind == "missing":
        message, fix = f"{field} is missing", f"Add {shown(path[-1])}{_meaning(path)}"
    elif kind == "too_short":
        message = f"{field} is empty"
        fix = "Write the first one on the lines below, without the brackets: - id: first, then at, status and text."
    elif kind == "string_too_short":
        message, fix = f"{field} is empty", _fill_in(path)
    else:
        should_be, fix = _SHOULD_BE.get(kind, ("something else", f"Look at the examples{_meaning(path)}"))
        said = f'"{shown(given)}"' if isinstance(given, str) else shown(given)
        message = f"{field} should be {should_be}, and is {said}"
    return _CODES.get(kind, "wrong-type"), message, fix


def _unknown_choice(field: str, given: Any, choices: list[str]) -> tuple[str, str, str]:
    fix = f"Choose one of: {', '.join(choices)}."
    if not isinstance(given, str):
        return "wrong-type", f"{field} should be one word, and is {shown(given)}", fix
    return "unknown-choice", f'{field} cannot be "{shown(given)}".{hint(given, choices)}', fix


def _unknown(path: Path_, known: type[Model] | None) -> tuple[str, str, str]:
    names = list(known.model_fields) if known else []
    name = shown(path[-1]) if str(path[-1]).strip() else ""
    message = f'"{name}" is not a field we know.{hint(name, names)}' if name else "a name is missing before the colon"
    inside = f" in {dotted(path[:-1])}" if path[:-1] else ""
    return "unknown-key", message, f"Correct the name or remove the line. Known{inside}: {listed(names, 50)}."


def _bad_name(field: str, given: str, pattern: str) -> tuple[str, str, str]:
    meaning, fix = _PATTERNS.get(pattern, _PATTERNS[""])
    if pattern == LANGUAGE:
        return "bad-language", f'{field}: "{shown(given)}" {meaning}', fix
    joint = "-" if pattern in {SLUG, PACK} else "_"
    better = re.sub(r"[^a-z0-9]+", joint, given[:60].lower()).strip(joint)
    is_good = re.fullmatch(pattern, better) is not None
    return "bad-name", f'{field}: "{shown(given)}" {meaning}', fix + (f': "{better}".' if is_good else ".")


def _meaning(path: Path_) -> str:
    """Return what the schema says a field is for, to end a sentence with."""
    known = model_at(path[:-1])
    info = known.model_fields.get(str(path[-1])) if known else None
    one_of = f" One of: {', '.join(choices)}." if (choices := choices_at(path)) else ""
    return f": {info.description}{one_of}" if info and info.description else f".{one_of}"


def _fill_in(path: Path_) -> str:
    known = model_at(path[:-1])
    info = known.model_fields.get(str(path[-1])) if known else None
    or_not = "" if info and info.is_required() else ", or remove the line"
    return (
        f"Write it after the colon{or_not}{_meaning(path)}" if isinstance(path[-1], str) else "Write it, or remove it."
    )


def _closed(fix: str) -> str:
    return fix if not fix or fix.endswith((".", ":", "...", "?")) else f"{fix}."


def hint(word: object, known: Iterable[str]) -> str:
    """Return ` Did you mean "x"?`, where that can be said at once."""
    choices = list(known)
    return did_you_mean(str(word), choices) if len(str(word)) <= 80 and len(choices) <= _SEVERAL else ""


def listed(names: Iterable[str], most: int = 12) -> str:
    """List names in a sentence, and say how many more there are."""
    known = list(names)
    more = len(known) - most
    return ", ".join(shown(name) for name in known[:most]) + (f" and {more} more" if more > 0 else "") or "none yet"


def dotted(path: Path_) -> str:
    """Print a path as people say it: `updates, entry 2: next_update`."""
    said = ""
    for part in path:
        if isinstance(part, int):
            said += f", entry {part + 1}: "
        else:
            said += shown(part) if not said or said.endswith(": ") else f".{shown(part)}"
    return said.removesuffix(": ") or "the record"
