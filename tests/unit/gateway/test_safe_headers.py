"""What every answer says to browsers: what it is, and what is not to be done with it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.unit.gateway.checks import anonymous, upload
from tests.unit.gateway.fakes import World, world

PATHS = ("/health", "/nope", "/api/v1/media", "/api/v1/auth/whoami", "/docs", "/openapi.json", "/metrics")
PAGES = ("/play/m1", "/play/assets/player.js", "/play/assets/player.css")


async def answers(w: World) -> list[httpx.Response]:
    """One of each kind."""
    content = (await upload(w)).json()["media"]["links"]["content"]
    found = [await w.client.get(path) for path in (*PATHS, *PAGES, content, "/stream/x/master.m3u8")]
    async with anonymous(w) as client:
        return [*found, await client.get("/api/v1/media"), await client.post("/api/v1/auth/login")]


async def test_every_answer_says_what_it_is(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for answer in await answers(w):
            said = answer.headers["content-type"]
            assert answer.headers["x-content-type-options"] == "nosniff", answer.url
            assert not said.startswith("text/") or "charset=utf-8" in said, answer.url


async def test_no_answer_is_shown_in_the_page_of_another_site(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for answer in await answers(w):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy, answer.url
            assert "frame-ancestors" in policy or "sandbox" in policy, answer.url
            assert answer.headers["referrer-policy"] == "no-referrer", answer.url
            assert "camera=()" in answer.headers["permissions-policy"], answer.url
        assert (await w.client.get("/api/v1/media")).headers["x-frame-options"] == "DENY"


async def test_what_is_personal_is_kept_nowhere_on_the_way(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for answer in await answers(w):
            caching = answer.headers.get("cache-control", "")
            if "json" in answer.headers["content-type"]:
                assert caching == "no-store", answer.url
        assert (await w.client.get("/.well-known/jwks.json")).headers["cache-control"].startswith("public")


@pytest.mark.parametrize(
    ("origin", "host", "stays"),
    [
        (None, "media.example.org", False),
        ("http://media.example.org", "media.example.org", False),
        ("https://media.example.org", "media.example.org", True),
        ("https://media.example.org", "media.example.org:8443", True),
        ("https://media.example.org", "localhost:8400", False),
        ("https://media.example.org", "127.0.0.1:8400", False),
        ("https://media.example.org", "[::1]:8400", False),
        ("https://media.example.org", "[2001:db8::1]", True),
    ],
)
async def test_https_is_there_to_stay_but_for_this_machine(
    tmp_path: Path, origin: str | None, host: str, stays: bool
) -> None:
    async with world(tmp_path, origin=origin) as w:
        for path in ("/play/m1", "/api/v1/media", "/nope"):
            answer = await w.client.get(path, headers={"Host": host})
            assert answer.headers.get("strict-transport-security", "").startswith("max-age=") is stays


async def test_nobody_is_led_from_http_to_https(tmp_path: Path) -> None:
    """Who sends a token in clear should hear of it and not be helped over it."""
    async with world(tmp_path, origin="https://media.example.org") as w:
        for path in (*PATHS, *PAGES):
            assert not (await w.client.get(path)).is_redirect, path
