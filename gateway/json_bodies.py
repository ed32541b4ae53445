"""What JSON from strangers has to be before anything looks into it."""

from __future__ import annotations

import orjson
from fastapi import Request
from starlette.requests import HTTPConnection

from gateway.errors import BadRequest


async def refuse_half_characters(connection: HTTPConnection) -> None:
    """Raises BadRequest for a body with half a character, as in "\\ud800": no event and no view can hold it.

    The framework's own reader lets it pass, as it does NaN.
    """
    if not isinstance(connection, Request) or not _is_json(connection):
        return
    try:
        orjson.loads(await connection.body() or b"null")
    except orjson.JSONDecodeError as error:
        raise BadRequest("malformed-json", f"The body is not valid JSON: {error}.") from error


def _is_json(request: Request) -> bool:
    if (request.method, request.url.path) in request.app.state.streamed:
        return False
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")
