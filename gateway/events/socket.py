"""One WebSocket's conversation: the client says what it wants, we say what happens.

We send {"type": "event", "topic", "id", "data"}, {"type": "subscribed"}, {"type": "error", "reason"},
{"type": "missed", "reason"}, {"type": "heartbeat"} and, last, {"type": "closed", "reason"}.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import orjson
from fastapi import WebSocket
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from gateway.auth.principal import Principal
from gateway.errors import Invalid
from gateway.events.audience import Audience
from gateway.events.live import MISSED, Hub, Outbox
from gateway.events.messages import Message
from gateway.events.schemas import Subscription, checked
from gateway.services import Services

_MAX_CHARACTERS = 4096
_GOING_AWAY = 1001


async def converse(websocket: WebSocket, services: Services, principal: Principal) -> None:
    """Returns when either side has closed."""
    settings = services.settings
    line = _Line(websocket, settings.live_send_timeout_s)
    with services.hub.client("websocket", None, principal) as outbox:
        tasks = [
            asyncio.create_task(_listen(websocket, line, services.hub, outbox)),
            asyncio.create_task(_tell(line, services.audience, outbox)),
            asyncio.create_task(_beat(line, settings.live_heartbeat_s)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(tasks)
        if outbox.closed_because is not None:
            await line.close(outbox.closed_because)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Ends all; a client that is gone or takes nothing is no error, anything else is."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        gone = (WebSocketDisconnect, TimeoutError, asyncio.CancelledError)
        if isinstance(result, BaseException) and not isinstance(result, gone):
            raise result


class _Line:
    """Sends whole messages, one after the other, each within a time."""

    def __init__(self, websocket: WebSocket, timeout_s: float) -> None:
        self._websocket = websocket
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()

    async def say(self, type: str, **more: Any) -> None:
        """Sends one of our messages. Raises TimeoutError for a client that does not take it."""
        await self._send(orjson.dumps({"type": type, **more}).decode())

    async def pass_on(self, message: Message) -> None:
        """Sends an event. Raises TimeoutError for a client that does not take it."""
        await self._send(message.as_text)

    async def close(self, reason: str) -> None:
        """Closes. Nobody may be listening then: the server closes when it has both directions to itself."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_s):
                await self._websocket.close(_GOING_AWAY, reason[:100])

    async def _send(self, said: str) -> None:
        async with self._turn, asyncio.timeout(self._timeout_s):
            await self._websocket.send_text(said)


async def _listen(websocket: WebSocket, line: _Line, hub: Hub, outbox: Outbox) -> None:
    while True:
        said = await websocket.receive_text()
        try:
            subscription = _subscription(said)
            wanted = checked(subscription.subscribe)
        except (ValidationError, Invalid) as error:
            await line.say("error", reason=_reason(error))
        else:
            hub.follow(outbox, wanted)
            if subscription.after is not None:
                hub.resume(outbox, wanted, subscription.after)
            await line.say("subscribed", to=wanted.model_dump(mode="json"))
            if subscription.after is not None and outbox.missed:
                await line.say("missed", reason=MISSED)


def _subscription(said: str) -> Subscription:
    if len(said) > _MAX_CHARACTERS:
        raise Invalid("too-long", f"Messages of up to {_MAX_CHARACTERS} characters are read.")
    return Subscription.model_validate_json(said)


def _reason(error: ValidationError | Invalid) -> str:
    if isinstance(error, Invalid):
        return error.detail
    return "; ".join(e["msg"] for e in error.errors()) + '; send {"subscribe": {"job_id": "…"}}'


async def _tell(line: _Line, audience: Audience, outbox: Outbox) -> None:
    async for message in audience.messages(outbox):
        await line.pass_on(message)
    await line.say("closed", reason=outbox.closed_because)


async def _beat(line: _Line, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        await line.say("heartbeat")
