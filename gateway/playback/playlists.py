"""HLS playlists (RFC 8216) of what is there and of what will be: all is known beforehand. Pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Protocol, TypeVar

from schemas.copies import LONGEST_S
from schemas.cuts import Cuts
from schemas.segments import INIT, Grid, segment_name
from schemas.texts import TextRendition

MEDIA_TYPE = "application/vnd.apple.mpegurl"
INDEX = "index.m3u8"
_SOUND, _TEXT = "sound", "text"
_VERSION = 7
_MOST_S = LONGEST_S + 1
"""Above any copied segment: the target of a playlist that grows must not change."""
_LANGUAGES = {"eng": "en", "ger": "de", "deu": "de", "fre": "fr", "fra": "fr", "spa": "es", "ita": "it"}
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
"""What a language tag looks like (RFC 5646)."""


class Size(Protocol):
    """One size of the picture, as a master playlist tells of it."""

    @property
    def key(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def frame_rate(self) -> Fraction: ...
    @property
    def codec_string(self) -> str: ...
    @property
    def bandwidth(self) -> int: ...


S = TypeVar("S", bound=Size)


class Sound(Protocol):
    """One track of the sound, as a master playlist tells of it."""

    @property
    def key(self) -> str: ...
    @property
    def stream(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def codec_string(self) -> str: ...
    @property
    def bandwidth(self) -> int: ...
    @property
    def language(self) -> str | None: ...
    @property
    def title(self) -> str | None: ...
    @property
    def is_default(self) -> bool: ...


class Offered(Protocol):
    """All that a master playlist tells of."""

    @property
    def video(self) -> Sequence[Size]: ...
    @property
    def audio(self) -> Sequence[Sound]: ...


def master(
    made: Offered,
    texts: Sequence[TextRendition] = (),
    *,
    max_height: int | None = None,
    max_bit_rate: int | None = None,
    base: str = "",
) -> str:
    """The master playlist: every size with every track, as far as the client's limits go.

    `base` goes before every address in it.
    """
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{_VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += _tracks(made.audio, base)
    lines += _subtitles(texts if made.video else (), base)
    groups = _groups(made.audio, texts)
    for rung in within(made.video, made.audio, max_height, max_bit_rate):
        lines += _variant(rung, made.audio, groups, base)
    if not made.video:
        lines += [line for track in made.audio[:1] for line in _sound_alone(track, base)]
    return "\n".join(lines) + "\n"


def media(grid: Grid) -> str:
    """The playlist of one rendition, with the exact length of each segment."""
    return _whole([grid.duration(number) for number in range(grid.segments)])


def text(track: TextRendition, duration_ms: int) -> str:
    """The playlist of a text track, which is one segment."""
    seconds = max(1, duration_ms) / 1000
    head = _head(math.ceil(seconds), "VOD", in_pieces=False)
    return "\n".join([*head, f"#EXTINF:{seconds:.3f},", track.name, "#EXT-X-ENDLIST"]) + "\n"


def copied(cuts: Cuts, start_ms: int) -> str:
    """The playlist of a copied track; one that grows, and says where to begin, as long as it is copied."""
    if cuts.whole:
        return _whole(cuts.lengths)
    start = f"#EXT-X-START:TIME-OFFSET={start_ms / 1000:.3f},PRECISE=YES"
    return "\n".join([*_head(_MOST_S, "EVENT"), start, *_segments(cuts.lengths)]) + "\n"


def _whole(lengths: Sequence[Fraction]) -> str:
    head = _head(max(1, math.ceil(max(lengths))), "VOD")
    return "\n".join([*head, *_segments(lengths), "#EXT-X-ENDLIST"]) + "\n"


def _head(target_s: int, kind: str, *, in_pieces: bool = True) -> list[str]:
    head = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_VERSION}",
        f"#EXT-X-TARGETDURATION:{target_s}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{kind}",
    ]
    return [*head, f'#EXT-X-MAP:URI="{segment_name(INIT)}"'] if in_pieces else head


def _segments(lengths: Sequence[Fraction]) -> Iterator[str]:
    for number, length in enumerate(lengths):
        yield f"#EXTINF:{float(length):.6f},"
        yield segment_name(number)


def within(
    video: Sequence[S], audio: Sequence[Sound], max_height: int | None, max_bit_rate: int | None
) -> list[S]:
    """The rungs that a client can take, sound included; the smallest where it can take none."""
    sound = _sound_rate(audio)
    fitting = [
        rung
        for rung in video
        if (max_height is None or rung.height <= max_height)
        and (max_bit_rate is None or rung.bandwidth + sound <= max_bit_rate)
    ]
    return fitting or list(video[-1:])


def _sound_rate(audio: Sequence[Sound]) -> int:
    return max((track.bandwidth for track in audio), default=0)


def _groups(audio: Sequence[Sound], texts: Sequence[TextRendition]) -> dict[str, str]:
    """What goes with every size."""
    sound = {"AUDIO": f'"{_SOUND}"'} if audio else {}
    return sound | ({"SUBTITLES": f'"{_TEXT}"'} if texts else {})


def _variant(rung: Size, audio: Sequence[Sound], groups: dict[str, str], base: str) -> list[str]:
    codecs = ",".join([rung.codec_string, *sorted({track.codec_string for track in audio})])
    said = {
        "BANDWIDTH": str(rung.bandwidth + _sound_rate(audio)),
        "RESOLUTION": f"{rung.width}x{rung.height}",
        "FRAME-RATE": f"{float(rung.frame_rate):.3f}",
        "CODECS": f'"{codecs}"',
        **groups,
    }
    return [f"#EXT-X-STREAM-INF:{_attributes(said)}", f"{base}{rung.key}/{INDEX}"]


def _sound_alone(track: Sound, base: str) -> list[str]:
    said = {
        "BANDWIDTH": str(track.bandwidth),
        "CODECS": f'"{track.codec_string}"',
        "AUDIO": f'"{_SOUND}"',
    }
    return [f"#EXT-X-STREAM-INF:{_attributes(said)}", f"{base}{track.key}/{INDEX}"]


def _tracks(audio: Sequence[Sound], base: str) -> Iterator[str]:
    names: set[str] = set()
    chosen = _chosen(audio, next((track.stream for track in audio if track.is_default), None))
    for number, track in enumerate(audio):
        language = _language(track)
        wanted = _plain(track.title) or _plain(track.language) or f"Track {number + 1}"
        said = {
            "TYPE": "AUDIO",
            "GROUP-ID": f'"{_SOUND}"',
            "NAME": f'"{_name(wanted, names)}"',
            **({"LANGUAGE": f'"{language}"'} if language else {}),
            "DEFAULT": "YES" if track.is_default else "NO",
            "AUTOSELECT": "YES" if track.stream in chosen else "NO",
            "CHANNELS": f'"{track.channels}"',
            "URI": f'"{base}{track.key}/{INDEX}"',
        }
        yield f"#EXT-X-MEDIA:{_attributes(said)}"


def _subtitles(texts: Sequence[TextRendition], base: str) -> Iterator[str]:
    names: set[str] = set()
    shown = next((track.stream for track in texts if track.is_default), None)
    chosen = _chosen([track for track in texts if not track.is_forced], shown)
    for number, track in enumerate(texts):
        language = _language(track)
        wanted = _plain(track.title) or _plain(track.language) or f"Subtitles {number + 1}"
        said = {
            "TYPE": "SUBTITLES",
            "GROUP-ID": f'"{_TEXT}"',
            "NAME": f'"{_name(wanted, names)}"',
            **({"LANGUAGE": f'"{language}"'} if language else {}),
            "DEFAULT": "YES" if track.stream == shown else "NO",
            "AUTOSELECT": "YES" if track.stream in chosen or track.is_forced else "NO",
            "FORCED": "YES" if track.is_forced else "NO",
            "URI": f'"{base}{track.key}/{INDEX}"',
        }
        yield f"#EXT-X-MEDIA:{_attributes(said)}"


class Track(Protocol):
    """What a player chooses by."""

    @property
    def stream(self) -> int: ...
    @property
    def language(self) -> str | None: ...


def _chosen(tracks: Sequence[Track], default: int | None) -> set[int]:
    """The streams among which a player may choose by language: one of each, the default before others."""
    default_last = sorted(tracks, key=lambda track: track.stream == default)
    return set({_language(track): track.stream for track in default_last}.values())


def _language(track: Track) -> str | None:
    """The track's language, where what its file says is one."""
    said = track.language or ""
    return _LANGUAGES.get(said, said) if _LANGUAGE.fullmatch(said) else None


def _name(wanted: str, taken: set[str]) -> str:
    """A name that no other track of the group has."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted} {number}", number + 1
    taken.add(name)
    return name


def _plain(text: str | None) -> str:
    """Text as a quoted string may hold it."""
    kept = "".join(c for c in " ".join((text or "").split()) if c.isprintable() and c != '"')
    return unicodedata.normalize("NFC", kept)[:100].strip()


def _attributes(said: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in said.items())
