"""What is missing in folders just now: where a file turns up with the same bytes, its medium has moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from connectors.rooted.located import Place
from processors.folders.plan import Entry


@dataclass(frozen=True, slots=True)
class Lost:
    """A medium whose file is not where it was."""

    folder: Place
    entry: Entry


@dataclass(slots=True)
class Missing:
    """All of them, by what their bytes are known by."""

    _found: dict[str, dict[str, Lost]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._found)

    def note(self, folder: Place, missing: Iterable[Entry], there: Iterable[Entry]) -> None:
        """Some of a folder's media are missing, and others are there, or are to be looked for no more."""
        for entry in there:
            self.take(entry)
        for entry in missing:
            self._found.setdefault(entry.identity, {})[entry.media_id] = Lost(folder, entry)

    def alike(self, identity: str) -> list[Lost]:
        """The missing media with these bytes."""
        return list(self._found.get(identity, {}).values())

    def take(self, entry: Entry) -> None:
        """A medium is missing no more, if it was."""
        lost = self._found.get(entry.identity, {})
        lost.pop(entry.media_id, None)
        if not lost:
            self._found.pop(entry.identity, None)
