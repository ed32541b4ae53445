"""Images that somebody gave, or that were found: the order that a worker gets, and what it does with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import orjson

from connectors.pictures.orders import Picture
from connectors.ports import BlobStore
from connectors.process import ToolFailed
from processors.pictures.draw import Set
from processors.pictures.plan import PictureOutcome, written
from processors.pictures.work import found_in, kept
from processors.work.execution import Execution, TaskFailed
from processors.work.jobs import KnownMedia
from processors.work.sources import memory_allowed, source_on_disk
from processors.work.tasks import BACKGROUND
from schemas import artwork
from schemas.artwork import Wanted
from schemas.events import ItemChanged, MediaChanged, Meta, TaskPlan, derived_id
from schemas.pictures import Drawn, NotDrawn

_MEMORY_MB = 400
"""Of which four times as much may be held: a picture of the largest size, several times over."""
_NO_IMAGE = frozenset({"no_image", "nothing_shown", "tool_error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtworkOrder:
    """What a worker is told."""

    media_id: str | None
    item: str | None
    """What it is an image of, where that is no medium."""
    by: str
    kind: str
    version: int
    wanted: Wanted


def orders(event: MediaChanged | ItemChanged) -> Iterator[ArtworkOrder]:
    """One for each image that an event names."""
    media_id, item = (event.media_id, None) if isinstance(event, MediaChanged) else (None, event.item)
    for by, kind, wanted in artwork.wanted(event.values):
        yield ArtworkOrder(
            media_id=media_id, item=item, by=by, kind=kind, version=event.version, wanted=wanted
        )


def job_id(order: ArtworkOrder) -> str:
    """What its task belongs to: one image, once."""
    return derived_id("artwork", order.media_id or order.item, order.by, order.kind, order.version)


def plan(order: ArtworkOrder, owner_id: str) -> TaskPlan:
    """Soon done: at once where somebody gave it, and when nobody waits for anything where it was found."""
    return TaskPlan(
        index=0,
        media_id=order.media_id,
        owner_id=owner_id,
        priority=BACKGROUND if order.by == artwork.FOUND else "normal",
        cpu=0.5,
        memory_mb=_MEMORY_MB,
        tools=["ffmpeg"],
        max_attempts=2,
        order=orjson.dumps(asdict(order)).decode(),
    )


def read(text: str) -> ArtworkOrder:
    """The order in JSON."""
    said = orjson.loads(text)
    return ArtworkOrder(**said | {"wanted": Wanted(**said["wanted"])})


def told(meta: Meta, order: ArtworkOrder, said: Drawn | NotDrawn) -> MediaChanged | ItemChanged:
    """What became of an image."""
    values = {artwork.field_of(order.by, order.kind): artwork.told(said)}
    if order.media_id is not None:
        return MediaChanged(
            meta=meta,
            media_id=order.media_id,
            version=order.version,
            change=artwork.CHANGE,
            values=values,
        )
    return ItemChanged(
        meta=meta, item=order.item or "", version=order.version, change=artwork.CHANGE, values=values
    )


class ArtworkTool(Protocol):
    """See connectors.pictures.artwork."""

    async def draw(self, source: Path, kind: str, folder: Path, memory_bytes: int) -> list[Picture]:
        """Makes pictures of an image."""
        ...


@dataclass(frozen=True, slots=True)
class ArtworkWork:
    """Makes pictures of images; of the same bytes once."""

    blobs: BlobStore
    media: KnownMedia
    tool: ArtworkTool

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed."""
        order = read(execution.task.plan.order)
        if order.media_id is not None and "deleted" in await self.media.get(order.media_id):
            return written(PictureOutcome(drawn=None, made=0))
        drawn = Drawn(source=order.wanted.source, key=artwork.key_of(order.kind), images=())
        if (found := await found_in(self.blobs, drawn.folder)) is not None:
            return written(PictureOutcome(drawn=found, made=0))
        async with source_on_disk(self.blobs, order.wanted.location) as source:
            made = await self._drawn(execution, order.kind, source)
        return written(await kept(self.blobs, drawn, Set([(each.path, each.size) for each in made])))

    async def _drawn(self, execution: Execution, kind: str, source: Path) -> list[Picture]:
        try:
            return await self.tool.draw(source, kind, execution.folder, memory_allowed(execution))
        except ToolFailed as error:
            if error.code in _NO_IMAGE:
                said = "it is no JPEG, PNG or WebP, or it is damaged"
                raise TaskFailed("no_image", said, again=False) from error
            raise TaskFailed(error.code, f"ffmpeg: {error}") from error
