"""What is in a library, node by node: in order, page by page, and nothing that one may not see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas import artwork, described, shelving
from schemas.described import Credit, Described
from schemas.events import Event, ItemChanged, MediaChanged
from schemas.pictures import Image
from schemas.record import of_place, written
from tests import samples
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.doubles import GENERATION
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed, uploaded
from tests.unit.gateway.people import header_of, person

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
OWN = "/api/v1/libraries/own/items"


async def placed(w: World) -> None:
    """What the stage says that decides where media stand."""
    found = list(w.database.collections[f"media_{GENERATION}"].values())
    events = [(each["_id"], one) for each in found if (one := shelving.shelved(each))]
    await w.happened(
        *(
            samples.changed(id, version=one.version, change=shelving.CHANGE, values=one.written())
            for id, one in events
        )
    )


def lies(id: str, path: str, library: str) -> Event:
    location = f"roots/ab/{'ab' * 32}/{id}/{path}"
    return uploaded(id, name=path.rpartition("/")[2], location=location, library_id=library)


async def library(w: World, *paths: str, folder: str = "m/all", **more: Any) -> str:
    """A library of a folder with these files in it. Returns where its items are."""
    (w.folder / "m" / "all").mkdir(parents=True, exist_ok=True)
    made = await w.client.post("/api/v1/libraries", json={"name": "All", "folders": [folder], **more})
    assert made.status_code == 202, made.text
    id = made.json()["library"]["id"]
    await w.happened(*(lies(f"{n:036}", f"{folder}/{path}", id) for n, path in enumerate(paths)))
    await placed(w)
    return f"/api/v1/libraries/{id}/items"


async def listed(
    w: World, path: str, limit: int = 200, headers: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """All that is listed, page by page."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        asked = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = await w.client.get(httpx.URL(path).copy_merge_params(asked), headers=headers)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert len(found["items"]) <= limit
        items += found["items"]
        cursor = found["next"]
        if cursor is None:
            return items


async def names(w: World, path: str, limit: int = 200) -> list[tuple[str, str]]:
    return [(each["kind"], each["name"]) for each in await listed(w, path, limit)]


async def inside(w: World, items: str, *way: str) -> str:
    """Where what is in a node is listed, by the names of the nodes on the way there."""
    path = items
    for name in way:
        found = {each["name"]: each["links"]["items"] for each in await listed_below(w, path)}
        path = found[name]
    return path


async def listed_below(w: World, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await w.client.get(path)).json()["items"]
    return found


FILES = (
    "Show (2019)/Season 02/Show - S02E01 - Third.mkv",
    "Show (2019)/Season 01/Show - S01E10 - Second.mkv",
    "Show (2019)/Season 01/Show - S01E02 - First.mkv",
    "Show (2019)/Season 00/Show - S00E01 - Special.mkv",
    "Show (2019)/Trailers/Teaser.mkv",
    "Show (1980)/Show S01E01.mkv",
    "The Film (1999)/The Film (1999).mkv",
    "The Film (1999)/Extras/Making of.mkv",
    "Artist/Second (2001)/01 - B.flac",
    "Artist/First (1999)/CD2/01 - D.flac",
    "Artist/First (1999)/CD1/02 - C.flac",
    "Artist/First (1999)/CD1/01 - A.flac",
    "Birthdays/Ada at five.mp4",
    "loose.mp4",
)


