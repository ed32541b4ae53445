"""Any page may play an address: a browser is told so on every answer, before and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.segments import INIT
from tests.unit.gateway.checks import anonymous
from tests.unit.gateway.viewing import becomes, keep, viewed

ORIGIN = {"Origin": "https://elsewhere.example"}


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("POST", "heartbeat", 204),
        ("POST", "heartbeat?nonsense", 204),
        ("DELETE", "", 204),
        ("GET", "master.m3u8", 200),
        ("GET", "file", 404),
        ("HEAD", "file", 404),
        ("GET", "nope/index.m3u8", 404),
        ("GET", "images/index.m3u8", 404),
        ("PUT", "heartbeat", 405),
        ("GET", "a/b/c", 404),
    ],
)
async def test_every_answer_is_open_to_pages(tmp_path: Path, verb: str, path: str, status: int) -> None:
    async with viewed(tmp_path) as (w, base), anonymous(w) as client:
        url = f"{base}/{path}" if path else base
        got = await client.request(verb, url, headers=ORIGIN, json={"position_ms": 0})
        assert (got.status_code, got.headers["access-control-allow-origin"]) == (status, "*")
        assert len(got.headers.get_list("access-control-allow-origin")) == 1
        assert "Retry-After" in got.headers["access-control-expose-headers"]


async def test_forged_addresses_and_nonsense_are_answered_openly_too(tmp_path: Path) -> None:
    async with viewed(tmp_path) as (w, base), anonymous(w) as client:
        for url, said, status in (
            ("/stream/forged/master.m3u8", {"position_ms": 0}, 403),
            (f"{base}x/heartbeat", {"position_ms": 0}, 403),
            (f"{base}/heartbeat", {"position_ms": -1}, 422),
        ):
            verb = "GET" if url.endswith("m3u8") else "POST"
            got = await client.request(verb, url, headers=ORIGIN, json=said)
            assert (got.status_code, got.headers["access-control-allow-origin"]) == (status, "*")


@pytest.mark.parametrize("verb", ["GET", "POST", "DELETE"])
async def test_browsers_that_ask_first_are_told_what_they_may(tmp_path: Path, verb: str) -> None:
    async with viewed(tmp_path) as (w, base), anonymous(w) as client:
        asked = {**ORIGIN, "Access-Control-Request-Method": verb}
        asked["Access-Control-Request-Headers"] = "content-type, range"
        for path in (base, f"{base}/heartbeat", f"{base}/{becomes().video[0].key}/000000.m4s"):
            got = await client.options(path, headers=asked)
            assert (got.status_code, got.headers["access-control-allow-origin"]) == (204, "*")
            assert verb in got.headers["access-control-allow-methods"]
            allowed = got.headers["access-control-allow-headers"].lower()
            assert {"content-type", "range"} <= set(allowed.split(", "))


async def test_the_rest_of_the_gateway_is_not_opened(tmp_path: Path) -> None:
    async with viewed(tmp_path) as (w, _):
        for path in ("/api/v1/media", "/Videos/Stream/m1", "/health"):
            got = await w.client.get(path, headers=ORIGIN)
            assert path.startswith("/Videos") or "access-control-allow-origin" not in got.headers
            asked = {**ORIGIN, "Access-Control-Request-Method": "DELETE"}
            assert "access-control-allow-methods" not in (await w.client.options(path, headers=asked)).headers


async def test_a_ranges_own_headers_are_kept(tmp_path: Path) -> None:
    rung = becomes().video[0]
    async with viewed(tmp_path) as (w, base):
        await keep(w, rung, INIT, b"0123456789")
        got = await w.client.get(f"{base}/{rung.key}/init.mp4", headers={**ORIGIN, "Range": "bytes=2-4"})
        assert (got.status_code, got.headers["content-range"]) == (206, "bytes 2-4/10")
