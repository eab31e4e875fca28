"""The command `crisiscomms`."""

from __future__ import annotations

from crisiscomms.cli.app import main

if __name__ == "__main__":
    main()
