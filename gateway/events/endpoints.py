"""The routes of live events: server-sent events, and the same over a WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import orjson
import structlog
from fastapi import Depends, Header, Query, WebSocket
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from gateway.auth.dependencies import OfLive, socket_principal
from gateway.auth.principal import Principal
from gateway.errors import Problem, problem_response
from gateway.events import socket
from gateway.events.live import MISSED
from gateway.events.messages import Filter
from gateway.events.schemas import filter_of_query
from gateway.openapi import Responses, problems
from gateway.routing import Admits, Router
from gateway.services import Services, ServicesOf, services_of

log = structlog.get_logger()

router = Router(admits=Admits.ALL, tags=["events"])

_MOST_ID = 200
_Last = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=_MOST_ID,
        description="The id of the last event that one had; browsers send it by themselves.",
    ),
]

_STREAM: Responses = {
    200: {
        "description": "`event:` is the topic, `id:` the place in the log, `data:` the event as JSON",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses=_STREAM | problems(401, 403, 422, 429, 503),
)
async def follow_events(
    services: ServicesOf,
    principal: Annotated[Principal, Depends(OfLive())],
    wanted: Annotated[Filter, Depends(filter_of_query)],
    last_event_id: _Last = None,
    after: Annotated[
        str | None, Query(max_length=_MOST_ID, description="The same as the header Last-Event-ID.")
    ] = None,
) -> EventSourceResponse:
    """Follows events of what one may see, from now on, or from a moment before the last one that one had.

    Comments come while nothing happens, `missed` where what came since is not known any more, and `closed`
    before we let go. An event may come twice: its `event_id` tells.
    """
    return _Stream(
        _sse(services, wanted, principal, last_event_id or after),
        ping=services.settings.live_heartbeat_s,
        send_timeout=services.settings.live_send_timeout_s,
    )


async def _sse(
    services: Services, wanted: Filter, principal: Principal, after: str | None
) -> AsyncIterator[ServerSentEvent | bytes]:
    with services.hub.client("sse", wanted, principal, after) as outbox:
        yield ServerSentEvent(comment="following")
        if outbox.missed:
            yield ServerSentEvent(event="missed", data=orjson.dumps({"reason": MISSED}).decode())
        async for batch in services.audience.batches(outbox):
            yield batch.as_sse
        yield ServerSentEvent(event="closed", data=orjson.dumps({"reason": outbox.closed_because}).decode())


class _Stream(EventSourceResponse):
    """A stream whose client is let go, and no error told of, where it takes nothing for too long."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except* SendTimeoutError:
            log.info("a client that takes nothing was let go")


@router.websocket("/ws")
async def follow_socket(websocket: WebSocket) -> None:
    """Follows events over a WebSocket, once the client has said which."""
    services = services_of(websocket)
    try:
        principal = await socket_principal(services, websocket)
    except Problem as problem:
        websocket.state.problem = problem
        await websocket.send_denial_response(problem_response(problem))
        return
    await websocket.accept()
    await socket.converse(websocket, services, principal)
