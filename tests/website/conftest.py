"""The site of a payment outage and a recall, ready for every test."""

import pytest
from sample_site import NOW, ROOT, outage, recall, settings

from crisiscomms.messages.languages import Voice, load_words
from crisiscomms.website import build_site
from crisiscomms.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path, settings())


@pytest.fixture
def voices(workspace):
    return {
        language: Voice(language, workspace.zone, load_words(language, ROOT / "templates")) for language in ("en", "de")
    }


@pytest.fixture
def contents():
    return [outage("en"), outage("de"), recall("en"), recall("de")]


@pytest.fixture
def build(workspace, voices):
    def built(contents, workspace=workspace, now=NOW, **more):
        return build_site(workspace, contents, voices, layouts=ROOT / "site", now=now, **more)

    return built


@pytest.fixture
def site(build, contents):
    return build(contents)
