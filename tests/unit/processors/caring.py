"""The care stage with its workers, over doubles and a folder of blobs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from connectors.archive import open_kept
from connectors.ports import Delivery, Position, content_of
from connectors.read_models import POINTER, STATE, ReadModels
from connectors.s3.options import S3Options
from processors.care.handle import ACTOR, Care
from processors.care.known import Everything
from processors.care.plan import REPORT, REREAD, RETIRE, SHELVE, SURVEY, SWEEP, UNSHELVE
from processors.care.retire import RetireWork
from processors.care.scrub import ReportWork, RereadWork, SurveyWork
from processors.care.shelve import ShelveWork
from processors.care.sweep import SweepWork
from processors.care.unshelve import UnshelveWork
from processors.runtime import Handled
from processors.views.handle import apply
from processors.work.execution import Execution, Work
from processors.work.jobs import Jobs
from processors.work.ledger import TASKS, Ledger
from processors.work.tasks import RUNNING, Task
from schemas import events
from schemas.codec import Codec
from schemas.events import Event
from tests import samples
from tests.fakes import MemoryDatabase, MemoryLog

GENERATION = "v1"


class Reading:
    """Hashes in place, and keeps what it was given."""

    def __init__(self) -> None:
        self.read: list[Path] = []

    async def sha256(self, path: Path, size_bytes: int) -> str:
        self.read.append(path)
        return hashlib.sha256(path.read_bytes()).hexdigest()


class Counting:
    """See CareObserver."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def damaged(self, what: str, count: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + count


class LateClock:
    """The real time, some while on: what was stored a moment ago is old by it."""

    def __init__(self, ahead: timedelta = timedelta(hours=2)) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return events.to_millis(datetime.now(UTC) + self.ahead)


class World:
    """What is published goes through the views and the ledger; tasks are done when a test says so."""

    def __init__(self, folder: Path, grace: timedelta = timedelta(hours=1)) -> None:
        self.clock = LateClock()
        self.database = MemoryDatabase(self.clock)
        self.database.collections[STATE][POINTER] = {"_id": POINTER, "generation": GENERATION}
        self.log = MemoryLog()
        self.ledger = Ledger(self.database, Codec())
        kept = open_kept((folder / "blobs").as_uri(), "test", S3Options(), folder / "archive")
        self.store, self.archive = kept.blobs, kept.archive
        self.observer, self.hasher = Counting(), Reading()
        self.stage = Care(Jobs(self.ledger, self.clock, ACTOR), self.clock, self.observer)
        self.everything = everything = Everything(ReadModels(self.database), self.log, patience_s=0.0)
        self.works: dict[str, Work] = {
            SWEEP: SweepWork(self.store, everything, self.clock, grace),
            SURVEY: SurveyWork(self.store, everything),
            REREAD: RereadWork(self.store, self.hasher, self.clock, small_bytes=0),
            REPORT: ReportWork(self.store),
            RETIRE: RetireWork(self.store, everything, self.clock),
            SHELVE: ShelveWork(self.store, self.archive, everything, self.clock),
            UNSHELVE: UnshelveWork(self.store, self.archive, everything, self.clock),
        }
        self.scratch = folder / "scratch"
        self.told: list[Event] = []

    async def happened(self, *given: Event) -> None:
        """As if others had published these."""
        for event in given:
            (position,) = await self.log.publish([event])
            await apply(self.database, GENERATION, [Delivery(event, position)])

    async def give(self, event: Event) -> None:
        """The stage handles an event, and what comes of it happens."""
        await self.done(await self.stage.handle([Delivery(event, Position("x", 0, 0))]))

    async def done(self, handled: Handled) -> None:
        for event in handled.events:
            await self.happened(event)
            if isinstance(event, events.TaskChanged):
                await self.ledger.record(event)
        for settle in handled.settle:
            await settle()

    async def order(self, kind: str, job_id: str = "j1", **options: Any) -> None:
        """Someone asks for a chore."""
        said = orjson.dumps(options).decode()
        meta = samples.meta(now=self.clock.now())
        event = samples.chore_requested(job_id, kind=kind, options=said, meta=meta)
        await self.happened(event)
        await self.give(event)

    async def waiting(self) -> list[Task]:
        return [task for task in await self.ledger.of_job("j1") if task.state == "waiting"]

    async def work(self) -> None:
        """Workers do all that there is to do, and the stage hears of it."""
        while tasks := await self.waiting():
            for task in tasks:
                await self.complete(task)

    async def complete(self, task: Task) -> events.TaskChanged:
        outcome = await self.attempt(task)
        await self.database.change(TASKS, task.id, {}, {"state": "completed"})
        done = task.told("completed", "worker:w", self.clock.now(), outcome=outcome)
        await self.give(done)
        return done

    async def attempt(self, task: Task, **more: Any) -> str:
        """One attempt by a worker; returns its outcome."""

        async def confirm() -> None:
            assert task.state != RUNNING

        said: dict[str, Any] = {"tell": self.told.append, "confirm": confirm, **more}
        return await self.works[task.kind](Execution(task, "w", self.scratch, **said))

    async def report(self) -> dict[str, Any]:
        """What the job ended with."""
        (ended,) = [each for each in self.log.of("media.processed") if each.job_id == "j1"]
        assert ended.status == "completed", asdict(ended)
        found: dict[str, Any] = orjson.loads(await content_of(self.store, ended.output_location))
        return found

    async def medium(self, media_id: str, content: bytes, **probe: Any) -> str:
        """A medium that was accepted; returns where its bytes are."""
        uploaded = await self.uploaded(media_id, content)
        said = {"location": uploaded.location, "sha256": uploaded.sha256, "size_bytes": len(content), **probe}
        await self.happened(samples.probed(media_id, meta=samples.meta(now=self.clock.now()), **said))
        return uploaded.location

    async def uploaded(self, media_id: str, content: bytes) -> events.MediaUploaded:
        blob = await self.stored(content)
        event = samples.uploaded(
            media_id,
            meta=samples.meta(now=self.clock.now()),
            location=blob,
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
        )
        await self.happened(event)
        return event

    async def stored(self, content: bytes, area: str = "raw", suffix: str = ".mp4") -> str:
        writer = self.store.writer()
        await writer.write(content)
        return (await writer.commit(area, suffix)).location

    async def there(self) -> set[str]:
        """What is in the store, but for reports."""
        areas = ("raw", "straight", "renditions", "processed", "images")
        return {each.location for area in areas for each in [e async for e in self.store.listing(area)]}

    async def media(self, media_id: str) -> Mapping[str, Any]:
        return self.database.collections[f"media_{GENERATION}"][media_id]


def segment_of(content: bytes, number: int = 0, folder: str = "renditions") -> str:
    """Where a segment, or a picture, of these bytes lies."""
    source = hashlib.sha256(content).hexdigest()[:32]
    return f"{folder}/{source[:2]}/{source}/{'0' * 16}/{number:06d}.m4s"
