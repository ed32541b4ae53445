"""What workers run to see whether all bytes are still what they were. Nothing is ever removed or repaired."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any

import structlog

from connectors.ports import (
    ArchiveUnavailable,
    BlobArchived,
    BlobMissing,
    BlobStore,
    Clock,
    StoreUnavailable,
    is_there,
)
from connectors.process import ToolFailed
from processors.care import reports
from processors.care.entries import MEDIUM, Entry, Findings, entry_of_job, entry_of_medium, scrub_report
from processors.care.known import FILES, JOBS, Everything, name_in
from processors.care.pace import Pace
from processors.care.plan import (
    ReportOrder,
    Reread,
    RereadOrder,
    Survey,
    SurveyOrder,
    list_name,
    read,
    written,
)
from processors.work.execution import Execution
from processors.work.hashing import SMALL_BYTES, Hasher, sha256_of
from schemas.health import CHANGED, MISSING, UNREADABLE

log = structlog.get_logger()

_SURVEY = "survey.json"
_LIST_ENTRIES = 50
_LIST_BYTES = 4 << 30
_MOST_FINDINGS = 1000


@dataclass(frozen=True, slots=True)
class SurveyWork:
    """Lists all that is to be read, in lists that are short enough to be begun again."""

    blobs: BlobStore
    everything: Everything

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed."""
        order = read(SurveyOrder, execution.task.plan.order)
        made, on_list = _Lists(self.blobs, order.folder, execution.task.epoch), list[Entry]()
        async for entry in self._entries(order):
            on_list.append(entry)
            if len(on_list) >= _LIST_ENTRIES or sum(each.size_bytes for each in on_list) >= _LIST_BYTES:
                await made.add(on_list)
                on_list = []
        await made.add(on_list)
        await reports.put(self.blobs, order.folder, _SURVEY, asdict(made.survey()))
        return written(Survey(**await reports.get(self.blobs, order.folder, _SURVEY)))

    async def _entries(self, order: SurveyOrder) -> AsyncIterator[Entry]:
        await self.everything.caught_up()
        for name in FILES:
            async for document in self.everything.all_of(name, status__name="ready"):
                if entry := entry_of_medium(document):
                    yield entry
        if not order.outputs:
            return
        async for document in self.everything.all_of(JOBS, state__name="completed"):
            if entry := entry_of_job(document):
                yield entry


@dataclass(slots=True)
class _Lists:
    """The lists of one attempt."""

    blobs: BlobStore
    folder: str
    epoch: int
    lists: int = 0
    entries: int = 0
    size_bytes: int = 0

    async def add(self, entries: list[Entry]) -> None:
        if not entries:
            return
        name = list_name(self.epoch, self.lists)
        await reports.put(self.blobs, self.folder, name, [entry.written() for entry in entries])
        self.lists += 1
        self.entries += len(entries)
        self.size_bytes += sum(entry.size_bytes for entry in entries)

    def survey(self) -> Survey:
        return Survey(epoch=self.epoch, lists=self.lists, entries=self.entries, size_bytes=self.size_bytes)


@dataclass(frozen=True, slots=True)
class RereadWork:
    """Reads what is on some lists."""

    blobs: BlobStore
    hasher: Hasher
    clock: Clock
    small_bytes: int = SMALL_BYTES

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises GivenBack, and what the store raises."""
        order = read(RereadOrder, execution.task.plan.order)
        pace, findings = Pace(execution, self.clock, order.total_bytes), Findings()
        for number in range(order.first, order.first + order.lists):
            name = list_name(order.epoch, number)
            for said in await reports.get(self.blobs, order.folder, name):
                await pace.give_way()
                entry = Entry.read(said)
                try:
                    findings.note(entry, await self._wrong(entry))
                except BlobArchived:
                    findings.pass_over(entry)
                pace.reach(findings.read_bytes)
        pace.reach(findings.read_bytes, at_once=True)
        await reports.put(self.blobs, order.folder, _part(order.index), findings.written())
        return written(Reread(marks=findings.marks, found=findings.counts()))

    async def _wrong(self, entry: Entry) -> dict[str, str]:
        """What is wrong with which part of an entry."""
        found = {}
        for part in entry.parts:
            if what := await self._look(part.location, part.sha256):
                log.error("found damaged", kind=entry.kind, id=entry.id, location=part.location, what=what)
                found[part.location] = what
        return found

    async def _look(self, location: str, sha256: str) -> str | None:
        try:
            now = await sha256_of(self.blobs, self.hasher, location, self.small_bytes)
        except BlobMissing:
            return MISSING
        except ArchiveUnavailable:
            raise
        except StoreUnavailable as error:
            await self.blobs.ping()  # raises where it is the store, and not this blob
            log.warning("cannot be read", location=location, error=str(error))
            return UNREADABLE
        except ToolFailed as error:
            if not await is_there(self.blobs, location):
                return MISSING
            log.warning("cannot be read", location=location, error=str(error))
            return UNREADABLE
        return None if now == sha256 else CHANGED


@dataclass(frozen=True, slots=True)
class ReportWork:
    """Sums up what all of them found."""

    blobs: BlobStore

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON."""
        folder = read(ReportOrder, execution.task.plan.order).folder
        survey = Survey(**await reports.get(self.blobs, folder, _SURVEY))
        names = sorted(name for name in await self.blobs.names(folder) if name.startswith("part-"))
        parts = [await reports.get(self.blobs, folder, name) for name in names]
        untrusted = await self._untrusted([each for part in parts for each in part["found"]])
        report = scrub_report(parts, survey.entries, untrusted, _MOST_FINDINGS)
        return written(await reports.keep(self.blobs, folder, report))

    async def _untrusted(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The renditions of sources that are not what they were: nobody knows what they are of."""
        damaged = {name_in(f["location"])[:32]: f["id"] for f in found if _is_other_source(f)}
        if not damaged:
            return []
        counted: dict[str, dict[str, Any]] = {}
        async for blob in self.blobs.listing("renditions"):
            source, folder = name_in(blob.location), blob.location.rpartition("/")[0]
            if source in damaged:
                said = {"rendition": folder, "media_id": damaged[source], "segments": 0, "size_bytes": 0}
                counted.setdefault(folder, said)
                counted[folder]["segments"] += 1
                counted[folder]["size_bytes"] += blob.size_bytes
        return list(counted.values())[:_MOST_FINDINGS]


def _is_other_source(found: dict[str, Any]) -> bool:
    return (found["kind"], found["what"]) == (MEDIUM, CHANGED)


def _part(index: int) -> str:
    return f"part-{index:06d}.json"
