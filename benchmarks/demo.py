"""The demo: the example workspace, with its three incidents replayed as a rehearsal.

The outage is replayed as it grew, so that its thread, its notices and its page build up as they did. Run again,
it sends nothing: what is out is out.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
DEMO = HOME / "demo"
#: What is published when: five minutes after the newest update that was due by then.
PLAY = [
    ("kettle-recall", None, "2026-09-09 11:05"),
    ("customer-data-breach", None, "2026-11-01 10:05"),
    ("checkout-outage", "1", "2026-11-18 10:36"),
    ("checkout-outage", "2", "2026-11-18 11:17"),
    ("checkout-outage", "3", "2026-11-18 12:13"),
    ("checkout-outage", "4", "2026-11-18 13:07"),
    ("checkout-outage", None, "2026-11-18 16:25"),
]


def crisiscomms(*words: str) -> str:
    """Run the command in the demo's workspace, and return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "crisiscomms", *words], capture_output=True, text=True, check=False, cwd=HOME
    )
    if done.returncode:
        sys.exit(f"crisiscomms {' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Play it, and say where to look."""
    first = not DEMO.exists()
    if first:
        print(crisiscomms("init", str(DEMO), "--example").splitlines()[0])
    for incident, stage, now in PLAY if first else [PLAY[0], PLAY[1], PLAY[-1]]:
        record = DEMO / "incidents" / f"{incident}.yaml"
        final = record.read_bytes()
        if stage:
            shutil.copy(DEMO / "stages" / incident / f"{stage}.yaml", record)
        try:
            said = crisiscomms("publish", incident, "-C", str(DEMO), "--rehearsal", "--now", now)
        finally:
            record.write_bytes(final)
        last = next(line for line in reversed(said.splitlines()) if line.startswith(("Published", "Nothing")))
        print(f"{now}  {incident:<22} {last.split(' Look')[0]}")
    played = DEMO / "rehearsal"
    mails = len(list(played.rglob("*.eml")))
    posts = len(list((played / "x").rglob("*.txt")))
    print(f"\n{mails} mails and {posts} posts. Nothing left this machine. Look at:")
    for what, where in (
        ("the site", "public/index.html"),
        ("the mails", "email/"),
        ("the posts", "x/"),
        ("the memos to staff", "memos/"),
    ):
        print(f"  {what:<20} {(played / where).relative_to(HOME)}")


if __name__ == "__main__":
    main()
