"""Who finds out from the store that another has gone on with its upload tells its sender so."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.blobs import FileStore
from connectors.file_writer import FileWriter
from connectors.ports import BlobHeld
from gateway.uploads.kept import Locked
from gateway.uploads.resuming import resuming

ID = "0198c9a2-6b1c-7d20-8e4f-2a3b4c5d6e7f"


class LostWriter(FileWriter):
    """Is overtaken while it writes, as in a store without locks."""

    async def close(self) -> None:
        await super().close()
        raise BlobHeld(ID)


class Overtaken(FileStore):
    """Says so only at the end."""

    async def resume(self, id: str, at: int | None = None) -> FileWriter:
        opened = await self.do(self.unfinished.open, id, at)
        return LostWriter(self, opened.path, opened)


async def test_who_was_overtaken_is_told_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(Locked):
        async with resuming(Overtaken(tmp_path, "gateway-1"), ID) as writer:
            await writer.write(b"x")


async def test_who_is_kept_out_is_told_at_once(tmp_path: Path) -> None:
    store = FileStore(tmp_path, "gateway-1")
    async with resuming(store, ID):
        with pytest.raises(Locked):
            async with resuming(store, ID):
                raise AssertionError("it is held")
