"""The routes of the media server that came before this one, kept for clients that know no others."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from connectors.ports import Document
from gateway.access.policy import Level
from gateway.auth.dependencies import Bearer, current_principal, refuse_unless, token_of
from gateway.auth.principal import Principal
from gateway.commands import Command
from gateway.compat.route import TAG, OlderRoute, instead
from gateway.errors import Forbidden, Hidden, Invalid, Unavailable
from gateway.media import named
from gateway.media.existing import MEDIA, find_for_all
from gateway.media.lookup import refuse_unusable
from gateway.openapi import FILE, problems
from gateway.playback import endpoints, sessions
from gateway.playback.schemas import PlaybackOrder
from gateway.playback.streams import SourceFile
from gateway.playback.tickets import Ticket
from gateway.routing import Admits, Router
from gateway.services import Services, ServicesOf, services_of
from schemas.versions import work_of

router = Router(
    admits=Admits.ALL,
    prefix="/Videos",
    tags=[TAG],
    route_class=OlderRoute,
    responses=problems(401, 403, 404, 409, 410, 422, 503),
)

_INSTEAD = instead("POST /api/v1/media/{media_id}/playback")
_MOST = 1000
_TicketText = Annotated[
    str | None, Query(max_length=_MOST, description="A playback's ticket, for players without a token.")
]


class OfViewer(Bearer):
    """A dependency: who asks, by a token or by the ticket of a playback."""

    async def __call__(self, request: Request, ticket: _TicketText = None) -> Principal | Ticket:
        """Raises Unauthorized, Forbidden and Gone."""
        if ticket is not None and token_of(request) is None:
            return await endpoints.ticket_of(services_of(request), ticket)
        principal = await current_principal(request)
        refuse_unless(principal, "playback")
        return principal


Viewer = Annotated[Principal | Ticket, Depends(OfViewer())]


@router.head("/Stream/{file}", include_in_schema=False, name="head_older_file", openapi_extra=_INSTEAD)
@router.get("/Stream/{file}", response_class=Response, responses=FILE | problems(416), openapi_extra=_INSTEAD)
async def get_older_file(services: ServicesOf, viewer: Viewer, file: str) -> Response:
    """Sends a medium as it is, in whole or in ranges, by its id or by the name that it was uploaded with.

    Of several media of one name the newest accepted one is sent.
    """
    if isinstance(viewer, Ticket) and viewer.method != "direct":
        raise Forbidden("no-file", "This ticket is for a stream, and not for the file as it is.")
    document = await _medium(services, viewer, file)
    if "probe" not in document:
        raise Unavailable("The medium has not been looked at yet; try again in a moment.")
    sent = SourceFile.of(document)
    return await services.files.played(sent.location, sent.name, sent.mime_type)


@router.get("/Stream.m3u8", response_class=endpoints.Playlist, openapi_extra=_INSTEAD)
async def get_older_stream(
    services: ServicesOf,
    viewer: Viewer,
    request: Request,
    response: Response,
    id: Annotated[str | None, Query(description="The medium's id.")] = None,
    file: Annotated[str | None, Query(description="Or its name, or its id.")] = None,
    ticket: _TicketText = None,
) -> Response:
    """The HLS master playlist of a medium, for a plain browser."""
    wanted = id if id is not None else file
    if wanted is None:
        raise Invalid("no-medium", "Say which medium: id=… or file=….")
    document = await _medium(services, viewer, wanted)
    if isinstance(viewer, Ticket):
        if viewer.method == "direct":
            raise Forbidden("no-stream", "This ticket is for the file as it is, and not for a stream.")
        return await endpoints.master(services, viewer, f"/stream/{ticket}/")
    command = Command(services, viewer, request, response)
    session = await sessions.opened(command, document["_id"], PlaybackOrder(), in_pieces=True)
    return await endpoints.master(services, session.ticket, f"/stream/{session.text}/")


async def _medium(services: Services, viewer: Principal | Ticket, wanted: str) -> Document:
    """The medium of that id, else the newest accepted one of that name.

    Raises Invalid, NotFound, Gone, and Conflict for what is held or was rejected.
    """
    name = named.checked(wanted)
    document = await services.read_models.get(MEDIA, name) or await _by_name(services, viewer, name)
    if document is None or not _may_see(services, viewer, document):
        raise named.missing() if document is None else named.missing(Hidden)
    services.streams.refuse_deleted(document["_id"])
    media, found = await find_for_all(services.read_models, document["_id"])
    refuse_unusable(media)
    return found


async def _by_name(services: Services, viewer: Principal | Ticket, name: str) -> Document | None:
    if isinstance(viewer, Ticket):
        return await _of_ticket(services, viewer, name)
    return await named.newest(services, viewer, name, named.READY)


async def _of_ticket(services: Services, ticket: Ticket, name: str) -> Document | None:
    document = await services.read_models.get(MEDIA, work_of(ticket.media_id))
    is_it = document is not None and (document.get("upload") or {}).get("name") == name
    return document if is_it else None


def _may_see(services: Services, viewer: Principal | Ticket, document: Document) -> bool:
    if isinstance(viewer, Ticket):
        return bool(document["_id"] == work_of(viewer.media_id))
    return services.gate.level(viewer, document) >= Level.VIEW
