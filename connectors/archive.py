"""Opens a store together with its archive, where it has one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from connectors.archived.moving import FileArchive
from connectors.archived.second import Second, is_used
from connectors.archived.store import ArchivedStore
from connectors.blobs import FileStore, open_store
from connectors.ports import Archive, BlobStore
from connectors.s3.options import S3Options

_FILES = "file"


class ArchiveUnusable(ValueError):
    """The settings of the store and its archive can't be meant together; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A store as readers see it, and what brings its blobs to the archive and back."""

    blobs: BlobStore
    archive: Archive | None


def open_kept(
    url: str,
    owner: str,
    s3: S3Options,
    folder: Path | None = None,
    guard: Callable[[BlobStore], BlobStore] = lambda store: store,
) -> Kept:
    """The store at an address; `folder` is the second one, for blobs that are files.

    What `guard` makes of the store itself is not asked of the second folder: a disk that is away stops
    nothing else. Raises ArchiveUnusable, and ValueError for an address of another kind.
    """
    parts = urlsplit(url)
    if parts.scheme != _FILES:
        if folder is not None:
            raise ArchiveUnusable(
                "SLUICE_ARCHIVE is for blobs in files: for a bucket set SLUICE_S3_ARCHIVE_CLASS"
            )
        return Kept(guard(open_store(url, owner, s3)), _in_bucket(parts.netloc, parts.path, owner, s3))
    first = Path(unquote(parts.path)).resolve()
    if folder is None:
        if is_used(first):
            raise ArchiveUnusable(
                f"blobs of {first} may be in an archive: set SLUICE_ARCHIVE to its folder, "
                "or remove the file archive-id from the store where there is none any more"
            )
        return Kept(guard(open_store(url, owner, s3)), None)
    return _in_folders(first, folder, owner, guard)


def _in_folders(first: Path, folder: Path, owner: str, guard: Callable[[BlobStore], BlobStore]) -> Kept:
    if not folder.is_absolute():
        raise ArchiveUnusable(f"SLUICE_ARCHIVE is {folder}: give an absolute path")
    root = folder.resolve()
    if root.is_relative_to(first) or first.is_relative_to(root):
        raise ArchiveUnusable(f"SLUICE_ARCHIVE ({root}) and the store ({first}) lie in each other")
    second = Second(root, first, owner)
    files = FileStore(first, owner, second.counts)
    return Kept(ArchivedStore(guard(files), second), FileArchive(files, second))


def _in_bucket(name: str, prefix: str, owner: str, s3: S3Options) -> Archive | None:
    if s3.archive_class is None:
        return None
    from connectors.s3.archive import S3Archive  # boto3 takes long to load, and most do without
    from connectors.s3.bucket import Bucket
    from connectors.s3.leftovers import Leftovers

    bucket = Bucket.at(name, unquote(prefix), s3)
    return S3Archive(bucket, Leftovers(bucket, owner), s3.archive_class)
