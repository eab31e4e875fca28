"""Debian postfix's test programs: smtp-sink takes mails and forgets them, smtp-source sends as fast as C can."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

SINK, SOURCE = "/usr/sbin/smtp-sink", "/usr/sbin/smtp-source"


@contextmanager
def sink(*options: str) -> Iterator[int]:
    """Run smtp-sink on a free port; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([SINK, "-u", "nobody", *options, f"127.0.0.1:{port}", "200"])
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def source(port: int, count: int, sessions: int, size: int, sender: str) -> float:
    """Send with smtp-source, connections kept. Returns mails a second."""
    words = [SOURCE, "-d", "-s", str(sessions), "-m", str(count), "-l", str(size), "-f", sender, "-t", "a@shop.example"]
    started = time.perf_counter()
    subprocess.run([*words, f"127.0.0.1:{port}"], check=True)
    return count / (time.perf_counter() - started)
