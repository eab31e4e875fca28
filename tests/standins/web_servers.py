"""Real web servers on loopback: nginx, Caddy and Apache with the files that we write for them, and a plain one of Python's."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standins.machine import needs

NGINX = """daemon off; {user} pid {home}/pid; error_log stderr; events {{}}
http {{
  access_log off;
  client_body_temp_path {home}/a; proxy_temp_path {home}/b; fastcgi_temp_path {home}/c; uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;
  server {{ listen 127.0.0.1:{port}; include "{conf}"; }}
}}
"""
APACHE = """ServerRoot "{home}"
ServerName localhost
Listen 127.0.0.1:{port}
PidFile "{home}/pid"
ErrorLog "{home}/error.log"
{modules}
TypesConfig /dev/null
User www-data
Group www-data
DocumentRoot "{site}"
<Directory "{home}">
  Require all granted
  Options +FollowSymLinks
  AllowOverride FileInfo Indexes
</Directory>
"""
MODULES = ("mpm_event", "authz_core", "dir", "mime", "headers")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def running(command, port, **options):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options)
    try:
        for _ in range(300):
            assert process.poll() is None, process.stderr.read()
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def nginx(home: Path, conf: Path, site: Path):
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    (home / "nginx.main").write_text(NGINX.format(home=home, port=port, conf=conf, user=user))
    with running([needs("nginx"), "-e", "stderr", "-p", home, "-c", home / "nginx.main"], port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def caddy(home: Path, conf: Path, site: Path):
    port = free_port()
    text = "{\n\tadmin off\n}\n\n" + conf.read_text().replace("\nlocalhost {", f"\nhttp://127.0.0.1:{port} {{")
    (home / "Caddyfile.main").write_text(text)
    command = [needs("caddy"), "run", "--adapter", "caddyfile", "--config", home / "Caddyfile.main"]
    with running(command, port, env={"HOME": str(home), "PATH": os.environ["PATH"]}):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def apache(home: Path, conf: Path, site: Path):
    program, port = needs("apache2"), free_port()
    modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES)
    (home / "apache.main").write_text(APACHE.format(home=home, port=port, site=site, modules=modules))
    with running([program, "-f", home / "apache.main", "-DFOREGROUND"], port):
        yield f"http://127.0.0.1:{port}"


class Plain:
    """Python's own server for a folder. `down`: it says that it is out of order. `stale`: it shows another folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.down, self.stale, self.asked = folder, False, None, []
        self.url = ""

    @contextmanager
    def serving(self):
        outer = self

        class Handler(SimpleHTTPRequestHandler):
            def translate_path(self, path):
                self.directory = str(outer.stale or outer.folder)
                return super().translate_path(path)

            def do_GET(self):
                outer.asked.append(self.path)
                if outer.down:
                    self.send_error(503)
                else:
                    super().do_GET()

            def log_message(self, *_):
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(self.folder))) as server:
            self.url = f"http://127.0.0.1:{server.server_address[1]}"
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            try:
                yield self
            finally:
                server.shutdown()
