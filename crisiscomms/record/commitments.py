"""What readers wait for: what we promised, will do or owe, by when, and whether it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from crisiscomms.fields import Text, When
from crisiscomms.record.model import Incident, Update


class Commitment(NamedTuple):
    """One thing that readers wait for. `place` is where the record has its day.

    A promise is known by its id (`name`), an action and a repair by their words, and by how many before it have the same
    (`earlier`). `ended` is when it was kept or done, or when we said that we will not keep it. `private`: for its audience
    only.
    """

    kind: str
    name: str
    place: tuple[str | int, ...]
    due: When | None
    ended: When | None
    owner: Text | None = None
    private: bool = False
    earlier: int = 0

    @property
    def key(self) -> str:
        """What tells it from all others of its incident."""
        alike = f" ({self.earlier + 1})" if self.earlier else ""
        return self.name if self.kind == "promise" else f"{self.kind}: {self.name}{alike}"


def commitments(incident: Incident) -> Iterator[Commitment]:
    """Yield everything that was promised, is to be done or is owed, done or not."""
    alike: Counter[str] = Counter()
    for one in _written(incident):
        yield one._replace(earlier=alike[one.key])
        alike[one.key] += 1


def _written(incident: Incident) -> Iterator[Commitment]:
    for number, promise in enumerate(incident.promises):
        ended = promise.kept or promise.broken
        yield Commitment("promise", promise.id, ("promises", number, "due"), promise.due, ended, promise.owner)
    for number, action in enumerate(incident.actions):
        words = action.text.words[0][1]
        yield Commitment("action", words, ("actions", number, "due"), action.due, action.done, action.owner)
    for number, item in enumerate(incident.repair):
        yield Commitment(
            "repair", item.what.words[0][1], ("repair", number, "by"), item.by, item.done, private=item.private
        )


def is_owed(incident: Incident, update: Update) -> bool:
    """Say whether readers still wait for something by a day: work, a repair, a promise, an answer, or what comes after an update."""
    expected = any(unknown.expected_by for unknown in incident.unknowns or ())
    return bool(update.next_update) or expected or any(one.due and not one.ended for one in commitments(incident))
