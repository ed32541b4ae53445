"""Requests as no honest client sends them."""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import structlog

from connectors import logs
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import TOKEN, World, served, world
from tests.unit.gateway.people import PASSWORD, header_of, person

NETWORKS = [ip_network("127.0.0.0/8")]


@pytest.mark.parametrize("sent", ["text/plain", "application/x-www-form-urlencoded", "", "text/json; a=b"])
async def test_a_body_that_does_not_say_that_it_is_json_is_not_read(tmp_path: Path, sent: str) -> None:
    async with world(tmp_path) as w:
        body = b'{"login": "eve", "password": "correct horse battery"}'
        answer = await w.client.post("/api/v1/users", content=body, headers={"Content-Type": sent})
        assert_problem(answer, 415, "unsupported-media-type")
        assert not w.publisher.events


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/x+json"]
)
async def test_json_under_any_of_its_names_is_read(tmp_path: Path, kind: str) -> None:
    async with world(tmp_path) as w:
        body = b'{"login": "eve", "password": "correct horse battery"}'
        answer = await w.client.post("/api/v1/users", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 201, answer.text


async def test_a_method_is_what_it_says(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for verb in ("TRACE", "CONNECT", "PROPFIND"):
            assert_problem(await w.client.request(verb, "/api/v1/users"), 405, "method-not-allowed")
        for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            answer = await w.client.get("/api/v1/users", headers={name: "DELETE"})
            assert answer.status_code == 200


async def shown_address(w: World, *forwarded: str) -> str:
    """Where a sign-in came from, that was forwarded so, a line for each."""
    lines = [("X-Forwarded-For", line) for line in forwarded]
    body = {"login": "ada", "password": PASSWORD}
    answer = await w.client.post("/api/v1/auth/login", json=body, headers=lines)
    session = await w.services.identity.sessions.get(answer.json()["session_id"])
    assert session is not None
    return session.address


async def test_a_client_cant_speak_for_a_proxy(tmp_path: Path) -> None:
    """What it sends is before what our proxy adds to it, on the same line or on one of its own."""
    async with world(tmp_path, trusted_proxies=NETWORKS) as w:
        await person(w)
        assert await shown_address(w, "192.0.2.66, 203.0.113.5") == "203.0.113.5"
        assert await shown_address(w, "192.0.2.66", "203.0.113.5") == "203.0.113.5"
        assert await shown_address(w, "203.0.113.5", "127.0.0.2") == "203.0.113.5"
    async with world(tmp_path / "open") as w:
        await person(w)
        assert await shown_address(w, "192.0.2.66") == "127.0.0.1"


async def raw(port: int, sent: bytes) -> list[bytes]:
    """The status of each answer to these bytes, until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    answered = b""
    try:
        async with asyncio.timeout(20):
            with suppress(ConnectionError):  # it may hang up before it has read all
                while piece := await reader.read(65536):
                    answered += piece
    finally:
        writer.close()
    return re.findall(rb"HTTP/1\.1 (\d+) ", answered)


_FIRST = b"GET /health HTTP/1.1\r\nHost: sluice\r\n"
_SECOND = (
    f"GET /api/v1/users/hidden HTTP/1.1\r\nHost: sluice\r\nAuthorization: Bearer {TOKEN}\r\n"
    "Connection: close\r\n\r\n"
).encode()


async def test_two_requests_are_two(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        answered = await raw(port, _FIRST + b"Content-Length: 0\r\n\r\n" + _SECOND)
        assert answered == [b"200", b"404"]


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: 9\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 0x3\r\n\r\nabc",
        b"X: a\nTransfer-Encoding: chunked\r\nContent-Length: +1\r\n\r\n",
    ],
    ids=str,
)
async def test_one_request_is_not_taken_for_two(tmp_path: Path, framing: bytes) -> None:
    """Where its end can be read in two ways, nothing that follows it is read at all."""
    async with world(tmp_path) as w, served(w.app) as port:
        answered = await raw(port, _FIRST + framing + _SECOND)
        assert answered in ([b"200"], [b"400"])


async def test_headers_without_end_are_refused(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        long = b"X-Long: " + b"x" * 2_000_000
        many = b"\r\n".join(b"X-%d: y" % n for n in range(2000))
        for headers, status in ((long, b"431"), (many, b"431"), (b"Connection: close", b"200")):
            sent = b"GET /health HTTP/1.1\r\nHost: sluice\r\n" + headers + b"\r\n\r\n"
            assert await raw(port, sent) == [status]


async def test_of_two_tokens_none_is_believed(tmp_path: Path) -> None:
    """What is in front of us may look at one, and we at the other."""
    async with world(tmp_path) as w:
        hers = await header_of(w, await person(w))
        twice = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", hers["Authorization"])]
        plain = w.client.build_request("GET", "/api/v1/users")
        plain.headers = type(plain.headers)(twice)
        assert_problem(await w.client.send(plain), 401, "unauthorized")


@pytest.mark.parametrize("style", ["json", "console"])
def test_what_strangers_send_stays_on_its_line_of_the_log(style: str) -> None:
    for said in ('no\n{"event": "fake"}', "no\r\nfake", "\x1b[2J", "\x9b2J", "no\u2028fake"):
        line: Any = {"event": "a provider does not answer", "error": said}
        for step in logs._last("json" if style == "json" else "console")[1:]:
            line = step(structlog.get_logger(), "warning", line)
        assert "error" in line
        assert not {"\n", "\r", "\x1b"} & set(line)
        assert len(line.splitlines()) == 1


@pytest.mark.parametrize("style", ["json", "console"])
def test_an_error_in_the_log_does_not_show_what_variables_held(style: str) -> None:
    line: Any = {"event": "unexpected error"}
    try:
        _fail("correct " + "horse")
    except ZeroDivisionError:
        line["exc_info"] = sys.exc_info()
    for step in logs._last("json" if style == "json" else "console")[1:]:
        line = step(structlog.get_logger(), "error", line)
    assert "ZeroDivisionError" in line
    assert "correct horse" not in line


def _fail(password: str) -> float:
    return len(password) / 0
