"""Where a copied track was cut: known while it is copied, and kept beside its segments once it is whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from pydantic import TypeAdapter

from schemas.copies import CopiedTrack
from schemas.segments import rendition_folder

_LEAST_S = Fraction(1, 2)
"""What is shorter counts as so long: its rate would say nothing of the line that it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """The segments of one track."""

    timescale: int
    """Ticks a second."""
    ticks: tuple[int, ...] = ()
    """How long each segment is."""
    sizes: tuple[int, ...] = ()
    """Their bytes."""
    whole: bool = False
    """Whether these are all."""

    def then(self, ticks: int, size: int) -> Cuts:
        """With one more segment."""
        return replace(self, ticks=(*self.ticks, ticks), sizes=(*self.sizes, size))

    def ended(self) -> Cuts:
        """With no more to come."""
        return replace(self, whole=True)

    @property
    def duration_s(self) -> float:
        """How long all of it is."""
        return sum(self.ticks) / self.timescale

    @property
    def segments(self) -> int:
        """How many there are."""
        return len(self.ticks)

    @property
    def lengths(self) -> list[Fraction]:
        """How long each is, in seconds."""
        return [Fraction(ticks, self.timescale) for ticks in self.ticks]

    @property
    def bandwidth(self) -> int:
        """Bits a second of the most demanding one."""
        pairs = zip(self.sizes, self.lengths, strict=True)
        return max((-(-size * 8 // max(length, _LEAST_S)) for size, length in pairs), default=0)


_CUTS = TypeAdapter(Cuts)


def cuts_location(track: CopiedTrack) -> str:
    """Where the list of a track's cuts is, once it is all there."""
    return f"{rendition_folder(track.source, track.key)}/index.json"


def written(cuts: Cuts) -> bytes:
    """Cuts as JSON."""
    return _CUTS.dump_json(cuts)


def read(text: bytes) -> Cuts:
    """The cuts in JSON. Raises ValueError for what are none."""
    return _CUTS.validate_json(text)
