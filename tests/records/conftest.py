"""A workspace to break: a fresh copy of the example, with the broken lists beside its own."""

import shutil
from pathlib import Path

import pytest

import crisiscomms.examples
from crisiscomms.workspace import read_workspace

EXAMPLES = Path(crisiscomms.examples.__path__[0])
HERE = Path(__file__).parent


def fresh(folder):
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copytree(HERE / "broken" / "lists", folder / "lists", dirs_exist_ok=True)
    return read_workspace(folder)


@pytest.fixture
def workspace(tmp_path):
    return fresh(tmp_path / "workspace")


@pytest.fixture(scope="module")
def shared_workspace(tmp_path_factory):
    """One for a whole module, where each test writes and reads a file of its own."""
    return fresh(tmp_path_factory.mktemp("records") / "workspace")
