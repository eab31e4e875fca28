"""What the YAML parser says, in words that help."""

from __future__ import annotations

import re

import yaml

from crisiscomms.record.tree import Tree

_QUOTE = 'Put the whole text in double quotes ("...") and write any double quote inside it as \\".'
_INDENT = (
    "Indent it like its neighbours: fields of one group begin at the same column, two spaces further in than its name."
)
_BRACKETS = "Close every [ and { on the same line, and put texts that hold brackets or commas in quotes."
#: A piece of the parser's words, what it means, how to fix it, and whether the fault lies where the piece began.
_MEANINGS = (
    ("found unexpected end of stream", "a quote is opened here and never closed", _QUOTE, True),
    ("found unexpected document indicator", "a quote is opened here and never closed", _QUOTE, True),
    ("mapping values are not allowed", "a second colon stands where none can be", _QUOTE, False),
    ("could not find expected ':'", "this line has no colon after its name", f"Write name: value. {_INDENT}", True),
    ("cannot start any token", "a text begins with a sign that means something else to a computer", _QUOTE, False),
    ("alphabetic or numeric character", "a text begins with * or &", _QUOTE, False),
    ("',' or ']'", "a list in [brackets] opens here and goes wrong", _BRACKETS, True),
    ("',' or '}'", "a group in {braces} opens here and goes wrong", _BRACKETS, True),
    ("did not find expected '-' indicator", "a line of this list does not begin with a dash", _INDENT, False),
    ("block sequence entries are not allowed", "a dash stands where no list can begin", _INDENT, False),
    ("unknown escape character", "a backslash stands before a letter in double quotes", r"Write \\ instead.", False),
    ("hexdecimal number", "a backslash stands before a letter in double quotes", r"Write \\ instead.", False),
    ("Unicode character escape", "a coded character (a backslash, then digits) does not exist", "Type it.", False),
    (
        "comment or line break",
        "words stand right after > or |",
        f"Begin the text on the next line. Or: {_QUOTE}",
        False,
    ),
    ("tag handle", "a text begins with !", _QUOTE, False),
    ("<document start>", "words stand after the end of the record", "Remove the line ... above them.", False),
)


#: What a line holds that does not fit where it stands, by the sign that its value begins with.
_MISFITS = (
    (re.compile(r"""[\s-]*[^\s:"'#]*:?\s+["']"""), "words stand after the quote that ends this text", _QUOTE),
    (re.compile(r"[\s-]*[^\s:#]*:?\s+[\[{]"), "words stand after the bracket that ends this text", _QUOTE),
    (re.compile(""), "this line does not fit the one above", f"{_INDENT} {_QUOTE}"),
)


def explain(tree: Tree, error: yaml.YAMLError) -> None:
    """Note a syntax error where it is, in plain words."""
    problem = str(getattr(error, "problem", None) or "")
    meaning, fix, from_start = "", "", False
    for piece, *found in _MEANINGS:
        if piece in problem:
            meaning, fix, from_start = str(found[0]), str(found[1]), bool(found[2])
            break
    mark = getattr(error, "problem_mark", None)
    if from_start:
        mark = getattr(error, "context_mark", None) or mark
    lines = tree.source.split("\n")
    number = min(mark.line, len(lines) - 1) if mark else 0
    line = lines[number]
    if not meaning:
        meaning, fix = next((words, fix) for pattern, words, fix in _MISFITS if pattern.match(line))
    if "\t" in line[: len(line) - len(line.lstrip())] or "\\t" in problem or "tab" in problem:
        meaning, fix = "a tab stands where spaces must", "Indent with spaces, two for each level."
    column = mark.column if mark and mark.line == number else 0
    offset = sum(len(above) + 1 for above in lines[:number]) + column
    tree.problem(tree.place_at(offset), f"cannot be read: {meaning}", fix, "yaml")
