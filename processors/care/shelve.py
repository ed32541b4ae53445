"""What a worker runs to bring files to the archive. Each is moved whole, so that whoever goes on after
a crash finds every file at one place or the other; the stage tells where they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from connectors.ports import (
    Archive,
    BlobChanged,
    BlobMissing,
    BlobStore,
    Clock,
    Query,
    StoreFull,
)
from processors.care.archival import File, files
from processors.care.known import JOBS, MEDIA, VERSIONS, Everything, Known, name_in
from processors.care.pace import Pace
from processors.care.plan import Place, PolicyOrder, Shelved, read, written
from processors.care.reports import keep
from processors.work.execution import Execution, TaskFailed
from schemas.chores import ArchivalOptions
from schemas.storage import RAW, STANDARD
from schemas.versions import source_id, work_of
from schemas.viewings import PLAYED, POSITION

log = structlog.get_logger()

VIEWINGS = "viewings"
_MOST_TOLD = 1000
_AT_ONCE = 500
_LOOKED_AHEAD = 10
"""So many times what goes in one run is kept in mind: some of it others need."""
_OPEN = ("pending", "processing")


def refuse_without(archive: Archive | None) -> Archive:
    """Raises TaskFailed where there is none."""
    if archive is None:
        said = "there is no archive here: set SLUICE_ARCHIVE, or SLUICE_S3_ARCHIVE_CLASS for a bucket"
        raise TaskFailed("no_archive", said, again=False)
    return archive


@dataclass(slots=True)
class _Found:
    """What a look at everything came to."""

    seen: int = 0
    wanted: list[File] = field(default_factory=list)
    elsewhere: list[File] = field(default_factory=list)
    """What is not where it was, as far as is known."""
    shared: int = 0
    """What would be archived, and others have the same bytes that stay."""
    busy: int = 0
    """What jobs work on."""


@dataclass(slots=True)
class _Moved:
    """What came of moving files."""

    places: dict[str, Place] = field(default_factory=dict)
    size_bytes: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ShelveWork:
    """Does the task of an archival."""

    blobs: BlobStore
    archive: Archive | None
    everything: Everything
    clock: Clock
    most: int = 2000
    """Of one run: its outcome rides an event. What is over is archived by the next."""

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed and GivenBack."""
        archive = refuse_without(self.archive)
        order = read(PolicyOrder, execution.task.plan.order)
        options = ArchivalOptions.model_validate_json(order.options)
        found = await _Survey(self, options).all()
        going = found.wanted[: self.most]
        moved = _Moved()
        if options.archive:
            moved.places = {each.id: await self._now(each) for each in found.elsewhere}
            await self._move(execution, archive, going, moved)
        report = _report(options, found, going, moved)
        reported = await keep(self.blobs, order.folder, report)
        return written(
            Shelved(location=reported.location, size_bytes=reported.size_bytes, places=moved.places)
        )

    async def _now(self, file: File) -> Place:
        """Where it is at this moment, whatever a listing said."""
        try:
            return Place(storage=(await self.blobs.stat(file.location)).storage, known=file.known)
        except BlobMissing:
            return Place(storage=STANDARD, known=file.known)

    async def _move(self, execution: Execution, archive: Archive, going: list[File], moved: _Moved) -> None:
        pace = Pace(execution, self.clock, sum(each.size_bytes for each in going))
        done = 0
        for each in going:
            await pace.give_way()
            await execution.confirm()
            try:
                await archive.archive(each.location)
            except (BlobMissing, BlobChanged) as error:
                moved.failed.append({"id": each.id, "location": each.location, "why": str(error)})
            except StoreFull as error:
                moved.failed.append({"id": each.id, "location": each.location, "why": str(error)})
                break
            else:
                log.info("archived", id=each.id, location=each.location, size_bytes=each.size_bytes)
                moved.places[each.id] = Place(storage=archive.storage, known=each.known)
                moved.size_bytes += each.size_bytes
            done += each.size_bytes
            pace.reach(done)
        pace.reach(done, at_once=True)


@dataclass(slots=True)
class _Survey:
    """One look at all media, at who has watched them, and at where their bytes are."""

    work: ShelveWork
    options: ArchivalOptions
    staying: Known = field(default_factory=Known)
    """Bytes that someone's file has which is not to be archived."""
    archived: dict[str, Known] = field(default_factory=dict)
    """What is where in the archive, by class."""

    async def all(self) -> _Found:
        """Raises TaskFailed."""
        everything, found = self.work.everything, _Found()
        await everything.caught_up()
        await self._look()
        later, viewed, busy = await self._later(), await self._viewed(), await self._busy()
        now, candidates = self.work.clock.now(), list[File]()
        async for medium in everything.all_of(MEDIA):
            found.seen += 1
            seen_at = viewed.get(medium["_id"])
            for each in files(medium, later.get(medium["_id"], ()), self.options, now, seen_at):
                where = self._where(each)
                if each.storage != where and len(found.elsewhere) < self.work.most:
                    found.elsewhere.append(each)
                if each.why is None or each.id in busy:
                    found.busy += each.why is not None
                    self.staying.add([name_in(each.location)])
                elif where == STANDARD and len(candidates) < _LOOKED_AHEAD * self.work.most:
                    candidates.append(each)
        found.wanted = [each for each in candidates if name_in(each.location) not in self.staying]
        found.shared = len(candidates) - len(found.wanted)
        return found

    async def _look(self) -> None:
        async for each in self.work.blobs.listing(RAW.rstrip("/")):
            if each.storage != STANDARD:
                self.archived.setdefault(each.storage, Known()).add([name_in(each.location)])
        for known in self.archived.values():
            known.settle()

    def _where(self, file: File) -> str:
        name = name_in(file.location)
        return next((storage for storage, known in self.archived.items() if name in known), STANDARD)

    async def _later(self) -> Mapping[str, list[Mapping[str, Any]]]:
        """The files that came after media's first, by medium; of each what is decided by."""
        found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        names = ("_id", "created_at", "status", "upload", "storage")
        async for file in self.work.everything.all_of(VERSIONS):
            kept: dict[str, Any] = {name: file[name] for name in names if name in file}
            found[file["of"]].append(kept)
        return found

    async def _viewed(self) -> Mapping[str, datetime]:
        """When each medium was last watched by anyone."""
        found: dict[str, datetime] = {}
        read_models = self.work.everything.read_models
        for change in (POSITION, PLAYED):
            query = Query(order_by=f"{change}.at", limit=_AT_ONCE)
            async for document in read_models.all_of(VIEWINGS, query):
                at, medium = document[change]["at"], work_of(document[change]["media_id"] or "")
                found[medium] = max(at, found.get(medium, at))
        return found

    async def _busy(self) -> set[str]:
        """The files that jobs work on, or will."""
        found = set[str]()
        for state in _OPEN:
            async for job in self.work.everything.all_of(JOBS, state__name=state):
                request = job.get("request") or {}
                found.add(source_id(request.get("media_id", ""), request.get("version", 0)))
        return found


def _report(options: ArchivalOptions, found: _Found, going: list[File], moved: _Moved) -> dict[str, Any]:
    return {
        "chore": "archival",
        "archived": options.archive,
        "media": found.seen,
        "going": len(going),
        "going_bytes": sum(each.size_bytes for each in going),
        "left": len(found.wanted) - len(going),
        "shared": found.shared,
        "busy": found.busy,
        "moved_bytes": moved.size_bytes,
        "failed": moved.failed[:_MOST_TOLD],
        "first": [each.written() for each in going[:_MOST_TOLD]],
    }
