"""The pictures of the README: the demo's pages and one mail, as readers see them, in Chromium."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

from playwright.sync_api import Browser
from standins.browser import chromium, served

HOME = Path(__file__).resolve().parent.parent
PLAYED = HOME / "demo" / "rehearsal"
PICTURES = HOME / "docs" / "pictures"
MAIL = PLAYED / "email" / "checkout-outage" / "counted" / "0-notice-shop2@shops.example.eml"
OUTAGE = "incidents/checkout-outage/"
PAGES = {
    "front": "",
    "incident": OUTAGE,
    "statement": f"{OUTAGE}statement/",
    "faq": f"{OUTAGE}faq/",
    "promises": "promises/",
    "mail": "mail.html",
}
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1000, "height": 1000}
WAYS = {"light": (DESK, "light"), "dark": (DESK, "dark"), "phone": (PHONE, "light")}


def shoot(browser: Browser, url: str, picture: Path, way: str) -> None:
    """Take one picture of what is seen without scrolling."""
    size, scheme = WAYS[way]
    page = browser.new_page(viewport=size, color_scheme=scheme, device_scale_factor=1)
    page.goto(url)
    page.screenshot(path=picture)
    page.close()


def main() -> None:
    """Serve the demo on loopback, and take every picture in every way."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    public = PLAYED / "public"
    files = {str(path.relative_to(public)): path.read_bytes() for path in public.rglob("*") if path.is_file()}
    message = email.message_from_bytes(MAIL.read_bytes(), policy=email.policy.default)
    files["mail.html"] = message.get_body(("html",)).get_content().encode()
    with served(files) as address, chromium() as browser:
        for name, path in PAGES.items():
            for way in WAYS:
                shoot(browser, address + path, PICTURES / f"{name}-{way}.png", way)
    print(f"{len(PAGES) * len(WAYS)} pictures in {PICTURES.relative_to(HOME)}")


if __name__ == "__main__":
    main()
