"""One viewing from its beginning: the decision, the job that encodes what is missing, and the address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.ports import Document, Query
from connectors.read_models import ReadModels
from gateway import names
from gateway.commands import Command
from gateway.errors import Conflict, Unavailable
from gateway.jobs.lookup import JOBS
from gateway.media.lookup import find
from gateway.playback import playlists
from gateway.playback.decide import Decision, decide, mime_type
from gateway.playback.schemas import Playback, PlaybackLinks, PlaybackOrder
from gateway.playback.streamable import streamed
from gateway.playback.tickets import Ticket
from gateway.profiles import catalog
from schemas.events import Event, PlaybackChanged, TranscodeRequested, derived_id, new_id
from schemas.profiles import Profile, written
from schemas.renditions import CannotRender, Medium, Renditions

_DEFAULT_PROFILE = "web"
_BACKGROUND = "background"
_ALIVE = frozenset({"pending", "processing", "completed"})
_LOOK_AGAIN_S = 0.05
_LEAST = timedelta(hours=1)
_MOST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Viewing:
    """What is to be played, and how."""

    media_id: str
    name: str
    medium: Medium
    decision: Decision
    profile: Profile | None
    made: Renditions | None


async def begin(command: Command, media_id: str, order: PlaybackOrder) -> Playback:
    """Decides, sees to it that someone encodes, and gives the address.

    Raises NotFound, Gone, Conflict, Invalid and Unavailable.
    """
    viewing = await _viewing(command, media_id, order)
    ticket = _ticket(command, viewing, order)
    events: list[Event] = [_started(command, ticket)]
    job_id = None
    if viewing.profile is not None:
        job_id, requested = await _job(command, viewing)
        events += [requested] if requested else []
    text = command.services.tickets.write(ticket)
    await command.publish(events, _address(text, viewing))
    return Playback(
        session_id=ticket.session_id,
        media_id=media_id,
        method=viewing.decision.method,
        reasons=list(viewing.decision.reasons),
        url=_address(text, viewing),
        mime_type=playlists.MEDIA_TYPE if viewing.profile else mime_type(viewing.medium),
        profile=ticket.profile,
        job_id=job_id,
        duration_ms=viewing.medium.duration_ms,
        expires_at=datetime.fromtimestamp(ticket.expires_at, UTC),
        links=PlaybackLinks(
            heartbeat=f"/stream/{text}/heartbeat",
            stop=f"/stream/{text}",
            thumbnails=f"/stream/{text}/images/thumbnails.vtt",
        ),
    )


async def _viewing(command: Command, media_id: str, order: PlaybackOrder) -> Viewing:
    read_models = command.services.read_models
    document = await _probed(read_models, media_id, command.services.streams.patience.probed_s)
    medium = Medium.read(document["probe"])
    name = document["upload"]["name"]
    decision = decide(medium, order.abilities)
    if decision.method == "remux":  # nobody remuxes here
        decision = Decision("transcode", decision.reasons)
    if order.method is not None:
        decision = _forced(decision, order.method)
    if decision.method == "direct":
        return Viewing(media_id, name, medium, decision, None, None)
    profile = await catalog.asked_for(read_models, order.profile or _DEFAULT_PROFILE)
    try:
        return Viewing(media_id, name, medium, decision, profile, streamed(medium, profile))
    except CannotRender as error:
        raise Conflict(error.code.replace("_", "-"), str(error)) from error


def _forced(decision: Decision, method: str) -> Decision:
    """The way that is asked for. Raises Conflict where it can't be."""
    if method == decision.method:
        return decision
    if method == "transcode":
        return Decision("transcode", (*decision.reasons, "the client asked for it"))
    why = "nobody remuxes here" if method == "remux" else "; ".join(decision.reasons)
    raise Conflict("method-impossible", f"It can't be played by {method}: {why}.")


async def _probed(read_models: ReadModels, media_id: str, within_s: float) -> Document:
    """The medium's document, once it was looked at. Raises NotFound, Gone, Conflict and Unavailable."""
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        media, document = await find(read_models, media_id)
        if media.status == "rejected":
            reason = media.rejection.reason if media.rejection else "it was not accepted"
            raise Conflict("media-rejected", f"The medium {media_id} was rejected: {reason}")
        if media.probe is not None:
            return document
        if asyncio.get_running_loop().time() > deadline:
            raise Unavailable(f"The medium {media_id} has not been looked at yet; try again in a moment.")
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _job(command: Command, viewing: Viewing) -> tuple[str, TranscodeRequested | None]:
    """The job that encodes this medium in this profile, and the request for it where there is none."""
    profile = viewing.profile
    assert profile is not None
    query = Query(where={"request.media_id": viewing.media_id}, limit=200)
    found = await command.services.read_models.page(JOBS, query)
    alike = [d for d in found.items if (d.get("request") or {}).get("profile") == profile.name]
    for document in alike:
        if document["state"]["name"] in _ALIVE and _same(document, profile):
            return str(document["_id"]), None
    job_id = derived_id("watch", viewing.media_id, profile.name, profile.version, len(alike))
    event = TranscodeRequested(
        meta=command.meta(),
        job_id=job_id,
        run=1,
        media_id=viewing.media_id,
        owner_id=command.principal.id,
        profile=profile.name,
        priority=_BACKGROUND,
        name=names.stem(viewing.name),
        profile_json=written(profile),
    )
    return job_id, event


def _same(document: Document, profile: Profile) -> bool:
    said = document["request"].get("profile_json")
    return said is None or said == written(profile)


def _ticket(command: Command, viewing: Viewing, order: PlaybackOrder) -> Ticket:
    lasts = min(_MOST, _LEAST + 2 * timedelta(milliseconds=viewing.medium.duration_ms))
    return Ticket(
        session_id=new_id(),
        media_id=viewing.media_id,
        viewer_id=command.principal.id,
        method=viewing.decision.method,
        profile=viewing.profile.name if viewing.profile else None,
        version=viewing.profile.version if viewing.profile else 0,
        start_ms=min(order.start_ms, viewing.medium.duration_ms),
        max_height=order.abilities.max_height,
        max_bit_rate=order.abilities.max_bit_rate,
        expires_at=int((command.now + lasts).timestamp()),
    )


def _started(command: Command, ticket: Ticket) -> PlaybackChanged:
    return PlaybackChanged(
        meta=command.meta(),
        session_id=ticket.session_id,
        media_id=ticket.media_id,
        viewer_id=ticket.viewer_id,
        state="started",
        method=ticket.method,
        profile=ticket.profile,
        position_ms=ticket.start_ms,
    )


def _address(text: str, viewing: Viewing) -> str:
    return f"/stream/{text}/{'master.m3u8' if viewing.profile else 'file'}"
