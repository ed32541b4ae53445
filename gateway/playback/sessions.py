"""One viewing from its beginning: the decision, the job that makes what is missing, and the address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.ports import Document
from gateway import names
from gateway.commands import Command
from gateway.jobs.makers import makers
from gateway.playback import playlists, remux, viewing
from gateway.playback.decide import mime_type
from gateway.playback.schemas import Playback, PlaybackLinks, PlaybackOrder
from gateway.playback.stock import lacks
from gateway.playback.tickets import Ticket
from gateway.playback.viewing import Viewing
from schemas.copies import Copies
from schemas.events import Event, PlaybackChanged, TranscodeRequested, derived_id, new_id
from schemas.profiles import Profile, written
from schemas.renditions import Renditions
from schemas.versions import work_of

_BACKGROUND = "background"
_UNDER_WAY = frozenset({"pending", "processing"})
_COMPLETED = "completed"
_LEAST = timedelta(hours=1)
_MOST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Session:
    """A viewing that has begun."""

    viewing: Viewing
    ticket: Ticket
    text: str
    """The ticket, as a part of addresses."""
    job_id: str | None


async def begin(command: Command, media_id: str, order: PlaybackOrder) -> Playback:
    """Decides, sees to it that someone makes what is missing, and gives the address.

    Raises NotFound, Gone, Conflict, Invalid and Unavailable.
    """
    return _said(await opened(command, media_id, order))


async def opened(
    command: Command, media_id: str, order: PlaybackOrder, *, in_pieces: bool = False
) -> Session:
    """The same, for other answers; with `in_pieces` never the file as it is.

    What turns out, once its packets are read, to be beyond copying is transcoded after all.
    """
    seen = await viewing.see(command, media_id, order, in_pieces=in_pieces)
    session = await _open(command, seen, order)
    if not isinstance(seen.made, Copies):
        return session
    obstacle = await remux.obstacle(command.services.streams, session.ticket, seen.made)
    if obstacle is None:
        return session
    streams = command.services.streams
    streams.tell(streams.word(session.ticket, "stopped"))
    seen = await viewing.see(command, media_id, order, in_pieces=in_pieces, uncopyable=obstacle)
    return await _open(command, seen, order)


async def _open(command: Command, seen: Viewing, order: PlaybackOrder) -> Session:
    ticket = _ticket(command, seen, order)
    events: list[Event] = [_started(command, ticket, seen)]
    job_id = None
    if seen.profile is not None and seen.made is not None:
        job_id, requested = await _job(command, seen, seen.profile, seen.made)
        events += [requested] if requested else []
        if isinstance(seen.made, Renditions):
            events += await command.services.streams.first_wants(ticket, seen.made)
    session = Session(seen, ticket, command.services.tickets.write(ticket), job_id)
    await command.publish(events, _address(session), at_once=True)
    return session


def _said(session: Session) -> Playback:
    seen, ticket = session.viewing, session.ticket
    base = f"/stream/{session.text}"
    return Playback(
        session_id=ticket.session_id,
        media_id=work_of(ticket.media_id),
        method=seen.decision.method,
        reasons=list(seen.decision.reasons),
        url=_address(session),
        mime_type=playlists.MEDIA_TYPE if seen.profile else mime_type(seen.medium),
        profile=ticket.profile,
        job_id=session.job_id,
        duration_ms=seen.medium.duration_ms,
        expires_at=datetime.fromtimestamp(ticket.expires_at, UTC),
        links=PlaybackLinks(
            heartbeat=f"{base}/heartbeat", stop=base, thumbnails=f"{base}/images/thumbnails.vtt"
        ),
    )


async def _job(
    command: Command, viewing: Viewing, profile: Profile, made: Renditions | Copies
) -> tuple[str, TranscodeRequested | None]:
    """The job that makes this medium's segments in this profile, and the request where there is none, or
    where what it made was lost.
    """
    services = command.services
    alike = await makers(services.read_models, viewing.source, profile.name)
    same = [(document["_id"], document["state"]["name"]) for document in alike if _same(document, profile)]
    for job_id, state in same:
        if state in _UNDER_WAY:
            return str(job_id), None
    completed = next((job_id for job_id, state in same if state == _COMPLETED), None)
    if completed is not None and not await lacks(services.store, made):
        return str(completed), None
    before = sorted(str(document["_id"]) for document in alike)
    job_id = derived_id("watch", viewing.source, profile.name, profile.version, *before)
    event = TranscodeRequested(
        meta=command.meta(),
        job_id=job_id,
        run=1,
        media_id=viewing.source,
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
        media_id=viewing.source,
        viewer_id=command.principal.id,
        method=viewing.decision.method,
        profile=viewing.profile.name if viewing.profile else None,
        version=viewing.profile.version if viewing.profile else 0,
        start_ms=min(order.start_ms, viewing.medium.duration_ms),
        max_height=order.abilities.max_height,
        max_bit_rate=order.abilities.max_bit_rate,
        expires_at=int((command.now + lasts).timestamp()),
    )


def _started(command: Command, ticket: Ticket, viewing: Viewing) -> PlaybackChanged:
    return PlaybackChanged(
        meta=command.meta(),
        session_id=ticket.session_id,
        media_id=ticket.media_id,
        viewer_id=ticket.viewer_id,
        state="started",
        method=ticket.method,
        profile=ticket.profile,
        position_ms=ticket.start_ms,
        reasons=list(viewing.decision.reasons),
    )


def _address(session: Session) -> str:
    return f"/stream/{session.text}/{'master.m3u8' if session.viewing.profile else 'file'}"
