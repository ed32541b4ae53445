"""How far a cleanup is, kept beside its report: whoever goes on after a worker that was killed begins there.

What it came across before counts as it was. What is known and what is too young is looked at anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.blob_names import DIGITS
from connectors.ports import BlobStore
from processors.care import reports
from processors.care.orphans import AREAS, Tally

PARTS = len(DIGITS)
"""An area is gone through in so many."""
TOTAL = len(AREAS) * PARTS
_NAME = "swept-"


def part_of(area: str, number: int) -> str:
    """What the store calls the part of an area that has this number among all."""
    return f"{area}/{DIGITS[number % PARTS]}"


@dataclass(slots=True)
class Swept:
    """How many parts are gone through, and what was in them."""

    blobs: BlobStore
    folder: str
    parts: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)

    @classmethod
    async def last(cls, blobs: BlobStore, folder: str) -> Swept:
        """As it was kept last; from the beginning where none was."""
        kept = sorted(name for name in await blobs.names(folder) if name.startswith(_NAME))
        if not kept:
            return cls(blobs, folder)
        said = await reports.get(blobs, folder, kept[-1])
        tallies = {area: Tally(**each) for area, each in said["tallies"].items()}
        return cls(blobs, folder, said["parts"], tallies)

    async def keep(self) -> None:
        """Whoever kept the same before stands: the bytes are as good."""
        tallies = {area: tally.written() for area, tally in self.tallies.items()}
        said = {"parts": self.parts, "tallies": tallies}
        await reports.put(self.blobs, self.folder, f"{_NAME}{self.parts:06d}.json", said)
