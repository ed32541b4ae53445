"""Media that are archived say so; what has to be asked back first is refused with what to do, or played from
what was made of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.archive import open_kept
from connectors.blobs import FileStore
from connectors.ports import BlobArchived, BlobInfo
from connectors.s3.options import S3Options
from schemas.events import ChoreRequested, Event, MediaChanged, MediaUploaded
from schemas.versions import source_id
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.doubles import meta
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import processed, requested
from tests.unit.gateway.people import header_of, person
from tests.unit.gateway.test_playback_jobs import keep_all
from tests.unit.gateway.test_versions import ready, replaced
from tests.unit.gateway.viewing import ask, becomes, clip, film, ordered, watch


class Away(FileStore):
    """What was uploaded has to be asked back before it can be read."""

    async def stat(self, location: str) -> BlobInfo:
        found = await super().stat(location)
        return dataclasses.replace(found, readable=not location.startswith("raw/"), storage="GLACIER")

    async def read(
        self, location: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        raise BlobArchived(location)
        yield b""


def archived(media_id: str = "m1", storage: str = "GLACIER", version: int = 5) -> Event:
    said = {"class": storage}
    return MediaChanged(meta=meta(), media_id=media_id, version=version, change="storage", values=said)


def chores(w: World) -> list[tuple[str, dict[str, Any]]]:
    asked = [each for each in w.publisher.events if isinstance(each, ChoreRequested)]
    return [(each.kind, orjson.loads(each.options)) for each in asked]


async def shown(w: World, id: str = "m1") -> dict[str, Any]:
    found: dict[str, Any] = (await w.client.get(f"/api/v1/media/{id}")).json()
    return found


@pytest.mark.parametrize(
    ("storage", "readable"),
    [("archive", True), ("GLACIER_IR", True), ("GLACIER", False), ("DEEP_ARCHIVE", False)],
)
async def test_a_medium_says_where_it_is_archived(tmp_path: Path, storage: str, readable: bool) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(), *clip("m2"), archived(storage=storage))
        said = (await shown(w))["archived"]
        assert (said["storage"], said["readable"]) == (storage, readable)
        assert (await shown(w, "m2"))["archived"] is None
        listed = (await w.client.get("/api/v1/media", params={"archived": "true"})).json()["items"]
        assert [each["id"] for each in listed] == ["m1"]
        await w.happened(archived(storage="standard", version=6), archived(storage="archive", version=3))
        assert (await shown(w))["archived"] is None
        assert (await w.client.get("/api/v1/media", params={"archived": "true"})).json()["items"] == []


async def test_one_is_archived_and_brought_back_by_jobs(tmp_path: Path) -> None:
    async with world(tmp_path, archive=tmp_path / "archive") as w:
        id = await ready(w)
        version = await replaced(w, id)
        for what, query in (("archive", ""), ("archive", "?version=0"), ("unarchive", "")):
            answer = await w.client.post(f"/api/v1/media/{id}/{what}{query}")
            assert answer.status_code == 202, answer.text
            assert answer.json()["job"]["id"]
        shown_file = source_id(id, version)
        assert chores(w) == [
            ("archival", {"archive": True, "media": [shown_file]}),
            ("archival", {"archive": True, "media": [id]}),
            ("unarchival", {"media": [shown_file]}),
        ]


async def test_without_an_archive_nothing_is_asked_for(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await ready(w)
        for path in (f"/api/v1/media/{id}/archive", f"/api/v1/media/{id}/unarchive"):
            assert_problem(await w.client.post(path), 409, "no-archive")
        order = await w.client.post("/api/v1/care/archival", json={"media_days": 9})
        assert_problem(order, 409, "no-archive")
        assert chores(w) == []


async def test_a_policy_is_ordered_as_it_is_said(tmp_path: Path) -> None:
    async with world(tmp_path, s3_archive_class="GLACIER") as w:
        order = {"media_days": 90, "unviewed_days": 30, "archive": True}
        assert (await w.client.post("/api/v1/care/archival", json=order)).status_code == 202
        assert chores(w) == [("archival", order)]
        answer = await w.client.post("/api/v1/care/archival", json={"min_bytes": 5})
        assert_problem(answer, 422, "invalid")


async def test_what_is_not_accepted_or_lies_in_a_folder_is_not_archived(tmp_path: Path) -> None:
    async with world(tmp_path, archive=tmp_path / "archive") as w:
        fresh = await w.client.post("/api/v1/media?name=a.mp4", content=b"first")
        path = f"/api/v1/media/{fresh.json()['media']['id']}/archive"
        assert_problem(await w.client.post(path), 409, "media-not-ready")
        located, probe = clip("m2")
        assert isinstance(located, MediaUploaded)
        await w.happened(dataclasses.replace(located, location="roots/ab/x"), probe)
        assert_problem(await w.client.post("/api/v1/media/m2/archive"), 409, "not-archivable")


async def test_who_may_not_manage_a_medium_archives_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, archive=tmp_path / "archive") as w:
        id = await ready(w)
        other = await header_of(w, await person(w, "eve", "editor"))
        answer = await w.client.post(f"/api/v1/media/{id}/archive", headers=other)
        assert_problem(answer, 404, "media-not-found")
        assert chores(w) == []


async def test_bytes_that_have_to_be_asked_back_are_refused_with_what_to_do(tmp_path: Path) -> None:
    async with world(tmp_path, Away(tmp_path, "test")) as w:
        id = await ready(w)
        path = f"/api/v1/media/{id}"
        for answer in (
            await w.client.get(f"{path}/content"),
            await w.client.get(f"{path}/versions/0/content"),
            await w.client.get((await w.client.post(f"{path}/address")).json()["url"]),
        ):
            assert_problem(answer, 409, "archived")
            assert "unarchive" in answer.json()["detail"]


async def test_no_address_of_the_stores_leads_to_what_it_would_refuse(tmp_path: Path) -> None:
    async with world(tmp_path, Away(tmp_path, "test"), s3_public_endpoint="https://s3.example.org") as w:
        id = await ready(w)
        assert_problem(await w.client.post(f"/api/v1/media/{id}/address"), 409, "archived")


async def test_no_job_begins_over_what_has_to_be_asked_back(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await ready(w)
        version = await replaced(w, id)
        await w.happened(archived(source_id(id, version)), archived(id))
        answer = await w.client.post(f"/api/v1/media/{id}/transcode", json={"profile": "web"})
        assert_problem(answer, 409, "archived")
        restored = await w.client.post(f"/api/v1/media/{id}/versions/0/restore")
        assert_problem(restored, 409, "archived")
        assert ordered(w) == []
        versions = (await w.client.get(f"/api/v1/media/{id}/versions")).json()["items"]
        assert [each["archived"]["storage"] for each in versions] == ["GLACIER", "GLACIER"]


async def test_what_was_made_of_it_is_played_and_nothing_else(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film(), archived(), requested("j1", profile="web"), processed())
        assert_problem(await ask(w), 409, "archived")
        await keep_all(w, becomes())
        playing = await watch(w)
        assert (playing["method"], playing["profile"], playing["job_id"]) == ("transcode", "web", "j1")
        assert "archive" in playing["reasons"][0]


async def test_a_form_that_somebody_ordered_is_found(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film(), archived(), requested("j1", profile="phone"), processed())
        await keep_all(w, becomes(profile="phone"))
        assert (await watch(w))["profile"] == "phone"
        assert_problem(await ask(w, profile="web"), 409, "archived")


async def test_what_can_be_read_at_once_is_played_as_ever(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(), archived(storage="GLACIER_IR"))
        assert (await watch(w))["method"] == "direct"


class Moving(FileStore):
    """Of which a file goes to the archive between a look and the opening of it."""

    async def stat(self, location: str) -> BlobInfo:
        found = await super().stat(location)
        if location.startswith("raw/") and (path := super().path_of(location)) is not None and path.exists():
            path.rename(path.with_suffix(".moved"))
        return found

    async def read(
        self, location: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        path = super().path_of(location)
        assert path is not None
        yield path.with_suffix(".moved").read_bytes()[start:end]


@pytest.mark.parametrize(("headers", "content"), [({}, b"first"), ({"Range": "bytes=1-2"}, b"ir")])
async def test_a_file_that_moves_while_it_is_asked_for_is_sent(
    tmp_path: Path, headers: dict[str, str], content: bytes
) -> None:
    async with world(tmp_path, Moving(tmp_path / "blobs", "test")) as w:
        id = await ready(w)
        answer = await w.client.get(f"/api/v1/media/{id}/content", headers=headers)
        assert answer.content == content


async def test_a_proxy_is_not_sent_to_what_is_archived(tmp_path: Path) -> None:
    kept = open_kept((tmp_path / "blobs").as_uri(), "test", S3Options(), tmp_path / "archive")
    async with world(tmp_path, kept.blobs, accel_redirect="/_blobs/") as w:
        id = await ready(w)
        path = f"/api/v1/media/{id}/content"
        assert "x-accel-redirect" in (await w.client.get(path)).headers
        assert kept.archive is not None
        sha256 = (await shown(w, id))["sha256"]
        await kept.archive.archive(f"raw/{sha256[:2]}/{sha256}")
        answer = await w.client.get(path)
        assert ("x-accel-redirect" in answer.headers, answer.content) == (False, b"first")
