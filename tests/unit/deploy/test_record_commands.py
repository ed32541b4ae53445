"""The commands that say what media are and find them, against a stand-in for the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson

from deploy.local.failures import Exit
from tests.unit.deploy.gateway import FakeGateway
from tests.unit.deploy.test_commands import objects, sluice

MEDIA: dict[str, Any] = {
    "id": "m1",
    "name": "a.mp4",
    "title": "Summer\x1b[2J",
    "tags": ["x", "y"],
    "categories": [],
    "custom": {"reel": 7},
    "status": "ready",
    "size_bytes": 5,
    "created_at": "2026-01-02T03:04:05Z",
}


def test_media_are_found_by_words_and_tags(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/media", {"items": [MEDIA], "next": None})
    found = sluice("find", "summer", "krak", "-t", "x", "-t", "y", "--sort", "size", "--asc", "--json")
    assert objects(found) == [MEDIA]
    asked = parse_qs(gateway.asked[0].path.partition("?")[2])
    assert (asked["q"], asked["tag"]) == (["summer krak"], ["x", "y"])
    assert (asked["sort"], asked["order"]) == (["size"], ["asc"])
    assert "kind" not in asked
    assert "a.mp4" in sluice("find").stdout


def test_a_medium_is_shown_without_what_steers_a_terminal(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/media/m1", MEDIA)
    said = sluice("show", "m1").stdout
    assert "\x1b" not in said
    assert all(word in said for word in ("Summer", "x, y", "reel", "7"))
    assert objects(sluice("show", "m1", "--json")) == [MEDIA]


def test_what_is_left_out_of_an_edit_stays(gateway: FakeGateway) -> None:
    gateway.answers("PATCH /api/v1/media/m1", {"media": MEDIA, "token": "t"})
    words = ("--title", "", "--released", "1999", "-f", "reel=8", "-f", "by=Ada", "-f", "old=", "-f", "n=inf")
    assert sluice("edit", "m1", *words).exit_code == Exit.OK
    assert orjson.loads(gateway.asked[0].body) == {
        "title": None,
        "released": "1999",
        "custom": {"reel": 8, "by": "Ada", "old": None, "n": "inf"},
    }
    assert sluice("edit", "m1").exit_code == Exit.USAGE
    assert sluice("edit", "m1", "-f", "nonsense").exit_code == Exit.USAGE


def test_many_are_tagged_and_a_refusal_is_told(gateway: FakeGateway) -> None:
    results = [
        {"id": "m1", "outcome": "changed", "code": None, "detail": None},
        {"id": "m2", "outcome": "refused", "code": "not-yours", "detail": "You may view this."},
    ]
    gateway.answers("POST /api/v1/media/bulk", {"results": results, "token": "t"})
    said = sluice("tag", "m1", "m2", "--add", "x", "--remove-category", "Films")
    assert said.exit_code == Exit.FAILED
    assert "You may view this." in said.stdout
    assert orjson.loads(gateway.asked[0].body) == {
        "media_ids": ["m1", "m2"],
        "add_tags": ["x"],
        "remove_tags": [],
        "add_categories": [],
        "remove_categories": ["Films"],
    }


def test_a_medium_s_file_is_replaced_and_restored(gateway: FakeGateway, tmp_path: Path) -> None:
    film = tmp_path / "new cut.mp4"
    film.write_bytes(b"frames")
    answer = {"media_id": "m1", "version": 17, "token": "t"}
    gateway.answers("PUT /api/v1/media/m1/content", answer)
    gateway.answers("POST /api/v1/media/m1/versions/0/restore", {**answer, "version": 18})
    version = {
        "version": 17,
        "shown": True,
        "status": "ready",
        "name": "new\x1b[2J.mp4",
        "size_bytes": 6,
        "by": "admin",
        "created_at": "2026-01-02T03:04:05Z",
    }
    gateway.answers("GET /api/v1/media/m1/versions", {"items": [version]})
    assert "becomes new cut.mp4" in sluice("versions", "replace", "m1", str(film)).stdout
    assert "as version 18" in sluice("versions", "restore", "m1", "0").stdout
    listed = sluice("versions", "list", "m1").stdout
    assert "shown" in listed
    assert "\x1b" not in listed
    assert objects(sluice("versions", "list", "m1", "--json")) == [version]
    missing = sluice("versions", "replace", "m1", str(tmp_path / "none.mp4"))
    assert missing.exit_code == Exit.USAGE
