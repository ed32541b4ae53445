"""The document database that the stack runs where MONGODB_URL names none: mongod, or the embedded one."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from deploy.local.certificates import Certificates
from deploy.local.failures import Failure
from deploy.local.ports import HOST

_CACHE = "128M"
_MONGOD_CACHE_GB = "0.25"


def url(port: int, certificates: Certificates | None = None) -> str:
    """The connection URL of the server that `command` runs."""
    plain = f"mongodb://{HOST}:{port}/?directConnection=true"
    if certificates is None:
        return plain
    ca, client = (quote(str(file), safe="") for file in (certificates.ca, certificates.client))
    return f"{plain}&tls=true&tlsCAFile={ca}&tlsCertificateKeyFile={client}"


def command(
    folder: Path, port: int, certificates: Certificates | None = None, *, mongod: str | None = None
) -> tuple[str, ...]:
    """How to run the server that there is, with its data in `folder`. Raises Failure where there is none.

    With certificates it speaks TLS alone, to clients that show one of the same authority.
    """
    found = mongod or shutil.which("mongod")
    if found is not None:
        return (*_mongod(found, folder / "mongod", port), *_mongod_tls(certificates))
    if find_spec("secantus") is None:
        raise Failure(
            "there is no database server for this machine in Python's registry (Intel Macs have none): "
            "install MongoDB so that mongod is on the PATH, or set MONGODB_URL."
        )
    return (*_embedded(folder, port), *_embedded_tls(certificates))


def _mongod(binary: str, folder: Path, port: int) -> tuple[str, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    listen = ("--bind_ip", HOST, "--port", str(port))
    return (binary, "--dbpath", str(folder), *listen, "--wiredTigerCacheSizeGB", _MONGOD_CACHE_GB, "--quiet")


def _mongod_tls(certificates: Certificates | None) -> tuple[str, ...]:
    if certificates is None:
        return ()
    shown = ("--tlsCertificateKeyFile", str(certificates.database))
    return ("--tlsMode", "requireTLS", *shown, "--tlsCAFile", str(certificates.ca))


def _embedded_tls(certificates: Certificates | None) -> tuple[str, ...]:
    if certificates is None:
        return ()
    file = str(certificates.database)
    shown = ("--tls-cert-file", file, "--tls-key-file", file)
    return (*shown, "--tls-ca-file", str(certificates.ca), "--tls-require-client-cert")


def _embedded(folder: Path, port: int) -> tuple[str, ...]:
    """Its own process, always: its licence is the GPL."""
    config = folder / "server.toml"  # an empty one, so that none that lies about elsewhere counts
    config.touch()
    listen = ("--host", HOST, "--port", str(port))
    where = ("--config", str(config), "--storage-path", str(folder / "data"))
    size = ("--cache-size", _CACHE, "--log-level", "WARNING")
    return (sys.executable, "-m", "secantus", *where, *listen, *size)
