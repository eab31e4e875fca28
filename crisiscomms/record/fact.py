"""A figure of a record: what is counted, how surely, and what a reader's own cell of it can hold."""

from typing import Literal

from crisiscomms.fields import Model, Number, Text, Unit, When, figure_in


class Fact(Model):
    """One figure. Texts cite it as $name."""

    value: Number
    """The number."""
    unit: Unit
    """What it counts: people, or { one: payment, other: payments }. For money its code, such as EUR."""
    certainty: Literal["estimated", "at-least", "confirmed"] = "confirmed"
    """estimated prints "about", at-least prints "at least"."""
    as_of: When | None = None
    """When the figure was taken."""
    source: str | None = None
    """Where the figure comes from. For the team."""
    material: bool = False
    """true: the figure must stand in every long message."""
    says: Text | None = None
    """The sentence that states the figure where no other text does."""

    def of_reader(self, cell: str) -> int | float | None:
        """Return a reader's own figure from the cell of a list, with decimals only where they can be. None: it is none."""
        found = figure_in(cell)
        return found if isinstance(found, int) or self.unit.currency or isinstance(self.value, float) else None
