"""What stands in the cells of lists and is meant for no reader."""

#: Where a spreadsheet could not work something out.
_ERRORS = frozenset({"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
#: Where a program, or a person, knew nothing.
_UNKNOWN = frozenset(
    [
        "null",
        "NULL",
        "None",
        "nan",
        "NaN",
        "undefined",
        "n/a",
        "N/A",
        "n.a.",
        "N.A.",
        "tbd",
        "TBD",
        "todo",
        "TODO",
        "?",
        "??",
        "-",
        "--",
        "unknown",
        "Unknown",
        "unbekannt",
        "Unbekannt",
        "inconnu",
        "desconocido",
    ]
)
SLIPS = _ERRORS | _UNKNOWN


def slip_in(cell: str) -> str:
    """Return what is wrong with a cell that is meant for no reader, in words. Empty where it is not one."""
    if cell in _ERRORS:
        return "is the error of a spreadsheet"
    return "says only that nothing is known" if cell in _UNKNOWN else ""
