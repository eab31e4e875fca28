"""Planning for a million readers, and how long a look at the status takes meanwhile."""

from __future__ import annotations

from proof.ground import Figures

from benchmarks.plan import BARS, measure


def prove(*, people: int = 1_000_000, sending: int = 60) -> Figures:
    """Planning for very many readers: seconds, memory, the ledger's size, and how long `crisiscomms status` takes while the
    plan is made and frozen, and while mails go out. Its time includes the start of its process.
    """
    found = measure(people, sending)
    share = max(people / 1e6, 0.01)
    bars = {
        "plan: seconds": BARS["seconds"] * share,
        "plan: MB of memory at its peak": BARS["memory"],
        "ledger, frozen: MB": BARS["ledger"] * share,
        "status while planning: median": BARS["status"],
        "status while sending: median": BARS["status"],
    }
    figures: Figures = {"people": people}
    for name, value in found.items():
        bar = f" (bar {bars[name]:,.0f}: {'kept' if value <= bars[name] else 'NOT KEPT'})" if name in bars else ""
        figures[name] = f"{value:,.2f}{bar}"
    return figures
