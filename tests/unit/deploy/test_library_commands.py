"""`sluice library` before a stand-in for the gateway."""

from __future__ import annotations

from typing import Any

import orjson
from typer.testing import CliRunner, Result

from deploy.local.cli import app
from deploy.local.failures import Exit
from tests.unit.deploy.gateway import FakeGateway

LIBRARY: dict[str, Any] = {
    "id": "l1",
    "name": "Films",
    "owner_id": "admin",
    "access": {},
    "folders": ["films/new"],
    "may": "manage",
}


def sluice(*words: str) -> Result:
    return CliRunner().invoke(app, ("library", *words))


def test_a_library_is_made_of_folders(gateway: FakeGateway) -> None:
    gateway.answers("POST /api/v1/libraries", {"library": LIBRARY, "token": "t"}, status=202)
    assert sluice("add", "Films", "--folder", "films/new", "--view", "everyone").stdout == (
        "l1: Films, of films/new\n"
    )
    assert orjson.loads(gateway.asked[0].body) == {
        "name": "Films",
        "folders": ["films/new"],
        "access": {"everyone": "view"},
    }
    assert orjson.loads(sluice("add", "Films", "--json").stdout) == LIBRARY


def test_its_folders_are_said_anew(gateway: FakeGateway) -> None:
    gateway.answers(
        "PATCH /api/v1/libraries/l1", {"library": {**LIBRARY, "folders": []}, "token": "t"}, status=202
    )
    assert sluice("folders", "l1").stdout == "l1: Films, of no folders\n"
    assert orjson.loads(gateway.asked[0].body) == {"folders": []}


def test_libraries_are_listed(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/libraries", {"items": [LIBRARY]})
    assert all(word in sluice("list").stdout for word in ("l1", "Films", "films/new", "manage"))
    assert orjson.loads(sluice("list", "--json").stdout) == LIBRARY


def test_what_is_in_a_library_is_shown(gateway: FakeGateway) -> None:
    show = {"id": "n1", "kind": "series", "name": "Show", "year": 2019, "number": None}
    episode = {"id": "m1", "kind": "episode", "name": "Pilot", "year": None, "number": 1}
    gateway.answers("GET /api/v1/libraries/l1/items", {"items": [show], "next": None})
    words = sluice("show", "l1").stdout
    assert all(word in words for word in ("n1", "series", "Show", "2019"))
    gateway.answers("GET /api/v1/libraries/l1/items", {"items": [episode], "next": None})
    assert all(word in sluice("show", "l1", "n1").stdout for word in ("m1", "episode", "Pilot", "1"))
    assert gateway.asked[-1].path.endswith("parent=n1")
    assert orjson.loads(sluice("show", "l1", "n1", "--json").stdout) == episode


def test_a_scan_is_asked_for(gateway: FakeGateway) -> None:
    gateway.answers("POST /api/v1/libraries/l1/scan", {"id": "l1", "token": "t"}, status=202)
    assert sluice("scan", "l1").stdout == "l1: a scan is asked for\n"
    assert sluice("scan", "other").exit_code == Exit.NOT_FOUND
