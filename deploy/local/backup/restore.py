"""Putting a backup back, into a home that holds nothing. Views and ledger are derived from the log again."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

import bson

from connectors import blob_names
from connectors.ports import BlobMissing
from connectors.private_file import write_private
from connectors.read_models import STATE
from deploy.local import state
from deploy.local.backup import archive, groups, log
from deploy.local.backup.archive import PIECE_BYTES, Entry
from deploy.local.backup.manifest import BLOBS, DOCUMENTS, GROUPS, KEPT, LOG, SECRET, TOKEN, Manifest
from deploy.local.backup.places import Places
from deploy.local.console import size_text
from deploy.local.failures import Exit, Failure
from deploy.local.home import Home, HomeLock
from deploy.local.parts import DATABASE, KAFKA, Options
from deploy.local.processes import end_leftovers
from deploy.local.stack import Stack
from processors.work.ledger import LEDGER
from schemas.topics import BY_NAME


@dataclass(slots=True)
class Restore:
    """One archive on its way back."""

    places: Places
    waiting: Callable[[str], None]
    loading: log.Loading = field(init=False)
    records: int = 0
    blob_bytes: int = 0
    _had_read: log.Offsets = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.loading = log.Loading(self.places.kafka)

    async def of(self, path: Path) -> None:
        """Puts everything back. Raises Failure."""
        if log.spans(self.places.kafka):
            raise Failure("Kafka's topics are not empty: a backup goes into empty ones.", Exit.CONFLICT)
        if await self.places.database.get(STATE, LEDGER) is not None:
            raise Failure("the database is not empty: a backup goes into an empty one.", Exit.CONFLICT)
        for entry in archive.entries(path):
            await self._put_back(entry)
        groups.put_back(self.places.kafka, log.translated(self.loading.moved, self._had_read))

    async def _put_back(self, entry: Entry) -> None:
        area, _, rest = entry.name.partition("/")
        if area == LOG:
            self._log(rest, entry.file)
        elif area == BLOBS:
            await self._blob(rest, entry)
        elif entry.name == GROUPS:
            self._had_read = groups.parsed(entry.file.read())
        elif entry.name == DOCUMENTS:
            await self._documents(entry.file.read())
        elif entry.name in (SECRET, TOKEN):
            file = {SECRET: self.places.secret_file, TOKEN: self.places.token_file}[entry.name]
            write_private(file, entry.file.read())

    def _log(self, member: str, file: IO[bytes]) -> None:
        place = log.place_of(member)
        if place[0] not in BY_NAME:
            raise Failure(f"the backup has a topic {place[0]}, which this version does not know.")
        self.records += self.loading.load(place, file)
        self.waiting(f"Putting the log back: {self.records} records")

    async def _blob(self, location: str, entry: Entry) -> None:
        try:
            await self._store(blob_names.checked(location), entry)
        except BlobMissing as error:
            raise Failure(f"the backup has a blob where none can be: {error}.") from error
        self.blob_bytes += entry.size_bytes
        self.waiting(f"Putting blobs back: {size_text(self.blob_bytes)}")

    async def _store(self, location: str, entry: Entry) -> None:
        if not blob_names.is_addressed(location):
            await self.places.blobs.put(location, entry.file.read())
            return
        writer = self.places.blobs.writer()
        try:
            while piece := entry.file.read(PIECE_BYTES):
                await writer.write(piece)
            name = PurePosixPath(location)
            await writer.commit(name.parts[0], name.suffix)
        finally:
            await writer.abort()

    async def _documents(self, said: bytes) -> None:
        for each in bson.decode_file_iter(io.BytesIO(said)):
            if each["collection"] in KEPT:
                await self.places.database.insert(each["collection"], each["document"])


async def into(
    home: Home, path: Path, say: Callable[[str], None], waiting: Callable[[str], None]
) -> Manifest:
    """Fills a new home with all that is in an archive, which is read through and checked first. What a
    restore that died has left there goes.

    Raises Failure; the home is as empty as before then.
    """
    if home.exists() and not home.is_half_restored:
        raise Failure(
            f"{home.root} is a home already: restore into a new one with --home, "
            "or empty this one with `sluice reset` first.",
            Exit.CONFLICT,
        )
    waiting(f"Reading {path.name}")
    said = archive.verified(path)
    if home.is_half_restored:
        _clear(home, say)
    home.begin_restore()
    async with _emptied_on_failure(home):
        options = Options(parts=frozenset({KAFKA, DATABASE}), restoring=True)
        with Stack.start(home, options, say=say, waiting=waiting) as stack:
            await Restore(Places.told(stack.environ), waiting).of(path)
        home.end_restore()
    return said


def _clear(home: Home, say: Callable[[str], None]) -> None:
    """Ends what a restore that died has left running, and removes what it has put there. Raises Failure while
    it goes on.
    """
    lock = HomeLock(home)
    if not lock.acquire():
        raise Failure(f"a restore into {home.root} goes on (pid {lock.holder()}).", Exit.CONFLICT)
    left = state.read(home.state_file)
    if left is not None:
        end_leftovers(left.children)
    say("An earlier restore into this home did not come to its end: it begins anew.")
    home.remove_half_restored()
    lock.release()


@asynccontextmanager
async def _emptied_on_failure(home: Home) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        home.remove_half_restored()  # all of it is of our making
        raise
