"""Cuts the fragmented MP4 that comes through a pipe: the initialisation segment, then a segment at a time.

Each fragment is given as soon as its last byte is there, so nothing waits for a file to be closed.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator

_HEADER = 8
_LARGE = 16
_MOST_BYTES = 512 << 20
"""Nothing of ours is larger; what claims to be, or never ends, would only fill the memory."""


class NotFragmented(ValueError):
    """These bytes are not the fragmented MP4 that was asked for."""


async def fragments(reader: asyncio.StreamReader, most_bytes: int = _MOST_BYTES) -> AsyncIterator[bytes]:
    """The initialisation segment, then each fragment (moof with its mdat). Raises NotFragmented.

    Bytes after the last whole fragment are dropped: they are of a segment that was never closed.
    """
    pending = bytearray()
    async for kind, box in _boxes(reader, most_bytes):
        if kind in (b"mfra", b"sidx", b"styp", b"free"):
            continue
        pending += box
        if len(pending) > most_bytes:
            raise NotFragmented(f"a fragment of more than {most_bytes} bytes")
        if kind in (b"moov", b"mdat"):
            yield bytes(pending)
            pending.clear()


async def _boxes(reader: asyncio.StreamReader, most_bytes: int) -> AsyncIterator[tuple[bytes, bytes]]:
    while True:
        try:
            header = await reader.readexactly(_HEADER)
            size, kind = struct.unpack(">I4s", header)
            if size == 1:
                header += await reader.readexactly(_LARGE - _HEADER)
                (size,) = struct.unpack(">Q", header[_HEADER:])
            if not len(header) <= size <= most_bytes:
                raise NotFragmented(f"a box {kind!r} of {size} bytes")
            yield kind, header + await reader.readexactly(size - len(header))
        except asyncio.IncompleteReadError:
            return


def decode_time(fragment: bytes) -> int:
    """When a fragment begins, in its track's own ticks. Raises NotFragmented."""
    said = _after(b"tfdt", fragment)
    return _number(said[4:12], 8) if said[:1] != b"\0" else _number(said[4:8], 4)


def sample_count(fragment: bytes) -> int:
    """How many pictures or packets are in a fragment. Raises NotFragmented."""
    return _number(_after(b"trun", fragment)[4:8], 4)


def _after(kind: bytes, fragment: bytes) -> bytes:
    """What a box of this kind begins with."""
    at = fragment.find(kind)
    if at < 0:
        raise NotFragmented(f"a fragment without {kind!r}")
    return fragment[at + 4 : at + 16]


def _number(said: bytes, length: int) -> int:
    if len(said) != length:
        raise NotFragmented("a fragment that is cut short")
    return int.from_bytes(said)
