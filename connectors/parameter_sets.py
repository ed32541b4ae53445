"""Notices when coded pictures change on the way: H.264 and HEVC say their size beside the pictures."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.fragment_shape import Shape

_LENGTHS = {"h264": (b"avcC", 4), "hevc": (b"hvcC", 21)}
"""Where the initialisation segment says how long lengths are."""


class Changes:
    """Compares what key frames carry with what the initialisation segment says."""

    def __init__(self, codec: str, init: bytes) -> None:
        self._codec = codec
        self._init = init
        self._known: set[bytes] = set()
        self._length = _length_size(codec, init)

    def after(self, content: bytes, found: Shape) -> bool:
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
        at = 0
        while at + self._length < len(sample):
            size = int.from_bytes(sample[at : at + self._length])
            at += self._length
            kind = sample[at]
            if _is_picture(self._codec, kind):
                return
            if _is_size(self._codec, kind):
                yield sample[at : at + size]
            at += size


def _length_size(codec: str, init: bytes) -> int:
    box, offset = _LENGTHS.get(codec, (b"", 0))
    at = init.find(box) if box else -1
    return (init[at + 4 + offset] & 3) + 1 if 0 <= at < len(init) - 4 - offset else 4


def _is_picture(codec: str, kind: int) -> bool:
    return 1 <= kind & 31 <= 5 if codec == "h264" else kind >> 1 & 63 < 32


def _is_size(codec: str, kind: int) -> bool:
    return kind & 31 == 7 if codec == "h264" else kind >> 1 & 63 == 33
