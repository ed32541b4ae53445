"""Which schedules there are now: kept in memory by each replica from the log."""

from __future__ import annotations

from gateway.errors import NotFound
from gateway.following import Following
from schemas.events import Event, ResourceChanged
from schemas.schedules import KIND, Schedule, read


class Catalog:
    """The schedules by name. Raises Unavailable before the log was read."""

    def __init__(self, following: Following) -> None:
        self._following = following
        self._versions: dict[str, int] = {}
        self._made: dict[str, Schedule] = {}

    def hear(self, event: Event) -> None:
        """Takes note of one event."""
        if not isinstance(event, ResourceChanged) or event.kind != KIND:
            return
        if self._versions.get(event.id, 0) >= event.version:
            return
        self._versions[event.id] = event.version
        if event.value:
            self._made[event.id] = read(event.value)
        else:
            self._made.pop(event.id, None)

    def find(self, name: str) -> Schedule:
        """The schedule of that name. Raises NotFound."""
        found = self._all().get(name)
        if found is None:
            raise NotFound("schedule-not-found", f"There is no schedule {name!r}.")
        return found

    def get(self, name: str) -> Schedule | None:
        """The schedule of that name, if there is one."""
        return self._all().get(name)

    def every(self) -> list[tuple[str, Schedule]]:
        """All of them, by name."""
        return sorted(self._all().items())

    def version(self, name: str) -> int:
        """The last version there ever was, also of one that was removed; 0 where there was none."""
        self._all()
        return self._versions.get(name, 0)

    def _all(self) -> dict[str, Schedule]:
        self._following.refuse_unheard()
        return self._made
