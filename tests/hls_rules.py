"""HLS playlists held against RFC 8216, strictly: what is not known to be right is wrong.

`master` and `media` read a playlist; what breaks a rule raises Broken, which names it. Where the RFC says
SHOULD, this says must.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

_INTEGER, _DECIMAL = r"\d{1,20}", r"\d+(\.\d+)?"
_QUOTED = r'"[^"\r\n]*"'
_ATTRIBUTE = re.compile(rf"([A-Z0-9-]+)=({_QUOTED}|[^\s\",]+)(,(?=[A-Z])|$)")
_LANGUAGE = r'"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"'
_URI = re.compile(r"(?!/)[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*")
_CODEC = re.compile(
    r"avc[13]\.[0-9a-fA-F]{6}"
    r"|(hvc1|hev1)\.[ABC]?\d{1,2}\.[0-9A-F]{1,8}\.[LH]\d{1,3}(\.[0-9A-F]{1,2}){0,6}"
    r"|av01\.[012]\.\d{2}[MH]\.(08|10|12)"
    r"|vp09\.0[0-3]\.\d{2}\.(08|10|12)"
    r"|mp4a\.40\.\d{1,2}|mp4a\.6B|[oO]pus|fLaC|ac-3|ec-3|wvtt|stpp(\.[a-z0-9.]+)?"
)

Attributes = Mapping[str, str]
"""As they are written, but for the quotes of quoted strings."""

_MEDIA = {
    "TYPE": "AUDIO|VIDEO|SUBTITLES",
    "GROUP-ID": _QUOTED,
    "NAME": r'"[^"\r\n]+"',
    "LANGUAGE": _LANGUAGE,
    "DEFAULT": "YES|NO",
    "AUTOSELECT": "YES|NO",
    "FORCED": "YES|NO",
    "CHARACTERISTICS": _QUOTED,
    "CHANNELS": r'"\d+(/[^"\r\n]*)?"',
    "URI": _QUOTED,
}
_STREAM = {
    "BANDWIDTH": _INTEGER,
    "AVERAGE-BANDWIDTH": _INTEGER,
    "CODECS": _QUOTED,
    "RESOLUTION": r"\d+x\d+",
    "FRAME-RATE": r"\d+\.\d{3}",
    "AUDIO": _QUOTED,
    "SUBTITLES": _QUOTED,
    "CLOSED-CAPTIONS": "NONE",
}
_IMAGES = {"BANDWIDTH": _INTEGER, "RESOLUTION": r"\d+x\d+", "CODECS": '"jpeg"', "URI": _QUOTED}
_MAP = {"URI": _QUOTED}
_HEAD = {"VERSION", "TARGETDURATION", "MEDIA-SEQUENCE", "PLAYLIST-TYPE", "INDEPENDENT-SEGMENTS", "MAP"}


class Broken(AssertionError):
    """A playlist breaks a rule."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One choice of a master playlist."""

    uri: str
    said: Attributes


