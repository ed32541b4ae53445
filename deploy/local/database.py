"""The document database that the stack runs where MONGODB_URL names none: mongod, or the embedded one."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from deploy.local.failures import Failure
from deploy.local.ports import HOST

_CACHE = "128M"
_MONGOD_CACHE_GB = "0.25"


def url(port: int) -> str:
    """The connection URL of the server that `command` runs."""
    return f"mongodb://{HOST}:{port}/?directConnection=true"


def command(folder: Path, port: int, mongod: str | None = None) -> tuple[str, ...]:
    """How to run the server that there is, with its data in `folder`. Raises Failure where there is none."""
    found = mongod or shutil.which("mongod")
    if found is not None:
        return _mongod(found, folder / "mongod", port)
    if find_spec("secantus") is None:
        raise Failure(
            "there is no database server for this machine in Python's registry (Intel Macs have none): "
            "install MongoDB so that mongod is on the PATH, or set MONGODB_URL."
        )
    return _embedded(folder, port)


def _mongod(binary: str, folder: Path, port: int) -> tuple[str, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    listen = ("--bind_ip", HOST, "--port", str(port))
    return (binary, "--dbpath", str(folder), *listen, "--wiredTigerCacheSizeGB", _MONGOD_CACHE_GB, "--quiet")


def _embedded(folder: Path, port: int) -> tuple[str, ...]:
    """Its own process, always: its licence is the GPL."""
    config = folder / "server.toml"  # an empty one, so that none that lies about elsewhere counts
    config.touch()
    listen = ("--host", HOST, "--port", str(port))
    where = ("--config", str(config), "--storage-path", str(folder / "data"))
    size = ("--cache-size", _CACHE, "--log-level", "WARNING")
    return (sys.executable, "-m", "secantus", *where, *listen, *size)
