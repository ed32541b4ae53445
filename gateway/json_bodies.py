"""What JSON from strangers has to be before anything looks into it."""

from __future__ import annotations

import re

import orjson
from fastapi import Request

from gateway.content_types import says_json
from gateway.errors import BadRequest

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half of a character; orjson takes it with its other half alone."""


async def refuse_half_characters(request: Request) -> None:
    """Raises BadRequest for a body with half a character, as in "\\ud800": no event and no view can hold it.

    The framework's own reader lets it pass.
    """
    if not _is_json(request):
        return
    body = await request.body()
    if not _SURROGATE.search(body):
        return
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest("malformed-json", f"The body is not valid JSON: {error}.") from error


def _is_json(request: Request) -> bool:
    return not request.app.state.is_streamed(request.method, request.url.path) and says_json(request)
