"""The example workspace in a copy: on a bench for all tests, and as a folder to run the command in."""

import pytest
from example_room import bench_in, copy_example


@pytest.fixture(scope="session")
def bench(tmp_path_factory):
    return bench_in(tmp_path_factory.mktemp("bench") / "workspace")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    made = copy_example(tmp_path / "workspace")
    monkeypatch.chdir(made)
    return made
