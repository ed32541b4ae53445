"""The routes of profiles: what is always there, what people make, and what jobs keep of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from schemas.events import ResourceChanged, TranscodeRequested
from schemas.profiles import BUILT_IN, parse
from tests.unit.gateway.checks import DATA, assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import uploaded

VIDEO: dict[str, Any] = {"codec": "h264", "rungs": [{"height": 480, "crf": 23}]}
MINE: dict[str, Any] = {"name": "mine", "about": "for the train", "video": VIDEO, "audio": {"codec": "aac"}}


async def put(w: World, name: str = "mine", /, **more: Any) -> httpx.Response:
    return await w.client.put(f"/api/v1/profiles/{name}", json={**MINE, **more})


async def made(w: World, name: str = "mine", /, **more: Any) -> dict[str, Any]:
    """The profile as it is answered with."""
    answer = await put(w, name, **more)
    assert answer.status_code == 202, answer.text
    said: dict[str, Any] = answer.json()["profile"]
    return said


async def listed(w: World) -> list[str]:
    return [each["name"] for each in (await w.client.get("/api/v1/profiles")).json()["items"]]


def changes(w: World) -> list[ResourceChanged]:
    return [event for event in w.publisher.events if isinstance(event, ResourceChanged)]


async def test_the_built_in_ones_come_first_and_then_the_others_by_name(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert await listed(w) == list(BUILT_IN)
        for name in ("zebra", "ant", "m"):
            w.clock.move(seconds=1)
            await made(w, name)
        assert await listed(w) == [*BUILT_IN, "ant", "m", "zebra"]


async def test_a_built_in_profile_can_be_read_and_not_changed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for name, profile in BUILT_IN.items():
            got = await w.client.get(f"/api/v1/profiles/{name}")
            assert parse(got.content) == profile
            assert_problem(await put(w, name), 409, "built-in-profile")
            assert_problem(await w.client.delete(f"/api/v1/profiles/{name}"), 409, "built-in-profile")
        assert w.publisher.events == []


async def test_a_profile_is_made_and_readable_at_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        answer = await put(w)
        assert answer.status_code == 202
        assert answer.headers["location"] == "/api/v1/profiles/mine"
        assert answer.headers["sluice-token"] == answer.json()["token"]
        said = answer.json()["profile"]
        assert (said["name"], said["version"], said["about"]) == ("mine", 1, "for the train")
        assert said["video"]["rungs"][0]["height"] == 480
        assert (await w.client.get("/api/v1/profiles/mine")).json() == said
        (event,) = changes(w)
        assert (event.resource, event.kind, event.id, event.version) == ("profile/mine", "profile", "mine", 1)
        assert orjson.loads(event.value or "") == said
        assert event.meta.actor == "user:admin"


async def test_a_change_is_the_next_version_whatever_the_body_says(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert (await made(w, version=41))["version"] == 1
        w.clock.move(seconds=1)
        assert (await made(w, version=41, about="longer"))["version"] == 2
        assert (await w.client.get("/api/v1/profiles/mine")).json()["about"] == "longer"
        assert [event.version for event in changes(w)] == [1, 2]


async def test_the_name_is_that_of_the_address(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert (await made(w, "mine", name="yours"))["name"] == "mine"
        assert (await made(w, "other", name="web"))["name"] == "other"
        assert await listed(w) == [*BUILT_IN, "mine", "other"]


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        (
            {"container": "webm"},
            ["video.codec: webm does not hold h264", "audio.codec: webm does not hold aac"],
        ),
        ({"video": {**VIDEO, "rungs": []}}, ["video.rungs: say at least one height"]),
        ({"video": None, "audio": None}, ["profile: it keeps neither picture nor sound"]),
        (
            {"engine": "handbrake"},
            ["handbrake_preset: name the preset that HandBrake is to use"],
        ),
    ],
)
async def test_what_does_not_go_together_is_said_problem_by_problem(
    tmp_path: Path, said: dict[str, Any], problems: list[str]
) -> None:
    async with world(tmp_path) as w:
        assert assert_problem(await put(w, **said), 422, "bad-profile")["problems"] == problems
        assert w.publisher.events == []


async def test_what_is_no_profile_is_refused(tmp_path: Path) -> None:
    bodies: list[Any] = [
        {},
        [],
        None,
        {**MINE, "extra": 1},
        {**MINE, "container": "exe"},
        {**MINE, "name": "../x"},
        {**MINE, "about": "x" * 201},
        {**MINE, "keep_chapters": "yes"},
        {**MINE, "video": {**VIDEO, "rungs": [{"height": 481, "crf": 23}]}},
        {**MINE, "video": {**VIDEO, "codec": "-vf drawtext"}},
        {**MINE, "audio": {"codec": "aac", "bit_rate": 10**400}},
    ]
    async with world(tmp_path) as w:
        for body in bodies:
            answer = await w.client.put("/api/v1/profiles/mine", json=body)
            assert_problem(answer, 422, "invalid")
        answer = await w.client.put(
            "/api/v1/profiles/mine", content=b"{", headers={"Content-Type": "application/json"}
        )
        assert_problem(answer, 400, "malformed-json")
        assert w.publisher.events == []


async def test_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for name in ("UPPER", "-x", "x" * 41, "a_b", "é", "%2e%2e", "a%00", "a%0a"):
            for verb in ("GET", "PUT", "DELETE"):
                answer = await w.client.request(verb, f"/api/v1/profiles/{name}", json=MINE)
                assert_problem(answer, 422, "invalid")
        assert w.publisher.events == []


async def test_a_profile_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for verb in ("GET", "DELETE"):
            assert_problem(await w.client.request(verb, "/api/v1/profiles/mine"), 404, "profile-not-found")
        assert w.publisher.events == []


async def test_a_removed_profile_is_gone_and_its_versions_are_not_used_again(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await made(w)
        w.clock.move(seconds=1)
        answer = await w.client.delete("/api/v1/profiles/mine")
        assert (answer.status_code, answer.json()["profile"]) == (202, None)
        assert answer.headers["sluice-token"] == answer.json()["token"]
        assert await listed(w) == list(BUILT_IN)
        for verb in ("GET", "DELETE"):
            assert_problem(await w.client.request(verb, "/api/v1/profiles/mine"), 404, "profile-not-found")
        await w.happened(uploaded())
        order = {"media_id": "m1", "profile": "mine"}
        assert_problem(await w.client.post("/api/v1/jobs", json=order), 422, "unknown-profile")
        w.clock.move(seconds=1)
        assert (await made(w))["version"] == 3
        assert [(event.version, event.value is None) for event in changes(w)] == [
            (1, False),
            (2, True),
            (3, False),
        ]
        assert await listed(w) == [*BUILT_IN, "mine"]


async def ordered(w: World, profile: str) -> TranscodeRequested:
    """The last job of three ways to ask for one."""
    await w.client.post("/api/v1/media", params={"name": "a.mp4", "profile": profile}, content=DATA)
    await w.client.post("/api/v1/media/m1/transcode", json={"profile": profile})
    await w.client.post("/api/v1/jobs", json={"media_id": "m1", "profile": profile})
    found = [event for event in w.publisher.events if isinstance(event, TranscodeRequested)][-3:]
    assert len({event.profile_json for event in found}) == 1
    return found[-1]


async def test_a_job_carries_its_profile_and_keeps_it_when_that_is_changed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        await made(w)
        first = await ordered(w, "mine")
        w.clock.move(seconds=1)
        await made(w, about="changed")
        second = await ordered(w, "mine")
        assert [parse(job.profile_json or "").version for job in (first, second)] == [1, 2]
        assert [parse(job.profile_json or "").about for job in (first, second)] == [
            "for the train",
            "changed",
        ]
        kept = w.database.collections["jobs_v1"][first.job_id]["request"]["profile_json"]
        assert parse(kept).about == "for the train"
        await w.client.delete("/api/v1/profiles/mine")
        assert (await w.client.get(f"/api/v1/jobs/{first.job_id}")).json()["profile"] == "mine"


async def test_a_job_of_a_built_in_profile_carries_it_too(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        assert parse((await ordered(w, "phone")).profile_json or "") == BUILT_IN["phone"]


async def test_without_kafka_nothing_is_changed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.publisher.away = True
        assert_problem(await put(w), 503, "unavailable")
        assert await listed(w) == list(BUILT_IN)
