"""A library's folder on a real disk, scanned over doubles."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from connectors.rooted.located import place
from connectors.rooted.root import Root
from processors.folders.missing import Missing
from processors.folders.pages import Pages
from processors.folders.plan import Patience
from processors.folders.ports import Outcome, Ports
from processors.folders.scan import Scan
from processors.folders.shelves import Shelf
from schemas.events import MediaChanged, MediaUploaded, ResourceChanged
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase, MemoryLog

PATIENCE = Patience(settle=timedelta(seconds=10), grace=timedelta(days=1))


class NoPace:
    """There is always room."""

    async def room(self) -> None: ...

    def told(self, media_ids: object) -> None: ...


class Known:
    """Media that were replaced."""

    def __init__(self) -> None:
        self.replaced: set[str] = set()

    async def among(self, media_ids: Collection[str]) -> set[str]:
        return self.replaced & set(media_ids)


class Shelved:
    """One folder of one library, an hour after its files were made."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = Root("films", tmp_path / "films")
        self.root.path.mkdir()
        self.clock = FakeClock(datetime.now(UTC) + timedelta(hours=1))
        self.database = MemoryDatabase(self.clock)
        self.log = MemoryLog()
        self.missing, self.known = Missing(), Known()
        self.shelf = Shelf("l1", "admin", place("films/new"))
        (self.root.path / "new").mkdir()
        self.ports = Ports(
            {"films": self.root},
            Pages(self.database),
            self.log,
            self.clock,
            NoPace(),
            self.known,
            PATIENCE,
        )

    @property
    def found(self) -> list[MediaUploaded]:
        """What was said to be new."""
        return self.log.of("media.uploaded")

    @property
    def changed(self) -> list[MediaChanged]:
        """What was said to have changed."""
        return self.log.of("media.changed")

    def path(self, name: str) -> Path:
        return self.root.path / "new" / name

    def put(self, name: str, content: str | bytes = "", age_s: float = 0) -> Path:
        """A file that was changed so long before what the clock says."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if age_s:
            at = self.clock.now().timestamp() - age_s
            os.utime(path, (at, at))
        return path

    async def scan(self, *only: str, since: datetime | None = None) -> Outcome:
        asked = frozenset(place(f"films/{each}").path for each in only) or None
        return await Scan(self.ports, self.shelf, self.missing, asked, since).run()


def library(version: int = 1, id: str = "l1", folders: tuple[str, ...] = ("films/new",)) -> ResourceChanged:
    """A library with folders, as its event says."""
    said = {"name": "Films", "owner_id": "admin", "access": {}, "folders": folders}
    return ResourceChanged(
        meta=samples.meta(),
        resource=f"library/{id}",
        kind="library",
        id=id,
        version=version,
        value=orjson.dumps(said).decode(),
    )
