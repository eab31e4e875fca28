"""No input makes a rule slow: time grows with the length of a text and with nothing else."""

import pytest

from benchmarks.review import every_word, seconds, shapes

SHAPES = shapes()


@pytest.mark.parametrize("name", SHAPES)
def test_four_times_the_length_takes_about_four_times_as_long(name):
    seconds(every_word())
    piece = SHAPES[name]
    short = (piece * (20_000 // len(piece) + 1))[:20_000]
    # Sixteen times would be quadratic; what is under a millisecond is noise.
    assert seconds(short * 4) < 9 * max(seconds(short), 0.005)
