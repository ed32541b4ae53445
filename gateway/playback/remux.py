"""Copied tracks as players fetch them: what is there is served, what is not yet is asked for and awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from connectors.ports import is_there
from gateway.errors import Conflict, Unavailable
from gateway.playback.copied import Shown, shown
from gateway.playback.streams import Copied, Playing, Streams, number_of
from gateway.playback.tickets import Ticket
from schemas.copies import Copies
from schemas.cuts import Cuts
from schemas.segments import segment_location

_LOOK_S = 0.05
_MOST = 1_000_000_000
_ENOUGH = 3
"""Segments with which a player can begin."""


async def cuts(streams: Streams, ticket: Ticket, tracks: Sequence[Copied]) -> list[Cuts]:
    """Where tracks are cut, once that is known of all of each, or of enough to begin with.

    Raises Gone, Conflict where they cannot be copied, and Unavailable.
    """
    loop = asyncio.get_running_loop()
    began, asked_at = loop.time(), -streams.patience.ask_again_s
    while True:
        found = [await streams.copied.cuts(track) for track in tracks]
        known = [each for each in found if each is not None]
        if len(known) == len(tracks) and all(each.whole for each in known):
            return known
        now = loop.time()
        if now - asked_at >= streams.patience.ask_again_s:
            asked_at = now
            if (ended := await streams.ended(ticket)) is not None:
                return await _known_whole(streams, tracks, ended)
            _ask(streams, ticket, tracks, found)
        if _are_enough(known, len(tracks)) and now - began >= streams.patience.whole_s:
            return known
        if now - began > streams.patience.segment_s:
            raise Unavailable("It takes longer than usual to copy this; ask again.")
        await asyncio.sleep(_LOOK_S)


async def _known_whole(streams: Streams, tracks: Sequence[Copied], otherwise: Conflict) -> list[Cuts]:
    found = [await streams.copied.cuts(track) for track in tracks]
    known = [each for each in found if each is not None and each.whole]
    if len(known) < len(tracks):
        raise otherwise
    return known


async def master(streams: Streams, ticket: Ticket, playing: Playing, made: Copies) -> Shown:
    """What the master playlist tells. Raises Gone, Conflict and Unavailable."""
    await cuts(streams, ticket, made.tracks)
    return await shown(streams.copied, made, playing.medium.bit_rate)


async def obstacle(streams: Streams, ticket: Ticket, made: Copies) -> str | None:
    """Why it turns out that this cannot be copied; None where it can be, as far as is known so soon."""
    try:
        async with asyncio.timeout(streams.patience.probed_s):
            await cuts(streams, ticket, made.tracks)
    except Conflict as error:
        return str(error.more.get("reason", error.detail))
    except (TimeoutError, Unavailable):
        return None
    return None


async def segment(streams: Streams, ticket: Ticket, track: Copied, name: str) -> str:
    """Where a segment is. Raises Gone, NotFound, Conflict and Unavailable."""
    number_of(name, _MOST)
    known = await streams.copied.cuts(track) or (await cuts(streams, ticket, [track]))[0]
    number = number_of(name, known.segments)
    if not await is_there(streams.store, segment_location(track.source, track.key, number)):
        streams.copied.forget(track)
        known = (await cuts(streams, ticket, [track]))[0]
        number = number_of(name, known.segments)
    streams.tell(streams.word(ticket, "playing", track, max(number, 0)))
    return segment_location(track.source, track.key, number)


def _are_enough(known: Sequence[Cuts], wanted: int) -> bool:
    return len(known) == wanted and all(each.whole or each.segments >= _ENOUGH for each in known)


def _ask(streams: Streams, ticket: Ticket, tracks: Sequence[Copied], found: Sequence[Cuts | None]) -> None:
    """Says which segment is waited for: the next one of the track that lags behind."""
    lacking = [(each.segments if each else 0, track) for track, each in zip(tracks, found, strict=True)]
    number, track = min(lacking, key=lambda pair: pair[0])
    streams.tell(streams.word(ticket, "waiting", track, number))
