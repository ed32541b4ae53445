"""Takes one work over: its file, or several, what was said of it, and where it is to stand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local import transfers
from deploy.local.failures import Failure
from deploy.local.importing import saying
from deploy.local.importing.door import Door, Offers, concerns_one, medium_at
from deploy.local.importing.found import Found, Item
from deploy.local.importing.here import Here, Medium
from deploy.local.importing.places import OutOfReach
from deploy.local.importing.report import Report
from deploy.local.importing.sources import At
from deploy.local.resuming import FROM_BYTES, Begun, Sending

SENT, FOUND = "sent", "found"
_PRIORITY = "normal"
_LOOKS, _LOOK_S = 600, 0.5
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """How works are taken over."""

    door: Door
    offers: Offers
    found: Found
    here: Here
    at: At
    report: Report
    begun: Begun
    advance: Advance
    into: str | None = None
    """The library that uploads are put into."""
    matched: Mapping[str, Medium] | None = None
    """The media of a folder library, by item; None where files are sent."""

    def take(self, files: Sequence[Item]) -> list[str]:
        """The media that a work is: of files that are sent one, the last of them shown. Raises Failure."""
        if self.matched is not None:
            return [id for item in files if (id := self._take_found(item, self.matched))]
        for n, file in enumerate(files, 1):
            if (medium := self._take_sent(file, files[-1])) is not None:
                for item in files[n:]:
                    self._add_version(medium, item)
                return [medium["id"]]
        return []

    def _take_found(self, item: Item, matched: Mapping[str, Medium]) -> str | None:
        mark = self.found.mark(item)
        known, medium = self.here.marked.get(mark), matched.get(item.id)
        if known is None and medium is None:
            self.report.lacks(_called(item), "the library has no such file, or several of that name")
            return None
        if known is None and medium is not None:
            self._say(item, mark, medium, FOUND)
        self.report.became(item.id, item.title, (known or medium or {})["id"], "there" if known else FOUND)
        return str((known or medium or {})["id"])

    def _take_sent(self, file: Item, item: Item) -> Medium | None:
        """The medium of an item, which begins as this file of it; None where that can't be had."""
        mark = self.found.mark(item)
        known = self.here.marked.get(mark)
        if known is not None:
            self.report.became(item.id, item.title, known["id"], "there")
            return known
        try:
            with self.at(file.path) as local:
                medium, how = self._medium(local, mark)
        except (OutOfReach, OSError, Failure) as error:
            self._lacks(file, item, error)
            return None
        if self.into is not None:
            place = {"library_id": self.into}
            self.door.shown(lambda: self.door.gateway.put(medium_at(medium["id"], "library"), place))
        self._say(item, mark, medium, how)
        self.report.became(item.id, item.title, medium["id"], how)
        return medium

    def _lacks(self, file: Item, item: Item, error: Exception) -> None:
        """A file of an item is missing. Raises what concerns more than that."""
        if isinstance(error, Failure) and not concerns_one(error):
            raise error
        self.report.lacks(_called(item) if file is item else file.path, error)

    def _medium(self, local: Path, mark: str) -> tuple[Medium, str]:
        """The medium of a file, and how it came to be. Raises Failure, OSError."""
        known = self.here.same(local)
        if known is not None:
            return known, "the same bytes"
        accepted = self._send(local, _key(local, mark))
        medium = self.door.medium(accepted["media"]["id"])
        if medium is None:  # it was sent before, and deleted since
            accepted = self._send(local, None)
            medium = self.door.medium(accepted["media"]["id"]) or accepted["media"]
        return medium, SENT

    def _send(self, local: Path, key: str | None, replaces: str | None = None) -> dict[str, Any]:
        """A large file so that it can go on after a cut, a small one at once."""
        gateway = self.door.gateway
        if local.stat().st_size > FROM_BYTES:
            sending = Sending(gateway, local, None, _PRIORITY, self.begun, self.advance, replaces=replaces)
            return self.door.ask(sending.run)
        if replaces is not None:
            return self.door.ask(lambda: transfers.replace(gateway, replaces, local, self.advance))
        return self.door.ask(
            lambda: transfers.upload(gateway, local, self.advance, profile=None, priority=_PRIORITY, key=key)
        )

    def _say(self, item: Item, mark: str, medium: Medium, how: str) -> None:
        """All that was said of it; where some of that makes no sense here, that it is this item at least."""
        order = saying.order_of(item, mark, medium, with_place=self.offers.place)
        order["custom"][saying.CAME] = how
        if item.made_of is not None and (source := self._source(item.made_of)):
            order["custom"][saying.MADE_OF] = source
        path = medium_at(medium["id"])
        try:
            self.door.shown(lambda: self.door.gateway.patch(path, order))
        except Failure as failure:
            if not failure.problems:
                raise
            self.report.lacks(_called(item), f"what was said of it: {'; '.join(failure.problems)}")
            order = {"custom": {saying.MARK: mark, saying.CAME: how}}
            self.door.shown(lambda: self.door.gateway.patch(path, order))
        if saying.left_out(item, with_place=self.offers.place):
            self.report.not_taken_over["place in a series or an album"] += 1
        self.here.add(mark, {**medium, "custom": order["custom"]})

    def _source(self, id: str) -> str | None:
        medium = self.here.marked.get(f"{self.found.system}:{id}")
        return str(medium["id"]) if medium else None

    def _add_version(self, medium: Medium, item: Item) -> None:
        """Another file of the same work, unless it is one of its versions already."""
        try:
            with self.at(item.path) as local:
                size, name = local.stat().st_size, local.name
                path = medium_at(medium["id"], "versions")
                versions = self.door.shown(lambda: self.door.gateway.get(path))["items"]
                if any((each["size_bytes"], each["name"]) == (size, name) for each in versions):
                    return
                self._wait_until_looked_at(medium["id"])
                self._send(local, None, replaces=medium["id"])
                self._wait_until_looked_at(medium["id"])
        except (OutOfReach, OSError, Failure) as error:
            self._lacks(item, item, error)
            return
        self.report.items["versions"] += 1

    def _wait_until_looked_at(self, id: str) -> None:
        """What was not accepted yet can't be replaced. Raises OutOfReach where it takes too long."""
        path = medium_at(id, "versions")
        for _ in range(_LOOKS):
            latest = self.door.shown(lambda: self.door.gateway.get(path))["items"][0]
            if latest["status"] != "uploaded":
                return
            self.door.wait(_LOOK_S)
        raise OutOfReach("the file before it is not looked at yet: run this again later")


def _called(item: Item) -> str:
    return item.title or item.path


def _key(local: Path, mark: str) -> str:
    """The same for the same file of the same item: sent twice, it is taken in once."""
    said = local.stat()
    about = f"{mark}\n{local.name}\n{said.st_size}\n{said.st_mtime_ns}"
    return f"import-{hashlib.sha256(about.encode()).hexdigest()}"
