"""Where a ledger lies: not where file locks do not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger.machine import refuse_network

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/team /mnt/team nfs4 rw 0 0
//server/crisis /mnt/our\\040crisis cifs rw 0 0
/dev/sdb1 /mnt/team/local ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/mnt/team/ledger.db", "nfs4"),
        ("/mnt/our crisis/2026/ledger.db", "cifs"),
        ("/mnt/team/local/ledger.db", None),
        ("/mnt/teamwork/ledger.db", None),
        ("/home/ledger.db", None),
    ],
)
def test_a_ledger_on_a_network_drive_is_refused(tmp_path, path, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    if kind is None:
        refuse_network(Path(path), mounts)
    else:
        with pytest.raises(CrisiscommsError, match=f"network drive \\({kind}\\)") as refusal:
            refuse_network(Path(path), mounts)
        assert refusal.value.fix == "Move the workspace to a local disk."


def test_a_system_that_lists_no_drives_refuses_nothing(tmp_path):
    refuse_network(tmp_path / "ledger.db", tmp_path / "nowhere")
