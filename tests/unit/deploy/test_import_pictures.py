"""Pictures of another system: given where they are taken, once, and nothing else is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from deploy.local.client import Gateway
from deploy.local.importing import sources
from deploy.local.importing.door import Door, Offers
from deploy.local.importing.found import Shelf, Step
from deploy.local.importing.picturing import GIVEN, Picturing
from deploy.local.importing.places import Folders
from deploy.local.importing.report import Report
from deploy.local.importing.sources import within
from schemas.described import person_id
from tests import earlier_systems as systems
from tests.earlier_systems import Library


class Recorded:
    """A gateway that takes pictures."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bytes]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, request.url.path, request.read()))
        return httpx.Response(202, json={})


def test_pictures_are_given_once_where_they_are_taken(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "alien.jpg").write_bytes(b"jpeg")
    out, ours = "%MetadataPath%/../../etc/passwd.jpg", "%AppDataPath%/library.db"
    pictures = {"Primary": "%MetadataPath%/alien.jpg", "Backdrop": out, "Banner": ours}
    file = systems.classic(tmp_path / "data", Library(pictures=pictures))
    source = sources.read(str(file), [], None)
    asked = Recorded()
    door = Door(Gateway("http://sluice", "t", transport=httpx.MockTransport(asked)))
    report = Report(system="", source="", dry_run=False, started_at="")
    for takes in (False, True):
        giving = Picturing(door=door, offers=Offers(artwork=takes), at=source.pictures, report=report)
        giving.picture(source.found.items[0], {"id": "m1", "custom": {}}, dry_run=False)
    giving.picture(source.found.items[0], {"id": "m1", "custom": {GIVEN: "poster"}}, dry_run=False)
    assert [(method, path) for method, path, _ in asked.asked] == [
        ("PUT", "/api/v1/media/m1/images/poster"),
        ("PATCH", "/api/v1/media/m1"),
    ]
    assert asked.asked[0][2] == b"jpeg"
    assert report.pictures == {"given": 1, "there": 1}
    assert report.not_taken_over == {"pictures": 3}
    assert {trouble.what for trouble in report.missing} == {"the backdrop of Alien", "the banner of Alien"}


@pytest.mark.parametrize("takes", [True, False])
def test_what_a_gateway_takes_is_read_from_its_own_description(takes: bool) -> None:
    order: dict[str, Any] = {"properties": {"place": {}} if takes else {}}
    given = ("media/{media_id}", "libraries/{library_id}/items/{item_id}", "people/{person_id}")
    paths: dict[str, Any] = {f"/api/v1/{thing}/images/{{name}}": {"put": {}} for thing in given if takes}
    said = {"components": {"schemas": {"RecordOrder": order}}, "paths": paths}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=said))
    assert Offers.of(Door(Gateway("http://sluice", "t", transport=transport))) == Offers(
        takes, takes, takes, takes
    )


SHELF: dict[str, Any] = {"name": "SHOW", "kind": "series", "media": None, "images": []}


class Shelves(Recorded):
    """A gateway with a library that has series in it, after a while."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        looks = sum(method == "GET" for method, _, _ in self.asked)
        answer = super().__call__(request)
        if request.method != "GET":
            return answer
        had = {"id": "n2", "year": 2019, "images": [{"kind": "backdrop"}]}
        nodes = [SHELF | {"id": "n1", "year": 1999}, *([SHELF | had] if looks else [])]
        return httpx.Response(200, json={"items": nodes, "next": None})


@pytest.mark.parametrize("takes", [True, False])
def test_series_get_the_pictures_that_they_have_not(tmp_path: Path, takes: bool) -> None:
    (tmp_path / "p.jpg").write_bytes(b"jpeg")
    asked, waited = Shelves(), list[float]()
    transport = httpx.MockTransport(asked)
    door = Door(Gateway("http://sluice", "t", transport=transport), wait=waited.append)
    report = Report(system="", source="", dry_run=False, started_at="")
    pictures = within(Folders([("/p", tmp_path)]))
    giving = Picturing(door=door, offers=Offers(shelves=takes), at=pictures, report=report)
    show = Shelf((Step("series", "Show", 2019),), {"poster": "/p/p.jpg", "backdrop": "/p/p.jpg"})
    giving.picture_shelves("L", every=[show], dry_run=False)
    put = [path for method, path, _ in asked.asked if method == "PUT"]
    assert put == (["/api/v1/libraries/L/items/n2/images/poster"] if takes else [])
    assert len(waited) == int(takes)
    assert report.pictures == ({"given": 1, "there": 1} if takes else {})
    assert report.not_taken_over == ({} if takes else {"pictures of series": 2})


class Tree(Recorded):
    """A gateway with a library in which there is something in everything, and one person who has a photo."""

    NODES: ClassVar[dict[str | None, list[dict[str, Any]]]] = {
        None: [SHELF | {"id": "s", "year": 2019}, SHELF | {"id": "a", "name": "Ella", "kind": "artist"}],
        "s": [SHELF | {"id": "s1", "kind": "season", "name": "Season 1", "number": 1}],
        "a": [SHELF | {"id": "b", "kind": "album", "name": "songs"}],
    }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = super().__call__(request)
        if request.method != "GET":
            return answer
        if "/people/" in request.url.path:
            has = person_id("Ada") in request.url.path
            return httpx.Response(200, json={"images": [{"kind": "photo"}] if has else []})
        nodes = self.NODES.get(request.url.params.get("parent"), [])
        return httpx.Response(200, json={"items": [{"year": None} | each for each in nodes], "next": None})


def test_seasons_artists_albums_and_people_get_theirs(tmp_path: Path) -> None:
    (tmp_path / "p.jpg").write_bytes(b"jpeg")
    asked, waited = Tree(), list[float]()
    door = Door(Gateway("http://sluice", "t", transport=httpx.MockTransport(asked)), wait=waited.append)
    report = Report(system="", source="", dry_run=False, started_at="")
    pictures = within(Folders([("/p", tmp_path)]))
    giving = Picturing(door=door, offers=Offers(shelves=True, photos=True), at=pictures, report=report)
    show, ella = Step("series", "Show", 2019), Step("artist", "ELLA")
    every = [
        Shelf((show, Step("season", "First", number=1)), {"poster": "/p/p.jpg"}),
        Shelf((ella,), {"backdrop": "/p/p.jpg"}),
        Shelf((ella, Step("album", "Songs", 1958)), {"poster": "/p/p.jpg"}),
    ]
    giving.picture_shelves("L", every=every, dry_run=False)
    giving.picture_people({"Ada": "/p/p.jpg", "Bob": "/p/p.jpg"}, dry_run=False)
    items = "/api/v1/libraries/L/items"
    assert [path for method, path, _ in asked.asked if method == "PUT"] == [
        f"{items}/s1/images/poster",
        f"{items}/a/images/backdrop",
        f"{items}/b/images/poster",
        f"/api/v1/people/{person_id('Bob')}/images/photo",
    ]
    assert (report.pictures, waited) == ({"given": 4, "there": 1}, [])
    nobody = Shelf((Step("artist", "Nobody"),), {"poster": "/p/p.jpg"})
    giving.picture_shelves("L", every=[nobody], dry_run=False)
    assert [trouble.what for trouble in report.missing] == ["the pictures of Nobody"]
