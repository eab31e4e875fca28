"""A server on loopback that speaks S3 (moto's), in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import requests

#: What the server takes for a signature.
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=testing/20261118/us-east-1/s3/aws4_request"}
KEYS = {"access_key_id": "testing", "secret_access_key": "testing"}


@contextmanager
def s3_server():
    """Run the server, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                requests.get(f"{address}/moto-api/", timeout=5)
                break
            except requests.ConnectionError:
                assert process.poll() is None, "the server ended"
                time.sleep(0.1)
        yield address
    finally:
        process.kill()
        process.wait()


def put(address, body):
    """Put an object there as somebody else would."""
    requests.put(address, data=body, headers=SIGNED, timeout=10).raise_for_status()


def get(address):
    """Read an object. The server asks for a signature, and takes any."""
    return requests.get(address, headers=SIGNED, timeout=10)


def make_bucket(address, name):
    """Make a bucket."""
    put(f"{address}/{name}", b"")
