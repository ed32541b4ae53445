"""Large files are sent so that cuts cost nothing, to a gateway that is as real as it gets without Kafka."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.local.client import Gateway
from deploy.local.failures import Exit, Failure
from deploy.local.resuming import Begun, Sending
from tests.cutting import cutting
from tests.unit.gateway.fakes import TOKEN, World, served, world
from tests.unit.gateway.tus import SPOKEN

SIZE = 5 << 20


@dataclass
class Sender:
    """A file, and what sends it."""

    w: World
    port: int
    file: Path
    begun: Begun
    waited: list[float] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)

    async def send(self, url: str | None = None, advance: Callable[[int], None] | None = None) -> Any:
        gateway = Gateway(url or f"http://127.0.0.1:{self.port}", TOKEN)
        told = advance or self.shown.append
        sending = Sending(gateway, self.file, "web", "high", self.begun, told, self.wait)
        try:
            return await asyncio.to_thread(sending.run)
        finally:
            gateway.close()

    def wait(self, seconds: float) -> None:
        """Long enough for a gateway to notice that a line is cut."""
        self.waited.append(seconds)
        time.sleep(0.1)

    @property
    def received(self) -> float:
        """What the gateway has read of all that was sent."""
        return self.w.metric("sluice_upload_bytes_total")

    @property
    def media(self) -> list[Any]:
        return [each for each in self.w.publisher.events if type(each).__name__ == "MediaUploaded"]


@asynccontextmanager
async def sender(folder: Path) -> AsyncIterator[Sender]:
    file = folder / "film.mp4"
    file.write_bytes(os.urandom(SIZE))
    blobs = folder / "blobs"
    blobs.mkdir()
    async with world(blobs) as w, served(w.app) as port:
        yield Sender(w, port, file, Begun(folder / "config" / "uploads.json"))


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


async def test_the_answer_is_that_of_a_file_sent_at_once(tmp_path: Path) -> None:
    async with sender(tmp_path) as s:
        said = await s.send()
        assert set(said) == {"media", "job", "token"}
        assert (said["media"]["name"], said["media"]["content_type"]) == ("film.mp4", "video/mp4")
        assert said["media"]["sha256"] == digest(s.file)
        assert (said["job"]["profile"], said["job"]["priority"]) == ("web", "high")
        assert sum(s.shown) == SIZE
        assert (await s.send())["media"]["id"] != said["media"]["id"], "it has ended, so this is another"


async def test_it_goes_on_after_every_cut_by_itself(tmp_path: Path) -> None:
    async with sender(tmp_path) as s:
        with cutting([f"http://127.0.0.1:{s.port}"], SIZE, 5, lambda number, to: None) as (way, made):
            said = await s.send(way)
        assert made.made == 5
        assert said["media"]["sha256"] == digest(s.file)
        assert len(s.media) == 1
        assert s.received == sum(s.shown) == SIZE, "nothing is sent twice"


async def test_the_same_command_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    async with sender(tmp_path) as s:

        def stopped(sent: int) -> None:
            s.shown.append(sent)
            if sum(s.shown) >= 3 << 20:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await interrupted(s, stopped)
        s.shown.clear()
        said = await s.send()
        assert s.received == sum(s.shown) == SIZE, "nothing is sent twice"
        assert said["media"]["sha256"] == digest(s.file)
        assert len(s.media) == 1


async def interrupted(s: Sender, advance: Callable[[int], None]) -> None:
    """A thread of an event loop has no KeyboardInterrupt of its own to give."""

    def tell(sent: int) -> None:
        try:
            advance(sent)
        except KeyboardInterrupt as error:
            raise RuntimeError from error

    try:
        await s.send(advance=tell)
    except RuntimeError as error:
        raise KeyboardInterrupt from error


async def test_another_file_at_the_same_place_is_begun_anew(tmp_path: Path) -> None:
    async with sender(tmp_path) as s:
        with pytest.raises(KeyboardInterrupt):
            await interrupted(s, interrupt_at(s, 2 << 20))
        s.file.write_bytes(os.urandom(SIZE))
        assert (await s.send())["media"]["sha256"] == digest(s.file)


def interrupt_at(s: Sender, size: int) -> Callable[[int], None]:
    def tell(sent: int) -> None:
        s.shown.append(sent)
        if sum(s.shown) >= size:
            raise KeyboardInterrupt

    return tell


async def test_an_upload_that_is_gone_is_begun_anew(tmp_path: Path) -> None:
    async with sender(tmp_path) as s:
        with pytest.raises(KeyboardInterrupt):
            await interrupted(s, interrupt_at(s, 2 << 20))
        (left,) = (await s.w.client.get("/api/v1/uploads")).json()["items"]
        while (await s.w.client.delete(left["links"]["self"], headers=SPOKEN)).status_code == 423:
            await asyncio.sleep(0.01)  # until the gateway has noticed that the line is cut
        assert (await s.send())["media"]["sha256"] == digest(s.file)


async def test_what_does_not_get_through_says_how_to_go_on(tmp_path: Path) -> None:
    async with sender(tmp_path) as s:
        s.w.audited.away = True
        with pytest.raises(Failure, match="the same command goes on where it was") as failed:
            await s.send()
        assert failed.value.code is Exit.NOT_RUNNING
        assert s.waited == [1, 2, 4, 8, 16, 30, 30, 30, 30]
        s.w.audited.away = False
        s.shown.clear()
        assert (await s.send())["media"]["sha256"] == digest(s.file)
        assert len(s.media) == 1


async def test_who_may_not_is_told_at_once(tmp_path: Path) -> None:
    async with sender(tmp_path) as s:
        gateway = Gateway(f"http://127.0.0.1:{s.port}", "another-token")
        sending = Sending(gateway, s.file, None, "normal", s.begun, s.shown.append, s.waited.append)
        with pytest.raises(Failure) as failed:
            await asyncio.to_thread(sending.run)
        gateway.close()
        assert (failed.value.code, s.waited) == (Exit.REFUSED, [])
