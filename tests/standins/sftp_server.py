"""A real SFTP server on loopback, in a process of its own so that it outlives whoever is killed while it uploads."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

USER, PASSWORD = "deploy", "a password for tests"


async def serve(keys: str) -> None:
    """Serve until stopped, and say at which port."""
    import asyncssh

    class Server(asyncssh.SSHServer):
        def begin_auth(self, username):
            return True

        def password_auth_supported(self):
            return True

        def validate_password(self, username, password):
            return (username, password) == (USER, PASSWORD)

    key = asyncssh.read_private_key(Path(keys, "host"))
    authorised = str(Path(keys, "client.pub"))
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=Server,
        server_host_keys=[key],
        authorized_client_keys=authorised,
        sftp_factory=True,
    )
    sys.stdout.write(f"{server.get_port()}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


class SftpServer:
    """Where it listens, and what it serves."""

    def __init__(self, port: int, folder: Path, keys: Path) -> None:
        self.port, self.folder = port, folder
        self.host_key = " ".join((keys / "host.pub").read_text().split()[:2])
        self.key = (keys / "client").read_text()


@contextmanager
def sftp_server(folder: Path):
    """Run the server."""
    import asyncssh

    with TemporaryDirectory(prefix="sftp-keys-") as keys:
        for name in ("host", "client"):
            key = asyncssh.generate_private_key("ssh-ed25519")
            key.write_private_key(Path(keys, name))
            key.write_public_key(Path(keys, f"{name}.pub"))
        folder.mkdir(exist_ok=True)
        process = subprocess.Popen([sys.executable, __file__, keys], stdout=subprocess.PIPE, text=True)
        try:
            yield SftpServer(int(process.stdout.readline()), folder, Path(keys))
        finally:
            process.kill()
            process.communicate()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
