"""HandBrake's presets come from the workers that live, and a profile names one of those."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from gateway.profiles.presets import nearest
from schemas.events import ServiceBeat
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import beat

PATH = "/api/v1/profiles/handbrake-presets"
OLD = {"General": ["Fast 480p30", "Fast 720p30"]}
NEW = {"General": ["Fast 720p30", "Fast 1080p30"], "Web": ["Social 25 MB"]}


def having(instance: str, presets: dict[str, list[str]], state: str = "up") -> ServiceBeat:
    return beat(instance, state, handbrake_presets=orjson.dumps(presets).decode())


async def heard(w: World, *beats: ServiceBeat) -> None:
    w.beats.put(*beats)
    await w.beats.queue.join()


async def put(w: World, preset: str, name: str = "mine") -> httpx.Response:
    body: dict[str, Any] = {"name": name, "engine": "handbrake", "handbrake_preset": preset}
    return await w.client.put(f"/api/v1/profiles/{name}", json=body)


async def test_presets_are_those_of_all_workers_that_live(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert (await w.client.get(PATH)).json() == {"workers": [], "items": []}
        await heard(w, having("worker-1", OLD), beat("worker-2"), having("worker-3", NEW))
        await heard(w, having("worker-4", {"Mine": ["Gone"]}, state="down"))
        said = (await w.client.get(PATH)).json()
        assert said["workers"] == ["worker-1", "worker-3"]
        assert [(item["name"], item["category"], item["workers"]) for item in said["items"]] == [
            ("Fast 480p30", "General", ["worker-1"]),
            ("Fast 720p30", "General", ["worker-1", "worker-3"]),
            ("Fast 1080p30", "General", ["worker-3"]),
            ("Social 25 MB", "Web", ["worker-3"]),
        ]
        w.clock.move(seconds=60)
        assert (await w.client.get(PATH)).json() == {"workers": [], "items": []}


async def test_a_preset_that_no_worker_has_is_refused_with_the_near_ones(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await heard(w, having("worker-1", OLD), having("worker-3", NEW))
        problem = assert_problem(await put(w, "fast 480p"), 400, "unknown-preset")
        assert problem["near"][0] == "Fast 480p30"
        assert problem["problems"] == [problem["detail"]]
        assert "'fast 480p'; near are Fast 480p30" in problem["detail"]
        assert assert_problem(await put(w, "???"), 400, "unknown-preset")["near"] == []
        assert (await put(w, "Fast 480p30")).status_code == 202


async def test_a_preset_is_believed_while_nobody_has_handbrake(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await heard(w, beat("worker-1"), having("worker-2", OLD, state="down"))
        assert (await put(w, "Of another day")).status_code == 202


async def test_no_profile_stands_in_the_way_of_the_list(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert_problem(await put(w, "Fast 480p30", name="handbrake-presets"), 409, "reserved-name")


@pytest.mark.parametrize(
    ("wanted", "first"),
    [("fast 480P30", "Fast 480p30"), ("Social 25MB", "Social 25 MB"), ("Fast1080p30", "Fast 1080p30")],
)
def test_the_nearest_name_comes_first(wanted: str, first: str) -> None:
    names = [name for presets in (OLD, NEW) for some in presets.values() for name in some]
    assert nearest(wanted, names)[0] == first
