"""What a fragment of MP4 says of itself: when it begins, how long it is, and where it can be entered."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.fragments import NotFragmented

_HAS_DATA_OFFSET, _HAS_FIRST_FLAGS = 0x1, 0x4
_DURATION, _SIZE, _FLAGS, _SHOWN = 0x100, 0x200, 0x400, 0x800
_DESCRIBED, _USUAL_DURATION, _USUAL_SIZE, _USUAL_FLAGS = 0x2, 0x8, 0x10, 0x20
_DEPENDS = 0x10000
"""The flag of a sample that cannot be decoded by itself."""
_PATH = (b"trak", b"mdia")


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture or packet."""

    at: int
    """When it is decoded, in ticks."""
    ticks: int
    shown_at: int
    is_key: bool
    begin: int
    """Where its bytes are in the fragment."""
    size: int


@dataclass(frozen=True, slots=True)
class Shape:
    """One fragment."""

    begin: int
    """When its first sample is decoded, in ticks."""
    samples: tuple[Sample, ...]
    description: int
    """Which of the initialisation segment's descriptions it follows, from 1 on."""

    @property
    def ticks(self) -> int:
        """How long it is."""
        return sum(sample.ticks for sample in self.samples)


def shape(fragment: bytes) -> Shape:
    """The shape of a moof with its mdat. Raises NotFragmented."""
    try:
        track = _only(_only(fragment, b"moof"), b"traf")
        usual = _Usual.read(_only(track, b"tfhd"))
        begin = _begin(_only(track, b"tfdt"))
        return Shape(begin, tuple(_samples(track, usual, begin)), usual.description)
    except (struct.error, ValueError) as error:
        raise NotFragmented(f"a fragment that cannot be read: {error}") from error


def timescale(init: bytes) -> int:
    """Ticks a second, as an initialisation segment says. Raises NotFragmented."""
    try:
        inside = _only(init, b"moov")
        for kind in _PATH:
            inside = _only(inside, kind)
        header = _only(inside, b"mdhd")
        return int(struct.unpack_from(">I", header, 20 if header[0] else 12)[0])
    except (struct.error, ValueError, IndexError) as error:
        raise NotFragmented(f"an initialisation segment that cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class _Usual:
    """What holds for a sample that does not say otherwise."""

    description: int = 1
    ticks: int = 0
    size: int = 0
    flags: int = 0

    @classmethod
    def read(cls, header: bytes) -> _Usual:
        said = int.from_bytes(header[1:4])
        if said & 0x1:
            raise ValueError("its offsets are counted from the file's beginning")
        at, found = 8, {}
        for flag, name in (
            (_DESCRIBED, "description"),
            (_USUAL_DURATION, "ticks"),
            (_USUAL_SIZE, "size"),
            (_USUAL_FLAGS, "flags"),
        ):
            if said & flag:
                (found[name],) = struct.unpack_from(">I", header, at)
                at += 4
        return cls(**found)


def _begin(box: bytes) -> int:
    return int(struct.unpack_from(">q" if box[0] else ">i", box, 4)[0])


def _samples(track: bytes, usual: _Usual, at: int) -> Iterator[Sample]:
    for run in _all(track, b"trun"):
        said = int.from_bytes(run[1:4])
        count, offset, place, first = _run_header(run, said)
        columns = [flag for flag in (_DURATION, _SIZE, _FLAGS, _SHOWN) if said & flag]
        row = struct.Struct(">" + "".join("i" if flag == _SHOWN else "I" for flag in columns))
        for number in range(count):
            values = dict(zip(columns, row.unpack_from(run, place + number * row.size), strict=True))
            flags = values.get(_FLAGS, usual.flags)
            flags = first if number == 0 and first is not None else flags
            ticks, size = values.get(_DURATION, usual.ticks), values.get(_SIZE, usual.size)
            yield Sample(at, ticks, at + values.get(_SHOWN, 0), not flags & _DEPENDS, offset, size)
            at, offset = at + ticks, offset + size


def _run_header(run: bytes, said: int) -> tuple[int, int, int, int | None]:
    """How many samples, where their bytes begin, where their rows begin, and the first one's flags."""
    (count,) = struct.unpack_from(">I", run, 4)
    place, offset, first = 8, 0, None
    if said & _HAS_DATA_OFFSET:
        (offset,) = struct.unpack_from(">i", run, place)
        place += 4
    if said & _HAS_FIRST_FLAGS:
        (first,) = struct.unpack_from(">I", run, place)
        place += 4
    return count, offset, place, first


def _only(inside: bytes, kind: bytes) -> bytes:
    """What is in the first box of a kind. Raises ValueError."""
    found = next(_all(inside, kind), None)
    if found is None:
        raise ValueError(f"it has no {kind.decode()}")
    return found


def _all(inside: bytes, kind: bytes) -> Iterator[bytes]:
    at = 0
    while at + 8 <= len(inside):
        size, found = struct.unpack_from(">I4s", inside, at)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", inside, at + 8)
            header = 16
        if size < header:
            raise ValueError(f"a box of {size} bytes")
        if found == kind:
            yield inside[at + header : at + size]
        at += size
