"""The text that is drawn into pictures: taken out of the medium once, whoever draws it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from connectors.drawn_text import DrawnText
from connectors.ports import BlobStore, is_there
from connectors.text_tools import Texts
from processors.transcode.texts import Extractor
from processors.work.execution import Execution, TaskFailed
from processors.work.sources import memory_allowed, source_on_disk
from schemas.texts import TextRendition


@dataclass(frozen=True, slots=True)
class Drawing:
    """Has the file at hand."""

    blobs: BlobStore
    tools: Extractor

    @asynccontextmanager
    async def file(
        self, execution: Execution, location: str, demuxer: str, text: TextRendition | None
    ) -> AsyncIterator[DrawnText | None]:
        """The text of a medium in a form to be drawn; None where none is. Raises TaskFailed."""
        if text is None:
            yield None
            return
        if not await is_there(self.blobs, text.location):
            await self._take_out(execution, location, demuxer, text)
        async with self.blobs.on_disk(text.location) as path:
            yield DrawnText(path, text.shown_on)

    async def _take_out(self, execution: Execution, location: str, demuxer: str, text: TextRendition) -> None:
        async with source_on_disk(self.blobs, location) as source:
            texts = Texts(
                source=source,
                demuxer=demuxer,
                streams=(text.stream,),
                form=text.form,
                folder=execution.folder,
                memory_bytes=memory_allowed(execution),
            )
            found = await self.tools.extract(texts)
        if text.stream not in found:
            reason = "the subtitles that are to be drawn can't be read"
            raise TaskFailed("subtitles_unreadable", reason, again=False)
        content = await asyncio.to_thread(found[text.stream].read_bytes)
        await self.blobs.put(text.location, content)
