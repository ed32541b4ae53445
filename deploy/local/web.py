"""What the web pages need of others' code: fetched as WebJars like Kafka's jars, and taken out of them."""

from __future__ import annotations

import zipfile
from pathlib import Path

from deploy.local import jars

LOCK = Path(__file__).with_name("web.jars.lock")

_WANTED = frozenset({"hls.min.js"})


def ensure(cache: Path, fetch: jars.Fetcher = jars.fetch_with_jgo) -> Path:
    """The folder that holds the scripts, fetched and checked where they are not there yet. Raises Failure."""
    found = jars.ensure(cache / "web", jars.locked(LOCK), fetch)
    folder = found[0].parent / "scripts"
    if not all((folder / name).exists() for name in _WANTED):
        folder.mkdir(exist_ok=True)
        for jar in found:
            _take_out(jar, folder)
    return folder


def _take_out(jar: Path, folder: Path) -> None:
    with zipfile.ZipFile(jar) as archive:
        for member in archive.infolist():
            path = Path(member.filename)
            if path.name in _WANTED and path.parent.name == "dist":
                near = folder / f".{path.name}"
                near.write_bytes(archive.read(member))
                near.replace(folder / path.name)
