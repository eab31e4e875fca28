"""A built site on loopback, compressed as a web server does it, and Chromium to read it with."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright
from standins.machine import needs

#: Chromium as root in a container, and without a word to anyone.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_KINDS = {"html": "text/html; charset=utf-8", "css": "text/css", "svg": "image/svg+xml", "png": "image/png"}


@contextmanager
def served(files: Mapping[str, bytes]) -> Iterator[str]:
    """Serve files on loopback while the block runs, and give their address, which ends in a slash."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path.removeprefix("/")
            name = f"{path}index.html" if path.endswith("/") or not path else path
            body = gzip.compress(files.get(name, files["404.html"]), mtime=0)
            self.send_response(200 if name in files else 404)
            self.send_header("Content-Type", _KINDS.get(name.rsplit(".", 1)[-1], "text/plain; charset=utf-8"))
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium while the block runs."""
    program = needs("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


def weigh(page: Page, address: str) -> dict[str, int]:
    """Open an address, and return what each answer weighed on the wire, by its path: head and compressed body."""
    weights: dict[str, int] = {}
    names: dict[str, str] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.responseReceived", lambda event: names.update({event["requestId"]: event["response"]["url"]}))
    session.on(
        "Network.loadingFinished",
        lambda event: weights.update({names[event["requestId"]]: int(event["encodedDataLength"])}),
    )
    page.goto(address, wait_until="load")
    page.wait_for_timeout(100)  # the icon comes after everything else
    session.detach()
    return weights
