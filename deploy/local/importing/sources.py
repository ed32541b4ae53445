"""What there is at a path, and how its files are had."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.console import clean
from deploy.local.failures import Exit, Failure
from deploy.local.importing import jellyfin, transcoder
from deploy.local.importing.found import Found
from deploy.local.importing.places import Folders
from deploy.local.importing.rows import is_sqlite, opened
from deploy.local.importing.stores import S3, BucketStore, FolderStore

_JELLYFIN = (jellyfin.OLD, jellyfin.NEW)
_WHAT = "a Jellyfin's library.db or jellyfin.db, or a folder or s3:// with raw/ and processed/"

At = Callable[[str], AbstractContextManager[Path]]
"""A file that the other system calls so, while it is read. Raises OutOfReach."""
Look = Callable[[str], object]
"""Looks whether there is such a file, without fetching it. Raises OutOfReach."""


@dataclass(frozen=True, slots=True)
class Source:
    """What was read of another system, and its files."""

    found: Found
    media: At
    pictures: At
    look: Look


def read(said: str, maps: Sequence[tuple[str, Path]], metadata: Path | None) -> Source:
    """What is at a path or an address. Raises Failure."""
    if said.startswith(S3):
        return _transcoded(BucketStore.of(said))
    path = Path(said).expanduser()
    if path.is_dir():
        library = next((f for f in map(path.joinpath, _JELLYFIN) if f.is_file() and _is_library(f)), None)
        if library is not None:
            return _library(library, maps, metadata)
        if any((path / area).is_dir() for area in (transcoder.RAW, transcoder.PROCESSED)):
            return _transcoded(FolderStore(path))
        raise Failure(f"there is nothing in {path} that can be taken over: it takes {_WHAT}.", Exit.USAGE)
    if not path.exists():
        raise Failure(f"{path} is not there.", Exit.NOT_FOUND)
    return _library(_library_file(path), maps, metadata)


def _library_file(path: Path) -> Path:
    """The file that has the library: of 10.7 to 10.10, `jellyfin.db` has the accounts alone."""
    if not is_sqlite(path):
        raise Failure(f"{path} is no SQLite database: sluice import takes {_WHAT}.", Exit.USAGE)
    older = path.with_name(jellyfin.OLD)
    if _is_library(path):
        return path
    if path.name == jellyfin.NEW and older.is_file() and _is_library(older):
        return older
    with opened(path) as tables:
        names = ", ".join(sorted(tables.columns)[:8]) or "none"
    raise Failure(f"{path} is no library that is known here. Its tables: {clean(names)}.", Exit.USAGE)


def _is_library(file: Path) -> bool:
    with opened(file) as tables:
        return jellyfin.is_library(tables)


def _transcoded(store: FolderStore | BucketStore) -> Source:
    return Source(transcoder.read(store), store.at, store.at, store.look)


def _library(file: Path, maps: Sequence[tuple[str, Path]], metadata: Path | None) -> Source:
    """Its pictures lie beside the films, or in folders of its own, which it calls by their purpose."""
    own = metadata or file.parent.parent / "metadata"
    named = [("%MetadataPath%", own), ("%AppDataPath%", file.parent)]
    media, pictures = Folders(maps), Folders([*maps, *named])
    return Source(jellyfin.read(file), within(media), within(pictures), media.local)


def within(folders: Folders) -> At:
    """The files in these folders."""

    @contextmanager
    def at(path: str) -> Iterator[Path]:
        yield folders.local(path)

    return at
