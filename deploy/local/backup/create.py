"""Making a backup of a stack that goes on working.

The log counts up to one moment, and what an event tells of is stored before the event is there. So the log is
measured first: the blobs that there are after that are all that it needs, and perhaps some more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import bson

from connectors import blob_names
from connectors.ports import BlobArchived, BlobMissing, Listed
from connectors.version import version
from deploy.local.backup import groups, log
from deploy.local.backup.archive import Writing, verified
from deploy.local.backup.manifest import (
    BLOBS,
    DOCUMENTS,
    FORMAT,
    GROUPS,
    KEPT,
    LOG,
    SECRET,
    TOKEN,
    Manifest,
    Member,
)
from deploy.local.backup.places import Places
from deploy.local.console import size_text

_MOST_DOCUMENTS = 1_000_000


@dataclass(slots=True)
class Backup:
    """One backup on its way into an archive."""

    places: Places
    spool: Path
    """A folder of its own, for what is on its way."""
    waiting: Callable[[str], None]
    records: int = 0
    blobs: int = 0
    blob_bytes: int = 0
    gone: list[str] = field(default_factory=list)
    archived: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    async def into(self, path: Path, *, with_secret: bool) -> Manifest:
        """Writes the archive, reads all of it again, and says what is in it. Raises Failure."""
        began = datetime.now(UTC)
        with Writing(path) as archive:
            self._log(archive)
            await self._documents(archive)
            if with_secret:
                archive.add_bytes(SECRET, self.places.secret_file.read_bytes())
                archive.add_bytes(TOKEN, self.places.token_file.read_bytes())
            for area in blob_names.AREAS:
                async for blob in self.places.blobs.listing(area):
                    await self._blob(archive, blob)
            archive.finish(self._said(began, archive.members))
        self.waiting(f"Reading {path.name} again")
        return verified(path)

    def _log(self, archive: Writing) -> None:
        """How far groups had read is asked first: what they read meanwhile is then handled once more, and
        nothing is passed over.
        """
        self.waiting("Copying the log")
        had_read = groups.read(self.places.kafka)
        spans = log.spans(self.places.kafka)
        for spool in log.spooled(self.places.kafka, spans, self.spool):
            with spool.path.open("rb") as file:
                archive.add(f"{LOG}/{spool.member}", spool.path.stat().st_size, file)
            self.records += spool.records
            self.waiting(f"Copying the log: {self.records} records")
        archive.add_bytes(GROUPS, groups.written(had_read))

    async def _documents(self, archive: Writing) -> None:
        found = [
            bson.encode({"collection": name, "document": document})
            for name in KEPT
            for document in await self.places.database.select(name, {}, _MOST_DOCUMENTS)
        ]
        archive.add_bytes(DOCUMENTS, b"".join(found))

    async def _blob(self, archive: Writing, blob: Listed) -> None:
        try:
            async with self.places.blobs.on_disk(blob.location) as path:
                with path.open("rb") as file:
                    size_bytes = path.stat().st_size
                    member = archive.add(f"{BLOBS}/{blob.location}", size_bytes, file)
        except (BlobMissing, FileNotFoundError):
            self.gone.append(blob.location)
            return
        except BlobArchived:
            self.archived.append(blob.location)
            return
        self.blobs += 1
        self.blob_bytes += size_bytes
        self.waiting(f"Copying blobs: {self.blobs}, {size_text(self.blob_bytes)}")
        if not _is_sound(blob.location, member):
            self.damaged.append(blob.location)

    def _said(self, began: datetime, members: list[Member]) -> Manifest:
        return Manifest(
            format=FORMAT,
            version=version(),
            began_at=began,
            ended_at=datetime.now(UTC),
            records=self.records,
            blobs=self.blobs,
            blob_bytes=self.blob_bytes,
            gone=self.gone,
            archived=self.archived,
            damaged=self.damaged,
            members=members,
        )


def _is_sound(location: str, member: Member) -> bool:
    """Whether a blob that is named by its hash has it."""
    name = PurePosixPath(location).name.partition(".")[0]
    return not blob_names.is_addressed(location) or name == member.sha256
