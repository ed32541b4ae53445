"""One look at a library's folder: what is new there, what moved, what is missing.

First all folders are listed and held against what was known of them, and no file is opened. Only then, and
only where there are files that nobody knows, those are: by then it is known what is missing, and so what has
moved. Nothing is held in memory but a few folders at a time, and what is missing. Twice is as good as once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from connectors.rooted.looking import Seen, contents
from connectors.rooted.paths import Inside, PathRefused
from connectors.rooted.root import Root
from connectors.rooted.walking import NotThere, ReadOnly
from processors.folders import told
from processors.folders.beside import signature
from processors.folders.finding import Finding
from processors.folders.ignoring import Rules
from processors.folders.listing import NOTHING, Listing, by_page, chosen, listing
from processors.folders.missing import Missing
from processors.folders.pages import Folder, pages_for
from processors.folders.plan import Entry, compare
from processors.folders.ports import Away, Outcome, Ports
from processors.folders.shelves import Shelf
from processors.folders.telling import Telling

_AT_ONCE = 16
"""So many folders' files are opened and told of beside each other."""

_MOST_NEW = 200

T = TypeVar("T")


@dataclass(slots=True)
class Scan:
    """One look at a shelf; with `only`, at the folders that lead to those, and at all that is new in them."""

    ports: Ports
    shelf: Shelf
    missing: Missing
    only: frozenset[Inside] | None = None
    counted_from: datetime | None = None
    """Nothing counts as missing from before then."""
    outcome: Outcome = field(default_factory=Outcome)
    _to_open: list[tuple[Folder, Rules, bool]] = field(default_factory=list)
    _to_tell: list[tuple[Folder, Rules, bool]] = field(default_factory=list)
    _new: list[Folder] = field(default_factory=list)
    _ways: set[Inside] = field(default_factory=set)
    """The folders that are asked for, and those on the way there."""

    def __post_init__(self) -> None:
        for each in self.only or ():
            self._ways |= {Inside(each.names[:end]) for end in range(len(each.names) + 1)}

    async def run(self) -> Outcome:
        """Raises Away, and what the broker and the database raise."""
        top = self.shelf.place.path
        root = self.ports.roots.get(self.shelf.place.root)
        if root is None:
            raise Away(f"SLUICE_ROOTS names no {self.shelf.place.root}")
        await self._refuse_away(root, top)
        await self._look(root, top, Rules(), whole=self.only is None)
        await self._note_new()
        finding = Finding(self.ports, self.shelf, root, self.missing, self.outcome)
        await _all_of(self._to_open, lambda each: finding.open(each[0], each[1], fresh=each[2]))
        telling = Telling(self.ports, root, self.outcome)
        await _all_of(self._to_tell, lambda each: telling.tell(each[0], each[1], vanished=each[2]))
        return self.outcome

    async def _refuse_away(self, root: Root, top: Inside) -> None:
        try:
            found = await asyncio.to_thread(contents, root, top)
        except (NotThere, PathRefused, ReadOnly, OSError) as error:
            raise Away(str(error)) from error
        if found.empty and (await self.ports.pages.folder(self.shelf.place)).pages:
            raise Away(f"{self.shelf.place} is empty, and was not: is its disk mounted?")

    async def _look(
        self, root: Root, path: Inside, rules: Rules, *, whole: bool, vanished: bool = False
    ) -> bool:
        """Whether there is anything in a folder, or something is missing from it."""
        there = chosen(path, rules, NOTHING) if vanished else await listing(root, path, rules, self.outcome)
        if there is None:
            return True
        if not vanished:
            self.outcome.folders.add(path)
        known = await self.ports.pages.folder(self.shelf.beside(path))
        still = await self._below(root, path, there, known, whole=whole)
        if not (there.files or still or known.pages):
            return not vanished
        noted = await self._note(known, still, len(there.files))
        missing = await self._compare(noted, there, fresh=not known.pages)
        if signature(there.files, there.beside) != known.beside:
            self._to_tell.append((noted, there.rules, vanished))
        return not vanished or bool(missing or still)

    async def _note(self, known: Folder, still: list[str], files: int) -> Folder:
        """Keeps what is in a folder. New ones wait for one another: a first scan has thousands."""
        if known.pages:
            return await self.ports.pages.note(known, still, files)
        noted = Folder(known.place, sorted(still), pages_for(files))
        self._new.append(noted)
        if len(self._new) >= _MOST_NEW:
            await self._note_new()
        return noted

    async def _note_new(self) -> None:
        new, self._new = self._new, []
        if new:
            await self.ports.pages.note_new(new)

    async def _below(
        self, root: Root, path: Inside, there: Listing, known: Folder, *, whole: bool
    ) -> list[str]:
        """Looks at a folder's folders; says which are there, or have something missing from them."""
        still = list(there.folders)
        for name in sorted({*there.folders, *known.folders}):
            gone = name not in there.folders
            all_of_it = whole or gone or name not in known.folders
            if not (all_of_it or path / name in self._ways):
                continue
            found = await self._look(root, path / name, there.rules, whole=all_of_it, vanished=gone)
            if gone and found:
                still.append(name)
        return still

    async def _compare(self, folder: Folder, there: Listing, *, fresh: bool) -> int:
        """How many are missing of a folder."""
        missing, unknown = 0, False
        for page, files in by_page(folder, there.files).items():
            gone, some = await self._compare_page(folder, page, files, fresh=fresh)
            missing, unknown = missing + gone, unknown or some
        self.outcome.files += len(there.files)
        self.outcome.missing += missing
        if unknown:
            self._to_open.append((folder, there.rules, fresh))
        return missing

    async def _compare_page(
        self, folder: Folder, page: int, files: list[Seen], *, fresh: bool
    ) -> tuple[int, bool]:
        """How many are missing of a page, and whether there are files that nobody knows."""
        now = self.ports.clock.now()
        entries = [] if fresh else await self.ports.pages.entries(folder, page)
        found = compare(entries, files, now, self.ports.patience, self.counted_from)
        if found.deleted:
            await self._gone(found.deleted, now)
        if found.changed:
            await self.ports.pages.keep(folder, page, found.entries)
        self.missing.note(folder.place, found.missing, found.entries)
        if found.writing:
            self.outcome.writing.add(folder.place.path)
        return len(found.missing), bool(found.open)

    async def _gone(self, entries: Sequence[Entry], now: datetime) -> None:
        """Of media that were replaced meanwhile the first file goes, and nothing else."""
        replaced = await self.ports.successions.among([each.media_id for each in entries])
        events = [told.gone(each, now, replaced=each.media_id in replaced) for each in entries]
        await self.ports.publisher.publish(events)
        self.outcome.deleted += len(entries)


async def _all_of(items: Iterable[T], do: Callable[[T], Awaitable[None]]) -> None:
    """Does so with each, a few beside each other. Raises what the first raises that fails."""
    waiting = iter(items)

    async def work() -> None:
        for each in waiting:
            await do(each)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(work())
    except ExceptionGroup as several:
        raise several.exceptions[0] from several
