"""How much the store holds, by whom and by what, counted now and then and kept for each day."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.archive import open_kept
from connectors.blob_names import AREAS
from connectors.s3.options import S3Options
from gateway.claims import Claims
from gateway.usage.sampling import Sampling
from schemas.events import MediaChanged, UsageSampled
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.doubles import START, meta
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed, rejected, uploaded
from tests.unit.gateway.people import header_of, person

PATH = "/api/v1/storage/usage"


def sampling(w: World, every_s: float = 3600) -> Sampling:
    s = w.services
    claims = Claims(w.database)
    return Sampling(s.read_models, s.store, s.publisher, claims, s.clock, s.metrics, "gateway-1", every_s)


async def shown(w: World, by: str, headers: dict[str, str] | None = None, **query: Any) -> dict[str, Any]:
    """Files and bytes of each."""
    answer = await w.client.get(PATH, params={"by": by, **query}, headers=headers)
    assert answer.status_code == 200, answer.text
    return {item["key"]: (item["files"], item["size_bytes"]) for item in answer.json()["items"]}


async def stocked(w: World) -> None:
    """Five media of two people, of which two are gone."""
    bytes_of = [("m1", "ada", "aa", 100), ("m2", "ada", "aa", 100), ("m3", "bob", "aa", 100)]
    for id, owner, hash, size in [*bytes_of, ("m4", "bob", "bb", 7), ("m5", "bob", "cc", 50)]:
        await w.happened(uploaded(id, owner_id=owner, sha256=hash * 32, size_bytes=size))
    placed = {"library_id": "films"}
    await w.happened(
        probed("m1"),
        MediaChanged(meta=meta(), media_id="m1", version=1, change="library", values=placed),
        rejected("m5"),
        MediaChanged(meta=meta(), media_id="m4", version=1, change="deleted"),
    )


async def test_media_are_counted_by_owner_kind_and_library(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await stocked(w)
        assert await shown(w, "user") == {}, "nothing is counted while someone waits"
        await sampling(w).once()
        assert await shown(w, "user") == {"ada": (2, 100), "bob": (1, 100)}
        assert await shown(w, "type") == {"video": (1, 100), "unknown": (2, 100)}
        assert await shown(w, "library") == {"films": (1, 100), "none": (2, 100)}
        assert await shown(w, "total") == {"all": (3, 100)}


async def test_versions_count_with_their_media(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        placed = {"library_id": "films"}
        await w.happened(
            uploaded("m1", owner_id="ada", sha256="aa" * 32, size_bytes=100),
            MediaChanged(meta=meta(), media_id="m1", version=1, change="library", values=placed),
            uploaded("m1~5", owner_id="bob", sha256="bb" * 32, size_bytes=10),
        )
        await sampling(w).once()
        assert await shown(w, "user") == {"ada": (1, 100), "bob": (1, 10)}
        assert await shown(w, "library") == {"films": (2, 110)}
        w.clock.move(hours=2)
        await w.happened(MediaChanged(meta=meta(), media_id="m1", version=1, change="first_dropped"))
        await sampling(w).once()
        assert await shown(w, "total") == {"all": (1, 10)}


async def test_what_lies_in_the_store_is_listed_by_area_once_a_day(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.services.store.put(f"renditions/ab/{'ab' * 16}/{'0' * 16}/init.mp4", b"12345")
        await sampling(w).once()
        assert await shown(w, "class") == dict.fromkeys(AREAS, (0, 0)) | {"renditions": (1, 5)}
        assert w.metric("sluice_stored_bytes", area="renditions") == 5
        await w.services.store.put(f"renditions/ab/{'ab' * 16}/{'0' * 16}/000001.m4s", b"1234")
        w.clock.move(hours=2)
        await sampling(w).once()
        assert (await shown(w, "class"))["renditions"] == (1, 5)
        w.clock.move(hours=22)
        await sampling(w).once()
        assert (await shown(w, "class"))["renditions"] == (2, 9)


async def test_each_day_is_kept_by_its_last_count(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await stocked(w)
        await sampling(w).once()
        w.clock.move(hours=2)
        await w.happened(uploaded("m6", owner_id="ada", sha256="dd" * 32, size_bytes=11))
        await sampling(w).once()
        w.clock.move(days=1)
        await w.happened(MediaChanged(meta=meta(), media_id="m6", version=1, change="deleted"))
        await sampling(w).once()
        answer = await w.client.get(PATH, params={"by": "user", "days": 2})
        (ada,) = [item for item in answer.json()["items"] if item["key"] == "ada"]
        assert [(day["day"], day["size_bytes"]) for day in ada["days"]] == [
            ("2026-05-01", 111),
            ("2026-05-02", 100),
        ]
        answer = await w.client.get(PATH, params={"by": "user"})
        assert all(item["days"] == [] for item in answer.json()["items"])


async def test_who_has_nothing_any_more_has_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await stocked(w)
        await sampling(w).once()
        w.clock.move(hours=2)
        await w.happened(MediaChanged(meta=meta(), media_id="m3", version=1, change="deleted"))
        await sampling(w).once()
        assert (await shown(w, "user"))["bob"] == (0, 0)


async def test_it_is_counted_when_it_is_due_and_by_one_replica(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.publisher.lagging = True

        def counts() -> int:
            said = [e for e in w.publisher.events if isinstance(e, UsageSampled) and e.by == "total"]
            return len(said)

        await sampling(w).once()
        await sampling(w).once()
        assert counts() == 1, "the other has taken it on"
        w.publisher.lagging = False
        w.clock.move(minutes=40)
        await sampling(w).once()
        w.clock.move(minutes=40)
        await sampling(w).once()
        assert counts() == 2, "and then it is known"


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_each_is_told_their_own_and_of_the_libraries_they_see(tmp_path: Path, role: str) -> None:
    async with world(tmp_path) as w:
        who = await person(w, role=role)
        headers = await header_of(w, who)
        await w.happened(uploaded("m9", owner_id=who.id, sha256="ee" * 32, size_bytes=9))
        await stocked(w)
        await sampling(w).once()
        assert await shown(w, "user", headers) == {who.id: (1, 9)}
        assert await shown(w, "library", headers) == {}
        answer = await w.client.get(PATH, params={"cursor": "x"}, headers=headers)
        assert_problem(answer, 400, "bad-cursor")
        for by in ("type", "class", "total"):
            answer = await w.client.get(PATH, params={"by": by}, headers=headers)
            assert_problem(answer, 403, "not-allowed")


async def test_a_library_is_told_of_to_who_sees_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        headers = await header_of(w, await person(w, role="editor"))
        made = await w.client.post("/api/v1/libraries", json={"name": "Films"}, headers=headers)
        library_id = made.json()["library"]["id"]
        await w.happened(uploaded("m1", size_bytes=5))
        placed = {"library_id": library_id}
        await w.happened(MediaChanged(meta=meta(), media_id="m1", version=1, change="library", values=placed))
        await sampling(w).once()
        assert await shown(w, "library", headers) == {library_id: (1, 5)}


async def test_it_comes_in_pages(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await stocked(w)
        await sampling(w).once()
        first = (await w.client.get(PATH, params={"limit": 1})).json()
        rest = (await w.client.get(PATH, params={"limit": 1, "cursor": first["next"]})).json()
        assert {first["items"][0]["key"], rest["items"][0]["key"]} == {"ada", "bob"}
        assert_problem(await w.client.get(PATH, params={"cursor": "x"}), 400, "bad-cursor")


async def test_many_are_said_in_several_events(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for number in range(1001):
            upload = {"owner_id": f"u{number}", "sha256": f"{number}", "size_bytes": 1, "location": "raw/x/y"}
            document = {
                "_id": f"m{number}",
                "created_at": START + timedelta(seconds=number),
                "upload": upload,
                "status": {"name": "ready"},
            }
            await w.database.insert("media_v1", document)
        await sampling(w).once()
        said = [e for e in w.publisher.events if isinstance(e, UsageSampled) and e.by == "user"]
        assert [len(each.amounts) for each in said] == [1000, 1]


async def test_what_is_archived_is_counted_apart_until_it_is_back(tmp_path: Path) -> None:
    kept = open_kept((tmp_path / "blobs").as_uri(), "test", S3Options(), tmp_path / "archive")
    archive = kept.archive
    assert archive is not None
    async with world(tmp_path, kept.blobs) as w:
        for content in (b"stays", b"goes"):
            writer = kept.blobs.writer()
            await writer.write(content)
            location = (await writer.commit("raw")).location
        await archive.archive(location)
        await sampling(w).once()
        found = await shown(w, "class")
        assert (found["raw"], found["raw/archive"]) == ((1, 5), (1, 4))
        await archive.restore(location)
        w.clock.move(days=1)
        await sampling(w).once()
        found = await shown(w, "class")
        assert (found["raw"], found["raw/archive"]) == ((2, 9), (0, 0))


async def test_media_are_counted_though_the_archive_is_away(tmp_path: Path) -> None:
    kept = open_kept((tmp_path / "blobs").as_uri(), "test", S3Options(), tmp_path / "archive")
    async with world(tmp_path, kept.blobs) as w:
        await stocked(w)
        await w.services.store.put(f"renditions/ab/{'ab' * 16}/{'0' * 16}/init.mp4", b"12345")
        assert [each async for each in kept.blobs.listing("raw")] == []
        (tmp_path / "archive").rename(tmp_path / "unmounted")
        await sampling(w).once()
        assert await shown(w, "total") == {"all": (3, 100)}
        assert await shown(w, "class") == {}