@dataclass(frozen=True, slots=True)
class Master:
    """A master playlist."""

    version: int
    tracks: tuple[Attributes, ...]
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a media playlist."""

    uri: str
    length_s: Fraction


@dataclass(frozen=True, slots=True)
class Media:
    """A media playlist."""

    version: int
    target_s: int
    init: str | None
    segments: tuple[Segment, ...]


def master(text: str) -> Master:
    """Reads a master playlist. Raises Broken."""
    lines = _lines(text)
    version = _version(lines)
    tracks, variants = [], []
    at = iter(lines[1:])
    for line in at:
        name, value = _tag(line)
        if name == "EXT-X-MEDIA":
            tracks.append(_attributes(value, _MEDIA, ("TYPE", "GROUP-ID", "NAME")))
        elif name == "EXT-X-STREAM-INF":
            said = _attributes(value, _STREAM, ("BANDWIDTH", "CODECS"))
            variants.append(Variant(_uri(next(at, "")), said))
        elif name == "EXT-X-IMAGE-STREAM-INF":  # a convention, for thumbnails
            _uri(_attributes(value, _IMAGES, ("BANDWIDTH", "URI"))["URI"])
        else:
            _need(name in ("EXT-X-VERSION", "EXT-X-INDEPENDENT-SEGMENTS"), f"{name} in a master playlist")
    _need(bool(variants), "no variants")
    _check_tracks(tracks)
    _check_variants(variants, tracks)
    return Master(version, tuple(tracks), tuple(variants))


def media(text: str) -> Media:
    """Reads a media playlist of what is whole (VOD). Raises Broken."""
    lines = _lines(text)
    version = _version(lines)
    head, rest = _head(lines[1:])
    for name in ("EXT-X-TARGETDURATION", "EXT-X-PLAYLIST-TYPE"):
        _need(name in head, f"no {name}")
    _need(head["EXT-X-PLAYLIST-TYPE"] == "VOD", "a playlist of another type than VOD")
    target = head["EXT-X-TARGETDURATION"]
    _need(bool(re.fullmatch(_INTEGER, target)), "EXT-X-TARGETDURATION is no integer")
    _need(head.get("EXT-X-MEDIA-SEQUENCE", "0") == "0", "VOD that does not begin at its beginning")
    init = _attributes(head["EXT-X-MAP"], _MAP, ("URI",))["URI"] if "EXT-X-MAP" in head else None
    _need(bool(rest) and rest[-1] == "#EXT-X-ENDLIST", "VOD without an end")
    segments = tuple(_segments(rest[:-1], version))
    _need(bool(segments), "no segments")
    for segment in segments:
        _need(int(segment.length_s + Fraction(1, 2)) <= int(target), "a segment above the target duration")
    _need(version >= 6 or init is None, "EXT-X-MAP needs version 6")
    names = [segment.uri for segment in segments] + ([_uri(init)] if init is not None else [])
    _need(len(set(names)) == len(names), "two segments of one address")
    return Media(version, int(target), init, segments)


def _need(holds: bool, rule: str) -> None:
    if not holds:
        raise Broken(rule)


def _lines(text: str) -> list[str]:
    """The lines that say something: tags and addresses."""
    _need(not text.startswith("\ufeff"), "a byte order mark")
    _need(not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", text), "a control character")
    _need(unicodedata.is_normalized("NFC", text), "text that is not in NFC")
    _need(text.endswith("\n"), "a last line without an end")
    lines = [line for line in re.split("\r\n|\n", text) if line]
    _need(not any("\r" in line for line in lines), "a carriage return by itself")
    _need(bool(lines) and lines[0] == "#EXTM3U", "it does not begin with #EXTM3U")
    _need(lines.count("#EXTM3U") == 1, "#EXTM3U twice")
    return [line for line in lines if not line.startswith("#") or line.startswith("#EXT")]


def _tag(line: str) -> tuple[str, str]:
    _need(line.startswith("#EXT"), f"an address where none may be: {line}")
    name, _, value = line[1:].partition(":")
    return name, value


def _version(lines: Sequence[str]) -> int:
    said = [line.partition(":")[2] for line in lines if line.startswith("#EXT-X-VERSION")]
    _need(len(said) <= 1, "EXT-X-VERSION twice")
    _need(all(re.fullmatch(r"[1-9]\d?", value) for value in said), "a version that is none")
    return int(said[0]) if said else 1


def _attributes(text: str, known: Attributes, required: Sequence[str]) -> Attributes:
    found: dict[str, str] = {}
    at = 0
    while at < len(text) or not found:
        match = _ATTRIBUTE.match(text, at)
        if match is None:
            raise Broken(f"no attribute list: {text[at:]!r}")
        name, value = match[1], match[2]
        _need(name not in found, f"{name} twice")
        _need(name in known, f"{name} is not known")
        _need(bool(re.fullmatch(known[name], value)), f"{name} can't be {value}")
        found[name] = value.strip('"')
        at = match.end()
    for name in required:
        _need(name in found, f"no {name}")
    return found


def _uri(text: str) -> str:
    _need(_URI.fullmatch(text) is not None and ".." not in text.split("/"), f"an unsafe address: {text!r}")
    return text


def _check_tracks(tracks: Sequence[Attributes]) -> None:
    groups: dict[tuple[str, str], list[Attributes]] = defaultdict(list)
    for track in tracks:
        groups[track["TYPE"], track["GROUP-ID"]].append(track)
        if "URI" in track:
            _uri(track["URI"])
        _need(track["TYPE"] != "SUBTITLES" or "URI" in track, "subtitles without an address")
        _need("FORCED" not in track or track["TYPE"] == "SUBTITLES", "FORCED of what is no subtitle")
        chosen = track.get("AUTOSELECT", track.get("DEFAULT"))
        _need(track.get("DEFAULT") != "YES" or chosen == "YES", "a default that is not chosen by itself")
    for members in groups.values():
        _distinct(members, lambda track: track["NAME"], "two of one name in a group")
        defaults = [track for track in members if track.get("DEFAULT") == "YES"]
        _need(len(defaults) <= 1, "two defaults in a group")
        automatic = [track for track in members if track.get("AUTOSELECT") == "YES"]
        _distinct(
            automatic, _automatically, "two that may be chosen by themselves, and nothing to tell them by"
        )


def _automatically(track: Attributes) -> object:
    return tuple(track.get(name) for name in ("LANGUAGE", "FORCED", "CHARACTERISTICS"))


def _distinct(tracks: Sequence[Attributes], by: Callable[[Attributes], object], rule: str) -> None:
    _need(len({by(track) for track in tracks}) == len(tracks), rule)


def _check_variants(variants: Sequence[Variant], tracks: Sequence[Attributes]) -> None:
    groups = {(track["TYPE"], track["GROUP-ID"]) for track in tracks}
    for variant in variants:
        said = variant.said
        _need(0 < int(said["BANDWIDTH"]) < 1 << 64, "a bandwidth that is none")
        for name in ("AUDIO", "SUBTITLES"):
            _need(name not in said or (name, said[name]) in groups, f"no group {said.get(name)!r} of {name}")
        codecs = said["CODECS"].split(",")
        for codec in codecs:
            _need(_CODEC.fullmatch(codec) is not None, f"no codec: {codec!r}")
        _need(len(set(codecs)) == len(codecs), "a codec twice")
        shows = any(codec[:4] in ("avc1", "avc3", "hvc1", "hev1", "av01", "vp09") for codec in codecs)
        for name in ("RESOLUTION", "FRAME-RATE"):
            _need((name in said) == shows, f"{name} where there is no picture, or none where there is one")
    used = {(name, v.said[name]) for v in variants for name in ("AUDIO", "SUBTITLES") if name in v.said}
    _need(groups <= used, "a group that no variant uses")


def _head(lines: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """What is said before the first segment, and the rest."""
    head: dict[str, str] = {}
    for number, line in enumerate(lines):
        name, value = _tag(line)
        if name.removeprefix("EXT-X-") not in _HEAD:
            return head, list(lines[number:])
        _need(name not in head, f"{name} twice")
        head[name] = value
    return head, []


def _segments(lines: Sequence[str], version: int) -> Iterator[Segment]:
    at = iter(lines)
    for line in at:
        name, value = _tag(line)
        _need(name == "EXTINF", f"{name} among segments")
        length, comma, _title = value.partition(",")
        _need(bool(comma), "EXTINF without a comma")
        _need(re.fullmatch(_DECIMAL, length) is not None, f"a length that is none: {length!r}")
        _need(version >= 3 or "." not in length, "fractions of a second need version 3")
        yield Segment(_uri(next(at, "")), Fraction(length))
