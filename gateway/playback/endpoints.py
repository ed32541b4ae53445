"""The routes of playback: one that decides, and those that players fetch from by a signed address."""

from __future__ import annotations

import contextlib
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request, Response

from connectors.ports import BlobMissing
from gateway.auth.dependencies import allow
from gateway.commands import Commanded
from gateway.errors import Forbidden, NotFound
from gateway.leaving import unless_gone
from gateway.media import images
from gateway.media.existing import find_source
from gateway.openapi import FILE, NOT_MODIFIED, problems
from gateway.playback import playlists, remux, sessions, thumbnails
from gateway.playback.schemas import Heartbeat, Playback, PlaybackOrder
from gateway.playback.streams import Copied
from gateway.playback.tickets import BadTicket, Ticket
from gateway.playback.viewers import refuse_former
from gateway.routing import Admits, Router
from gateway.services import Services, ServicesOf
from schemas.copies import CopiedPicture, Copies
from schemas.renditions import VideoRendition
from schemas.texts import TextRendition

router = Router(tags=["playback"])
streams = Router(
    admits=Admits.ALL,
    prefix="/stream/{ticket}",
    tags=["playback"],
    responses=problems(403, 404, 410, 422, 503),
)


class Playlist(Response):
    """An HLS playlist."""

    media_type = playlists.MEDIA_TYPE


_OPEN = {"Access-Control-Allow-Origin": "*"}
_FOR_EVER = {**_OPEN, "Cache-Control": "private, max-age=31536000, immutable"}
_FOR_NO_TIME = {**_OPEN, "Cache-Control": "no-store"}
_FOR_NOW = {**_OPEN, "Cache-Control": "private, max-age=60"}


@router.post(
    "/media/{media_id}/playback", dependencies=[allow("playback")], responses=problems(404, 409, 410)
)
async def play_media(command: Commanded, media_id: str, order: PlaybackOrder) -> Playback:
    """Says how a client is to play a medium, and where it is."""
    return await sessions.begin(command, media_id, order)


async def ticket_of(services: ServicesOf, ticket: Annotated[str, Path(max_length=1000)]) -> Ticket:
    """The ticket in the address, of someone who may still use it. Raises Forbidden, and Gone."""
    try:
        read = services.tickets.read(ticket, services.clock.now())
    except BadTicket as error:
        raise Forbidden("bad-address", f"{error}.") from error
    services.streams.refuse_deleted(read.media_id)
    await refuse_former(services, read)
    return read


Holder = Annotated[Ticket, Depends(ticket_of)]


@streams.get("/master.m3u8", response_class=Playlist)
async def get_master_playlist(request: Request, services: ServicesOf, ticket: Holder) -> Response:
    """The HLS master playlist."""
    return await unless_gone(request, master(services, ticket))


async def master(services: Services, ticket: Ticket, base: str = "") -> Response:
    """The HLS master playlist, whose addresses begin with `base`."""
    playing = await services.streams.playing(ticket)
    made: playlists.Offered
    if isinstance(playing.made, Copies):
        made = await remux.master(services.streams, ticket, playing, playing.made)
    else:
        made = playing.made
    limits = {"max_height": ticket.max_height, "max_bit_rate": ticket.max_bit_rate}
    text = playlists.master(made, playing.texts, **limits, base=base)
    _, document = await find_source(services.read_models, ticket.media_id)
    if (drawn := images.thumbnails(document)) is not None:
        text += thumbnails.track(drawn, base) + "\n"
    return Playlist(text, headers=_FOR_NOW)


@streams.head("/file", include_in_schema=False, name="head_stream_file")
@streams.get("/file", response_class=Response, responses=FILE | problems(416))
async def get_stream_file(services: ServicesOf, ticket: Holder) -> Response:
    """The file as it is, in whole or in ranges."""
    if ticket.method != "direct":
        raise NotFound("no-file", "This address is for a stream, and not for the file as it is.")
    file = await services.streams.file(ticket)
    with contextlib.suppress(BlobMissing):
        return await services.files.played(file.location, file.name, file.mime_type)
    file = await services.streams.file(ticket, anew=True)
    return await services.files.played(file.location, file.name, file.mime_type)


