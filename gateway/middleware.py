"""What happens around every request: its id, its duration, the limits of its body, and unexpected errors."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence

import structlog
from prometheus_client import Histogram
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import errors
from gateway.metrics import Metrics
from schemas.events import new_id

log = structlog.get_logger()

AtStart = Callable[[Scope, Message], None]

REQUEST_ID = "X-Request-ID"
_ID_HEADER = REQUEST_ID.lower().encode()
_STARTS = frozenset({"http.response.start", "websocket.http.response.start"})
_TEMPLATE = "template"
_STATUS = "status"
"""Where a request's state has how it is being answered."""
_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def request_id(connection: HTTPConnection) -> str:
    """The id of the request, which is the correlation id of what follows from it."""
    return str(connection.scope["state"]["request_id"])


class RequestContext:
    """Gives each request its id and a query that can be read; logs what nobody expected, as a 500.

    Each of `at_start` hears of every answer as it starts, and may change what its first message says.
    """

    def __init__(self, app: ASGIApp, at_start: Sequence[AtStart] = ()) -> None:
        self._app = app
        self._at_start = at_start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        id = _id_of(Headers(scope=scope).get(REQUEST_ID))
        scope.setdefault("state", {})["request_id"] = id
        scope["query_string"] = _escaped(scope.get("query_string", b""))
        structlog.contextvars.bind_contextvars(request_id=id)  # a request is a task with its own context
        answer = _Answer(scope, send, self._at_start)
        try:
            await self._app(scope, receive, answer)
        except Exception:
            # An address may be a permission by itself: the matched path says as much, and nothing secret.
            log.exception("unexpected error", method=scope.get("method"), path=template(scope))
            if scope["type"] == "websocket" or begun(scope) is not None:
                raise
            await errors.unexpected(id)(scope, receive, answer)


def begun(scope: Scope) -> int | None:
    """The status of the answer, once that has begun."""
    status: int | None = scope["state"].get(_STATUS)
    return status


def _escaped(query: bytes) -> bytes:
    """The query with its bytes beyond ASCII escaped: curl sends what was typed, and that is UTF-8 too."""
    return _BEYOND_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], query)


class _Answer:
    """A `send` that tells who wants to know when the answer starts."""

    def __init__(self, scope: Scope, send: Send, at_start: Sequence[AtStart]) -> None:
        self._scope = scope
        self._send = send
        self._at_start = at_start

    async def __call__(self, message: Message) -> None:
        if message["type"] in _STARTS:
            state = self._scope["state"]
            state[_STATUS] = message["status"]
            message["headers"] = [*message.get("headers", ()), (_ID_HEADER, state["request_id"].encode())]
            for each in self._at_start:
                each(self._scope, message)
        await self._send(message)


def _id_of(given: str | None) -> str:
    return given if given and _SANE_ID.fullmatch(given) else new_id()


class Measure:
    """Times each request by its route's template."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._durations = metrics.request_duration_seconds
        self._of_labels: dict[tuple[str, str, str], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        try:
            await self._app(scope, receive, send)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            labels = (method, template(scope), str(begun(scope) or "none"))
            if (durations := self._of_labels.get(labels)) is None:
                durations = self._of_labels[labels] = self._durations.labels(*labels)
            durations.observe(time.perf_counter() - began)


def template(scope: Scope) -> str:
    """The matched path with its parameters' names for their values; never a value."""
    if "endpoint" not in scope:
        return "unmatched"
    found: str | None = scope["state"].get(_TEMPLATE)
    if found is None:
        found = scope["state"][_TEMPLATE] = _template(scope)
    return found


def _template(scope: Scope) -> str:
    own = getattr(scope.get("route"), "path", None)
    if own is None:
        return "other" if scope.get("path_params") else str(scope["path"])
    prefix = scope["path"].split("/")[: -own.count("/")]  # a route knows its path within its router alone
    return "/".join(prefix) + str(own)


class BodyGuard:
    """Bounds the bodies that are read whole: their size, and how long their sender may be silent.

    Uploads are streamed and look after themselves.
    """

    def __init__(
        self, app: ASGIApp, max_bytes: int, stall_s: float, is_streamed: Callable[[str, str], bool]
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._stall_s = stall_s
        self._is_streamed = is_streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http" or self._is_streamed(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
        else:
            await self._app(scope, _Guarded(receive, self._max_bytes, self._stall_s), send)


class _Guarded:
    """A `receive` that gives up on bodies too large or too slow."""

    def __init__(self, receive: Receive, max_bytes: int, stall_s: float) -> None:
        self._receive = receive
        self._room = max_bytes
        self._stall_s = stall_s
        self._whole = False

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._stall_s):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "The body did not arrive in time.") from None
        self._whole = not message.get("more_body", False)
        self._room -= len(message.get("body", b""))
        if self._room < 0:
            raise HTTPException(413, "The body is larger than any such request needs.")
        return message
