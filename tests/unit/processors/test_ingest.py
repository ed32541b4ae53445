"""An upload is looked at, and what was accepted is read again in its own time."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest

from connectors.blobs import FileStore
from connectors.digests import Digests
from connectors.ports import BlobMissing, Delivery, Position
from connectors.process import ToolRunner
from connectors.sandbox import Isolation, Sandbox
from processors.ingest.handle import Ingest
from processors.ingest.plan import ProbeOutcome
from processors.ingest.work import Check
from processors.work.execution import Execution
from processors.work.jobs import KnownMedia
from processors.work.ledger import Ledger
from processors.work.tasks import Task
from schemas import events
from schemas.codec import Codec
from schemas.events import Event
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase, only

CONTENT = b"a recording"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
RAW = f"raw/{DIGEST[:2]}/{DIGEST}"


class World:
    """The stage over a real store; the ledger's database is a double."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.blobs = FileStore(folder / "blobs", "w1")
        database = MemoryDatabase(self.clock)
        self.ledger = Ledger(database, Codec())
        self.stage = Ingest(self.blobs, KnownMedia(database), self.ledger, self.clock)
        self.blob = folder / "blobs" / RAW
        self.blob.parent.mkdir(parents=True)
        self.blob.write_bytes(CONTENT)

    async def give(self, event: Event) -> list[Event]:
        handled = await self.stage.handle([Delivery(event, Position("x", 0, 0))])
        for each in handled.events:
            if isinstance(each, events.TaskChanged):
                await self.ledger.record(each)
        return list(handled.events)

    async def uploaded(self) -> Task:
        upload = samples.uploaded(media_id="m1", location=RAW, size_bytes=len(CONTENT), sha256=DIGEST)
        return Task.planned(only(e for e in await self.give(upload) if isinstance(e, events.TaskChanged)))

    async def probed(self, code: str | None = None, reason: str | None = None) -> list[Event]:
        probe = await self.uploaded()
        outcome = ProbeOutcome(location=RAW, size_bytes=len(CONTENT), sha256=DIGEST, code=code, reason=reason)
        return await self.end(probe, orjson.dumps(asdict(outcome)).decode())

    async def end(self, task: Task, outcome: str) -> list[Event]:
        return await self.give(task.told("completed", "worker:w", self.clock.now(), outcome=outcome))

    async def checked(self, check: Task) -> list[Event]:
        async def confirm() -> None: ...

        execution = Execution(check, "w1", self.folder, lambda _: None, confirm)
        hasher = Digests(ToolRunner(Sandbox(Isolation(layers=()))))
        return await self.end(check, await Check(self.blobs, hasher)(execution))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def check_of(found: list[Event]) -> Task:
    return Task.planned(only(event for event in found if isinstance(event, events.TaskChanged)))


async def test_what_was_accepted_is_read_again_when_nobody_wants_the_machine(world: World) -> None:
    found = await world.probed()
    accepted = only(event for event in found if isinstance(event, events.MediaProbed))
    check = check_of(found)
    assert (accepted.media_id, accepted.sha256) == ("m1", DIGEST)
    assert (check.kind, check.job_id, check.idle, check.plan.priority) == ("check", "m1", True, "low")
    assert check.plan.owner_id == samples.uploaded().owner_id


async def test_what_was_rejected_is_not(world: World) -> None:
    (rejected,) = await world.probed(code="hostile", reason="it is odd")
    assert isinstance(rejected, events.MediaRejected)


async def test_bytes_that_are_what_they_were_are_told_of_to_nobody(world: World) -> None:
    check = check_of(await world.probed())
    assert await world.checked(check) == []
    assert world.blob.read_bytes() == CONTENT


async def test_bytes_that_are_others_are_rejected_after_all_and_do_not_stay(world: World) -> None:
    check = check_of(await world.probed())
    world.blob.write_bytes(CONTENT.upper())
    (rejected,) = await world.checked(check)
    assert isinstance(rejected, events.MediaRejected)
    assert (rejected.media_id, rejected.code) == ("m1", "corrupt")
    assert "not those that were uploaded" in rejected.reason
    with pytest.raises(BlobMissing):
        await world.blobs.stat(RAW)


async def test_of_a_medium_that_was_deleted_meanwhile_there_is_nothing_to_say(world: World) -> None:
    check = check_of(await world.probed())
    world.blob.unlink()
    assert await world.checked(check) == []
