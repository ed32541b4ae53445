"""Watching asks for a job once: what encodes already, or has encoded, is used."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from schemas.events import Event
from schemas.profiles import BUILT_IN, written
from schemas.renditions import AudioRendition, Renditions, VideoRendition
from schemas.segments import INIT, segment_location
from tests import samples
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import controlled, processed, requested, task_changed
from tests.unit.gateway.viewing import becomes, clip, film, keep, ordered, watch

WEB = written(BUILT_IN["web"])
MINE = written(BUILT_IN["web"]).replace('"web"', '"mine"', 1)


def job(job_id: str = "j1", **more: Any) -> Event:
    return requested(job_id, **{"profile": "web", "profile_json": WEB, **more})


@pytest.mark.parametrize(
    "events",
    [
        [job()],
        [job(profile_json=None)],
        [job(priority="high"), task_changed("running")],
        [job(), processed("failed"), controlled("retry", run=2), task_changed("planned", run=2)],
        [job("j0"), processed("failed", job_id="j0"), job()],
        [job(), job("j2"), processed("failed", job_id="j2")],
    ],
)
async def test_a_job_that_makes_it_or_has_made_it_is_used(tmp_path: Path, events: list[Event]) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film(), *events)
        before = ordered(w)
        assert (await watch(w))["job_id"] == "j1"
        assert ordered(w) == before


async def test_a_job_that_is_over_is_used_as_long_as_all_that_it_made_is_there(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film(), job(), task_changed("running"), processed())
        await keep_all(w, becomes())
        assert (await watch(w))["job_id"] == "j1"
        sound = becomes().audio[0]
        await w.services.store.remove(segment_location(sound.source, sound.key, 1))
        again = (await watch(w))["job_id"]
        assert [each.job_id for each in ordered(w)] == ["j1", again]
        assert (await watch(w))["job_id"] == again


async def keep_all(w: World, made: Renditions) -> None:
    both: list[VideoRendition | AudioRendition] = [*made.video, *made.audio]
    for each in both:
        for number in range(INIT, each.grid.segments):
            await keep(w, each, number)


@pytest.mark.parametrize(
    "events",
    [
        [],
        [job(), processed("failed")],
        [job(), processed("cancelled")],
        [job(profile="phone")],
        [job(media_id="m2")],
        [job(profile_json=WEB.replace('"version":1', '"version":2'))],
    ],
)
async def test_without_such_a_job_there_is_a_new_one(tmp_path: Path, events: list[Event]) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film(), *events)
        before = ordered(w)
        said = await watch(w)
        assert said["job_id"] not in {each.job_id for each in before}
        assert [each.job_id for each in ordered(w)[len(before) :]] == [said["job_id"]]
        assert (await watch(w))["job_id"] == said["job_id"]
        assert len(ordered(w)) == len(before) + 1


async def test_gateways_that_are_asked_at_once_ask_for_the_same_job(tmp_path: Path) -> None:
    """None of them can see yet what the others asked for."""
    async with world(tmp_path / "one") as one, world(tmp_path / "other") as other:
        for w in (one, other):
            await w.happened(*film())
            w.publisher.lagging = True
        said = await asyncio.gather(*(watch(w) for w in (one, other, one)))
        ids = {each["job_id"] for each in said}
        assert len(ids) == 1
        assert {each.job_id for w in (one, other) for each in ordered(w)} == ids


async def test_each_medium_profile_and_failure_has_a_job_of_its_own(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film("m1"), *film("m2"))
        ids = [(await watch(w, media_id))["job_id"] for media_id in ("m1", "m2")]
        ids.append((await watch(w, "m1", profile="phone"))["job_id"])
        for _ in range(2):
            await w.happened(processed("failed", job_id=(await watch(w, "m1"))["job_id"]))
            ids.append((await watch(w, "m1"))["job_id"])
        assert len(set(ids)) == len(ids) == len(ordered(w)) == 5


async def test_a_profile_that_was_changed_has_a_job_of_its_own(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film(), samples.resource(id="mine", value=MINE))
        first = (await watch(w, profile="mine"))["job_id"]
        changed = MINE.replace('"version":1', '"version":2')
        await w.happened(samples.resource(id="mine", version=2, value=changed))
        second = (await watch(w, profile="mine"))["job_id"]
        assert [each.job_id for each in ordered(w)] == [first, second]
        assert [each.profile_json for each in ordered(w)] == [MINE, changed]


async def test_a_job_is_asked_for_only_where_one_is_needed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip())
        for order in ({}, {"profile": "web"}, {"method": "direct"}):
            assert (await watch(w, **order))["job_id"] is None
        assert ordered(w) == []
