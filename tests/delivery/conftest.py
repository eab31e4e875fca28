from __future__ import annotations

import pytest
from standins.mail_server import MailServer
from standins.office import Office


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path)


@pytest.fixture
def mail():
    with MailServer() as server:
        yield server
