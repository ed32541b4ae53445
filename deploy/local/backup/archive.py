"""The archive itself: written once from beginning to end, under another name until it is whole; read the same
way, with every member held against the manifest.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

from connectors.disk import sync
from deploy.local.backup import manifest
from deploy.local.backup.manifest import Manifest, Member
from deploy.local.failures import Exit, Failure

PIECE_BYTES = 1 << 20
_MOST_PROBLEMS = 20
_MODE = 0o600
"""What is in it is for its owner alone."""


class Readable(Protocol):
    """Anything that is read piece by piece."""

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes; none at the end."""
        ...


@dataclass(slots=True)
class _Hashed:
    """Counts and hashes what is read through it."""

    inner: Readable
    sha256: hashlib._Hash = field(default_factory=hashlib.sha256)
    size_bytes: int = 0

    def read(self, size: int, /) -> bytes:
        piece = self.inner.read(size)
        self.sha256.update(piece)
        self.size_bytes += len(piece)
        return piece


class Writing:
    """An archive that is being written. It has its name once `finish` returns; until then nothing has."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._members: list[Member] = []

    def __enter__(self) -> Self:
        try:
            descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
        except OSError as error:
            raise Failure(f"cannot write {self._path}: {error.strerror}.") from error
        self._file = os.fdopen(descriptor, "wb", buffering=PIECE_BYTES)
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)

    @property
    def members(self) -> list[Member]:
        """What is in it so far."""
        return self._members

    def add(self, name: str, size_bytes: int, source: Readable) -> Member:
        """Adds so many bytes under a name. Raises OSError where there are fewer."""
        info = tarfile.TarInfo(name)
        info.size, info.mode = size_bytes, _MODE
        hashed = _Hashed(source)
        self._tar.addfile(info, hashed)  # type: ignore[arg-type]
        member = Member(name=name, size_bytes=size_bytes, sha256=hashed.sha256.hexdigest())
        self._members.append(member)
        return member

    def add_bytes(self, name: str, said: bytes) -> Member:
        """Adds a small member."""
        return self.add(name, len(said), io.BytesIO(said))

    def finish(self, said: Manifest) -> None:
        """Adds the manifest, makes all of it durable and gives it its name."""
        self.add_bytes(manifest.NAME, said.model_dump_json(indent=1).encode())
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._part.replace(self._path)
        sync(self._path.parent)


@dataclass(frozen=True, slots=True)
class Entry:
    """One member, while the archive is read past it."""

    name: str
    size_bytes: int
    file: IO[bytes]


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Raises Failure for what reading an archive may meet."""
    try:
        yield
    except FileNotFoundError as error:
        raise Failure(f"there is no {path}.", Exit.NOT_FOUND) from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Failure(f"{path} is no whole backup: {error}.") from error


def entries(path: Path) -> Iterator[Entry]:
    """The members in the order in which they were written; each is readable until the next one.

    Raises Failure where the archive ends before its end.
    """
    with _whole(path), tarfile.open(path, mode="r|", bufsize=PIECE_BYTES) as archive:
        for info in archive:
            if (file := archive.extractfile(info)) is not None:
                yield Entry(info.name, info.size, file)


def verified(path: Path) -> Manifest:
    """The manifest of an archive whose every byte was read and is as the manifest says. Raises Failure."""
    found: dict[str, Member] = {}
    said: Manifest | None = None
    with _whole(path):
        for entry in entries(path):
            if entry.name == manifest.NAME:
                said = manifest.parsed(entry.file.read())
            else:
                found[entry.name] = _read(entry)
    if said is None:
        raise Failure(f"{path} is no whole backup: it has no manifest.")
    _compare(path, said, found)
    return said


def _read(entry: Entry) -> Member:
    hashed = _Hashed(entry.file)
    while hashed.read(PIECE_BYTES):
        pass
    return Member(name=entry.name, size_bytes=hashed.size_bytes, sha256=hashed.sha256.hexdigest())


def _compare(path: Path, said: Manifest, found: dict[str, Member]) -> None:
    wrong = [f"{each.name} is damaged or missing" for each in said.members if found.get(each.name) != each]
    others = sorted(found.keys() - {each.name for each in said.members})
    problems = [*wrong, *(f"{name} is not of it" for name in others)]
    if problems:
        raise Failure(f"{path} is damaged: nothing of it was used.", problems=problems[:_MOST_PROBLEMS])
