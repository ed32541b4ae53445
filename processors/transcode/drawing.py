"""The text that is drawn into pictures: taken out of the medium once, whoever draws it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from connectors.drawn_text import DrawnText
from connectors.ports import BlobStore, is_there
from connectors.text_tools import Texts
from processors.transcode.sources import local_source, memory_allowed
from processors.transcode.texts import Extractor
from processors.work.execution import Execution, TaskFailed
from schemas.texts import TextRendition


@dataclass(frozen=True, slots=True)
class Drawing:
    """Has the file at hand."""

    blobs: BlobStore
    tools: Extractor

    async def file(
        self, execution: Execution, location: str, demuxer: str, text: TextRendition | None
    ) -> DrawnText | None:
        """The text of a medium in a form to be drawn; None where none is. Raises TaskFailed."""
        if text is None:
            return None
        if not await is_there(self.blobs, text.location):
            await self._take_out(execution, location, demuxer, text)
        return DrawnText(await self.blobs.local_path(text.location), text.shown_on)

    async def _take_out(self, execution: Execution, location: str, demuxer: str, text: TextRendition) -> None:
        texts = Texts(
            source=await local_source(self.blobs, location),
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
