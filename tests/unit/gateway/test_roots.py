"""Files below an operator's folders over HTTP: nothing beside them, nothing lost, all of it written down."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.rooted.named import RootsUnusable, roots_named
from connectors.rooted.paths import TRASH
from gateway.roots.upkeep import Emptying
from gateway.settings import Settings
from schemas.events import AuditRecorded, new_id
from tests.unit.connectors.test_rooted import PLAIN, REFUSED
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import World, settings_for, world

FILES = "/api/v1/files"


class Scene:
    """A gateway with a root `films` that may be written to, and `old`, that may not."""

    def __init__(self, w: World, folder: Path) -> None:
        self.w = w
        self.folder = folder

    async def put(self, path: str, content: bytes = b"new", **more: str) -> httpx.Response:
        params = {"path": path, **more}
        return await self.w.client.put(f"{FILES}/films/content", params=params, content=content)

    async def content(self, path: str, **headers: str) -> httpx.Response:
        return await self.w.client.get(f"{FILES}/films/content", params={"path": path}, headers=headers)

    async def names(self, path: str = "", **more: Any) -> list[str]:
        answer = await self.w.client.get(f"{FILES}/films", params={"path": path, **more})
        assert answer.status_code == 200, answer.text
        return [item["name"] for item in answer.json()["items"]]

    async def post(self, what: str, **body: str) -> httpx.Response:
        return await self.w.client.post(f"{FILES}/films/{what}", json=body)

    async def delete(self, path: str) -> httpx.Response:
        return await self.w.client.delete(f"{FILES}/films", params={"path": path})

    async def trash(self) -> list[dict[str, Any]]:
        answer = await self.w.client.get(f"{FILES}/films/trash")
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def written_down(self) -> list[tuple[str, str, str]]:
        found = [event for event in self.w.audited.events if isinstance(event, AuditRecorded)]
        said = [(event.action, event.outcome, event.details.get("path", "")) for event in found]
        return [each for each in said if each[0].startswith("file.")]


@asynccontextmanager
async def scene(tmp_path: Path, **settings: Any) -> AsyncIterator[Scene]:
    (tmp_path / "secret.txt").write_text("secret")
    films, old, own = tmp_path / "films", tmp_path / "old", tmp_path / "own"
    for folder in (films / "a", old, own):
        folder.mkdir(parents=True)
    (films / "a" / "b.txt").write_bytes(b"0123456789")
    (old / "c.txt").write_text("c")
    roots = {"roots": {"films": films, "old": old}, "roots_writable": ("films",)}
    async with world(own, **(roots | settings)) as w:
        yield Scene(w, films)


async def test_roots_and_folders_are_listed(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        answer = await s.w.client.get(FILES)
        assert answer.json() == {
            "items": [{"name": "films", "writable": True}, {"name": "old", "writable": False}]
        }
        assert (await s.names(), await s.names("a")) == (["a"], ["b.txt"])
        for name in "dfe":
            await s.put(name)
        page = (await s.w.client.get(f"{FILES}/films", params={"limit": 2})).json()
        assert ([item["name"] for item in page["items"]], page["next"]) == (["a", "d"], "d")
        assert await s.names(after="d", limit=2) == ["e", "f"]


async def test_a_file_is_fetched_in_whole_or_in_ranges_and_never_run(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        whole = await s.content("a/b.txt")
        assert (whole.status_code, whole.content) == (200, b"0123456789")
        assert whole.headers["content-disposition"] == 'attachment; filename="b.txt"'
        assert whole.headers["content-security-policy"].startswith("sandbox")
        part = await s.content("a/b.txt", Range="bytes=2-4")
        assert (part.status_code, part.content) == (206, b"234")
        head = await s.w.client.head(f"{FILES}/films/content", params={"path": "a/b.txt"})
        assert (head.status_code, head.headers["content-length"]) == (200, "10")
        assert_problem(await s.content("a/b.txt", Range="bytes=20-"), 416, "bad-range")


_SENDABLE = [path for path in REFUSED if "\ud800" not in path]


@pytest.mark.parametrize("path", _SENDABLE, ids=repr)
async def test_no_route_takes_a_path_that_leads_out(tmp_path: Path, path: str) -> None:
    async with scene(tmp_path) as s:
        answers = [
            await s.content(path),
            await s.w.client.get(f"{FILES}/films", params={"path": path}),
            await s.put(path),
            await s.delete(path),
            await s.post("folders", path=path),
            await s.post("move", path="a/b.txt", to=path),
            await s.post("move", path=path, to="free"),
            await s.post("copy", path="a/b.txt", to=path),
            await s.post("copy", path=path, to="free"),
        ]
        thrown = (await s.delete("a/b.txt")).json()
        answers.append(await s.post(f"trash/{thrown['id']}/restore", to=path))
        assert {answer.status_code for answer in answers} <= {400, 422}
        assert (tmp_path / "secret.txt").read_text() == "secret"
        assert sorted(os.listdir(s.folder)) == [TRASH, "a"]


@pytest.mark.parametrize("root", ["", "..", "%2e%2e", "nothing", "films%2f..", "films%00", "FILMS"])
async def test_what_is_no_root_is_not_found(tmp_path: Path, root: str) -> None:
    async with scene(tmp_path) as s:
        answer = await s.w.client.get(f"{FILES}/{root}/content", params={"path": "secret.txt"})
        assert answer.status_code in (404, 405), answer.text


@pytest.mark.parametrize("path", PLAIN, ids=repr)
async def test_every_other_name_goes_in_and_comes_out_as_it_is(tmp_path: Path, path: str) -> None:
    async with scene(tmp_path) as s:
        written = await s.put(path)
        assert written.status_code == 200, written.text
        assert written.json()["entry"]["name"] == path
        assert (await s.content(path)).content == b"new"
        assert path in os.listdir(s.folder)


async def test_a_link_leads_nowhere(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        (s.folder / "link").symlink_to(tmp_path)
        for answer in (await s.content("link/secret.txt"), await s.put("link/new"), await s.content("link")):
            assert_problem(answer, 400, "bad-path")
        assert not (tmp_path / "new").exists()


async def test_what_is_replaced_comes_back(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        assert_problem(await s.put("a/b.txt"), 409, "taken")
        written = (await s.put("a/b.txt", replace="true")).json()
        assert (await s.content("a/b.txt")).content == b"new"
        (thrown,) = await s.trash()
        assert (thrown["id"], thrown["why"], thrown["path"]) == (written["replaced"], "replaced", "a/b.txt")
        assert_problem(await s.post(f"trash/{thrown['id']}/restore"), 409, "taken")
        back = await s.post(f"trash/{thrown['id']}/restore", to="a/old.txt")
        assert (back.json()["path"], (await s.content("a/old.txt")).content) == ("a/old.txt", b"0123456789")
        assert (await s.put("fresh", replace="true")).json()["replaced"] is None
        assert_problem(await s.put("a", replace="true"), 409, "taken")


async def test_what_is_deleted_comes_back_or_goes_for_good(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        thrown = (await s.delete("a")).json()
        assert (thrown["kind"], thrown["by"], await s.names()) == ("folder", "admin", [])
        restored = await s.post(f"trash/{thrown['id']}/restore")
        assert (restored.json()["path"], await s.names("a")) == ("a", ["b.txt"])
        again = (await s.delete("a/b.txt")).json()
        gone = await s.w.client.delete(f"{FILES}/films/trash/{again['id']}")
        assert (gone.status_code, await s.trash()) == (204, [])
        assert_problem(await s.post(f"trash/{again['id']}/restore"), 404, "not-found")


async def test_files_are_moved_and_copied_over_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        made = await s.post("folders", path="z")
        assert (made.status_code, made.json()["kind"]) == (201, "folder")
        assert (await s.post("copy", path="a/b.txt", to="z/c.txt")).json()["size_bytes"] == 10
        assert (await s.post("move", path="a/b.txt", to="z/d.txt")).json()["path"] == "z/d.txt"
        assert (await s.names("a"), await s.names("z")) == ([], ["c.txt", "d.txt"])
        for what in ("move", "copy"):
            assert_problem(await s.post(what, path="z/c.txt", to="z/d.txt"), 409, "taken")
            assert_problem(await s.post(what, path="nothing", to="free"), 404, "not-found")
            assert_problem(await s.post(what, path="z/c.txt", to="no/where"), 404, "not-found")
        assert_problem(await s.post("move", path="z", to="z/y"), 400, "bad-path")
        assert_problem(await s.post("copy", path="z", to="y"), 400, "bad-path")


async def test_what_is_read_only_stays_as_it_is(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        client, old = s.w.client, f"{FILES}/old"
        answers = [
            await client.put(f"{old}/content", params={"path": "new"}, content=b"x"),
            await client.delete(old, params={"path": "c.txt"}),
            await client.post(f"{old}/folders", json={"path": "new"}),
            await client.post(f"{old}/move", json={"path": "c.txt", "to": "d.txt"}),
            await client.post(f"{old}/copy", json={"path": "c.txt", "to": "d.txt"}),
            await client.delete(f"{old}/trash/{new_id()}"),
        ]
        for answer in answers:
            assert_problem(answer, 403, "read-only")
        assert os.listdir(tmp_path / "old") == ["c.txt"]


async def test_what_is_done_is_written_down_first(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.put("new")
        await s.post("move", path="new", to="newer")
        thrown = (await s.delete("newer")).json()
        await s.post(f"trash/{thrown['id']}/restore")
        assert s.written_down() == [
            ("file.written", "allowed", "new"),
            ("file.moved", "allowed", "new"),
            ("file.deleted", "allowed", "newer"),
            ("file.restored", "allowed", ""),
        ]
        s.w.audited.away = True
        for answer in (await s.put("other"), await s.delete("a"), await s.post("folders", path="b")):
            assert answer.status_code == 503
        assert await s.names() == ["a", "newer"]


async def test_an_upload_that_is_too_large_or_cut_leaves_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path, max_upload_bytes=100) as s:
        assert_problem(await s.put("big", b"x" * 101), 413, "too-large")
        short = await s.w.client.put(
            f"{FILES}/films/content", params={"path": "cut"}, content=b"x", headers={"Content-Length": "9"}
        )
        assert short.status_code >= 400
        assert await s.names() == ["a"]
        assert (await s.put("empty", b"")).json()["entry"]["size_bytes"] == 0


async def test_the_trash_is_emptied_when_its_time_has_come(tmp_path: Path) -> None:
    async with scene(tmp_path, trash_days=2) as s:
        await s.delete("a/b.txt")
        emptying = Emptying(s.w.services.roots, s.w.clock, kept_for=timedelta(days=2))
        await emptying.once()
        assert len(await s.trash()) == 1
        s.w.clock.move(days=2, seconds=1)
        await emptying.once()
        assert await s.trash() == []


@pytest.mark.parametrize(
    ("folders", "writable", "blobs", "why"),
    [
        ({"a": "/srv/a"}, ["b"], None, "names b"),
        ({"a": "/srv/a", "b": "/srv/a/b"}, [], None, "lie in each other"),
        ({"a": "/srv/a"}, [], "/srv/a/blobs", "store of blobs"),
        ({"a": "/srv/blobs/raw"}, [], "/srv/blobs", "store of blobs"),
    ],
)
def test_roots_that_cant_be_meant_are_refused(
    folders: dict[str, str], writable: list[str], blobs: str | None, why: str
) -> None:
    given = {name: Path(path) for name, path in folders.items()}
    with pytest.raises(RootsUnusable, match=why):
        roots_named(given, writable, Path(blobs) if blobs else None)


def test_a_root_may_not_lie_in_the_archive() -> None:
    with pytest.raises(RootsUnusable, match=r"the archive .* lie in each other"):
        roots_named({"a": Path("/mnt/slow/raw")}, [], Path("/srv/blobs"), Path("/mnt/slow"))


def test_roots_are_named_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_ROOTS", "films=/srv/films, tv=/srv/tv")
    monkeypatch.setenv("SLUICE_ROOTS_WRITABLE", "tv")
    found: Settings = settings_for(tmp_path)
    assert (found.roots, found.roots_writable) == (
        {"films": Path("/srv/films"), "tv": Path("/srv/tv")},
        ("tv",),
    )
    for bad in ("films", "films=srv", "Films=/srv", "=/srv", "a/b=/srv"):
        monkeypatch.setenv("SLUICE_ROOTS", bad)
        with pytest.raises(ValueError, match="is no root"):
            settings_for(tmp_path)
