"""Files that nobody knows are opened: each is a medium that was touched, one that moved, or a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from connectors.rooted.identity import Known, identities
from connectors.rooted.looking import Seen
from connectors.rooted.paths import PathRefused
from connectors.rooted.root import Root
from connectors.rooted.walking import NotThere, ReadOnly
from processors.folders import plan, told
from processors.folders.ignoring import Rules
from processors.folders.listing import by_page, listing
from processors.folders.missing import Lost, Missing
from processors.folders.pages import Folder
from processors.folders.plan import Entry, compare
from processors.folders.ports import Outcome, Ports
from processors.folders.shelves import Shelf
from schemas.events import Event

log = structlog.get_logger()

_MOST_AT_ONCE = 500


@dataclass(slots=True)
class _Page:
    """A page as it is to be, and what is to be said of it first."""

    folder: Folder
    number: int
    entries: dict[str, Entry]
    events: list[Event] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    left: list[Lost] = field(default_factory=list)
    """Where media were that are here now."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The second half of a scan."""

    ports: Ports
    shelf: Shelf
    root: Root
    missing: Missing
    outcome: Outcome

    async def open(self, folder: Folder, rules: Rules, *, fresh: bool) -> None:
        """Opens a folder's files that nobody knows, and says what they are."""
        there = await listing(self.root, folder.place.path, rules, self.outcome)
        for page, files in by_page(folder, there.files if there else []).items():
            entries = [] if fresh else await self.ports.pages.entries(folder, page)
            unknown = compare(entries, files, self.ports.clock.now(), self.ports.patience).open
            for some in _in_parts(unknown):
                entries = await self._open_some(folder, page, entries, some)

    async def _open_some(
        self, folder: Folder, number: int, entries: list[Entry], files: list[Seen]
    ) -> list[Entry]:
        await self.ports.pace.room()
        known = await self._read(folder, [each.name for each in files])
        page, now = _Page(folder, number, {e.media_id: e for e in entries}), self.ports.clock.now()
        same = plan.same_files(entries)
        for name, each in known.items():
            await self._is(page, name, each, now, same.get((name, each.identity)))
        await self._keep(page)
        return list(page.entries.values())

    async def _read(self, folder: Folder, names: list[str]) -> dict[str, Known]:
        """What the files are that can be read."""
        try:
            found = await asyncio.to_thread(identities, self.root, folder.place.path, names)
        except (NotThere, PathRefused, ReadOnly, OSError) as error:
            self.outcome.blame(error)
            return {}
        for said in found.values():
            if isinstance(said, str):
                self.outcome.blame(said)
        self.outcome.opened += len(found)
        return {name: each for name, each in found.items() if isinstance(each, Known)}

    async def _is(self, page: _Page, name: str, known: Known, now: datetime, same: Entry | None) -> None:
        """Finds out what a file is."""
        place = page.folder.place / name
        if same is not None:
            self.missing.take(same)
            page.entries[same.media_id] = plan.refreshed(same, name, known)
        elif (lost := await self._moved(known)) is not None:
            entry = plan.moved(lost.entry, name, known)
            page.entries[entry.media_id] = entry
            page.left.append(lost)
            page.events.append(told.moved(place, entry, now))
            self.outcome.moved += 1
        else:
            entry = plan.new_entry(place, known, page.entries)
            page.entries[entry.media_id] = entry
            page.new.append(entry.media_id)
            page.events.append(told.found(self.shelf, place, entry, now))
            self.outcome.new += 1

    async def _moved(self, known: Known) -> Lost | None:
        """The medium that these bytes are, where its file is not where it was."""
        for lost in self.missing.alike(known.identity):
            self.missing.take(lost.entry)
            if not await self._is_there(lost):
                return lost
        return None

    async def _is_there(self, lost: Lost) -> bool:
        """Whether a file that was missing has come back, or was touched and no more."""
        root, name = self.ports.roots[lost.folder.root], lost.entry.name
        try:
            found = await asyncio.to_thread(identities, root, lost.folder.path, [name])
        except NotThere:
            return False
        except (PathRefused, ReadOnly, OSError):
            return True
        known = found.get(name)
        return isinstance(known, str) or (known is not None and known.identity == lost.entry.identity)

    async def _keep(self, page: _Page) -> None:
        """Says first, and remembers then: what was said twice was said once."""
        if page.events:
            await self.ports.publisher.publish(page.events)
            self.ports.pace.told(page.new)
        await self.ports.pages.keep(page.folder, page.number, page.entries.values())
        for lost in page.left:
            await self._leave(page, lost)

    async def _leave(self, page: _Page, lost: Lost) -> None:
        """Where a medium was, its id remains: it is not to be given to another file there."""
        folder = await self.ports.pages.folder(lost.folder)
        number = folder.page_of(lost.entry.name)
        if (folder.place, number) == (page.folder.place, page.number):
            return
        entries = {entry.media_id: entry for entry in await self.ports.pages.entries(folder, number)}
        entries[lost.entry.media_id] = replace(lost.entry, gone=True)
        await self.ports.pages.keep(folder, number, entries.values())


def _in_parts(files: list[Seen]) -> Iterator[list[Seen]]:
    for start in range(0, len(files), _MOST_AT_ONCE):
        yield files[start : start + _MOST_AT_ONCE]