@pytest.mark.parametrize("limit", [1, 2, 200])
async def test_a_library_is_listed_node_by_node_in_order(tmp_path: Path, limit: int) -> None:
    async with world(tmp_path, roots={"m": tmp_path / "m"}) as w:
        items = await library(w, *FILES)
        assert await names(w, items, limit) == [
            ("artist", "Artist"),
            ("folder", "Birthdays"),
            ("movie", "The Film"),
            ("series", "Show"),
            ("series", "Show"),
            ("other", "loose.mp4"),
        ]
        shows = [each for each in await listed(w, items) if each["name"] == "Show"]
        assert {each["year"] for each in shows} == {1980, 2019}
        show = next(each["links"]["items"] for each in shows if each["year"] == 2019)
        assert await names(w, show, limit) == [
            ("season", "Specials"),
            ("season", "Season 1"),
            ("season", "Season 2"),
            ("extra", "Teaser"),
        ]
        season = next(each["links"]["items"] for each in await listed(w, show) if each["number"] == 1)
        assert [(e["number"], e["name"]) for e in await listed(w, season, limit)] == [
            (2, "First"),
            (10, "Second"),
        ]
        film = await inside(w, items, "The Film")
        assert [kind for kind, _ in await names(w, film, limit)] == ["movie", "extra"]
        artist = await inside(w, items, "Artist")
        assert await names(w, artist, limit) == [("album", "First"), ("album", "Second")]
        album = await inside(w, items, "Artist", "First")
        assert [name for _, name in await names(w, album, limit)] == ["A", "C", "D"]
        assert await names(w, await inside(w, items, "Birthdays"), limit) == [("other", "Ada at five.mp4")]


async def test_one_node_says_what_is_in_it_and_where_it_is(tmp_path: Path) -> None:
    async with world(tmp_path, roots={"m": tmp_path / "m"}) as w:
        items = await library(w, *FILES[:4])
        (series,) = await listed(w, items)
        node = (await w.client.get(series["links"]["self"])).json()
        assert (node["media_count"], node["node_counts"], node["parents"]) == (4, {"season": 3}, [])
        season = (await listed(w, series["links"]["items"]))[1]
        node = (await w.client.get(season["links"]["self"])).json()
        assert (node["name"], node["number"], node["media_count"]) == ("Season 1", 1, 2)
        assert node["parents"] == [{"id": series["id"], "kind": "series", "name": "Show"}]


async def test_a_node_in_which_nothing_is_left_is_not_there(tmp_path: Path) -> None:
    async with world(tmp_path, roots={"m": tmp_path / "m"}) as w:
        items = await library(w, "Show/Show S01E01.mkv", "Film (1999).mkv")
        (_, show) = await listed(w, items)
        await w.happened(samples.deleted(f"{0:036}"))
        assert await names(w, items, 1) == [("movie", "Film")]
        assert_problem(await w.client.get(show["links"]["self"]), 404, "item-not-found")
        assert_problem(await w.client.get(show["links"]["items"]), 404, "item-not-found")
        said = written({of_place("title"): "Another"})
        await w.happened(samples.changed(f"{1:036}", version=7, values=said))
        await placed(w)
        assert await names(w, items) == [("movie", "Another")]


async def test_a_node_is_there_as_long_as_one_medium_is(tmp_path: Path) -> None:
    async with world(tmp_path, roots={"m": tmp_path / "m"}) as w:
        items = await library(w, *(f"Show/Show S01E{n:02}.mkv" for n in range(1, 7)))
        await w.happened(*(samples.deleted(f"{n:036}") for n in range(5)))
        (show,) = await listed(w, items)
        assert (await w.client.get(show["links"]["self"])).json()["media_count"] == 1
        (season,) = await listed(w, show["links"]["items"])
        assert [each["number"] for each in await listed(w, season["links"]["items"], 1)] == [6]


async def test_the_same_show_in_two_folders_is_one(tmp_path: Path) -> None:
    async with world(tmp_path, roots={"m": tmp_path / "m"}) as w:
        items = await library(w, "a/The Show: (2019)/S01E01.mkv", "b/the show (2019)/The.Show.S01E02.mkv")
        (show,) = await listed(w, items)
        (season,) = await listed(w, show["links"]["items"])
        assert [each["number"] for each in await listed(w, season["links"]["items"])] == [1, 2]


