"""Films that were taken in, and viewers who watch them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from gateway.playback.streams import Patience, Rendition
from schemas.events import Event, MediaProbed, PlaybackChanged, StoredSegment, TranscodeRequested
from schemas.medium import Medium
from schemas.profiles import BUILT_IN
from schemas.renditions import Renditions, renditions
from schemas.segments import segment_location
from tests import samples
from tests.unit.gateway.fakes import World, until, world
from tests.unit.gateway.history import probed, progressed, uploaded

FILM_MS = 10_000
BY_HINT = Patience(ask_again_s=60, segment_s=60)
"""Whoever is not woken by an announcement waits longer than any test."""
BY_LOOKING = Patience(ask_again_s=0.01)
"""The store is looked at all the time."""


def seen(media_id: str = "m1", **more: Any) -> MediaProbed:
    """A film that no browser plays as it is."""
    streams = [samples.video_stream(), samples.audio_stream()]
    return probed(media_id, **{"container": "avi", "duration_ms": FILM_MS, "streams": streams, **more})


def film(media_id: str = "m1", **more: Any) -> list[Event]:
    """What happened to it."""
    return [uploaded(media_id, name="Отпуск.mkv"), seen(media_id, **more)]


def clip(media_id: str = "m1", **more: Any) -> list[Event]:
    """What happened to one that every browser plays as it is."""
    return [uploaded(media_id, name="Отпуск.mp4"), seen(media_id, **{"container": "mov", **more})]


def becomes(media_id: str = "m1", profile: str = "web", **more: Any) -> Renditions:
    """What the film becomes."""
    return renditions(Medium.of(seen(media_id, **more)), BUILT_IN[profile])


async def ask(w: World, media_id: str = "m1", **order: Any) -> httpx.Response:
    return await w.client.post(f"/api/v1/media/{media_id}/playback", json=order)


async def watch(w: World, media_id: str = "m1", **order: Any) -> dict[str, Any]:
    """How it is played."""
    answer = await ask(w, media_id, **order)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def address(w: World, media_id: str = "m1", **order: Any) -> str:
    """What all that one viewer may fetch begins with."""
    return str((await watch(w, media_id, **order))["links"]["stop"])


async def keep(w: World, rendition: Rendition, number: int, content: bytes = b"a segment") -> None:
    """As if a worker had stored a segment."""
    assert await w.services.store.put(segment_location(rendition.source, rendition.key, number), content)


def announced(rendition: Rendition, number: int) -> Event:
    """What a worker tells then."""
    return progressed(1, stored=[StoredSegment(rendition=rendition.key, segment=number, size_bytes=9)])


def told(w: World, state: str) -> list[PlaybackChanged]:
    """What was said of viewers, but for what was foreseen when they began."""
    said = [e for e in w.publisher.events if isinstance(e, PlaybackChanged) and e.state == state]
    return [e for e in said if not (state == "waiting" and e.position_ms is not None)]


def foreseen(w: World) -> list[tuple[str | None, int | None]]:
    """What a viewer was expected to ask for first: renditions and segments."""
    said = [e for e in w.publisher.events if isinstance(e, PlaybackChanged) and e.state == "waiting"]
    return [(e.rendition, e.segment) for e in said if e.position_ms is not None]


async def once_told(w: World, state: str, times: int = 1) -> PlaybackChanged:
    """The last word of that kind, once there are so many."""
    await until(lambda: len(told(w, state)) >= times)
    return told(w, state)[-1]


def ordered(w: World) -> list[TranscodeRequested]:
    """The jobs that were asked for."""
    return [event for event in w.publisher.events if isinstance(event, TranscodeRequested)]


@asynccontextmanager
async def viewed(
    folder: Path, patience: Patience = BY_HINT, **order: Any
) -> AsyncIterator[tuple[World, str]]:
    """A world in which someone watches the film, and what the viewer's addresses begin with."""
    async with world(folder, patience=patience) as w:
        await w.happened(*film())
        yield w, await address(w, **order)


@asynccontextmanager
async def waiting(w: World, path: str) -> AsyncIterator[asyncio.Task[httpx.Response]]:
    """A request for what is not there yet, once it waits."""
    before = len(told(w, "waiting"))
    asking = asyncio.create_task(w.client.get(path))
    await once_told(w, "waiting", before + 1)
    assert not asking.done()
    try:
        async with asyncio.timeout(20):
            yield asking
    finally:
        asking.cancel()


def waiters(w: World) -> int:
    """How many requests wait for a segment."""
    return sum(map(len, w.services.streams.arrivals._waiting.values()))
