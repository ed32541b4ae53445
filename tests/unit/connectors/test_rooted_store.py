"""Files in operators' folders as blobs: read as any other, never written, and never another file's bytes."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.blobs import FileStore
from connectors.ports import BlobMissing, StoreUnavailable, content_of
from connectors.rooted.identity import PART_BYTES, identity
from connectors.rooted.located import Located, is_in_root, located, place
from connectors.rooted.root import Root
from connectors.rooted.store import RootedStore

MEDIUM = "01890a5d-ac96-774b-bcce-b302099a8057"
FILM = bytes(range(256)) * 1024
LATER = datetime.now(UTC) + timedelta(days=1)


class Places:
    """Where media moved to."""

    def __init__(self) -> None:
        self.now: dict[str, str] = {}

    async def moved(self, media_id: str) -> str | None:
        return self.now.get(media_id)


class Scene:
    """A root with one film, before a store."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path / "films"
        (self.root / "new").mkdir(parents=True)
        self.film = self.root / "new" / "a film, 1.mp4"
        self.film.write_bytes(FILM)
        self.places = Places()
        own = FileStore(tmp_path / "blobs", "w1")
        self.store = RootedStore(own, {"films": Root("films", self.root, writable=True)}, self.places)
        descriptor = os.open(self.film, os.O_RDONLY)
        known = Located(identity(descriptor, len(FILM)), MEDIUM, place("films/new/a film, 1.mp4"))
        os.close(descriptor)
        self.location = str(known)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_it_is_read_as_any_blob_is(scene: Scene) -> None:
    assert (await scene.store.stat(scene.location)).size_bytes == len(FILM)
    assert await content_of(scene.store, scene.location) == FILM
    assert await content_of(scene.store, scene.location, 1000, 2000) == FILM[1000:2000]
    assert await content_of(scene.store, scene.location, len(FILM) - 5) == FILM[-5:]
    async with scene.store.on_disk(scene.location) as path:
        assert path.read_bytes() == FILM
    assert scene.store.path_of(scene.location) is None
    assert await scene.store.address(scene.location, "a", "video/mp4", 60) is None


async def test_it_is_never_removed_nor_written(scene: Scene) -> None:
    await scene.store.remove(scene.location)
    assert not await scene.store.discard(scene.location, LATER)
    with pytest.raises(BlobMissing):
        await scene.store.put(scene.location, b"other")
    assert scene.film.read_bytes() == FILM


async def test_what_moved_is_read_where_it_is(scene: Scene) -> None:
    scene.film.rename(scene.root / "b.mp4")
    with pytest.raises(BlobMissing):
        await scene.store.stat(scene.location)
    scene.places.now[MEDIUM] = "films/b.mp4"
    assert await content_of(scene.store, scene.location) == FILM


@pytest.mark.parametrize("at", [0, len(FILM) - 1], ids=["beginning", "end"])
async def test_another_file_in_its_place_is_not_it(scene: Scene, at: int) -> None:
    await scene.store.stat(scene.location)
    with scene.film.open("r+b") as file:
        file.seek(at)
        file.write(b"?")
    for ask in (scene.store.stat, lambda location: content_of(scene.store, location)):
        with pytest.raises(BlobMissing, match="another file"):
            await ask(scene.location)
    with pytest.raises(BlobMissing):
        async with scene.store.on_disk(scene.location):
            pytest.fail("it was given out")


@pytest.mark.parametrize("link", ["file", "folder"])
async def test_no_link_is_followed_out_of_the_root(scene: Scene, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    scene.film.rename(outside / scene.film.name)
    if link == "file":
        scene.film.symlink_to(outside / scene.film.name)
    else:
        scene.film.parent.rmdir()
        scene.film.parent.symlink_to(outside)
    with pytest.raises(BlobMissing):
        await content_of(scene.store, scene.location)
    with pytest.raises(BlobMissing):
        async with scene.store.on_disk(scene.location):
            pytest.fail("it was given out")


async def test_a_root_that_is_not_there_is_no_missing_blob(scene: Scene) -> None:
    scene.root.rename(scene.root.with_name("unmounted"))
    with pytest.raises(StoreUnavailable, match="mounted"):
        await scene.store.stat(scene.location)
    scene.root.mkdir()
    with pytest.raises(StoreUnavailable, match="mounted"):
        await scene.store.stat(scene.location)
    unnamed = RootedStore(scene.store.store, {}, scene.places)
    with pytest.raises(StoreUnavailable, match="SLUICE_ROOTS"):
        await unnamed.stat(scene.location)


@pytest.mark.parametrize(
    "path",
    [
        "../outside.mp4",
        "new/../../x",
        "/etc/passwd",
        "",
        "new//x",
        "new/./x",
        ".sluice-trash/x",
        "a\0b",
        "a\nb",
    ],
)
def test_a_location_leads_nowhere_else(path: str) -> None:
    location = f"roots/ab/{'ab' * 32}/{MEDIUM}/films/{path}"
    assert is_in_root(location)
    with pytest.raises(BlobMissing):
        located(location)


def test_a_location_says_which_bytes_they_are() -> None:
    with pytest.raises(BlobMissing):
        located(f"roots/ac/{'ab' * 32}/{MEDIUM}/films/a.mp4")
    found = located(f"roots/ab/{'ab' * 32}/{MEDIUM}/films/ä b/日本.mp4")
    assert (found.media_id, str(found.place)) == (MEDIUM, "films/ä b/日本.mp4")
    assert located(str(found)) == found


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES])
def test_beginning_end_and_size_tell_files_apart(tmp_path: Path, size: int) -> None:
    path, found = tmp_path / "file", set[str]()
    for content in (b"a" * size, b"a" * (size + 1), b"b" * (size + 1), b"a" * size + b"b"):
        path.write_bytes(content)
        descriptor = os.open(path, os.O_RDONLY)
        found.add(identity(descriptor, len(content)))
        os.close(descriptor)
    assert len(found) == len({(b"a" * size), b"a" * (size + 1), b"b" * (size + 1), b"a" * size + b"b"})
