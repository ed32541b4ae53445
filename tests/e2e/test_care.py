"""Care of a real store: what nobody needs is found and goes, and a flipped byte is found by a schedule."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.clips import run
from tests.e2e.drawing import X264, lavfi

ORPHAN = b"of a medium that is gone"


@pytest.fixture(scope="module")
def medium(client: Client, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A medium of bytes that no other test has."""
    graph = "testsrc2=size=320x180:rate=25:duration=1,hue=h=37"
    clip = run(*lavfi(graph), *X264, to=tmp_path_factory.mktemp("care") / "care.mp4")
    return client.until_media(client.upload(clip)["media"]["id"], "ready")


def done(client: Client, path: str, options: Any = None) -> dict[str, Any]:
    """What came of a chore, once it is through."""
    answer = client.post(path, options)
    assert answer.status_code == 202, answer.text
    job = client.until_job(answer.json()["job"]["id"], "completed")
    return {"job": job, **client.get(job["output"]["url"])}


def test_an_orphan_is_told_of_and_then_removed(client: Client, blobs: Path, medium: dict[str, Any]) -> None:
    digest = hashlib.sha256(ORPHAN).hexdigest()
    orphan = blobs / "raw" / digest[:2] / digest
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_bytes(ORPHAN)
    kept = blobs / "raw" / medium["sha256"][:2]

    def found(report: dict[str, Any]) -> bool:
        return f"raw/{digest[:2]}/{digest}" in [each["location"] for each in report["areas"]["raw"]["first"]]

    dry = done(client, "/api/v1/care/cleanup", {"grace_s": 0})
    assert found(dry)
    assert (dry["job"]["kind"], dry["job"]["progress"]["fraction"], dry["total"]["removed"]) == (
        "cleanup",
        1,
        0,
    )
    assert orphan.exists()
    report = done(client, "/api/v1/care/cleanup", {"delete": True, "grace_s": 0})
    assert report["total"]["removed"] == report["total"]["orphans"] > 0
    assert not orphan.exists()
    assert list(kept.glob(f"{medium['sha256']}*"))


def test_a_schedule_s_scrub_finds_a_flipped_byte(client: Client, blobs: Path, medium: dict[str, Any]) -> None:
    (path,) = (blobs / "raw" / medium["sha256"][:2]).glob(f"{medium['sha256']}*")
    content = path.read_bytes()
    order = {"name": "yearly", "cron": "@yearly", "zone": "Europe/Berlin", "chore": "scrub"}
    assert client.post("/api/v1/schedules", {**order, "options": {"outputs": False}}).status_code == 202
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    report = done(client, "/api/v1/schedules/yearly/run")
    mine = [each for each in report["findings"] if each["id"] == medium["id"]]
    assert [each["what"] for each in mine] == ["changed"]
    assert report["read"] == report["expected"] >= 1
    damaged = client.get(f"/api/v1/media/{medium['id']}")["damaged"]
    assert damaged["what"] == "changed"
    assert damaged["since"] > medium["created_at"]
    path.write_bytes(content)
    again = done(client, "/api/v1/schedules/yearly/run")
    assert again["job"]["id"] != report["job"]["id"]
    assert client.get(f"/api/v1/media/{medium['id']}")["damaged"] is None
    runs = client.get("/api/v1/schedules/yearly/history")["items"]
    assert [run["job"]["id"] for run in runs] == [again["job"]["id"], report["job"]["id"]]
    with client.http as http:
        assert http.delete("/api/v1/schedules/yearly").status_code == 202
