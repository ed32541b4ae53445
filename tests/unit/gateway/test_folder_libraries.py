"""Libraries that are made of folders: who may name those, and what comes of what lies in them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.rooted.identity import identity
from connectors.rooted.located import Located, place
from schemas.events import MediaChanged, MediaUploaded, ResourceChanged
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.doubles import START, meta
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed, uploaded
from tests.unit.gateway.people import header_of, person

FILM = b"0123456789"
MEDIUM = "01890a5d-ac96-774b-bcce-b302099a8057"
LIBRARIES = "/api/v1/libraries"


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncIterator[World]:
    """A root `films` with a film, and one that is not mounted."""
    films, own = tmp_path / "films", tmp_path / "own"
    (films / "new").mkdir(parents=True)
    (films / "old").mkdir()
    own.mkdir()
    (films / "new" / "a.mp4").write_bytes(FILM)
    (films / "away").symlink_to(tmp_path)
    async with world(own, roots={"films": films, "away": tmp_path / "nowhere"}) as w:
        yield w


async def made(w: World, *folders: str, **more: Any) -> httpx.Response:
    return await w.client.post(LIBRARIES, json={"name": "Films", "folders": list(folders)}, **more)


def found(films: Path, library: str, **more: Any) -> MediaUploaded:
    """What a scan says of the film."""
    descriptor = os.open(films / "new" / "a.mp4", os.O_RDONLY)
    known = identity(descriptor, len(FILM))
    os.close(descriptor)
    at = Located(known, MEDIUM, place("films/new/a.mp4"))
    said = {"location": str(at), "sha256": known, "library_id": library, "origin": "folder"}
    return uploaded(MEDIUM, name="a.mp4", size_bytes=len(FILM), content_type=None, **(said | more))


def moved(to: str, version: int = 1) -> MediaChanged:
    values = {"place": to}
    return MediaChanged(meta=meta(START), media_id=MEDIUM, version=version, change="moved", values=values)


async def test_an_administrator_names_folders_and_managers_see_which(tmp_path: Path) -> None:
    async with scene(tmp_path) as w:
        ada = await header_of(w, await person(w, "ada", role="editor"))
        answer = await made(w, "films/new", "films/old")
        library = answer.json()["library"]
        assert (answer.status_code, library["folders"]) == (202, ["films/new", "films/old"])
        at = f"{LIBRARIES}/{library['id']}"
        renamed = await w.client.patch(at, json={"name": "More films", "access": {"everyone": "view"}})
        assert renamed.json()["library"]["folders"] == ["films/new", "films/old"]
        assert (await w.client.get(at, headers=ada)).json()["folders"] == []
        fewer = await w.client.patch(at, json={"folders": ["films"]})
        assert fewer.json()["library"]["folders"] == ["films"]


async def test_who_may_not_write_files_names_no_folders(tmp_path: Path) -> None:
    async with scene(tmp_path) as w:
        ada = await header_of(w, await person(w, "ada", role="editor"))
        assert_problem(await made(w, "films/new", headers=ada), 403, "not-allowed")
        own = (await made(w, headers=ada)).json()["library"]
        answer = await w.client.patch(
            f"{LIBRARIES}/{own['id']}", json={"folders": ["films/new"]}, headers=ada
        )
        assert_problem(answer, 403, "not-allowed")


@pytest.mark.parametrize(
    ("folders", "status", "code"),
    [
        (("nowhere/new",), 422, "no-root"),
        (("films/../own",), 422, "bad-folder"),
        (("films/missing",), 422, "bad-folder"),
        (("films/new/a.mp4",), 422, "bad-folder"),
        (("films/away",), 422, "bad-folder"),
        (("films/away/own",), 422, "bad-folder"),
        (("away/new",), 422, "bad-folder"),
        (("films/new", "films"), 422, "folders-overlap"),
        (("films/old/deeper",), 409, "folder-taken"),
        (("films",), 409, "folder-taken"),
    ],
)
async def test_folders_that_can_t_be_meant_are_refused(
    tmp_path: Path, folders: tuple[str, ...], status: int, code: str
) -> None:
    async with scene(tmp_path) as w:
        (tmp_path / "films" / "old" / "deeper").mkdir()
        assert (await made(w, "films/old")).status_code == 202
        assert_problem(await made(w, *folders), status, code)


async def test_what_lies_in_a_folder_is_its_library_s_and_is_sent_in_ranges(tmp_path: Path) -> None:
    async with scene(tmp_path) as w:
        library = (await made(w, "films/new")).json()["library"]["id"]
        ada = await header_of(w, await person(w, "ada"))
        await w.happened(found(tmp_path / "films", library), probed(MEDIUM))
        at = f"/api/v1/media/{MEDIUM}"
        assert (await w.client.get(at, headers=ada)).status_code == 404
        await w.client.patch(f"{LIBRARIES}/{library}", json={"access": {"everyone": "view"}})
        listed = await w.client.get("/api/v1/media", headers=ada)
        assert [each["id"] for each in listed.json()["items"]] == [MEDIUM]
        part = await w.client.get(f"{at}/content", headers={**ada, "Range": "bytes=2-4"})
        assert (part.status_code, part.content) == (206, b"234")


async def test_a_medium_that_moved_has_its_new_name_and_is_read_where_it_is(tmp_path: Path) -> None:
    async with scene(tmp_path) as w:
        await w.happened(found(tmp_path / "films", "l1"), probed(MEDIUM))
        (tmp_path / "films" / "new" / "a.mp4").rename(tmp_path / "films" / "old" / "b.mp4")
        at = f"/api/v1/media/{MEDIUM}"
        away = assert_problem(await w.client.get(f"{at}/content"), 410, "blob-missing")
        assert "films" not in away["detail"]
        await w.happened(moved("films/old/b.mp4", 2), moved("films/old/other.mp4", 1))
        assert (await w.client.get(at)).json()["name"] == "b.mp4"
        answer = await w.client.get(f"{at}/content")
        assert (answer.content, 'filename="b.mp4"' in answer.headers["content-disposition"]) == (FILM, True)


async def test_what_lies_in_a_folder_is_found_by_where_it_is_now(tmp_path: Path) -> None:
    async with scene(tmp_path) as w:
        path = Located("ab" * 32, MEDIUM, place("films/The Title (1999)/cd1.mp4"))
        await w.happened(uploaded(MEDIUM, name="cd1.mp4", location=str(path)), probed(MEDIUM))

        async def is_found(text: str) -> bool:
            return bool((await w.client.get("/api/v1/media", params={"q": text})).json()["items"])

        assert [await is_found(text) for text in ("title cd1", "films", "ab", "present")] == [1, 0, 0, 0]
        await w.happened(moved("films/Present Name/part 1.mp4", 2), moved("films/Between/x.mp4", 1))
        assert [await is_found(text) for text in ("present part", "title", "between")] == [1, 1, 0]


async def test_a_file_that_took_another_s_place_is_not_sent_for_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as w:
        await w.happened(found(tmp_path / "films", "l1"), probed(MEDIUM))
        (tmp_path / "films" / "new" / "a.mp4").write_bytes(b"another's")
        answer = await w.client.get(f"/api/v1/media/{MEDIUM}/content")
        assert answer.status_code == 410
        assert b"another's" not in answer.content


async def test_a_disk_that_is_away_is_said_to_be_and_stops_nothing_else(tmp_path: Path) -> None:
    async with scene(tmp_path) as w:
        await w.happened(found(tmp_path / "films", "l1"), probed(MEDIUM))
        (tmp_path / "films").rename(tmp_path / "unmounted")
        answers = [await w.client.get(f"/api/v1/media/{MEDIUM}/content") for _ in range(8)]
        assert {answer.status_code for answer in answers} == {503}
        assert (await w.client.post("/api/v1/media?name=x.mp4", content=b"x")).status_code == 202


async def test_a_scan_is_asked_for_by_who_manages_the_library(tmp_path: Path) -> None:
    async with scene(tmp_path) as w:
        ada = await header_of(w, await person(w, "ada", role="editor"))
        library = (await made(w, "films/new")).json()["library"]["id"]
        await w.client.patch(f"{LIBRARIES}/{library}", json={"access": {"everyone": "edit"}})
        assert_problem(await w.client.post(f"{LIBRARIES}/{library}/scan", headers=ada), 403, "not-yours")
        answer = await w.client.post(f"{LIBRARIES}/{library}/scan")
        assert (answer.status_code, answer.json()["id"]) == (202, library)
        asked = [e for e in w.publisher.events if isinstance(e, ResourceChanged) and e.kind == "scan"]
        assert [each.id for each in asked] == [library]
        plain = (await made(w)).json()["library"]["id"]
        assert_problem(await w.client.post(f"{LIBRARIES}/{plain}/scan"), 409, "no-folders")
