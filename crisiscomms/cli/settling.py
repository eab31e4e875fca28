"""What `doubt` and `refused` share: which messages a person means, and the commands that settle them."""

from collections.abc import Iterable, Sequence

#: How many messages are named one by one.
MOST_NAMED = 10


def show_what_to_do(
    verb: str, numbers: Sequence[int], first: str, answers: Sequence[tuple[str, str]], where: str
) -> None:
    """Print what to do first, and the exact command for each answer: what it means, and its options."""
    from crisiscomms.cli.words import paint, say, tell

    which = " ".join(map(str, numbers)) if len(numbers) <= MOST_NAMED else "--all"
    say()
    say(paint("What to do", "bold"))
    tell(f"  {first}", deeper="")
    for answer, options in answers:
        say(f"  {answer}")
        say(f"    crisiscomms {verb} resolve {which} {options}{where}")
    tell(f"  What is to be sent again goes out with the next: crisiscomms publish{where}")


def chosen(verb: str, known: Iterable[int], named: Sequence[int], *, all_: bool, unless: str, where: str) -> list[int]:
    """Return which messages are meant. `unless` is what is said of one that is not listed. Raises UsageError."""
    from crisiscomms.errors import UsageError

    listed = set(known)
    found = sorted(listed) if all_ else list(named)
    unknown = [str(number) for number in found if number not in listed]
    if unknown or not (all_ or found):
        raise UsageError(
            f"{unless}: {', '.join(unknown)}" if unknown else "say which ones, by their numbers, or --all",
            fix=f"See: crisiscomms {verb} list{where}",
        )
    return found
