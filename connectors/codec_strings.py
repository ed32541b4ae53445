"""What players ask by whether they can play a track (RFC 6381), as its initialisation segment says it."""

from __future__ import annotations

from collections.abc import Callable

_AAC = 0x40
_DECODER_CONFIG, _SPECIFIC = 0x04, 0x05
_MOST_STEPS = 200


class UnknownCodec(ValueError):
    """This initialisation segment is of no codec that players are told of."""


def codec_string(init: bytes) -> str:
    """The codec, with its profile and level where it has such. Raises UnknownCodec."""
    for kind, say in _SAYERS.items():
        at = init.find(kind)
        if at >= 0:
            try:
                return say(init[at + 4 : at + 4 + _MOST_STEPS])
            except (IndexError, ValueError) as error:
                raise UnknownCodec(f"its {kind.decode()} cannot be read: {error}") from error
    raise UnknownCodec("it says nothing of its codec")


def _h264(said: bytes) -> str:
    return f"avc1.{said[1]:02x}{said[2]:02x}{said[3]:02x}"


def _hevc(said: bytes) -> str:
    space = ("", "A", "B", "C")[said[1] >> 6]
    profile, tier = said[1] & 31, "H" if said[1] >> 5 & 1 else "L"
    compatible = int(f"{int.from_bytes(said[2:6]):032b}"[::-1], 2)
    constraints = said[6:12].rstrip(b"\0")
    said_of_it = [f"hvc1.{space}{profile}", f"{compatible:X}", f"{tier}{said[12]}"]
    return ".".join([*said_of_it, *(f"{one:X}" for one in constraints)])


def _av1(said: bytes) -> str:
    profile, level, tier = said[1] >> 5, said[1] & 31, "H" if said[2] >> 7 else "M"
    depth = (12 if said[2] >> 5 & 1 else 10) if said[2] >> 6 & 1 else 8
    return f"av01.{profile}.{level:02d}{tier}.{depth:02d}"


def _vp9(said: bytes) -> str:
    return f"vp09.{said[4]:02d}.{said[5]:02d}.{said[6] >> 4:02d}"


def _mpeg_sound(said: bytes) -> str:
    """An elementary stream descriptor: which sound it is, and of AAC which kind."""
    at = said.index(_DECODER_CONFIG, 4 + 3)
    at = _past_length(said, at + 1)
    kind = said[at]
    if kind != _AAC:
        raise UnknownCodec(f"sound of the kind {kind:#x}")
    specific = said.index(_SPECIFIC, at + 13)
    first = _past_length(said, specific + 1)
    kind_of_aac = said[first] >> 3
    return f"mp4a.40.{kind_of_aac if kind_of_aac != 31 else 2}"


def _past_length(said: bytes, at: int) -> int:
    while said[at] & 0x80:
        at += 1
    return at + 1


_SAYERS: dict[bytes, Callable[[bytes], str]] = {
    b"avcC": _h264,
    b"hvcC": _hevc,
    b"av1C": _av1,
    b"vpcC": _vp9,
    b"esds": _mpeg_sound,
    b"dOps": lambda _: "opus",
    b"dac3": lambda _: "ac-3",
    b"dec3": lambda _: "ec-3",
}
