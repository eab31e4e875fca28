"""The three examples, produced once for all tests that read the files; and a bench for those that compose only."""

import pytest
from example_room import bench_in, copy_example, play


@pytest.fixture(scope="session")
def produced(tmp_path_factory):
    """What the command wrote for the three examples, the outage as it grew. To be read, never written."""
    return play(copy_example(tmp_path_factory.mktemp("produced") / "workspace"))


@pytest.fixture(scope="session")
def bench(tmp_path_factory):
    return bench_in(tmp_path_factory.mktemp("bench") / "workspace")
