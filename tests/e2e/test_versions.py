"""A medium's file is replaced and restored on a whole stack: looked at, shown, played, undone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, until
from tests.clips import clip


@pytest.fixture(scope="module")
def films(clips: Path) -> list[Path]:
    return [clip(clips / "first.mp4", seconds=1), clip(clips / "second.mp4", seconds=2)]


def at(client: Client, id: str, version: int) -> dict[str, Any]:
    """The medium, once it is at that version."""

    def look() -> dict[str, Any] | None:
        found = client.get(f"/api/v1/media/{id}")
        return found if found["version"] == version else None

    return until(look, f"medium {id} at version {version}")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_replacement_is_looked_at_shown_and_undone(client: Client, films: list[Path]) -> None:
    first, second = (film.read_bytes() for film in films)
    id = client.upload(films[0])["media"]["id"]
    client.until_media(id, "ready")
    path = f"/api/v1/media/{id}"
    with client.http as http:
        http.patch(path, json={"title": "Replaced", "tags": [id]})
        version = http.put(f"{path}/content?name=second.mp4", content=second).json()["version"]
        shown = at(client, id, version)
        assert (shown["title"], shown["sha256"], shown["name"]) == ("Replaced", sha256(second), "first.mp4")
        assert http.get(f"{path}/content").content == second
        until(lambda: client.get(path)["images"], "its pictures")
        job = http.post(f"{path}/transcode", json={"profile": "preview"}).json()["job"]["id"]
        assert client.until_job(job, "completed")["media_id"] == id

        refused = http.put(f"{path}/content?name=x.mp4", content=b"no film at all").json()["version"]
        versions = f"{path}/versions"
        until(
            lambda: client.get(versions)["items"][0]["status"] == "rejected", "the replacement to be refused"
        )
        assert client.get(path)["version"] == version
        assert http.post(f"{versions}/{refused}/restore").status_code == 409

        restored = http.post(f"{versions}/0/restore").json()["version"]
        assert at(client, id, restored)["sha256"] == sha256(first)
        assert http.get(f"{path}/content").content == first
        assert http.get(f"{versions}/{version}/content").content == second
        assert http.delete(f"{versions}/{version}").status_code == 202
        until(
            lambda: [each["version"] for each in client.get(versions)["items"]] == [restored, refused, 0],
            "the version to go",
        )
        order = {"versions_kept": 0, "tag": id, "delete": True}
        policy = http.post("/api/v1/care/retention", json=order).json()["job"]
        output = client.until_job(policy["id"], "completed")["output"]["url"]
        assert client.get(output)["going"] == 2
        until(lambda: len(client.get(versions)["items"]) == 1, "the old versions to go")
        token = http.delete(path).json()["token"]
        assert http.get(path, params={"token": token}).status_code == 410
