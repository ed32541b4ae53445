"""What commands declare to be done once for each Idempotency-Key."""

from __future__ import annotations

import re

from fastapi import Request
from starlette.responses import Response

from gateway.auth.dependencies import Bearer, current_principal
from gateway.errors import BadRequest, Replayed
from gateway.idempotency.answers import Answer, Once
from gateway.idempotency.middleware import ONCE, REPLAYED
from gateway.services import services_of

HEADER = "Idempotency-Key"
_SAID_OF_FILES = ("content-length", "upload-length", "upload-metadata")
_KEY = re.compile(r'"?(?P<key>[!#-~]{1,200})"?')


class OnceBySomeone(Bearer):
    """A dependency: lets only who has a token pass, and a command the first time."""

    async def __call__(self, request: Request) -> None:
        """Raises Unauthorized, Forbidden, OverBudget; later Replayed, and Conflict meanwhile."""
        principal = await current_principal(request)
        await _once(request, principal.id)


async def once_by_anyone(request: Request) -> None:
    """The same for commands of those who have not said who they are, or say it in the command."""
    await _once(request, request.headers.get("authorization") or request.headers.get("cookie") or "")


async def _once(request: Request, who: str) -> None:
    said = request.headers.get(HEADER) if request.method == "POST" else None
    if said is None:
        return
    found = _KEY.fullmatch(said)
    if found is None:
        raise BadRequest("bad-idempotency-key", f"{HEADER} has up to 200 visible characters, such as a UUID.")
    answers, path = services_of(request).answers, request.url.path
    parts = (who, found["key"], path)
    id = answers.digest(*(part.encode(errors="surrogatepass") for part in parts))
    held = await answers.begin(id, answers.digest(*await _sent(request)))
    if isinstance(held, Once):
        request.scope["state"][ONCE] = held
    else:
        raise Replayed(_again(held))


def _again(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    response.raw_headers[:] = [*headers, (REPLAYED.lower().encode(), b"true")]
    return response


async def _sent(request: Request) -> list[bytes]:
    """What tells one request from another; of a file that streams in, what its sender says of it."""
    head = [request.scope["query_string"], request.headers.get("content-type", "").partition(";")[0].encode()]
    if request.app.state.is_streamed(request.method, request.url.path):
        return [*head, *(request.headers.get(name, "").encode() for name in _SAID_OF_FILES)]
    return [*head, await request.body()]
