"""What a policy says is to go goes, and nothing beside."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from processors.care.plan import RETIRE
from processors.care.retention import is_meant
from processors.care.retire import RetireWork
from schemas.chores import RetentionOptions, checked
from schemas.record import CHANGE, written
from schemas.versions import FIRST_DROPPED
from tests import samples
from tests.unit.processors.caring import World


@pytest.fixture
def w(tmp_path: Path) -> World:
    return World(tmp_path)


async def media(w: World, *ids: str, days: int, **record: Any) -> None:
    """Media that were accepted so many days ago, with what is said of them."""
    meta = samples.meta(now=w.clock.now() - timedelta(days=days))
    for id in ids:
        await w.happened(samples.uploaded(id, meta=meta), samples.probed(id, meta=meta))
        if record:
            await w.happened(samples.changed(id, meta=meta, version=1, change=CHANGE, values=written(record)))


async def retention(w: World, **options: Any) -> dict[str, Any]:
    await w.order("retention", **options)
    await w.work()
    return await w.report()


def gone(w: World) -> list[tuple[str, str]]:
    changes = ("deleted", FIRST_DROPPED)
    return [(e.media_id, e.change) for e in w.log.of("media.changed") if e.change in changes]


async def test_a_dry_run_says_what_would_go_and_leaves_it(w: World) -> None:
    await media(w, "m1", days=40)
    await media(w, "m2", days=20)
    report = await retention(w, media_days=30)
    assert (report["deleted"], report["media"], report["going"], report["left"]) == (False, 2, 1, 0)
    assert report["first"] == [
        {
            "kind": "medium",
            "id": "m1",
            "name": samples.uploaded().name,
            "size_bytes": samples.uploaded().size_bytes,
            "why": "it is older than 30 days",
        }
    ]
    assert gone(w) == []


async def test_media_go_with_all_their_versions_and_once(w: World) -> None:
    await media(w, "m1", "m1~7", days=40)
    await media(w, "m2", days=40)
    await media(w, "m2~7", days=3)
    assert (await retention(w, media_days=30, delete=True))["going"] == 2
    assert gone(w) == [("m1~7", "deleted"), ("m1", "deleted")]
    assert (await w.media("m1"))["status"]["name"] == "deleted"
    await w.order("retention", "j2", media_days=30, delete=True)
    assert len(gone(w)) == 2


@pytest.mark.parametrize(
    ("limits", "going"),
    [
        ({"versions_kept": 0}, ["m1~7", "m1", "m1~9"]),
        ({"versions_kept": 1}, ["m1", "m1~9"]),
        ({"versions_kept": 2}, ["m1~9"]),
        ({"versions_kept": 3}, []),
        ({"versions_days": 15}, ["m1~7", "m1"]),
        ({"versions_kept": 1, "versions_days": 15}, ["m1"]),
        ({"versions_kept": 0, "versions_days": 90}, []),
    ],
)
async def test_versions_go_that_no_limit_keeps(w: World, limits: dict[str, int], going: list[str]) -> None:
    for id, days in (("m1", 40), ("m1~7", 20), ("m1~8", 10)):
        await media(w, id, days=days)
    refused = samples.meta(now=w.clock.now() - timedelta(days=5))
    await w.happened(samples.uploaded("m1~9", meta=refused), samples.rejected("m1~9", meta=refused))
    await w.happened(samples.uploaded("m1~10", meta=samples.meta(now=w.clock.now() - timedelta(days=2))))
    await retention(w, delete=True, **limits)
    assert [id for id, _ in gone(w)] == going
    assert all((change == FIRST_DROPPED) == (id == "m1") for id, change in gone(w))
    assert (await w.media("m1"))["status"]["name"] == "ready"


async def test_only_what_is_meant_goes(w: World) -> None:
    await media(w, "m1", days=9, tags=["Wegwerf"])
    await media(w, "m2", days=9, tags=["wegwerf", "Keep"])
    await media(w, "m3", days=9, categories=["Films"])
    place = {"change": "library", "values": {"library_id": "l1"}}
    await w.happened(samples.changed("m3", version=2, **place))
    assert (await retention(w, media_days=1, tag="WEGWERF", except_tag="keep"))["first"][0]["id"] == "m1"
    for where, ids in (
        ({"library": "l1"}, ["m3"]),
        ({"tag": "films"}, ["m3"]),
        ({"except_tag": "wegwerf"}, ["m3"]),
    ):
        options = RetentionOptions(media_days=1, **where)
        assert [id for id in ("m1", "m2", "m3") if is_meant(await w.media(id), options)] == ids


async def test_what_lies_in_a_folder_goes_with_its_file_alone(w: World) -> None:
    old = samples.meta(now=w.clock.now() - timedelta(days=40))
    await w.happened(samples.uploaded("m1", meta=old, location="roots/ab/m1/films/a.mkv"))
    assert (await retention(w, media_days=30))["going"] == 0


async def test_what_was_refused_goes_earlier(w: World) -> None:
    old = samples.meta(now=w.clock.now() - timedelta(days=9))
    await media(w, "m1", days=9)
    await w.happened(samples.uploaded("m2", meta=old), samples.rejected("m2", meta=old))
    await retention(w, rejected_days=7, delete=True)
    assert gone(w) == [("m2", "deleted")]


async def test_more_than_an_event_can_say_goes_with_the_next(w: World) -> None:
    w.works[RETIRE] = RetireWork(w.store, w.everything, w.clock, most=2)
    await media(w, "m1", "m2", "m3", days=9)
    report = await retention(w, media_days=1, delete=True)
    assert (report["going"], report["left"], len(gone(w))) == (2, 1, 2)


def test_a_policy_says_what_is_to_go() -> None:
    with pytest.raises(ValidationError, match="say what is to go"):
        RetentionOptions(delete=True)
    assert checked("retention", {"versions_kept": 3}) == '{"versions_kept":3}'
