"""What lies beside media is told of: an NFO file by what it says, an image by where it is, and what is gone.

Files are read here only as far as it takes to tell them from others; to look at images is a worker's task.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors import nfo
from connectors.rooted.identity import Known, identities
from connectors.rooted.located import Located, Place
from connectors.rooted.looking import Seen
from connectors.rooted.paths import Inside, PathRefused
from connectors.rooted.root import Root
from connectors.rooted.walking import NotThere, ReadOnly
from processors.folders import told
from processors.folders.beside import NFO, Companion, Subject, companions, signature
from processors.folders.ignoring import Rules
from processors.folders.listing import NOTHING, Listing, chosen, listing
from processors.folders.pages import Folder
from processors.folders.plan import is_settled
from processors.folders.ports import Outcome, Ports
from schemas.artwork import Wanted
from schemas.described import Described
from schemas.events import Event, derived_id

_SOURCE_DIGITS = 32
_MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Telling:
    """The third part of a scan, when it is known which media are in a folder."""

    ports: Ports
    root: Root
    outcome: Outcome

    async def tell(self, folder: Folder, rules: Rules, *, vanished: bool = False) -> None:
        """Tells of what is new, other or gone beside a folder's media since that was told last."""
        there, now = await self._there(folder, rules, vanished=vanished), self.ports.clock.now()
        if there is None or folder.place.path in self.outcome.writing:
            return
        if not all(is_settled(each, now, self.ports.patience) for each in there.beside):
            self.outcome.writing.add(folder.place.path)
            return
        found = companions(folder.place, await self._media(folder, there.files), there.beside)
        before = await self.ports.pages.told(folder.place)
        after = {_key(each): f"{each.name}/{each.stamp}" for each in found}
        new = [each for each in found if before.get(_key(each)) != after[_key(each)]]
        gone = [key for key in before if key not in after]
        await self._say(folder.place, new, gone, now)
        await self.ports.pages.keep_told(folder, after, signature(there.files, there.beside))

    async def _there(self, folder: Folder, rules: Rules, *, vanished: bool) -> Listing | None:
        path = folder.place.path
        if vanished:
            return chosen(path, rules, NOTHING)
        return await listing(self.root, path, rules, self.outcome)

    async def _media(self, folder: Folder, files: Sequence[Seen]) -> dict[str, str]:
        """The ids of the media that are there, by name."""
        names, found = {each.name for each in files}, {}
        for page in range(folder.pages):
            for entry in await self.ports.pages.entries(folder, page):
                if entry.name in names and not entry.gone and entry.missing_since is None:
                    found[entry.name] = entry.media_id
        return found

    async def _say(self, place: Place, new: Sequence[Companion], gone: Sequence[str], now: datetime) -> None:
        known = await asyncio.to_thread(self._looked_at, place, new)
        events = [event for each in new if (event := self._event(place, each, known, now))]
        events += [_gone(key, now) for key in gone]
        for start in range(0, len(events), _MOST_AT_ONCE):
            await self.ports.publisher.publish(events[start : start + _MOST_AT_ONCE])

    def _looked_at(self, place: Place, new: Sequence[Companion]) -> Mapping[str, Known | str]:
        """What the files are, by their paths from the folder; nothing of those that can't be read."""
        found: dict[str, Known | str] = {}
        by_folder: dict[str, set[str]] = {}
        for each in new:
            within, _, name = each.name.rpartition("/")
            by_folder.setdefault(within, set()).add(name)
        for within, names in by_folder.items():
            path, above = (place.path / within, f"{within}/") if within else (place.path, "")
            try:
                known = identities(self.root, path, sorted(names))
            except (NotThere, PathRefused, ReadOnly, OSError) as error:
                self.outcome.blame(error)
                continue
            found |= {f"{above}{name}": each for name, each in known.items()}
        return found

    def _event(
        self, place: Place, each: Companion, known: Mapping[str, Known | str], now: datetime
    ) -> Event | None:
        file = known.get(each.name)
        if not isinstance(file, Known):
            return None
        if each.what == NFO:
            return told.described_as(each.subject, self._read(place / each.name), file.identity, now)
        id = derived_id(*each.subject, each.name)
        at = Place(place.root, Inside((*place.path.names, *each.name.split("/"))))
        location = str(Located(file.identity, id, at))
        wanted = Wanted(location=location, source=file.identity[:_SOURCE_DIGITS])
        return told.pictured(each.subject, each.what, wanted, now)

    def _read(self, place: Place) -> Described | None:
        try:
            descriptor = self.root.opened(place.path)
        except (NotThere, PathRefused, ReadOnly, OSError):
            return None
        with os.fdopen(descriptor, "rb") as file:
            return nfo.read(file.read(nfo.MOST_BYTES + 1))


def _key(each: Companion) -> str:
    """What is told of one thing, as it is remembered."""
    return "\n".join((*each.subject, each.what))


def _gone(key: str, now: datetime) -> Event:
    kind, id, what = key.split("\n")
    subject: Subject = (kind, id)
    if what == NFO:
        return told.described_as(subject, None, "", now)
    return told.pictured(subject, what, None, now)
