"""The address of GraphQL: queries and mutations by POST, subscriptions over a WebSocket."""

from __future__ import annotations

from typing import Any

from fastapi import WebSocket
from pydantic import BaseModel, ConfigDict, Field

from gateway.auth.dependencies import socket_principal
from gateway.commands import Commanded
from gateway.errors import BadRequest, Problem, problem_response
from gateway.freshness import fresh
from gateway.graphql import socket
from gateway.graphql.asking import Asking
from gateway.graphql.schema import run
from gateway.idempotency.middleware import FAILED
from gateway.middleware import request_id
from gateway.openapi import FRESH, problems
from gateway.routing import Admits, Router
from gateway.services import services_of

router = Router(tags=["graphql"])
sockets = Router(admits=Admits.ALL)


class GraphqlDocument(BaseModel):
    """A GraphQL document, and what it is to be run with."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "query": "query ($first: Int!) { mediaList(first: $first) { items { id name } next } }",
                    "variables": {"first": 10},
                }
            ]
        },
    )

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = Field(
        None, alias="operationName", description="Which operation is run, where there are several."
    )


class GraphqlError(BaseModel):
    """Something that went wrong."""

    model_config = ConfigDict(extra="allow")

    message: str
    locations: list[dict[str, int]] | None = Field(None, description="Where in the document.")
    path: list[str | int] | None = Field(None, description="Where in the answer.")
    extensions: dict[str, Any] = Field(
        description="`code` and `status` as problem documents have them; too-complex is the code of a "
        "document that is larger than any may be.",
        examples=[{"code": "not-allowed", "status": 403}],
    )


class GraphqlAnswer(BaseModel):
    """What a document came to."""

    data: dict[str, Any] | None = Field(None, description="Left out where nothing was run.")
    errors: list[GraphqlError] | None = Field(None, description="Left out where nothing went wrong.")


@router.post(
    "/graphql", openapi_extra=FRESH, responses=problems(400, 408, 413), response_model_exclude_unset=True
)
async def ask_graphql(command: Commanded, document: GraphqlDocument) -> GraphqlAnswer:
    """Runs a query or a mutation.

    The schema is docs/schema.graphql; each field takes the permission that the same takes elsewhere. The
    status is 200 for whatever GraphQL itself answers, its errors too.
    """
    await fresh(command.request)
    asking = Asking(
        command.services,
        command.principal,
        request_id(command.request),
        command,
        operation=document.operation_name,
    )
    said = await run(asking, document.query, document.variables)
    command.request.scope["state"][FAILED] = _came_to_nothing(said)
    return GraphqlAnswer.model_validate(said)


def _came_to_nothing(said: dict[str, Any]) -> bool:
    """Whether it may be sent again, with its Idempotency-Key: nothing in it was done."""
    data = said.get("data") or {}
    return "errors" in said and all(each is None for each in data.values())


@sockets.websocket("/graphql")
async def follow_graphql(websocket: WebSocket) -> None:
    """Follows subscriptions, over the protocol graphql-transport-ws."""
    services = services_of(websocket)
    try:
        principal = await socket_principal(services, websocket)
        if socket.PROTOCOL not in websocket.scope["subprotocols"]:
            raise BadRequest("unknown-subprotocol", f"Ask for the subprotocol {socket.PROTOCOL}.")
    except Problem as problem:
        await websocket.send_denial_response(problem_response(problem))
        return
    await websocket.accept(socket.PROTOCOL)
    await socket.converse(websocket, services, principal)
