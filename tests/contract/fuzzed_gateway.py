"""The gateway over ports made of memory, as schemathesis reaches it: an application like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from gateway.errors import Unauthorized
from gateway.media.schemas import MEDIA_ID
from gateway.playback.streams import Patience
from schemas.events import new_id
from tests.direct import FakeDirect
from tests.unit.gateway.checks import DATA, upload
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import requested
from tests.unit.gateway.people import header_of, person
from tests.unit.gateway.viewing import clip, film, watch

EDITOR = "Bearer an-editor"
"""What stands for the token of an editor, whoever that is at the time."""

_HASTY = Patience(probed_s=0.01, segment_s=0.02, ask_again_s=0.005)
_SETTINGS: dict[str, Any] = {
    "read_your_write_s": 0,
    "registration": "open",
    "limit_logins": "off",
    "limit_requests": "off",
    "limit_upload_bytes": "off",
    "limit_transcode_minutes": "off",
}
_LASTING = "/api/v1/events"
_AN_EDITOR = (b"authorization", EDITOR.encode())


@dataclass
class Gateway:
    """A gateway that comes up with the first request, in whichever event loop serves it."""

    folder: Path
    tickets: list[str] = field(default_factory=list)
    """Of a file that is played as it is, and of a stream."""
    _world: World | None = None
    _editor: dict[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; of an answer that lasts, with its beginning."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        w = self._world
        assert w is not None
        if _AN_EDITOR in scope["headers"]:
            scope = {**scope, "headers": await self._as_editor(w, scope)}
        answer = partial(w.app, {**scope, "state": {}}, receive)
        await (_beginning(answer, send) if scope["path"] == _LASTING else answer(send))

    async def _live(self, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            await receive()
            made = world(
                self.folder, patience=_HASTY, direct=FakeDirect, archive=self.folder / "archive", **_SETTINGS
            )
            self._world = await stack.enter_async_context(made)
            await self._settle(self._world)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _as_editor(self, w: World, scope: Scope) -> list[tuple[bytes, bytes]]:
        """The headers of a request by an editor: another one, where this one signed out or is gone."""
        try:
            await w.services.authenticator.principal(self._editor["Authorization"].partition(" ")[2])
        except Unauthorized:
            self._editor = await header_of(w, await person(w, f"ed.{new_id()}", role="editor"))
        own = (b"authorization", self._editor["Authorization"].encode())
        return [own if each == _AN_EDITOR else each for each in scope["headers"]]

    async def _settle(self, w: World) -> None:
        """Has people and media there, for what asks for such."""
        self._editor = await header_of(w, await person(w, "ed", role="editor"))
        await upload(w)
        kept = self.folder / "raw" / "ab" / ("ab" * 32)
        kept.parent.mkdir(parents=True)
        kept.write_bytes(DATA)
        for again in ("", "-2", "-3"):
            await w.happened(*clip(f"clip{again}"), *film(f"film{again}"))
        await w.happened(*film(MEDIA_ID), requested("job", media_id="film"))
        await person(w, "ada")
        addresses = [await watch(w, "clip"), await watch(w, "film")]
        self.tickets = [each["url"].split("/")[2] for each in addresses]


async def _beginning(answer: Callable[[Send], Awaitable[None]], send: Send) -> None:
    """Lets an answer that lasts end with its first bytes."""
    begun = asyncio.Event()

    async def first(message: Message) -> None:
        if not begun.is_set():
            is_body = message["type"] == "http.response.body" and message.get("body")
            await send({**message, "more_body": False} if is_body else message)
            if is_body:
                begun.set()

    answering, reading = asyncio.ensure_future(answer(first)), asyncio.ensure_future(begun.wait())
    await asyncio.wait({answering, reading}, return_when=asyncio.FIRST_COMPLETED)
    for task in (answering, reading):
        task.cancel()
    await asyncio.gather(answering, reading, return_exceptions=True)
