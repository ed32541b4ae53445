"""The routes of live events: server-sent events, and the same over a WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, WebSocket
from sse_starlette import EventSourceResponse, ServerSentEvent

from gateway.auth.dependencies import live_principal, socket_principal
from gateway.auth.principal import Principal
from gateway.errors import Problem, problem_response
from gateway.events import socket
from gateway.events.messages import Filter
from gateway.events.schemas import filter_of_query
from gateway.openapi import Responses, problems
from gateway.services import Services, ServicesOf, services_of

router = APIRouter(tags=["events"])

_STREAM: Responses = {
    200: {
        "description": "`event:` is the topic, `id:` the place in the log, `data:` the event as JSON",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses=_STREAM | problems(401, 403, 422, 503),
)
async def follow_events(
    services: ServicesOf,
    principal: Annotated[Principal, Depends(live_principal)],
    wanted: Annotated[Filter, Depends(filter_of_query)],
) -> EventSourceResponse:
    """Follows events of what one may see, from now on.

    Comments come while nothing happens, `closed` before we let go.
    """
    return EventSourceResponse(
        _sse(services, wanted, principal),
        ping=services.settings.live_heartbeat_s,
        send_timeout=services.settings.live_send_timeout_s,
    )


async def _sse(services: Services, wanted: Filter, principal: Principal) -> AsyncIterator[ServerSentEvent]:
    with services.hub.client("sse", wanted, principal) as outbox:
        yield ServerSentEvent(comment="following")
        async for message in services.audience.messages(outbox):
            yield ServerSentEvent(event=message.topic, id=message.id, data=message.data.decode())
        yield ServerSentEvent(event="closed", data=orjson.dumps({"reason": outbox.closed_because}).decode())


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
