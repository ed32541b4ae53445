"""What is known of copied tracks: the list of their cuts once all is copied, else what is there so far."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from dataclasses import dataclass, field
from fractions import Fraction

from connectors.codec_strings import codec_string
from connectors.fragment_shape import shape, timescale
from connectors.ports import BlobMissing, BlobStore, content_of
from gateway.playback.recent import remember
from schemas import cuts as cutting
from schemas.copies import CopiedPicture, CopiedSound, CopiedTrack, Copies
from schemas.cuts import Cuts, cuts_location
from schemas.renditions import AudioRendition
from schemas.segments import INIT, rendition_folder, segment_location, segment_name

_KEPT = 512
_LENGTH = 4
"""The bytes that a box begins with, and that say how long it is."""
_LIKELY_HEAD = 16 << 10
"""So much is read of a segment at first: its head is hardly ever longer."""
_MARGIN = 2
"""By how much the most demanding segment to come may be above those that are there."""


@dataclass(slots=True)
class CopiedTracks:
    """Reads copied tracks from the store, and remembers what cannot change."""

    store: BlobStore
    _known: OrderedDict[str, Cuts] = field(default_factory=OrderedDict)
    _codecs: OrderedDict[str, str] = field(default_factory=OrderedDict)

    async def cuts(self, track: CopiedTrack) -> Cuts | None:
        """The track's cuts as far as it is copied; None where nothing is there yet."""
        known = self._known.get(track.key)
        if known is None or not known.whole:
            known = await self._there(track, known)
            if known is None:
                self.forget(track)
            else:
                remember(self._known, track.key, known, _KEPT)
        return known

    def forget(self, track: CopiedTrack) -> None:
        """What is remembered of it does not hold any more."""
        self._known.pop(track.key, None)

    async def codec(self, track: CopiedTrack) -> str:
        """What players ask by. Raises BlobMissing, UnknownCodec."""
        if track.key not in self._codecs:
            init = await self._init(track)
            remember(self._codecs, track.key, codec_string(init), _KEPT)
        return self._codecs[track.key]

    async def _there(self, track: CopiedTrack, known: Cuts | None) -> Cuts | None:
        """None too where what turns out not to be copyable is just taken away again."""
        with contextlib.suppress(BlobMissing):
            return cutting.read(await self._read(cuts_location(track)))
        with contextlib.suppress(BlobMissing):
            return await self._so_far(track, known)
        return None

    async def _so_far(self, track: CopiedTrack, known: Cuts | None) -> Cuts | None:
        names = await self.store.names(rendition_folder(track.source, track.key))
        if segment_name(INIT) not in names:
            return None
        found = known or Cuts(timescale=timescale(await self._init(track)))
        while segment_name(found.segments) in names:
            place = segment_location(track.source, track.key, found.segments)
            found = found.then(*await self._ticks_and_size(place))
        return found

    async def _init(self, track: CopiedTrack) -> bytes:
        return await self._read(segment_location(track.source, track.key, INIT))

    async def _read(self, location: str) -> bytes:
        return await content_of(self.store, location)

    async def _ticks_and_size(self, location: str) -> tuple[int, int]:
        """How long a segment is, in ticks and in bytes; only its head is read. Raises BlobMissing."""
        found = await self.store.stat(location)
        head = await content_of(self.store, location, 0, _LIKELY_HEAD)
        end = int.from_bytes(head[:_LENGTH])
        if end > _LIKELY_HEAD:
            head += await content_of(self.store, location, _LIKELY_HEAD, end)
        return shape(head[:end]).ticks, found.size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPicture:
    """A copied picture as a master playlist tells of it."""

    key: str
    codec_string: str
    bandwidth: int
    width: int
    height: int
    frame_rate: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSound:
    """A copied track of sound as a master playlist tells of it."""

    key: str
    codec_string: str
    bandwidth: int
    stream: int
    channels: int
    language: str | None
    title: str | None
    is_default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """All of a remux as a master playlist tells of it."""

    video: tuple[ShownPicture, ...]
    audio: tuple[ShownSound | AudioRendition, ...]


async def shown(tracks: CopiedTracks, made: Copies, bit_rate: int | None) -> Shown:
    """What a master playlist says. Raises BlobMissing, UnknownCodec.

    Until all is copied nobody knows how much the most demanding segment takes: then the container's word
    counts too, and a margin.
    """
    video = tuple([await _picture(tracks, picture, bit_rate) for picture in made.video])
    audio = tuple([await _sound(tracks, sound) for sound in made.audio])
    return Shown(video=video, audio=audio)


async def _picture(tracks: CopiedTracks, picture: CopiedPicture, bit_rate: int | None) -> ShownPicture:
    return ShownPicture(
        key=picture.key,
        codec_string=await tracks.codec(picture),
        bandwidth=await _bandwidth(tracks, picture, bit_rate),
        width=picture.width,
        height=picture.height,
        frame_rate=picture.frame_rate,
    )


async def _sound(tracks: CopiedTracks, sound: CopiedSound | AudioRendition) -> ShownSound | AudioRendition:
    if isinstance(sound, AudioRendition):
        return sound
    return ShownSound(
        key=sound.key,
        codec_string=await tracks.codec(sound),
        bandwidth=await _bandwidth(tracks, sound, None),
        stream=sound.stream,
        channels=sound.channels,
        language=sound.language,
        title=sound.title,
        is_default=sound.is_default,
    )


async def _bandwidth(tracks: CopiedTracks, track: CopiedTrack, bit_rate: int | None) -> int:
    cuts = await tracks.cuts(track)
    if cuts is None:
        raise BlobMissing(f"nothing is copied of stream {track.stream}")
    return cuts.bandwidth if cuts.whole else _MARGIN * max(cuts.bandwidth, bit_rate or 0, 1)
