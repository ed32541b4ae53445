"""What a scan makes of one folder: what was known of it, held against what is there now. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.rooted.identity import Known
from connectors.rooted.located import Place
from connectors.rooted.looking import Seen
from schemas.events import derived_id, to_millis

UNKNOWN_NS = 0
"""The time of a file that the log tells of, and no scan has seen since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A medium, as it was found in a folder."""

    media_id: str
    name: str
    size_bytes: int
    mtime_ns: int
    identity: str
    moves: int = 0
    """How often it was found at another place."""
    missing_since: datetime | None = None
    gone: bool = False
    """It is not here any more: it moved on, or was missing for so long that its medium was deleted. What is
    left is its id, which is never used again.
    """

    def written(self) -> dict[str, Any]:
        """As MongoDB keeps it."""
        return {name: getattr(self, name) for name in self.__slots__}

    def matches(self, seen: Seen) -> bool:
        """Whether this is the file, as far as can be told without opening it."""
        return (self.size_bytes, self.mtime_ns) == (seen.size_bytes, seen.mtime_ns)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a scan waits before it believes what it sees."""

    settle: timedelta = timedelta(seconds=10)
    """A file that was changed so recently may still be written to."""
    grace: timedelta = timedelta(days=1)
    """A file that is missing for less may come back, or is found elsewhere."""


@dataclass(slots=True)
class Compared:
    """What is to be done about one folder's files."""

    entries: list[Entry] = field(default_factory=list)
    """All that is known, with what is missing and what is back marked so."""
    changed: bool = False
    open: list[Seen] = field(default_factory=list)
    """Files to be opened, to see what they are."""
    writing: list[Seen] = field(default_factory=list)
    """Files to be looked at again, when they are no longer written to."""
    missing: list[Entry] = field(default_factory=list)
    deleted: list[Entry] = field(default_factory=list)
    """What was missing for too long."""


def compare(
    entries: Sequence[Entry],
    files: Sequence[Seen],
    now: datetime,
    patience: Patience,
    counted_from: datetime | None = None,
) -> Compared:
    """What was known of a folder against what is there. What is missing counts as missing from `counted_from`
    on at the earliest: while a disk was away, nothing was seen of it.
    """
    found, there = Compared(), {each.name: each for each in files}
    known = {e.name for e in entries if not e.gone and e.name in there and e.matches(there[e.name])}
    unknown = {name: seen for name, seen in there.items() if name not in known}
    for entry in entries:
        if entry.gone:
            found.entries.append(entry)
        elif entry.name in known and entry.matches(there[entry.name]):
            _back(found, entry)
        elif (seen := unknown.get(entry.name)) is not None and not is_settled(seen, now, patience):
            found.entries.append(entry)
        else:
            _missing(found, entry, seen, now, patience, counted_from)
    for seen in unknown.values():
        (found.open if is_settled(seen, now, patience) else found.writing).append(seen)
    return found


def _back(found: Compared, entry: Entry) -> None:
    found.changed = found.changed or entry.missing_since is not None
    found.entries.append(replace(entry, missing_since=None))


def _missing(
    found: Compared,
    entry: Entry,
    seen: Seen | None,
    now: datetime,
    patience: Patience,
    counted_from: datetime | None,
) -> None:
    """What is at its name is another file, or the same with another time: that is known once it is opened."""
    since = entry.missing_since or to_millis(now)
    entry = replace(entry, missing_since=since)
    if seen is None and now - max(since, counted_from or since) >= patience.grace and since < now:
        entry = replace(entry, gone=True)
        found.deleted.append(entry)
    else:
        found.missing.append(entry)
    found.changed = True
    found.entries.append(entry)


def is_settled(seen: Seen, now: datetime, patience: Patience) -> bool:
    """Whether nobody has changed a file for a while. Times to come were set by hand, and tell nothing."""
    now_ns = int(now.timestamp() * 1e9)
    last = max((stamp for stamp in (seen.mtime_ns, seen.changed_ns) if stamp <= now_ns), default=0)
    return last <= now_ns - int(patience.settle.total_seconds() * 1e9)


def same_files(entries: Iterable[Entry]) -> dict[tuple[str, str], Entry]:
    """By name and identity the media that files may be after all: only their time is another."""
    return {(each.name, each.identity): each for each in entries if not each.gone}


def refreshed(entry: Entry, name: str, known: Known) -> Entry:
    """What is known of a medium once its file was read again."""
    return replace(entry, name=name, size_bytes=known.size_bytes, mtime_ns=known.mtime_ns, missing_since=None)


def moved(entry: Entry, name: str, known: Known) -> Entry:
    """What is known of a medium that was found under another name, or in another folder."""
    return replace(refreshed(entry, name, known), moves=entry.moves + 1)


def new_entry(place: Place, known: Known, taken: Collection[str]) -> Entry:
    """A medium that was never seen. Its id comes from what it is and where, so that whoever finds it again
    calls it the same; one that is `taken`, by what was here before, is followed by another.
    """
    media_id = derived_id("folder", place, known.identity)
    while media_id in taken:
        media_id = derived_id("folder", place, known.identity, media_id)
    return Entry(
        media_id=media_id,
        name=place.path.name,
        size_bytes=known.size_bytes,
        mtime_ns=known.mtime_ns,
        identity=known.identity,
    )
