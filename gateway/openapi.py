"""How the OpenAPI document says what the code does: problem documents, operation ids, tags."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from gateway import document_links
from gateway.errors import title
from gateway.freshness import TOKEN_HEADER, TOKEN_PARAMETER

DESCRIPTION = """\
Media goes in; every change of state is an event on Kafka; processors turn events into work; read models
answer questions. Commands answer 202 with a location and a token: send the token with a read (`Sluice-Token`)
to see the command's effect. Every error is a problem document (RFC 9457) whose `code` is stable.
"""

TAGS = [
    {"name": "media", "description": "Files that were taken in."},
    {"name": "uploads", "description": "Taking files in so that cuts do no harm: tus 1.0.0."},
    {"name": "files", "description": "Folders of the operator's: what is in them, and changing that."},
    {"name": "jobs", "description": "What is being made of them."},
    {"name": "profiles", "description": "The forms that media can be given."},
    {"name": "care", "description": "What keeps the store in order: cleanups and scrubs, as jobs."},
    {"name": "schedules", "description": "Chores that come again, as cron has it."},
    {
        "name": "playback",
        "description": "Playing media while they are made; players fetch by signed addresses.",
    },
    {
        "name": "compatibility",
        "description": "Routes of the systems that came before, kept for clients that know no others. "
        "Their answers say what takes their place.",
    },
    {"name": "quarantine", "description": "What the virus scanner found, for administrators to decide on."},
    {"name": "libraries", "description": "Who else may have media: shared libraries, and links."},
    {"name": "sessions", "description": "Signing in and out, and what sessions go on with."},
    {"name": "users", "description": "Accounts, invitations to have one, and keys for programs."},
    {"name": "audit", "description": "Who was let do what, and who was refused."},
    {"name": "events", "description": "What happens, as it happens; over a WebSocket at /api/v1/ws too."},
    {
        "name": "graphql",
        "description": "The same by GraphQL; subscriptions over a WebSocket at the same address.",
    },
    {"name": "system", "description": "The machine and the processes of this installation."},
    {"name": "health", "description": "For probes and Prometheus; no token needed."},
    {
        "name": "registry",
        "description": "The read half of the Confluent Schema Registry's API; no token needed.",
    },
]


class ProblemDetails(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:sluice:problem:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(description="Stable: programs may test it.", examples=["not-found"])
    detail: str = Field(description="For people.", examples=["There is no job with this id."])


Responses = dict[int | str, dict[str, Any]]

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_OF_ANY_TYPE = {"application/octet-stream": _BYTES, "*/*": _BYTES}

FILE: Responses = {
    200: {"description": "The file's bytes", "content": _OF_ANY_TYPE},
    206: {"description": "The range that was asked for", "content": _OF_ANY_TYPE},
}
"""The `responses` of a route that sends a file."""

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same key within a day, a request is done once and answered the same.",
    "schema": {"type": "string", "maxLength": 202},
}


def _text(name: str, place: str, about: str) -> dict[str, Any]:
    """A parameter that may be left out."""
    schema = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    return {"name": name, "in": place, "required": False, "description": about, "schema": schema}


_FRESH = [
    _text(TOKEN_HEADER, "header", "A command's token: wait a moment until its effect shows."),
    _text(TOKEN_PARAMETER, "query", f"The same as the header {TOKEN_HEADER}."),
]
FRESH = {"parameters": _FRESH}
"""The `openapi_extra` of a command that reads too; every GET of someone with a token has it."""

NOT_MODIFIED: Responses = {304: {"description": "The client has it already"}}
"""That of a route which can be asked whether something is new."""


def file_body(**fields: dict[str, Any]) -> dict[str, Any]:
    """A file as the body, or in a form that may have these fields beside it."""
    file = {"type": "string", "format": "binary"}
    form = {"type": "object", "required": ["file"], "properties": {"file": file, **fields}}
    content = {"application/octet-stream": {"schema": file}, "multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}


def problems(*statuses: int) -> Responses:
    """The `responses` of a route that may answer with these."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {status: {"description": title(status), "content": content} for status in statuses}


_UNREADABLE = problems(400, 408, 413)
"""What a body, or the key that a command comes with, may be answered before anybody looks into it."""


def operation_id(route: APIRoute) -> str:
    """The function's own name."""
    return route.name


def install(app: FastAPI, version: str) -> None:
    """Makes the application describe itself."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, version)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def _document(app: FastAPI, version: str) -> dict[str, Any]:
    document = get_openapi(
        title="Sluice",
        version=version,
        summary="A media platform built on an event log.",
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    for operations in document["paths"].values():
        if "post" in operations:
            operations["post"].setdefault("parameters", []).append(_KEY)
        if operations.get("get", {}).get("security"):
            operations["get"].setdefault("parameters", []).extend(_FRESH)
            _say(operations["get"], problems(400))
        for operation in operations.values():
            if operation is operations.get("post") or "requestBody" in operation:
                _say(operation, _UNREADABLE)
            if "application/json" in operation.get("requestBody", {}).get("content", {}):
                _say(operation, problems(415))
    document_links.add(document["paths"])
    shape = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"]["ProblemDetails"] = shape
    return document


def _say(operation: dict[str, Any], answers: Responses) -> None:
    """Adds answers that the operation does not tell of itself."""
    for status, answer in answers.items():
        operation["responses"].setdefault(str(status), answer)
