"""What a worker runs to find what a policy of retention says is to go. The stage says that it goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.ports import BlobStore, Clock
from processors.care.known import MEDIA, VERSIONS, Everything
from processors.care.pace import Pace
from processors.care.plan import PolicyOrder, Retired, read, written
from processors.care.reports import keep
from processors.care.retention import Gone, going, is_meant
from processors.work.execution import Execution
from schemas.chores import RetentionOptions

_MOST_TOLD = 1000


@dataclass(frozen=True, slots=True)
class RetireWork:
    """Does the task of a retention."""

    blobs: BlobStore
    everything: Everything
    clock: Clock
    most: int = 4000
    """Of one run: its outcome rides an event. What is over goes with the next."""

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed and GivenBack."""
        order = read(PolicyOrder, execution.task.plan.order)
        options = RetentionOptions.model_validate_json(order.options)
        found, seen = await self._found(execution, options)
        gone = found[: self.most]
        report = {
            "chore": "retention",
            "deleted": options.delete,
            "media": seen,
            "going": len(gone),
            "going_bytes": sum(each.size_bytes for each in gone),
            "left": len(found) - len(gone),
            "first": [each.written() for each in gone[:_MOST_TOLD]],
        }
        reported = await keep(self.blobs, order.folder, report)
        told = {each.id: each.kind for each in gone} if options.delete else {}
        return written(Retired(location=reported.location, size_bytes=reported.size_bytes, gone=told))

    async def _found(self, execution: Execution, options: RetentionOptions) -> tuple[list[Gone], int]:
        await self.everything.caught_up()
        later, found, seen = await self._later(), list[Gone](), 0
        pace, now = Pace(execution, self.clock, 0), self.clock.now()
        async for medium in self.everything.all_of(MEDIA):
            seen += 1
            pace.reach(seen)
            if is_meant(medium, options):
                found += going(medium, later.get(medium["_id"], ()), options, now)
        pace.reach(seen, at_once=True)
        return found, seen

    async def _later(self) -> Mapping[str, list[Mapping[str, Any]]]:
        """The files that came after media's first, by medium; of each what is decided by."""
        found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        async for file in self.everything.all_of(VERSIONS):
            names = ("_id", "created_at", "status", "upload")
            kept: dict[str, Any] = {name: file[name] for name in names if name in file}
            found[file["of"]].append(kept)
        return found
