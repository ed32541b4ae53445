"""What H.264 and HEVC say in their own bits: where a player can begin, and how large pictures are."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.fragment_shape import Shape

_LENGTHS = {"h264": (b"avcC", 4), "hevc": (b"hvcC", 21)}
"""Where the initialisation segment says how long lengths are."""


class Pictures:
    """Looks into the coded pictures of one track."""

    def __init__(self, codec: str, init: bytes) -> None:
        self._codec = codec
        self._init = init
        self._known: set[bytes] = set()
        self._length = _length_size(codec, init)

    def can_begin(self, content: bytes, found: Shape) -> bool:
        """Whether a player can begin at a fragment: containers call more pictures key frames than players.

        What follows a picture of H.264 that only asks to recover may need what was before it.
        """
        if self._codec not in _LENGTHS:
            return True
        first = found.samples[0]
        kinds = (unit[0] for unit in self._units(content[first.begin : first.begin + first.size]))
        picture = next((kind for kind in kinds if _is_picture(self._codec, kind)), None)
        return picture is not None and _is_entry(self._codec, picture)

    def change(self, content: bytes, found: Shape) -> bool:
        """Whether a fragment's pictures are coded otherwise than all before."""
        if self._codec not in _LENGTHS:
            return False
        keys = (sample for sample in found.samples if sample.is_key)
        return any(
            self._is_new(unit)
            for sample in keys
            for unit in self._sizes(content[sample.begin : sample.begin + sample.size])
        )

    def _is_new(self, unit: bytes) -> bool:
        if unit in self._known:
            return False
        self._known.add(unit)
        return unit not in self._init

    def _sizes(self, sample: bytes) -> Iterator[bytes]:
        """The sequence parameter sets before the picture itself."""
        for unit in self._units(sample):
            if _is_picture(self._codec, unit[0]):
                return
            if _is_size(self._codec, unit[0]):
                yield unit

    def _units(self, sample: bytes) -> Iterator[bytes]:
        at = 0
        while at + self._length < len(sample):
            size = int.from_bytes(sample[at : at + self._length])
            at += self._length
            yield sample[at : at + max(1, size)]
            at += size


def _length_size(codec: str, init: bytes) -> int:
    box, offset = _LENGTHS.get(codec, (b"", 0))
    at = init.find(box) if box else -1
    return (init[at + 4 + offset] & 3) + 1 if 0 <= at < len(init) - 4 - offset else 4


def _is_picture(codec: str, kind: int) -> bool:
    return 1 <= kind & 31 <= 5 if codec == "h264" else kind >> 1 & 63 < 32


def _is_entry(codec: str, kind: int) -> bool:
    return kind & 31 == 5 if codec == "h264" else 16 <= kind >> 1 & 63 <= 21


def _is_size(codec: str, kind: int) -> bool:
    return kind & 31 == 7 if codec == "h264" else kind >> 1 & 63 == 33
