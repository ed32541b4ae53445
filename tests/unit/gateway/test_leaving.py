"""A client that hangs up is waited for no more, and one that stays is not taken for gone."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from gateway.leaving import unless_gone


class Line:
    """A server's end of a connection."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.read = False
        self.given_up: list[str] = []

    async def receive(self) -> Message:
        """The body, a moment later, and then the end."""
        wanted = "the end" if self.read else "the body"
        try:
            if self.read:
                await self.gone.wait()
                return {"type": "http.disconnect"}
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.given_up.append(wanted)
            raise
        self.read = True
        return {"type": "http.request", "body": b"", "more_body": False}

    def request(self) -> Request:
        return Request({"type": "http", "method": "GET", "path": "/", "headers": []}, self.receive)


async def at_once() -> str:
    return "there"


async def test_a_body_that_was_asked_for_is_read_however_soon_the_result_is_there() -> None:
    line = Line()
    assert await unless_gone(line.request(), at_once()) == "there"
    assert line.given_up == ["the end"]


async def test_who_hangs_up_is_worked_for_no_more() -> None:
    line, ended = Line(), asyncio.Event()

    async def for_ever() -> None:
        line.gone.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(ClientDisconnect):
        await unless_gone(line.request(), for_ever())
    assert ended.is_set()


async def test_a_failure_of_the_work_is_told() -> None:
    async def failing() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await unless_gone(Line().request(), failing())
