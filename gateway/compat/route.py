"""A route that is kept for older clients: the OpenAPI document marks it, and so does each of its answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from gateway.errors import TELL_ERROR

TAG = "compatibility"
SUCCESSOR = "x-successor"
SINCE = datetime(2026, 11, 22, tzinfo=UTC)
"""Since when they are deprecated. There is no date on which they end, so no answer says Sunset."""


def instead(operation: str) -> dict[str, Any]:
    """The `openapi_extra` of such a route: what takes its place, as in `GET /api/v1/jobs/{job_id}`."""
    return {SUCCESSOR: operation}


class OlderRoute(APIRoute):
    """One of those: all its answers, problems too, say Deprecation (RFC 9745) and what takes its place.

    Its problems have a member `error` as well, for clients that look for nothing else.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **said: Any) -> None:
        self.successor = str(said["openapi_extra"][SUCCESSOR])
        about = said.get("description") or inspect.cleandoc(endpoint.__doc__ or "")
        said["description"] = f"{about}\n\nKept for older clients: `{self.successor}` takes its place."
        super().__init__(path, endpoint, **{**said, "deprecated": True})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        scope.setdefault("state", {})[TELL_ERROR] = True
        link = f'<{self._link(scope["path_params"])}>; rel="successor-version"'

        async def marking(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Deprecation"] = f"@{int(SINCE.timestamp())}"
                headers.append("Link", link)
            await send(message)

        await super().handle(scope, receive, marking)

    def _link(self, known: Mapping[str, Any]) -> str:
        return "/".join(_filled(self.successor.partition(" ")[2], known))


def _filled(path: str, known: Mapping[str, Any]) -> Iterator[str]:
    """The steps of a path, as far as its parameters are known."""
    for step in path.split("/"):
        if not step.startswith("{"):
            yield step
        elif step[1:-1] in known:
            yield quote(str(known[step[1:-1]]), safe="")
        else:
            return
