"""Which schedules there are now: kept in memory by each replica from the log."""

from __future__ import annotations

from gateway.catalog import Catalog
from gateway.errors import NotFound
from gateway.following import Following
from schemas.schedules import KIND, Schedule, read


class Schedules(Catalog[Schedule]):
    """The schedules by name."""

    def __init__(self, following: Following) -> None:
        super().__init__(following, KIND, read)

    def find(self, name: str) -> Schedule:
        """The schedule of that name. Raises NotFound."""
        found = self.all().get(name)
        if found is None:
            raise NotFound("schedule-not-found", f"There is no schedule {name!r}.")
        return found
