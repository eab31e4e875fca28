"""How long it lasted, in the nights in which clocks are put forward and back."""

import pytest
from example_room import FINAL, data_of

OUTAGE = "checkout-outage"


@pytest.mark.parametrize(
    ("started", "fixed", "said"),
    [
        ("2026-10-25 01:30", "2026-10-25 04:00", "3 hours and 30 minutes"),
        ("2026-03-29 01:30", "2026-03-29 04:00", "1 hour and 30 minutes"),
        ("2026-10-24 12:00", "2026-10-25 12:00", "1 day and 1 hour"),
        ("2026-10-20 01:30", "2026-10-20 04:00", "2 hours and 30 minutes"),
    ],
)
def test_it_lasted_as_long_as_people_waited(bench, started, fixed, said):
    data = data_of(OUTAGE)
    data["times"] = {"started": started, "noticed": started, "fixed": fixed}
    data["updates"][-1]["text"] = {"en": "It lasted $duration. We are sorry.", "de": "Es dauerte $duration."}
    texts = dict(bench.compose_data(data, FINAL[OUTAGE]).messages())
    assert f"It lasted {said}." in texts["incident en"]
    assert f"It lasted {said}." in texts["statement en"]
