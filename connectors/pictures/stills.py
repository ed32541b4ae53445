"""Images as such: which of them we take, by their first bytes, and how large those are that we made. Pure."""

from __future__ import annotations

from connectors.pictures.orders import Size

HEAD_BYTES = 32
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""The markers of a JPEG that tell its size."""


def demuxer_of(head: bytes) -> str | None:
    """What an image is opened with that begins like this: JPEG, PNG or WebP; None for anything else."""
    if head.startswith(_JPEG):
        return "jpeg_pipe"
    if head.startswith(_PNG):
        return "png_pipe"
    return "webp_pipe" if (head[:4], head[8:12]) == (b"RIFF", b"WEBP") else None


def size_of(content: bytes) -> Size | None:
    """How large a JPEG or PNG says that it is; None where it does not."""
    if content.startswith(_PNG):
        return Size(_number(content[16:20]), _number(content[20:24]))
    at = 2
    while content[at : at + 1] == b"\xff" and at + 9 <= len(content):
        if content[at + 1] in _FRAMES:
            return Size(_number(content[at + 7 : at + 9]), _number(content[at + 5 : at + 7]))
        at += 2 + _number(content[at + 2 : at + 4])
    return None


def _number(part: bytes) -> int:
    return int.from_bytes(part, "big")
