"""What stands in the cells of lists and is meant for no reader."""

#: Where a spreadsheet could not work something out.
_ERRORS = frozenset(
    "#REF! #N/A #VALUE! #DIV/0! #NAME? #NUM! #NULL! #ERROR! #SPILL! #CALC! #FIELD! #BLOCKED! #CONNECT!".split()  # noqa: SIM905
)
#: Where a program, or a person, knew nothing. Nan is a name, and "none" may be an answer.
_WORDS = ("null", "(null)", "undefined", "n/a", "n.a.", "k.a.", "<na>", "tbd", "todo", "unknown", "unbekannt")
_UNKNOWN = frozenset(form for word in _WORDS for form in (word, word.upper(), word.capitalize()))
SLIPS = _ERRORS | _UNKNOWN | {"None", "nan", "NaN", "NAN", "?", "??", "-", "--", "\u2013", "\u2014"}


def slip_in(cell: str) -> str:
    """Return what is wrong with a cell that is meant for no reader, in words. Empty where it is not one."""
    if cell in _ERRORS:
        return "is the error of a spreadsheet"
    return "says only that nothing is known" if cell in SLIPS else ""
