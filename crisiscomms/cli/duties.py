"""The clocks of the law on the screen: first of all, since they run whether or not anyone looks."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crisiscomms.review.clocks import Ticking

_COLOURS = {"out": "red", "near": "yellow"}


def show_clocks(clocks: "Iterable[Ticking]", *, err: bool = False) -> None:
    """Print clocks, the most pressing first, with what to do about those that ran out."""
    from crisiscomms.cli.words import paint, say, tell, visible
    from crisiscomms.review.packs import PREFIX, WHAT_THIS_IS

    found = list(clocks)
    if not found:
        return
    late = any(one.state == "out" for one in found)
    say(paint("A clock has run out" if late else "Clocks of the law", "bold"), err=err)
    for one in found:
        tell(f"  {one.incident}: {visible(one.words)}", _COLOURS.get(one.state, ""), err=err)
        if one.state == "out":
            from crisiscomms.review.duties import filing

            tell(f"    {one.clock.late}", err=err)
            tell(f"    When it is done, write it into the record: {filing(one)}", err=err)
    for pack in dict.fromkeys(one.pack.id for one in found if one.pack.unverified):
        tell(f"  Some points of {pack} are not verified: crisiscomms check --explain {PREFIX}{pack}", err=err)
    tell(f"  {WHAT_THIS_IS}", deeper="", err=err)
    say(err=err)


def pressing(clocks: "Iterable[Ticking]") -> "list[Ticking]":
    """Return clocks in the order in which they press, over all records."""
    from crisiscomms.review.clocks import by_pressure

    return sorted(clocks, key=by_pressure)