async def test_only_who_sees_a_library_sees_what_is_in_it(tmp_path: Path) -> None:
    async with world(tmp_path, roots={"m": tmp_path / "m"}) as w:
        ann = await person(w, "kin", "editor")
        items = await library(w, *FILES, access={f"user:{ann.id}": "view"})
        kin = await header_of(w, ann)
        other = await header_of(w, await person(w, "other", "editor"))
        assert len(await listed(w, items, headers=kin)) == 6
        (first, *_) = await listed(w, items)
        for path in (items, first["links"]["self"], first["links"]["items"]):
            assert_problem(await w.client.get(path, headers=other), 404, "library-not-found")
        image = f"{first['links']['self']}/images/poster"
        assert_problem(await w.client.put(image, content=PNG, headers=kin), 403, "not-yours")
        assert_problem(await w.client.put(image, content=PNG, headers=other), 404, "library-not-found")


async def test_a_node_of_one_library_is_in_no_other(tmp_path: Path) -> None:
    async with world(tmp_path, roots={"m": tmp_path / "m"}) as w:
        items = await library(w, *FILES[:4])
        (show,) = await listed(w, items)
        assert_problem(await w.client.get(f"{OWN}/{show['id']}"), 404, "item-not-found")
        assert_problem(await w.client.get(OWN, params={"parent": show["id"]}), 404, "item-not-found")


async def test_what_left_a_library_is_not_listed_there_also_before_it_is_placed_anew(tmp_path: Path) -> None:
    async with world(tmp_path, roots={"m": tmp_path / "m"}) as w:
        items = await library(w, "Show/Show S01E01.mkv", "loose.mp4")
        for n in (0, 1):
            await w.happened(samples.deleted(f"{n:036}", change="library", version=2, values={}))
        assert await listed(w, items) == []


