"""The pictures of the README: the demo's pages and one mail, as readers see them, in Chromium."""

from __future__ import annotations

import email
import email.policy
import functools
import http.server
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HOME = Path(__file__).resolve().parent.parent
PLAYED = HOME / "demo" / "rehearsal"
PICTURES = HOME / "docs" / "pictures"
MAIL = PLAYED / "email" / "checkout-outage" / "counted" / "0-notice-shop2@shops.example.eml"
OUTAGE = "/incidents/checkout-outage/"
#: What is pictured: a page of the site, and in which ways.
SITE = {
    ("front", "/"): ("desk", "dark"),
    ("incident", OUTAGE): ("phone", "dark"),
    ("statement", f"{OUTAGE}statement/"): ("phone", "desk"),
    ("faq", f"{OUTAGE}faq/"): ("phone",),
    ("recall", "/incidents/kettle-recall/"): ("phone",),
}
LETTER = {("mail", "/mail.html"): ("phone", "dark")}
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1200, "height": 900}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def chromium() -> str:
    """Return Chromium's path; install Debian's where there is none and we may."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], check=False, stdout=subprocess.DEVNULL)
        found = shutil.which("chromium")
    return found or sys.exit("This needs Chromium: install the package chromium.")


def shoot(browser: Browser, url: str, name: str, *, dark: bool = False, size: dict[str, int] = PHONE) -> None:
    """Take one picture of what is seen without scrolling."""
    page = browser.new_page(viewport=size, color_scheme="dark" if dark else "light", device_scale_factor=1)
    page.goto(url)
    page.screenshot(path=PICTURES / f"{name}.png")
    page.close()


def main() -> None:
    """Serve the demo on loopback, and take every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    message = email.message_from_bytes(MAIL.read_bytes(), policy=email.policy.default)
    (PLAYED / "mail.html").write_text(message.get_body(("html",)).get_content(), encoding="utf-8")
    for folder, shots in ((PLAYED / "public", SITE), (PLAYED, LETTER)):
        handler = functools.partial(Quiet, directory=str(folder))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
                for (name, path), ways in shots.items():
                    for way in ways:
                        url = f"http://127.0.0.1:{server.server_port}{path}"
                        shoot(browser, url, f"{name}-{way}", dark=way == "dark", size=DESK if way == "desk" else PHONE)
                browser.close()
            server.shutdown()
    (PLAYED / "mail.html").unlink()
    print(f"{len(list(PICTURES.glob('*.png')))} pictures in {PICTURES.relative_to(HOME)}")


if __name__ == "__main__":
    main()
