"""The routes of people's own state. Nobody sees or sets that of anyone else, but for what was before."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from connectors.ports import Document
from gateway import pages
from gateway.audit.acts import act_of
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.auth.principal import Principal
from gateway.commands import Commanded
from gateway.documents import part
from gateway.errors import Forbidden
from gateway.media import several
from gateway.media.lookup import find
from gateway.media.render import media_path, source_of
from gateway.media.schemas import Media
from gateway.openapi import problems
from gateway.routing import Router
from gateway.services import Services, ServicesOf
from gateway.viewings import kept, taking_over
from gateway.viewings.render import shown
from gateway.viewings.schemas import EarlierStates, States, TakenOver, ViewingOrder, ViewingState
from gateway.viewings.state import (
    Moment,
    Place,
    State,
    at_position,
    forgotten,
    marked_favourite,
    marked_played,
    words,
)
from schemas.viewings import FAVOURITE, PLAYED, POSITION

router = Router(tags=["playback"])

_OWN = allow("playback")
_LISTS: dict[States, str] = {"in-progress": POSITION, "played": PLAYED, "favourite": FAVOURITE}


class Viewed(BaseModel):
    """A medium with one's own state of it in `viewing`."""

    media: Media


@router.get("/media/{media_id}/viewing", dependencies=[_OWN], responses=problems(400, 404, 410))
async def get_viewing(services: ServicesOf, principal: CurrentPrincipal, media_id: str) -> ViewingState:
    """Gets one's own state of a medium's work: position, played, favourite."""
    place, _ = await _place(services, principal, media_id)
    state, _ = await kept.of_place(services.read_models, place)
    return shown(place.work_id, state)


@router.put("/media/{media_id}/viewing", dependencies=[_OWN], responses=problems(404, 410))
async def put_viewing(command: Commanded, media_id: str, order: ViewingOrder) -> ViewingState:
    """Sets what is named of one's own state, and leaves the rest. Players that send heartbeats need not."""
    place, medium = await _place(command.services, command.principal, media_id)
    if order.played is not None or order.position_ms is not None:
        await command.services.viewings.give_way(place.user_id, place.work_id)
    before, _ = await kept.of_place(command.services.read_models, place)
    moment = Moment(command.now, part(medium, "probe").get("duration_ms"))
    after = _ordered(before, order, moment)
    said = sorted(words(before, after, place, moment, command.meta), key=lambda word: word.change == POSITION)
    if said and said[0].change == POSITION:
        await _move(command.services, place, order.position_ms or 0)
    elif said:
        await command.publish(said, _path(media_id))
        for word in said[1:]:
            await command.written_down(act_of([word]))
    return shown(place.work_id, after)


async def _move(services: Services, place: Place, position_ms: int) -> None:
    """Players say often where they are: like their heartbeats, it is not written down each time."""
    services.viewings.say(place.user_id, place.source, position_ms)
    await services.viewings.flush()


@router.delete(
    "/media/{media_id}/viewing", dependencies=[_OWN], status_code=204, responses=problems(404, 410)
)
async def delete_viewing(command: Commanded, media_id: str) -> None:
    """Forgets all of one's own state of a medium's work."""
    place, _ = await _place(command.services, command.principal, media_id)
    await command.services.viewings.give_way(place.user_id, place.work_id)
    _, document = await kept.of_place(command.services.read_models, place)
    if said := list(forgotten(document or {"_id": place.id}, command.meta)):
        await command.publish(said, _path(media_id))


@router.get("/viewing", dependencies=[_OWN], responses=problems(400))
async def list_viewings(
    services: ServicesOf,
    principal: CurrentPrincipal,
    paging: pages.Paged,
    state: Annotated[States, Query(description="What to list; without it, what to go on with.")] = (
        "in-progress"
    ),
) -> pages.Listing[Viewed]:
    """Lists what one has begun, played or marked as a favourite, the newest first.

    Media that are gone, or that one may not see any more, are left out: a page may hold fewer than asked for,
    and go on all the same.
    """
    _refuse_link(principal)
    change = _LISTS[state]
    page = await kept.listed(services.read_models, principal.id, change, paging)
    found = await several.seen(services, principal, [each[change]["work_id"] for each in page.items])
    return pages.Listing(items=[Viewed(media=one) for one in found if one is not None], next=page.next)


@router.post("/viewing/import", dependencies=[allow("users:write")], status_code=202)
async def import_viewings(command: Commanded, order: EarlierStates) -> TakenOver:
    """Takes over what another system knew of people's state, with its times.

    Nothing that was said here since is undone, and doing it again changes nothing.
    """
    return await taking_over.take_over(command, order.items, dry_run=order.dry_run)


async def _place(services: Services, principal: Principal, media_id: str) -> tuple[Place, Document]:
    """Where someone's state of a medium is. Raises NotFound, Gone, and Forbidden for who has none."""
    _refuse_link(principal)
    _, document = await find(services, principal, media_id)
    return Place(principal.id, media_id, source_of(document)), document


def _refuse_link(principal: Principal) -> None:
    if principal.only is not None:
        raise Forbidden("no-account", "Whoever looks by a link has no state of their own: sign in for that.")


def _ordered(state: State, order: ViewingOrder, moment: Moment) -> State:
    if order.played is not None:
        state = marked_played(state, moment, on=order.played)
    if order.position_ms is not None:
        state = at_position(state, order.position_ms, moment)
    if order.favourite is not None:
        state = marked_favourite(state, moment, on=order.favourite)
    return state


def _path(media_id: str) -> str:
    return f"{media_path(media_id)}/viewing"
