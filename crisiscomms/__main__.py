"""The command `crisiscomms`."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line.

    A verb makes little garbage in rings. Searching for it after every few imports and texts takes a tenth of a short
    verb's time, so it is done less often, and not once more at the end: everything goes with the process.
    """
    gc.set_threshold(300_000)
    from crisiscomms.cli.app import main as run  # noqa: PLC0415 -- its imports are most of what help does

    try:
        run()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
