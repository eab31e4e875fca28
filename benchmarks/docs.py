"""Make the pages of `docs/` that come from data."""

from __future__ import annotations

from pathlib import Path

from crisiscomms.review.explain import page

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"


def main() -> None:
    """Write the list of rules."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"made {PAGE.relative_to(PAGE.parent.parent)}")


if __name__ == "__main__":
    main()
