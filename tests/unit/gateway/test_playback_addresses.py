"""What a signed address permits, to whoever holds it, and nothing beside."""

from __future__ import annotations

from pathlib import Path

from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import world
from tests.unit.gateway.viewing import address, becomes, film, once_told, watch


async def test_where_a_player_is_is_told(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        await w.happened(*film())
        said = await watch(w)
        beat, stop = said["links"]["heartbeat"], said["links"]["stop"]
        for paused, state in ((False, "playing"), (True, "paused")):
            assert (await client.post(beat, json={"position_ms": 4321, "paused": paused})).status_code == 204
            event = await once_told(w, state)
            assert (event.session_id, event.position_ms, event.makes) == (said["session_id"], 4321, None)
            assert (event.viewer_id, event.method, event.profile) == ("admin", "transcode", "web")
            assert event.meta.correlation_id == said["session_id"]
        assert (await client.delete(stop)).status_code == 204
        assert (await once_told(w, "stopped")).session_id == said["session_id"]


async def test_a_heartbeat_that_makes_no_sense_is_refused_and_not_told(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film())
        beat = (await watch(w))["links"]["heartbeat"]
        before = len(w.publisher.events)
        for said in ({}, {"position_ms": -1}, {"position_ms": 2**70}, {"position_ms": 0, "extra": 1}):
            assert_problem(await w.client.post(beat, json=said), 422, "invalid")
        assert len(w.publisher.events) == before


def every_route(base: str, key: str) -> list[tuple[str, str]]:
    return [
        ("GET", f"{base}/master.m3u8"),
        ("GET", f"{base}/file"),
        ("HEAD", f"{base}/file"),
        ("GET", f"{base}/{key}/index.m3u8"),
        ("GET", f"{base}/{key}/000000.m4s"),
        ("POST", f"{base}/heartbeat"),
        ("DELETE", base),
    ]


async def test_without_a_good_ticket_nothing_answers(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film())
        base, key = await address(w), becomes().video[0].key
        before = len(w.publisher.events)
        for bad in (f"{base}x", f"{base[:-1]}", "/stream/nope", "/stream/%00", "/stream/é", f"{base}%0a"):
            for verb, path in every_route(bad, key):
                got = await w.client.request(verb, path, json={"position_ms": 0})
                assert got.status_code == 403, (verb, path)
                assert verb == "HEAD" or assert_problem(got, 403, "bad-address")
        w.clock.move(days=2)
        for verb, path in every_route(base, key):
            got = await w.client.request(verb, path, json={"position_ms": 0})
            assert got.status_code == 403, (verb, path)
        huge = await w.client.get(f"/stream/{'A' * 5000}/master.m3u8")
        assert_problem(huge, 422, "invalid")
        assert len(w.publisher.events) == before


async def test_an_address_is_no_key_to_anything_else(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        await w.happened(*film())
        ticket = (await address(w)).removeprefix("/stream/")
        for headers in ({"Authorization": f"Bearer {ticket}"}, {}):
            got = await client.get("/api/v1/media/m1", headers=headers, params={"ticket": ticket})
            assert got.status_code == 401


async def test_metrics_hold_no_address(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film())
        base = await address(w)
        for path in (f"{base}/master.m3u8", f"{base}/secret-key/index.m3u8", f"{base}x/master.m3u8"):
            await w.client.get(path)
        text = (await w.client.get("/metrics")).text
        assert 'route="/stream/{ticket}/{key}/index.m3u8"' in text
        assert base.removeprefix("/stream/")[:20] not in text
        assert "secret-key" not in text
