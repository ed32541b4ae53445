"""What a worker runs to bring files back from the archive. What takes hours there is asked for, and looked
after now and then: nobody waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connectors.ports import Archive, BlobChanged, BlobMissing, BlobStore, Clock
from processors.care.archival import File, file, is_kept
from processors.care.known import FILES, Everything
from processors.care.pace import Pace
from processors.care.plan import Place, PolicyOrder, Shelved, read, written
from processors.care.reports import keep
from processors.care.shelve import refuse_without
from processors.work.execution import Execution, GivenBack, TaskFailed
from schemas.chores import UnarchivalOptions
from schemas.storage import STANDARD

_LOOK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class UnshelveWork:
    """Does the task of an unarchival."""

    blobs: BlobStore
    archive: Archive | None
    everything: Everything
    clock: Clock

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed, and GivenBack while something is on its way."""
        archive = refuse_without(self.archive)
        order = read(PolicyOrder, execution.task.plan.order)
        options = UnarchivalOptions.model_validate_json(order.options)
        asked = await self._asked(options)
        await self._bring_back(execution, archive, asked)
        places = {each.id: Place(storage=STANDARD, known=each.known) for each in await self._alike(asked)}
        report = {
            "chore": "unarchival",
            "files": [{"id": each.id, "name": each.name, "size_bytes": each.size_bytes} for each in asked],
        }
        reported = await keep(self.blobs, order.folder, report)
        return written(Shelved(location=reported.location, size_bytes=reported.size_bytes, places=places))

    async def _bring_back(self, execution: Execution, archive: Archive, asked: list[File]) -> None:
        """All of them are asked for before any is waited for."""
        pace, done = Pace(execution, self.clock, sum(each.size_bytes for each in asked)), 0
        on_their_way = 0
        for each in asked:
            await execution.confirm()
            try:
                is_back = await archive.restore(each.location)
            except (BlobMissing, BlobChanged) as error:
                raise TaskFailed("not_back", str(error), again=False) from error
            done += each.size_bytes if is_back else 0
            on_their_way += not is_back
            pace.reach(done, at_once=True)
        if on_their_way:
            raise GivenBack(f"{on_their_way} files are on their way", _LOOK_AGAIN)

    async def _asked(self, options: UnarchivalOptions) -> list[File]:
        await self.everything.caught_up()
        found = [each for id in options.media for each in await self._files("_id", id)]
        if not found:
            raise TaskFailed("nothing_there", "none of these files is in the store any more", again=False)
        return found

    async def _alike(self, asked: list[File]) -> list[File]:
        """All files of the same bytes: they came back too."""
        back, wanted = {each.location for each in asked}, {each.id for each in asked}
        same = [e for hash in {a.sha256 for a in asked} for e in await self._files("upload__sha256", hash)]
        return [e for e in same if e.location in back and (e.storage != STANDARD or e.id in wanted)]

    async def _files(self, field: str, value: str) -> list[File]:
        where: dict[str, Any] = {field: value}
        return [
            file(document)
            for name in FILES
            async for document in self.everything.all_of(name, **where)
            if is_kept(document)
        ]
