"""Clients of the older systems, as they were written: they know neither our tokens nor our problems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.stack import Stack
from schemas.events import new_id
from tests.client import until
from tests.clips import clip, marked

PASSWORD = "a password for tests"


@pytest.fixture(scope="module")
def login(stack: Stack) -> str:
    """Someone who may make things."""
    name = f"p{new_id().replace('-', '')[-12:]}"
    body = {"login": name, "password": PASSWORD, "role": "editor"}
    admin = {"Authorization": f"Bearer {stack.token}"}
    assert httpx.post(f"{stack.url}/api/v1/users", json=body, headers=admin).status_code == 201
    return name


@pytest.fixture
def http(stack: Stack) -> httpx.Client:
    return httpx.Client(base_url=stack.url or "", timeout=60)


def until_told(http: httpx.Client, path: str, *statuses: str) -> dict[str, Any]:
    """What is told of a job once it is in one of these states."""

    def look() -> dict[str, Any] | None:
        answer = http.get(path)
        said: dict[str, Any] = answer.json()
        return said if answer.status_code == 200 and said["status"] in statuses else None

    return until(look, f"{path} to be {' or '.join(statuses)}")


def test_a_client_of_the_transcoding_service(http: httpx.Client, login: str, clips: Path) -> None:
    token = http.get("/get-token", auth=(login, PASSWORD)).json()["token"]
    http.headers["Authorization"] = f"Bearer {token}"
    with clip(clips / "old-upload.mp4", seconds=2).open("rb") as file:
        fields = {"format": "preview", "email": "ada@example.org"}
        answer = http.post("/upload", files={"file": ("old-upload.mp4", file)}, data=fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["deprecation"].startswith("@")
    job_id = answer.json()["job_id"]
    done = until_told(http, f"/status/{job_id}", "COMPLETED")
    assert (done["progress"], done["error"]) == (100, None)
    assert http.get(done["download_url"]).content[4:8] == b"ftyp"
    listed = {job["job_id"]: job["status"] for job in http.get("/jobs").json()["jobs"]}
    assert listed[job_id] == "COMPLETED"


def test_a_client_of_the_farm(http: httpx.Client, login: str, slow_film: Path, clips: Path) -> None:
    assert http.get("/health").status_code == 200
    said = http.post("/api/auth/login", json={"username": login, "password": PASSWORD}).json()
    http.headers["Authorization"] = f"Bearer {said['token']}"
    film = marked(slow_film, clips / "old-farm.mp4", "farm")
    assert http.post("/api/v1/media?name=old-farm.mp4", content=film.read_bytes()).status_code == 202
    order = {"input_file": "old-farm.mp4", "preset": "preview"}
    added = until(
        lambda: _accepted(http.post("/api/jobs/add", json=order)), "the medium to be found by its name"
    )
    status = f"/api/jobs/status/{added['job_id']}"
    until_told(http, status, "queued", "processing")
    cancelled = http.post(f"/api/jobs/cancel/{added['job_id']}")
    assert cancelled.status_code == 200, cancelled.text
    until_told(http, status, "cancelled")
    again = http.post(f"/api/jobs/cancel/{added['job_id']}")
    assert (again.status_code, bool(again.json()["error"])) == (409, True)
    assert added["job_id"] in {job["job_id"] for job in http.get("/api/jobs/list").json()["jobs"]}


def _accepted(answer: httpx.Response) -> dict[str, Any] | None:
    said: dict[str, Any] = answer.json()
    return said if answer.status_code == 200 else None
