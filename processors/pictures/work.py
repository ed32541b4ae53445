"""What a worker runs to draw pictures: what is in the store already is never drawn again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from connectors.pictures.orders import Size
from connectors.ports import BlobStore, content_of
from connectors.process import ToolFailed
from processors.pictures.draw import Canvas, Draw, Set
from processors.pictures.plan import PictureOrder, PictureOutcome, read, written
from processors.work.execution import Execution, TaskFailed
from processors.work.jobs import KnownMedia
from processors.work.sources import memory_allowed, source_on_disk
from schemas import pictures
from schemas.pictures import Drawn, Image, recipe_key

_LIST = "drawn.json"
"""What a set consists of; written last, so that what is listed is there."""
_FOR_GOOD = frozenset({"no_pictures", "no_sound", "nothing_shown", "nothing_heard"})


@dataclass(frozen=True, slots=True)
class PictureWork:
    """Does the tasks of one kind."""

    blobs: BlobStore
    media: KnownMedia
    draw: Draw

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed."""
        task = execution.task
        medium = read(PictureOrder, task.plan.order).medium
        if "deleted" in await self.media.get(task.job_id):
            return written(PictureOutcome(drawn=None, made=0))
        drawn = Drawn(source=medium.source, key=recipe_key(task.kind), images=())
        if (found := await found_in(self.blobs, drawn.folder)) is not None:
            return written(PictureOutcome(drawn=found, made=0))
        async with source_on_disk(self.blobs, medium.location) as source:
            canvas = Canvas(
                medium=medium,
                source=source,
                folder=execution.folder,
                memory_bytes=memory_allowed(execution),
                key=drawn.key,
            )
            made = await self._drawn(canvas)
        return written(await kept(self.blobs, drawn, made))

    async def _drawn(self, canvas: Canvas) -> Set:
        try:
            return await self.draw(canvas)
        except ToolFailed as error:
            again = error.code not in _FOR_GOOD
            raise TaskFailed(error.code, f"ffmpeg: {error}", again=again) from error


async def kept(blobs: BlobStore, drawn: Drawn, made: Set) -> PictureOutcome:
    """Puts a set into the store, file by file; of two workers at it, the first to put a file wins."""
    images, new = [], 0
    for path, size in made.files:
        content = await asyncio.to_thread(path.read_bytes)
        new += await blobs.put(f"{drawn.folder}/{path.name}", content)
        images.append(_image(path, len(content), size))
    whole = Drawn(source=drawn.source, key=drawn.key, images=tuple(images), tiles=made.tiles)
    await blobs.put(f"{drawn.folder}/{_LIST}", pictures.written(whole).encode())
    return PictureOutcome(drawn=await found_in(blobs, drawn.folder) or whole, made=new)


async def found_in(blobs: BlobStore, folder: str) -> Drawn | None:
    """The set that is in the store, if it is there whole."""
    names = await blobs.names(folder)
    if _LIST not in names:
        return None
    listed = pictures.read((await content_of(blobs, f"{folder}/{_LIST}")).decode())
    if isinstance(listed, Drawn) and {image.name for image in listed.images} <= names:
        return listed
    return None


def _image(path: Path, size_bytes: int, size: Size | None) -> Image:
    if size is None:
        return Image(name=path.name, size_bytes=size_bytes)
    return Image(name=path.name, size_bytes=size_bytes, width=size.width, height=size.height)
