"""What is measured of a file that has been read through, and the odd properties that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from itertools import pairwise
from statistics import median

from tests.sources.seen import Packet, Picture, Seen

PQ, HLG = 16, 18
"""The transfer functions of high dynamic range, as ffmpeg numbers them."""
TICKS = 2
"""By how much a step may be off: a timestamp is rounded, and so is the one before it."""

_MOST_REORDERED = 16
_WHITE = 225

Property = Callable[[Seen], bool]


@cache
def shown(found: Seen) -> list[Fraction]:
    """When each picture is shown, in that order."""
    return found.video.times() if found.video else []


@cache
def steps(found: Seen) -> list[Fraction]:
    """How long after the one before it each picture is shown."""
    return [later - earlier for earlier, later in pairwise(shown(found))]


def video_packets(found: Seen) -> list[Packet]:
    """The pictures as they are stored; none where there is no video."""
    return found.video.packets if found.video else []


def is_regular(found: Seen) -> bool:
    """Its pictures are equally far apart, but for rounding."""
    apart = steps(found)
    assert found.video is not None
    return not apart or max(apart) - min(apart) <= TICKS * found.video.tick


@cache
def lasts_s(found: Seen) -> float:
    """From the first picture or sound to the end of the last, whatever the header says."""
    streams = [stream for stream in (found.video, found.audio) if stream]
    return float(max(s.end() for s in streams) - min(s.times()[0] for s in streams))


def most_reordered(found: Seen) -> int:
    """The most pictures that are stored before another and shown after it; 0 where the clock cannot tell."""
    if goes_back(video_packets(found)):
        return 0
    times = [packet.shown for packet in video_packets(found) if packet.shown is not None]
    near = ((time, times[max(0, at - _MOST_REORDERED) : at]) for at, time in enumerate(times))
    return max((sum(before > time for before in earlier) for time, earlier in near), default=0)


def differences(found: Seen) -> list[float]:
    """How much each picture differs from the one before it."""
    return [difference(*pair) for pair in pairwise(found.pictures)]


def difference(one: Picture, other: Picture) -> float:
    """By how much brightness differs, on average, from 0 to 255."""
    return sum(abs(a - b) for a, b in zip(one.thumbnail, other.thumbnail, strict=True)) / len(one.thumbnail)


def flashes(found: Seen) -> list[Fraction]:
    """When a white picture is shown."""
    pairs = zip(shown(found), found.pictures, strict=False)
    return [time for time, picture in pairs if picture.brightness > _WHITE]


def beeps(found: Seen) -> list[Fraction]:
    """When the sound becomes loud that was not."""
    rising = zip([None, *(sound.rises for sound in found.sounds)], found.sounds, strict=False)
    return [sound.rises for before, sound in rising if before is None and sound.rises is not None]


def offsets_s(found: Seen, beat: Fraction) -> list[float]:
    """How much later than a flash its beep is."""
    pairs = ((beep - flash) for flash in flashes(found) for beep in beeps(found))
    return [float(offset) for offset in pairs if abs(offset) < beat / 4]


def lead_s(found: Seen) -> float:
    """How much earlier the pictures begin than the sound."""
    return float(found.audio.times()[0] - shown(found)[0]) if found.audio and shown(found) else 0.0


def overhang_s(found: Seen) -> float:
    """How much later the pictures end than the sound."""
    return float(found.video.end() - found.audio.end()) if found.audio and found.video else 0.0


def longest_silence_s(found: Seen) -> float:
    """The longest time for which the stream has no sound at all, not even silence."""
    return float(max((later.start - earlier.end for earlier, later in pairwise(found.sounds)), default=0))


def leads_into_the_past(packets: Iterable[Packet]) -> bool:
    """A key picture, not the first, is followed by pictures that are shown before it."""
    key: Fraction | None = None
    for packet in packets:
        if packet.shown is None:
            continue
        if key is not None and packet.shown < key:
            return True
        if packet.is_key:
            key = packet.shown
    return False


def unstamped(found: Seen) -> float:
    """The share of pictures without a time; a program stream may lose one, and is not odd for that."""
    missing = [packet.shown is None for packet in video_packets(found)]
    return sum(missing) / max(1, len(missing))


def goes_back(packets: list[Packet]) -> bool:
    """The clock is half a second or more earlier than it was."""
    stored = [packet.stored for packet in packets if packet.stored is not None]
    return any(later < earlier - Fraction(1, 2) for earlier, later in pairwise(stored))


def default_is_not_first(found: Seen) -> bool:
    heard = found.of_kind("audio")
    return len(heard) > 1 and not heard[0].is_default and any(stream.is_default for stream in heard)


def claims_too_much(found: Seen) -> bool:
    return found.claimed_s is not None and found.claimed_s > lasts_s(found) + 1


PROPERTIES: dict[str, Property] = {
    "anamorphic": lambda it: it.video is not None and it.video.sample_aspect != 1,
    "audio_late": lambda it: lead_s(it) > 0.4,
    "b_pyramid": lambda it: most_reordered(it) > 1,
    "chapters": lambda it: len(it.chapters) > 1,
    "claims_too_much": claims_too_much,
    "cover": lambda it: any(stream.is_cover for stream in it.streams),
    "flash": lambda it: len(flashes(it)) > 1,
    "fragmented": lambda it: b"moof" in it.path.read_bytes(),
    "gaps": lambda it: bool(steps(it)) and max(steps(it)) > max(Fraction(3, 10), 8 * median(steps(it))),
    "hdr": lambda it: any(picture.transfer in (PQ, HLG) for picture in it.pictures),
    "interlaced": lambda it: any(picture.is_interlaced for picture in it.pictures) and it.combing > 1.5,
    "languages": default_is_not_first,
    "late_start": lambda it: it.starts_s is not None and it.starts_s > 1,
    "long": lambda it: lasts_s(it) >= 3599,
    "mastered": lambda it: any("MASTERING_DISPLAY_METADATA" in each.side_data for each in it.pictures),
    "missing_pts": lambda it: unstamped(it) > 0.1,
    "negative_start": lambda it: any((packet.shown or 0) < 0 for packet in video_packets(it)),
    "odd_size": lambda it: any(side % 2 for picture in it.pictures for side in picture.size),
    "one_picture": lambda it: it.frames() == 1,
    "open_gop": lambda it: leads_into_the_past(video_packets(it)),
    "picture_longer": lambda it: overhang_s(it) > 0.5,
    "restarts": lambda it: goes_back(video_packets(it)),
    "rotated": lambda it: any(picture.rotation for picture in it.pictures),
    "short": lambda it: lasts_s(it) < 1,
    "size_change": lambda it: len({picture.size for picture in it.pictures}) > 1,
    "sound_gap": lambda it: longest_silence_s(it) > 0.4,
    "sound_longer": lambda it: overhang_s(it) < -0.5,
    "subtitles": lambda it: len(it.of_kind("subtitle")) > 0,
    "surround": lambda it: it.audio is not None and it.audio.channels > 2,
    "ten_bit": lambda it: any("10" in picture.pixel_format for picture in it.pictures),
    "torn": lambda it: it.broken > 0 or any(picture.is_corrupt for picture in it.pictures),
    "unknown_length": lambda it: it.claimed_s is None,
    "video_late": lambda it: lead_s(it) < -0.4,
}
