"""What was found in folders, as MongoDB keeps it: a document for each folder, several for a large one.

One document for each file would make a first scan wait for the database more than for the disk. What is here
is derived from the log again when the database was lost; only what is missing is noticed anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.ports import Database, Document
from connectors.rooted.located import Place
from processors.folders.plan import Entry

COLLECTION = "folder_pages"

_FILES_A_PAGE = 800
_MOST_PAGES = 256


@dataclass(slots=True)
class Folder:
    """What was known of a folder when it was looked at last."""

    place: Place
    folders: list[str] = field(default_factory=list)
    pages: int = 0
    """How many documents its files are spread over; 0 where nothing is known of it."""
    beside: str = ""
    """What tells whether anything has changed since what lies beside its media was told."""

    def page_of(self, name: str) -> int:
        """Which of them tells of a file of that name."""
        return hashlib.sha256(name.encode()).digest()[0] % max(1, self.pages)


def pages_for(files: int) -> int:
    """How many documents to spread so many files over."""
    wanted = 1
    while wanted * _FILES_A_PAGE < files and wanted < _MOST_PAGES:
        wanted *= 16
    return wanted


@dataclass(frozen=True, slots=True)
class Pages:
    """The documents."""

    database: Database

    async def folder(self, place: Place) -> Folder:
        """What is known of a folder, and of its folders."""
        found = await self.database.get(COLLECTION, key_of(place))
        if not found:
            return Folder(place)
        return Folder(place, list(found["folders"]), found["pages"], found.get("beside", ""))

    async def entries(self, folder: Folder, page: int) -> list[Entry]:
        """What one of a folder's pages tells of its files."""
        found = await self.database.get(COLLECTION, page_key(folder.place, page)) if folder.pages else None
        return [Entry(**each) for each in found["files"].values()] if found else []

    async def keep(self, folder: Folder, page: int, entries: Iterable[Entry]) -> None:
        """Keeps what one of a folder's pages is to tell. The page's earlier word is gone."""
        await self._put(page_key(folder.place, page), {"files": {e.media_id: e.written() for e in entries}})

    async def note(self, folder: Folder, folders: Iterable[str], files: int) -> Folder:
        """Keeps which folders are in a folder, and makes room for so many files."""
        noted = Folder(folder.place, sorted(folders), max(folder.pages, pages_for(files)), folder.beside)
        if (noted.folders, noted.pages) == (folder.folders, folder.pages):
            return folder
        if folder.pages and noted.pages != folder.pages:
            await self._spread(folder, noted)
        await self._put(key_of(noted.place), _said(noted))
        return noted

    async def note_new(self, folders: Iterable[Folder]) -> None:
        """Keeps folders of which nothing was known, all in one go."""
        await self.database.insert_all(COLLECTION, [{"_id": key_of(f.place), **_said(f)} for f in folders])

    async def told(self, place: Place) -> dict[str, str]:
        """What was told of what lies beside a folder's media: by what of what, which file it was."""
        found = await self.database.get(COLLECTION, told_key(place))
        return {each["what"]: each["file"] for each in found["told"]} if found else {}

    async def keep_told(self, folder: Folder, told: Mapping[str, str], beside: str) -> None:
        """Keeps what was told of it, and then that nothing else is to be."""
        said = [{"what": what, "file": file} for what, file in sorted(told.items())]
        await self._put(told_key(folder.place), {"told": said})
        await self.database.change(COLLECTION, key_of(folder.place), {}, {"beside": beside})

    async def _spread(self, folder: Folder, wider: Folder) -> None:
        """Brings what is known to the pages that will tell of it."""
        known = [entry for page in range(folder.pages) for entry in await self.entries(folder, page)]
        by_page: dict[int, list[Entry]] = {page: [] for page in range(wider.pages)}
        for entry in known:
            by_page[wider.page_of(entry.name)].append(entry)
        for page, entries in by_page.items():
            await self.keep(wider, page, entries)

    async def _put(self, id: str, body: Mapping[str, Any]) -> None:
        document: Document = {"_id": id, **body}
        if not await self.database.insert(COLLECTION, document):
            await self.database.change(COLLECTION, id, {}, body)


def _said(folder: Folder) -> Document:
    return {"place": str(folder.place), "folders": folder.folders, "pages": folder.pages}


def key_of(place: Place) -> str:
    """What a folder's document is called."""
    return hashlib.sha256(str(place).encode()).hexdigest()[:32]


def told_key(place: Place) -> str:
    """What the document is called that says what was told of what lies beside a folder's media."""
    return f"{key_of(place)}.beside"


def page_key(place: Place, page: int) -> str:
    """What the document of one of its pages is called."""
    return f"{key_of(place)}.{page}"
