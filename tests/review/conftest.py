"""A bench in a copy of the example workspace."""

import pytest
from example_room import bench_in


@pytest.fixture(scope="session")
def bench(tmp_path_factory):
    return bench_in(tmp_path_factory.mktemp("bench") / "workspace")