async def test_ones_own_media_have_a_hierarchy_too(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ann = await person(w, "ann", "editor")
        await w.happened(
            uploaded("m1", name="Show.S01E01.mkv"), uploaded("m2", owner_id=ann.id), probed("m1")
        )
        await placed(w)
        assert await names(w, OWN) == [("series", "Show")]
        mine = await listed(w, OWN, headers=await header_of(w, ann))
        assert [(each["kind"], each["media"]["id"]) for each in mine] == [("other", "m2")]


async def test_what_takes_a_files_place_changes_no_place(tmp_path: Path) -> None:
    async with world(tmp_path, roots={"m": tmp_path / "m"}) as w:
        await library(w, FILES[1])
        id = f"{0:036}"
        before = (await w.client.get(f"/api/v1/media/{id}")).json()
        assert before["place"]["series_year"] == 2019
        await w.happened(uploaded(f"{id}~7", name="other.mkv"), probed(f"{id}~7"))
        after = (await w.client.get(f"/api/v1/media/{id}")).json()
        assert (after["version"], after["place"]) == (7, before["place"])


def drawn(height: int, digit: str, kind: str = "poster") -> Any:
    image = Image(name=f"{kind}-320.jpg", size_bytes=4, width=320, height=height)
    return samples.drawn(kind, image, source=digit * 32, key="1" * 16)


def beside(item: str, *, by: str = artwork.FOUND, said: Any = None, version: int = 1) -> ItemChanged:
    values = {artwork.field_of(by, "poster"): artwork.told(said)}
    return samples.item_changed(item, change=artwork.CHANGE, version=version, values=values)


NFO = Described(
    title="Die Schau",
    description="It is long.",
    genres=("Drama",),
    ids={"tvdb": "81189"},
    people=(Credit(name="Ada", kind="actor", role="Herself"),),
)


async def test_what_lies_beside_media_is_said_and_shown_of_their_nodes(tmp_path: Path) -> None:
    async with world(tmp_path, roots={"m": tmp_path / "m"}) as w:
        items = await library(w, *FILES[:4], "Film (1999)/Film (1999).mkv")
        folder = "folder/m/all/Show (2019)"
        nfo = samples.item_changed(folder, change=described.CHANGE, values=described.told(NFO))
        season = beside("season/1/m/all/Show (2019)", said=drawn(90, "d"))
        await w.happened(beside(folder, said=drawn(480, "c")), nfo, season)
        show = next(each for each in await listed(w, items) if each["kind"] == "series")
        assert (show["name"], [image["height"] for image in show["images"]]) == ("Die Schau", [480])
        node = (await w.client.get(show["links"]["self"])).json()
        assert (node["description"], node["genres"], node["ids"]) == (
            "It is long.",
            ["Drama"],
            {"tvdb": "81189"},
        )
        ada = {"id": described.person_id("Ada"), "name": "Ada", "kind": "actor", "role": "Herself"}
        assert node["people"] == [ada]
        seasons = await listed(w, show["links"]["items"])
        assert [[i["height"] for i in each["images"]] for each in seasons] == [[], [90], []]
        await w.services.store.put(f"{drawn(480, 'c').folder}/poster-320.jpg", b"jpeg")
        sent = await w.client.get(show["images"][0]["url"])
        assert (sent.content, sent.headers["content-type"]) == (b"jpeg", "image/jpeg")
        assert_problem(await w.client.get(f"{show['links']['self']}/images/x.jpg"), 404, "image-not-found")


async def test_a_node_is_given_an_image_which_goes_before_one_that_was_found(tmp_path: Path) -> None:
    async with world(tmp_path, roots={"m": tmp_path / "m"}) as w:
        items = await library(w, *FILES[:4])
        await w.happened(beside("folder/m/all/Show (2019)", said=drawn(480, "c")))
        (show,) = await listed(w, items)
        image = f"{show['links']['self']}/images/poster"
        assert (await w.client.put(image, content=PNG)).status_code == 202
        event = w.publisher.events[-1]
        assert isinstance(event, ItemChanged)
        await w.happened(beside(event.item, by=artwork.GIVEN, said=drawn(600, "d"), version=event.version))
        assert [each["height"] for each in (await listed(w, items))[0]["images"]] == [600]
        w.clock.move(hours=-1)
        assert (await w.client.delete(image)).status_code == 202
        assert [each["height"] for each in (await listed(w, items))[0]["images"]] == [480]


async def test_a_film_without_an_image_of_its_own_has_its_mediums(tmp_path: Path) -> None:
    async with world(tmp_path, roots={"m": tmp_path / "m"}) as w:
        items = await library(w, "Film (1999)/Film (1999).mkv", "Show/S01E01.mkv")
        told = described.told(Described(title="Film", description="About it."))
        film, poster = f"{0:036}", samples.pictured(drawn(180, "e"), media_id=f"{0:036}")
        await w.happened(poster, samples.pictured(drawn(180, "f"), media_id=f"{1:036}"))
        await w.happened(samples.changed(film, change=described.CHANGE, values=told))
        found = {each["kind"]: each for each in await listed(w, items)}
        assert [image["height"] for image in found["movie"]["images"]] == [180]
        assert found["movie"]["images"][0]["url"].startswith(f"/api/v1/media/{film}/images/")
        assert found["series"]["images"] == []
        assert (await w.client.get(found["movie"]["links"]["self"])).json()["description"] == "About it."


async def test_what_lies_beside_a_medium_stands_where_people_said_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        told = described.told(Described(title="Beside", description="D", rating=7.5, genres=("Drama",)))
        nfo: MediaChanged = samples.changed("m1", change=described.CHANGE, values=told)
        await w.happened(uploaded(), nfo)
        media = (await w.client.get("/api/v1/media/m1")).json()
        assert (media["title"], media["description"], media["rating"]) == ("Beside", "D", 7.5)
        assert media["categories"] == ["Drama"]
        assert [each["id"] for each in (await w.client.get("/api/v1/media?q=besi")).json()["items"]] == ["m1"]
        await w.client.patch("/api/v1/media/m1", json={"title": "Mine", "categories": ["Own"]})
        media = (await w.client.get("/api/v1/media/m1")).json()
        assert (media["title"], media["description"], media["categories"]) == ("Mine", "D", ["Own"])


@pytest.mark.parametrize("cursor", ["x", "n!", "mAAAA"])
async def test_a_cursor_that_was_not_made_here_is_refused(tmp_path: Path, cursor: str) -> None:
    async with world(tmp_path) as w:
        assert_problem(await w.client.get(OWN, params={"cursor": cursor}), 400, "bad-cursor")
