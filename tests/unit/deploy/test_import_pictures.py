"""Pictures of another system: given where they are taken, once, and nothing else is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.client import Gateway
from deploy.local.importing import sources
from deploy.local.importing.door import Door, Offers
from deploy.local.importing.found import Series
from deploy.local.importing.picturing import GIVEN, Picturing
from deploy.local.importing.places import Folders
from deploy.local.importing.report import Report
from deploy.local.importing.sources import within
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
    given = ("media/{media_id}", "libraries/{library_id}/items/{item_id}")
    paths: dict[str, Any] = {f"/api/v1/{thing}/images/{{name}}": {"put": {}} for thing in given if takes}
    said = {"components": {"schemas": {"RecordOrder": order}}, "paths": paths}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=said))
    assert Offers.of(Door(Gateway("http://sluice", "t", transport=transport))) == Offers(takes, takes, takes)


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
    giving = Picturing(door=door, offers=Offers(series=takes), at=pictures, report=report)
    show = Series("Show", 2019, {"poster": "/p/p.jpg", "backdrop": "/p/p.jpg"})
    giving.picture_series("L", every=[show], dry_run=False)
    put = [path for method, path, _ in asked.asked if method == "PUT"]
    assert put == (["/api/v1/libraries/L/items/n2/images/poster"] if takes else [])
    assert len(waited) == int(takes)
    assert report.pictures == ({"given": 1, "there": 1} if takes else {})
    assert report.not_taken_over == ({} if takes else {"pictures of series": 2})
