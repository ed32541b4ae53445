"""HLS playlists (RFC 8216) of what is there and of what will be: all is known beforehand. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from schemas.renditions import INIT, AudioRendition, Grid, Renditions, VideoRendition, segment_name

MEDIA_TYPE = "application/vnd.apple.mpegurl"
INDEX = "index.m3u8"
_SOUND = "sound"
_VERSION = 7
_LANGUAGES = {"eng": "en", "ger": "de", "deu": "de", "fre": "fr", "fra": "fr", "spa": "es", "ita": "it"}


def master(made: Renditions, *, max_height: int | None = None, max_bit_rate: int | None = None) -> str:
    """The master playlist: every size with every track, as far as the client's limits go."""
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{_VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += _tracks(made.audio)
    for rung in _within(made.video, max_height, max_bit_rate):
        lines += _variant(rung, made.audio)
    if not made.video:
        lines += [line for track in made.audio[:1] for line in _sound_alone(track)]
    return "\n".join(lines) + "\n"


def media(grid: Grid) -> str:
    """The playlist of one rendition, with the exact length of each segment."""
    lengths = [grid.duration(number) for number in range(grid.segments)]
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_VERSION}",
        f"#EXT-X-TARGETDURATION:{max(1, math.ceil(max(lengths)))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f'#EXT-X-MAP:URI="{segment_name(INIT)}"',
    ]
    for number, length in enumerate(lengths):
        lines += [f"#EXTINF:{float(length):.6f},", segment_name(number)]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def _within(
    rungs: tuple[VideoRendition, ...], max_height: int | None, max_bit_rate: int | None
) -> list[VideoRendition]:
    """The rungs that a client can take; the smallest where it can take none."""
    fitting = [
        rung
        for rung in rungs
        if (max_height is None or rung.height <= max_height)
        and (max_bit_rate is None or rung.bandwidth <= max_bit_rate)
    ]
    return fitting or list(rungs[-1:])


def _variant(rung: VideoRendition, audio: tuple[AudioRendition, ...]) -> list[str]:
    codecs = ",".join([rung.codec_string, *sorted({track.codec_string for track in audio})])
    sound = max((track.bit_rate for track in audio), default=0)
    said = {
        "BANDWIDTH": str(rung.bandwidth + sound),
        "RESOLUTION": f"{rung.width}x{rung.height}",
        "FRAME-RATE": f"{float(rung.grid.rate):.3f}",
        "CODECS": f'"{codecs}"',
        **({"AUDIO": f'"{_SOUND}"'} if audio else {}),
    }
    return [f"#EXT-X-STREAM-INF:{_attributes(said)}", f"{rung.key}/{INDEX}"]


def _sound_alone(track: AudioRendition) -> list[str]:
    said = {
        "BANDWIDTH": str(round(track.bit_rate * 1.2)),
        "CODECS": f'"{track.codec_string}"',
        "AUDIO": f'"{_SOUND}"',
    }
    return [f"#EXT-X-STREAM-INF:{_attributes(said)}", f"{track.key}/{INDEX}"]


def _tracks(audio: tuple[AudioRendition, ...]) -> Iterator[str]:
    names: set[str] = set()
    for number, track in enumerate(audio):
        language = _LANGUAGES.get(track.language or "", track.language)
        name = _name(track.title or track.language or f"Track {number + 1}", names)
        said = {
            "TYPE": "AUDIO",
            "GROUP-ID": f'"{_SOUND}"',
            "NAME": f'"{name}"',
            **({"LANGUAGE": f'"{_plain(language)}"'} if language else {}),
            "DEFAULT": "YES" if track.is_default else "NO",
            "AUTOSELECT": "YES",
            "CHANNELS": f'"{track.channels}"',
            "URI": f'"{track.key}/{INDEX}"',
        }
        yield f"#EXT-X-MEDIA:{_attributes(said)}"


def _name(wanted: str, taken: set[str]) -> str:
    """A name that no other track of the group has."""
    name, number = _plain(wanted), 2
    while name in taken:
        name, number = f"{_plain(wanted)} {number}", number + 1
    taken.add(name)
    return name


def _plain(text: str) -> str:
    """Text as a quoted string may hold it."""
    return "".join(c for c in text if c.isprintable() and c != '"')[:100]


def _attributes(said: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in said.items())
