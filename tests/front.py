"""nginx in front of gateways, with the configuration that the product ships."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local.ports import HOST, pick
from deploy.local.settings import ROOT
from tests.client import until
from tests.debian import required

_TEMPLATE = ROOT / "deploy" / "nginx" / "sluice.conf.template"
_AROUND = """
{user}
worker_processes auto;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/sluice.conf;
    server {{ listen {plain}; sendfile on; tcp_nopush on; location / {{ root {files}; }} }}
}}
"""


@contextmanager
def front(folder: Path, gateways: Sequence[str], blobs: Path) -> Iterator[tuple[str, str]]:
    """The addresses of the proxy, and of the same nginx with nothing but the files in `folder/files`."""
    found = required("nginx-light", "nginx")
    ports = [pick(set())]
    ports.append(pick(set(ports)))
    listen, plain = (f"{HOST}:{port}" for port in ports)
    files = folder / "files"
    files.mkdir(exist_ok=True)
    (folder / "sluice.conf").write_text(filled(listen, gateways, blobs))
    user = "user root;" if os.geteuid() == 0 else ""
    around = _AROUND.format(user=user, folder=folder, files=files, plain=plain)
    (folder / "nginx.conf").write_text(around)
    command = [found, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    running = subprocess.Popen(command)
    try:
        until(lambda: (folder / "nginx.pid").exists() or running.poll() is not None, "nginx to start")
        assert running.poll() is None, (folder / "error.log").read_text()
        yield f"http://{listen}", f"http://{plain}"
    finally:
        running.terminate()
        running.wait(timeout=30)


def filled(listen: str, gateways: Sequence[str], blobs: Path) -> str:
    """The shipped configuration for these addresses."""
    servers = " ".join(f"server {gateway};" for gateway in gateways)
    values = {"SLUICE_LISTEN": listen, "SLUICE_GATEWAYS": servers, "SLUICE_BLOBS": str(blobs)}
    return re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], _TEMPLATE.read_text())
