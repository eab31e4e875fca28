"""The site of a payment outage and a recall, ready for every test."""

import pytest
from sample_site import NOW, ROOT, outage, recall, settings

from crisiscomms.messages.languages import Voice, load_words
from crisiscomms.website import Sources, build_site
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


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """The folder that keeps cards from one build to the next."""
    return tmp_path_factory.mktemp("drawn")


@pytest.fixture
def build(workspace, voices, drawn):
    def built(contents, workspace=workspace, now=NOW, **more):
        return build_site(
            workspace, Sources.of(contents), voices, layouts=ROOT / "site", **{"now": now, "drawn": drawn, **more}
        )

    return built


@pytest.fixture
def site(build, contents):
    return build(contents)