@streams.post("/heartbeat", status_code=204)
async def keep_playing(services: ServicesOf, ticket: Holder, beat: Heartbeat) -> None:
    """Says where the player is. Who says nothing for 30 s is taken to have gone."""
    state = "paused" if beat.paused else "playing"
    services.streams.tell(services.streams.word(ticket, state, position_ms=beat.position_ms))
    services.viewings.say(ticket.viewer_id, ticket.media_id, beat.position_ms, ticket.session_id)


@streams.delete("", status_code=204)
async def stop_playing(services: ServicesOf, ticket: Holder) -> None:
    """Says that the player is gone."""
    services.streams.tell(services.streams.word(ticket, "stopped"))
    services.viewings.stop(ticket.viewer_id, ticket.media_id)


@streams.get("/images/index.m3u8", response_class=Playlist)
async def get_thumbnails_playlist(services: ServicesOf, ticket: Holder) -> Response:
    """The HLS playlist of the thumbnails."""
    _, document = await find_source(services.read_models, ticket.media_id)
    drawn = images.thumbnails(document)
    if drawn is None:
        raise NotFound("image-not-found", "The medium has no thumbnails, or not yet.")
    return Playlist(thumbnails.playlist(drawn), headers=_FOR_NOW)


@streams.head("/images/{name}", include_in_schema=False, name="head_stream_image")
@streams.get("/images/{name}", response_class=Response, responses=FILE | NOT_MODIFIED | problems(416))
async def get_stream_image(
    services: ServicesOf,
    ticket: Holder,
    name: str,
    v: Annotated[str | None, Query(description="Which picture; it may be kept for ever then.")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """One of the medium's pictures, or the track of its thumbnails."""
    _, document = await find_source(services.read_models, ticket.media_id)
    return await images.send(services.files, images.find(document, name), v, if_none_match, _OPEN)


@streams.get("/{key}/index.m3u8", response_class=Playlist)
async def get_media_playlist(request: Request, services: ServicesOf, ticket: Holder, key: str) -> Response:
    """The HLS playlist of one rendition."""
    rendition = await services.streams.rendition(ticket, key)
    headers = _FOR_NOW
    if isinstance(rendition, Copied):
        (cuts,) = await unless_gone(request, remux.cuts(services.streams, ticket, [rendition]))
        text = playlists.copied(cuts, ticket.start_ms)
        headers = _FOR_NOW if cuts.whole else _FOR_NO_TIME
    elif isinstance(rendition, TextRendition):
        playing = await services.streams.playing(ticket)
        text = playlists.text(rendition, playing.medium.duration_ms)
    else:
        text = playlists.media(rendition.grid)
    return Playlist(text, headers=headers)


@streams.get("/{key}/{name}", response_class=Response, responses=FILE | problems(409))
async def get_segment(
    request: Request, services: ServicesOf, ticket: Holder, key: str, name: str
) -> Response:
    """A segment; where it isn't there yet, the answer waits for it."""
    location, kind = await unless_gone(request, _made(services, ticket, key, name))
    return await services.files.sent(location, kind, _FOR_EVER)


async def _made(services: Services, ticket: Ticket, key: str, name: str) -> tuple[str, str]:
    """Where a segment is, once it is, and what it is."""
    rendition = await services.streams.rendition(ticket, key)
    kind = "video/mp4" if isinstance(rendition, VideoRendition | CopiedPicture) else "audio/mp4"
    if isinstance(rendition, Copied):
        location = await remux.segment(services.streams, ticket, rendition, name)
    elif isinstance(rendition, TextRendition):
        location, kind = await services.streams.text(ticket, rendition, name), "text/vtt"
    else:
        location = await services.streams.segment(ticket, rendition, name)
    return location, kind
