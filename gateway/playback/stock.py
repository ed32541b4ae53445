"""Whether all that a job made is still in the store."""

from __future__ import annotations

from connectors.ports import BlobStore
from gateway.playback.copied import CopiedTracks
from schemas.copies import CopiedTrack, Copies
from schemas.renditions import AudioRendition, Renditions, VideoRendition
from schemas.segments import INIT, rendition_folder, segment_name


async def lacks(store: BlobStore, made: Renditions | Copies) -> bool:
    """Whether a segment of what is whole was lost since."""
    for each in (*made.video, *made.audio):
        segments = await _segments(store, each)
        there = await store.names(rendition_folder(each.source, each.key))
        if segments is None or not {segment_name(number) for number in range(INIT, segments)} <= there:
            return True
    return False


async def _segments(store: BlobStore, track: VideoRendition | AudioRendition | CopiedTrack) -> int | None:
    if not isinstance(track, CopiedTrack):
        return track.grid.segments
    cuts = await CopiedTracks(store).cuts(track)
    return cuts.segments if cuts is not None and cuts.whole else None
