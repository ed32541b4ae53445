"""Keeps what players say of where they are: often said, seldom written down, the last word winning.

What a replica holds back is lost when it is killed: some seconds of a position, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from connectors.ports import Clock, Document, Publisher, Transient
from connectors.read_models import NotBuilt, ReadModels
from gateway.audit.acts import act_of
from gateway.audit.entry import ALLOWED, Actor, Entry
from gateway.auth.directory import Directory
from gateway.auth.principal import ADMIN
from gateway.documents import part
from gateway.media import versions
from gateway.media.existing import MEDIA
from gateway.viewings import kept
from gateway.viewings.state import Moment, Place, at_position, words
from schemas.events import Meta, ViewingChanged
from schemas.versions import work_of
from schemas.viewings import PLAYED, POSITION

log = structlog.get_logger()

_LOOK_S = 1.0
_FAREWELL_S = 5.0
_BY = "playback"
"""How someone came by the address that their player tells from."""

Viewer = tuple[str, str]
"""Someone, and the medium that they watch, in whichever version."""


@dataclass(slots=True)
class _Word:
    """The last that was heard of one viewer."""

    source: str
    position_ms: int
    session_id: str | None
    at: datetime
    due_s: float


class Recorder:
    """What one replica has heard. The first word of a viewer is written down at once, then one in a while."""

    def __init__(
        self,
        read_models: ReadModels,
        publisher: Publisher,
        directory: Directory,
        clock: Clock,
        every_s: float,
        note: Callable[[Entry], None],
    ) -> None:
        self._read_models = read_models
        self.publisher = publisher
        self._directory = directory
        self._clock = clock
        self._every_s = every_s
        self._note = note
        self._held: dict[Viewer, _Word] = {}
        self._written_s: dict[Viewer, float] = {}
        self._stirred = asyncio.Event()
        self._lock = asyncio.Lock()

    def say(self, user_id: str, source: str, position_ms: int, session_id: str | None = None) -> None:
        """Someone is there; never waits. Of who has no account nothing is kept."""
        if not self._is_someone(user_id):
            return
        viewer, now_s = (user_id, work_of(source)), _loop_s()
        due_s = self._written_s.get(viewer, now_s - self._every_s) + self._every_s
        self._held[viewer] = _Word(source, position_ms, session_id, self._clock.now(), due_s)
        if due_s <= now_s:
            self._stirred.set()

    def stop(self, user_id: str, source: str) -> None:
        """The player is gone: its last word is written down at once."""
        if (word := self._held.get((user_id, work_of(source)))) is not None:
            word.due_s = 0.0
            self._stirred.set()

    async def give_way(self, user_id: str, media_id: str) -> None:
        """Forgets what was not written down yet, for what someone is about to say themselves."""
        self._held.pop((user_id, media_id), None)
        async with self._lock:  # what is being written has to be there first
            return

    async def run(self) -> None:
        """Writes down what is due, for as long as the process lives."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(_LOOK_S, self._every_s)):
                    await self._stirred.wait()
            self._stirred.clear()
            await self.flush()

    async def close(self) -> None:
        """Writes down all that is left, if Kafka takes it in time."""
        for word in self._held.values():
            word.due_s = 0.0
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await self.flush()

    @asynccontextmanager
    async def at_rest(self) -> AsyncIterator[None]:
        """For as long, nothing is under way here."""
        async with self._lock:
            yield

    async def flush(self) -> None:
        """Writes down what is due. What can't be written stays, for the next time."""
        async with self._lock:
            now_s = _loop_s()
            fresh = {viewer: at_s for viewer, at_s in self._written_s.items() if at_s + self._every_s > now_s}
            self._written_s = fresh
            for viewer, word in list(self._held.items()):
                if word.due_s > now_s:
                    continue
                try:
                    await self._write(*viewer, word)
                except (Transient, NotBuilt) as error:
                    log.info("positions wait", error=str(error))
                    return
                self._written_s[viewer] = now_s
                if self._held.get(viewer) is word:
                    del self._held[viewer]

    def _is_someone(self, user_id: str) -> bool:
        """Also asked before writing: who was erased meanwhile leaves nothing behind."""
        return user_id == ADMIN or self._directory.active(user_id) is not None

    async def _write(self, user_id: str, media_id: str, word: _Word) -> None:
        medium = await self._read_models.get(MEDIA, media_id)
        if medium is None or not self._is_someone(user_id):
            return
        medium = await versions.as_of(self._read_models, medium, word.source)
        place = Place(user_id, media_id, word.source)
        state, document = await kept.of_place(self._read_models, place)
        if any(at > word.at for at in _told(document)):
            return  # another replica has heard of the viewer since, or they have said so themselves
        moment = Moment(word.at, part(medium, "probe").get("duration_ms"), word.session_id)
        after = at_position(state, word.position_ms, moment)
        meta = partial(Meta.first, f"user:{user_id}", word.at, word.session_id)
        if said := list(words(state, after, place, moment, meta)):
            await self.publisher.publish(said)
            self._write_down([each for each in said if each.change != POSITION])

    def _write_down(self, said: list[ViewingChanged]) -> None:
        for word in said:
            act, actor = act_of([word]), Actor(word.user_id or "", _BY)
            at = word.meta.occurred_at
            self._note(Entry(at=at, action=act.action, outcome=ALLOWED, actor=actor, target=act.target))


def _told(document: Document | None) -> list[datetime]:
    """When the position, and whether it is played, were last told of; what was forgotten as well."""
    return [said["at"] for change in (POSITION, PLAYED) if (said := part(document or {}, change))]


def _loop_s() -> float:
    return asyncio.get_running_loop().time()
