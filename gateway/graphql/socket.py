"""One WebSocket's subscriptions: Strawberry speaks the protocol, over a line that is bounded like ours.

Who is shut out is let go with the whole connection; what is too slow loses the subscription alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from typing import Any, Literal, cast

import orjson
from fastapi import WebSocket
from pydantic import BaseModel, Field, ValidationError
from starlette.websockets import WebSocketState
from strawberry import UNSET
from strawberry.http.async_base_view import AsyncWebSocketAdapter
from strawberry.http.exceptions import NonJsonMessageReceived, WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL as PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler

from gateway.auth.principal import Principal
from gateway.events.live import SHUT_OUT, Outbox
from gateway.graphql.asking import Asking
from gateway.graphql.schema import schema
from gateway.middleware import request_id
from gateway.services import Services

__all__ = ["PROTOCOL", "converse"]

_TRANSPORT = "graphql"
_MOST_CHARACTERS = 65_536
_MOST_SUBSCRIPTIONS = 20
_INIT_WITHIN = timedelta(seconds=10)
_GOING_AWAY, _FORBIDDEN = 1001, 4403


class _Payload(BaseModel):
    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None


class _Subscribe(BaseModel):
    type: Literal["subscribe"]
    id: str = Field(max_length=128)
    payload: _Payload


class _Other(BaseModel):
    type: Literal["connection_init", "ping", "pong", "complete"]
    id: str = ""
    payload: dict[str, Any] = {}


class _Said(BaseModel):
    """Any message of a client's."""

    message: _Subscribe | _Other = Field(discriminator="type")


async def converse(websocket: WebSocket, services: Services, principal: Principal) -> None:
    """Returns when either side has closed."""
    settings = services.settings
    line = _Line(websocket, settings.live_send_timeout_s)
    asking = Asking(services, principal, request_id(websocket), connection=websocket)
    with services.hub.client(_TRANSPORT, None, principal) as outbox:
        tasks = [
            asyncio.create_task(_handler(line, asking).handle()),
            asyncio.create_task(_let_go(outbox)),
            asyncio.create_task(line.stalled()),
            asyncio.create_task(_beat(line, settings.live_heartbeat_s)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(tasks)
        if (reason := outbox.closed_because) is not None:
            await line.close(_FORBIDDEN if reason == SHUT_OUT else _GOING_AWAY, reason[:100])


def _handler(line: _Line, asking: Asking) -> BaseGraphQLTransportWSHandler[Any, Any]:
    return BaseGraphQLTransportWSHandler(
        view=cast(Any, _Welcome()),
        websocket=line,
        context=asking,
        root_value=None,
        schema=schema(),
        connection_init_wait_timeout=_INIT_WITHIN,
        max_subscriptions_per_connection=_MOST_SUBSCRIPTIONS,
    )


class _Welcome:
    """Who may connect was decided with the handshake."""

    async def on_ws_connect(self, _: Asking) -> object:
        return UNSET


async def _let_go(outbox: Outbox) -> None:
    async for _ in outbox.messages():
        pass


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result


async def _beat(line: _Line, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        await line.send_json({"type": "ping"})


class _Line(AsyncWebSocketAdapter):
    """Whole messages of a bounded size, one after the other, each sent within a time."""

    def __init__(self, websocket: WebSocket, timeout_s: float) -> None:
        self._websocket = websocket
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._stalled = asyncio.Event()

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """What the client says. Raises NonJsonMessageReceived for what makes no sense."""
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnected
            yield _read(message.get("text") or "")

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Sends one message. A client that does not take it is let go."""
        try:
            async with self._turn, asyncio.timeout(self._timeout_s):
                if self._websocket.application_state is WebSocketState.CONNECTED:
                    await self._websocket.send_text(orjson.dumps(message).decode())
        except TimeoutError:
            self._stalled.set()

    async def close(self, code: int, reason: str) -> None:
        """Closes, once."""
        try:
            async with asyncio.timeout(self._timeout_s):
                if self._websocket.application_state is WebSocketState.CONNECTED:
                    await self._websocket.close(code, reason)
        except TimeoutError:
            self._stalled.set()

    async def stalled(self) -> None:
        """Returns once the client did not take what was sent."""
        await self._stalled.wait()


def _read(text: str) -> object:
    if len(text) > _MOST_CHARACTERS:
        raise NonJsonMessageReceived
    try:
        return _Said.model_validate({"message": orjson.loads(text)}).message.model_dump(exclude_unset=True)
    except (ValidationError, ValueError) as error:
        raise NonJsonMessageReceived from error
