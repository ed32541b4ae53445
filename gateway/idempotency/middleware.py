"""Keeps the answers to commands that are to be done once."""

from __future__ import annotations

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.ports import Transient
from gateway.idempotency.answers import Answer, Answers, Once

log = structlog.get_logger()

ONCE = "once"
"""Where a request's state has the command that is under way."""
FAILED = "failed"
"""Set in a request's state where the answer, whatever its status, tells of a command that came to nothing."""
REPLAYED = "Idempotency-Replayed"

_MOST_BYTES = 256 * 1024
_FAILED = 400
_NOT_KEPT = frozenset({b"date", b"x-request-id", b"ratelimit", b"ratelimit-policy"})


class KeepAnswers:
    """The middleware that does so. What fails, or is too long to keep, may be tried again."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        keeping = _Keeping(self._answers, scope, send)
        try:
            await self._app(scope, receive, keeping)
        finally:
            await keeping.end()


class _Keeping:
    """A `send` that keeps what goes through it, before the last of it is sent."""

    def __init__(self, answers: Answers, scope: Scope, send: Send) -> None:
        self._answers = answers
        self._scope = scope
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()
        self._is_kept = False

    async def __call__(self, message: Message) -> None:
        if self._once is not None:
            if message["type"] == "http.response.start":
                self._start = message
            elif message["type"] == "http.response.body" and len(self._body) <= _MOST_BYTES:
                self._body += message.get("body", b"")
                if not message.get("more_body", False):
                    await self._keep(self._once)
        await self._send(message)

    @property
    def _once(self) -> Once | None:
        found: Once | None = self._scope["state"].get(ONCE)
        return found

    async def _keep(self, once: Once) -> None:
        start = self._start
        if start is None or start["status"] >= _FAILED or len(self._body) > _MOST_BYTES:
            return
        if self._scope["state"].get(FAILED, False):
            return
        said = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in start["headers"] if n not in _NOT_KEPT]
        try:
            await self._answers.keep(once, Answer(start["status"], said, bytes(self._body)))
        except Transient as error:
            log.warning("answer not kept", error=str(error))
        self._is_kept = True

    async def end(self) -> None:
        """Lets go of a command that came to nothing that could be kept."""
        if self._once is None or self._is_kept:
            return
        try:
            await self._answers.release(self._once)
        except Transient as error:
            log.warning("key not released", error=str(error))
