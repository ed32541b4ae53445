"""What players fetch: playlists at once, segments when they are there, and word to the workers until then."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import OrderedDict
from dataclasses import dataclass, field

import structlog

from connectors.ports import BlobStore, Clock, Document, Publisher, Transient, is_there
from connectors.read_models import ReadModels
from gateway.errors import Conflict, Gone, NotFound, Unavailable
from gateway.jobs.makers import makers
from gateway.media.existing import find_source
from gateway.media.render import shown_name
from gateway.playback import playlists
from gateway.playback.arrivals import Arrivals
from gateway.playback.copied import CopiedTracks
from gateway.playback.decide import mime_type
from gateway.playback.deletions import Deletions
from gateway.playback.recent import remember
from gateway.playback.streamable import streamed
from gateway.playback.tickets import Ticket
from gateway.profiles.catalog import Profiles
from schemas.copies import CopiedPicture, CopiedSound, Copies
from schemas.events import Meta, PlaybackChanged
from schemas.medium import Medium
from schemas.renditions import AudioRendition, Renditions, VideoRendition, burnt
from schemas.segments import INIT, segment_location, segment_name
from schemas.texts import TextRendition, texts

log = structlog.get_logger()

_KEPT = 256
_NAME = re.compile(r"(\d{6,9})\.m4s")
_COMPLETED = "completed"
_ENDED = frozenset({"failed", "cancelled", _COMPLETED})

Rendition = VideoRendition | AudioRendition
Copied = CopiedPicture | CopiedSound


@dataclass(frozen=True, slots=True)
class Playing:
    """What a ticket lets its holder fetch."""

    medium: Medium
    made: Renditions | Copies
    texts: tuple[TextRendition, ...] = ()
    """The tracks to choose from: one that is drawn into the picture is none of them."""

    def by_key(self, key: str) -> Rendition | Copied | TextRendition | None:
        """The rendition with that key."""
        said = (track for track in self.texts if track.key == key)
        return self.made.by_key(key) or next(said, None)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A medium's file, for those who play it as it is."""

    location: str
    name: str
    mime_type: str

    @classmethod
    def of(cls, document: Document) -> SourceFile:
        """The file of a medium that was looked at."""
        medium = Medium.read(document["probe"])
        return cls(medium.location, shown_name(document), mime_type(medium))


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long requests wait for what is not there yet."""

    probed_s: float = 10.0
    """For a medium to be looked at."""
    segment_s: float = 30.0
    """For a segment to be made."""
    ask_again_s: float = 2.0
    """How often it is asked for meanwhile."""
    whole_s: float = 1.5
    """For all of a source to be copied, before what is there of it is enough."""


@dataclass(slots=True)
class Streams:
    """Everything behind `/stream`, but for the answers themselves."""

    read_models: ReadModels
    profiles: Profiles
    store: BlobStore
    publisher: Publisher
    clock: Clock
    arrivals: Arrivals
    patience: Patience = Patience()
    deletions: Deletions = field(default_factory=Deletions)
    copied: CopiedTracks = field(init=False)
    _known: OrderedDict[tuple[str, str, int], Playing] = field(default_factory=OrderedDict)
    _files: OrderedDict[str, SourceFile] = field(default_factory=OrderedDict)
    _telling: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.copied = CopiedTracks(self.store)

    def refuse_deleted(self, media_id: str) -> None:
        """Raises Gone where it was heard that the medium was deleted."""
        if media_id in self.deletions:
            raise Gone("media-deleted", f"The medium {media_id} was deleted.")

    async def playing(self, ticket: Ticket) -> Playing:
        """What a ticket is for. Raises NotFound, Gone and Conflict."""
        self.refuse_deleted(ticket.media_id)
        place = (ticket.media_id, ticket.profile or "", ticket.version)
        known = self._known.get(place)
        if known is None:
            known = remember(self._known, place, await self._find(ticket), _KEPT)
        return known

    async def _find(self, ticket: Ticket) -> Playing:
        _, document = await find_source(self.read_models, ticket.media_id)
        profile = self.profiles.find(ticket.profile or "")
        if profile.version != ticket.version:
            raise Gone("profile-changed", "The profile was changed: ask for playback again.")
        medium = Medium.read(document["probe"])
        drawn = burnt(medium, profile)
        said = tuple(track for track in texts(medium) if track.stream != drawn)
        return Playing(medium, streamed(medium, profile), said)

    async def file(self, ticket: Ticket, *, anew: bool = False) -> SourceFile:
        """The file that a ticket is for; a player asks for many pieces of it, and it is looked up once, or
        `anew` where it is not there any more. Raises NotFound and Gone.
        """
        self.refuse_deleted(ticket.media_id)
        known = self._files.get(ticket.media_id)
        if known is None or anew:
            _, document = await find_source(self.read_models, ticket.media_id)
            known = remember(self._files, ticket.media_id, SourceFile.of(document), _KEPT)
        return known

    async def rendition(self, ticket: Ticket, key: str) -> Rendition | Copied | TextRendition:
        """One of a ticket's renditions. Raises NotFound."""
        found = (await self.playing(ticket)).by_key(key)
        if found is None:
            raise NotFound("rendition-not-found", "There is no such rendition in this playback.")
        return found

    async def segment(self, ticket: Ticket, rendition: Rendition, name: str) -> str:
        """Where a segment is, once it is. Raises NotFound, Conflict and Unavailable."""
        number = number_of(name, rendition.grid.segments)
        location = segment_location(rendition.source, rendition.key, number)
        if not await is_there(self.store, location):
            first = rendition.grid.at(ticket.start_ms / 1000)
            await self._wait(ticket, rendition, number, location, first if number == INIT else number)
        self.tell(self.word(ticket, "playing", rendition, max(number, 0)))
        return location

    async def text(self, ticket: Ticket, track: TextRendition, name: str) -> str:
        """Where a text track is, once it is. Raises NotFound, Conflict and Unavailable."""
        if name != track.name:
            raise NotFound("segment-not-found", "There is no such segment in this rendition.")
        if not await is_there(self.store, track.location):
            await self._wait(ticket, track, 0, track.location, 0)
        return track.location

    async def _wait(
        self, ticket: Ticket, rendition: Rendition | TextRendition, number: int, location: str, wanted: int
    ) -> None:
        """Asks for a segment until it is there: others may be asked, or die, meanwhile."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.patience.segment_s
        with self.arrivals.of(rendition.key, number) as arrived:
            while loop.time() < deadline:
                self.tell(self.word(ticket, "waiting", rendition, wanted))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.patience.ask_again_s):
                        await arrived.wait()
                arrived.clear()
                ended = await self.ended(ticket)
                if await is_there(self.store, location):
                    return
                if ended is not None:
                    raise ended
        raise Unavailable("It takes longer than usual to make this segment; ask again.")

    async def ended(self, ticket: Ticket) -> Conflict | None:
        """What to answer where nobody makes it any more, as every job for it has ended: what is not in the
        store by now never will be. Raises Gone.
        """
        self.refuse_deleted(ticket.media_id)
        await find_source(self.read_models, ticket.media_id)
        alike = await makers(self.read_models, ticket.media_id, ticket.profile)
        states = [document["state"]["name"] for document in alike]
        if not alike or not _ENDED.issuperset(states):
            return None
        if _COMPLETED in states:
            return Conflict("segments-lost", "It was made, and is not in the store: ask for playback again.")
        outcome = alike[0].get("outcome") or {}
        why = outcome.get("reason") or outcome.get("code") or states[0]
        return Conflict("transcode-ended", f"The job that makes it has ended without it: {why}", reason=why)

    def tell(self, word: PlaybackChanged) -> None:
        """Lets workers and everyone else know where a viewer is; soon, and without promise."""
        telling = asyncio.create_task(self._try_to_tell(word))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    def word(
        self,
        ticket: Ticket,
        state: str,
        rendition: Rendition | Copied | TextRendition | None = None,
        segment: int | None = None,
        position_ms: int | None = None,
    ) -> PlaybackChanged:
        """What is said of a viewer."""
        return PlaybackChanged(
            meta=Meta.first(f"user:{ticket.viewer_id}", self.clock.now(), ticket.session_id),
            session_id=ticket.session_id,
            media_id=ticket.media_id,
            viewer_id=ticket.viewer_id,
            state=state,
            method=ticket.method,
            profile=ticket.profile,
            makes=rendition.group if rendition else None,
            rendition=rendition.key if rendition else None,
            segment=segment,
            position_ms=position_ms,
        )

    async def first_wants(self, ticket: Ticket, made: Renditions) -> list[PlaybackChanged]:
        """What a player will ask for before anything else, as far as it is not there: so its encoding begins
        while the player still reads playlists.
        """
        sizes = playlists.within(made.video, made.audio, ticket.max_height, ticket.max_bit_rate)
        sounds = sorted(made.audio, key=lambda track: not track.is_default)
        first: tuple[Rendition, ...] = (*sizes[:1], *sounds[:1])
        places = [(each, each.grid.at(ticket.start_ms / 1000)) for each in first]
        return [
            self.word(ticket, "waiting", each, number, ticket.start_ms)
            for each, number in places
            if not await is_there(self.store, segment_location(each.source, each.key, number))
        ]

    async def _try_to_tell(self, event: PlaybackChanged) -> None:
        try:
            await self.publisher.publish([event])
        except Transient as error:
            log.warning("nobody heard what a viewer waits for", error=str(error))


def number_of(name: str, segments: int) -> int:
    """The segment that a name stands for, where there are so many. Raises NotFound."""
    if name == segment_name(INIT):
        return INIT
    found = _NAME.fullmatch(name)
    number = int(found[1]) if found else segments
    if number >= segments or segment_name(number) != name:
        raise NotFound("segment-not-found", "There is no such segment in this rendition.")
    return number
