"""A table of odd media, each made by ffmpeg when tests run.

A new source is one entry in one of the lists below it; tests/unit/sources holds it to what it says of itself.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.sources import broken, formats, pictures, rates, streams, timing
from tests.sources.source import Source

__all__ = ["SOURCES", "Source", "made"]

SOURCES: dict[str, Source] = {
    source.name: source
    for kind in (rates, timing, pictures, streams, formats, broken)
    for source in kind.SOURCES
}


def made(name: str, folder: Path) -> Path:
    """The source's file in a folder: made now unless it is there, and never seen half made."""
    source = SOURCES[name]
    target = folder / f"{name}{source.suffix}"
    if not target.exists():
        with TemporaryDirectory(dir=folder, prefix=f".{name}.") as scratch:
            source.make(Path(scratch) / target.name).rename(target)
    return target
