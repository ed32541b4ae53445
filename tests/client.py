"""What a client of the gateway does, for end-to-end tests and drills: real HTTP, generous deadlines."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from deploy.local.trust import trusting

T = TypeVar("T")

DEADLINE_S = 120.0
ENDED = ("completed", "failed", "cancelled")


def until(look: Callable[[], T | None], what: str | Callable[[], str], within_s: float = DEADLINE_S) -> T:
    """The first thing that `look` finds; fails when it finds nothing in time."""
    deadline = time.monotonic() + within_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            awaited = what if isinstance(what, str) else what()
            raise AssertionError(f"waited {within_s:g} s for {awaited}")
        time.sleep(0.05)


@dataclass(frozen=True)
class Client:
    """A gateway and a token for it."""

    url: str
    token: str
    ca: Path | None = None
    """The authority to trust, where it speaks HTTPS."""

    @property
    def http(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=trusting(self.ca))

    def upload(self, path: Path, name: str | None = None, **query: str) -> dict[str, Any]:
        """Uploads a file and returns what the gateway said. Fails on anything but 202."""
        with self.http as http, path.open("rb") as file:
            params = {"name": name or path.name, **query}
            answer = http.post("/api/v1/media", params=params, content=file)
        assert answer.status_code == 202, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """A document. Errors of the connection and 503 are met with another try, for a while."""
        found = self.find(path, **params)
        assert found is not None, f"nothing is at {path}"
        return found

    def find(self, path: str, **params: str) -> dict[str, Any] | None:
        """The same; None where there is none, or where the read models don't show it yet."""

        def look() -> httpx.Response | None:
            try:
                with self.http as http:
                    answer = http.get(path, params=params)
            except httpx.TransportError:
                return None
            return None if answer.status_code == 503 else answer

        answer = until(look, f"an answer to GET {path}")
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def post(self, path: str, body: Any = None) -> httpx.Response:
        with self.http as http:
            return http.post(path, json=body)

    def make_profile(self, order: dict[str, Any]) -> None:
        """Makes or changes a profile. Fails on anything but 202."""
        with self.http as http:
            answer = http.put(f"/api/v1/profiles/{order['name']}", json=order)
        assert answer.status_code == 202, answer.text

    def job(self, job_id: str) -> dict[str, Any]:
        return self.get(f"/api/v1/jobs/{job_id}")

    def is_ready(self) -> bool:
        """Whether the gateway says that it has all that it needs."""
        with self.http as http:
            return http.get("/ready").is_success

    def until_job(self, job_id: str, *states: str) -> dict[str, Any]:
        """The job, once it is in one of these states; fails if it ends in another."""

        def look() -> dict[str, Any] | None:
            job = self.find(f"/api/v1/jobs/{job_id}")
            if job is None:
                return None
            ended = job["state"] in ENDED and job["state"] not in states
            assert not ended, f"the job ended {job['state']}: {job['error']}"
            return job if job["state"] in states else None

        return until(look, lambda: f"job {job_id} to be {' or '.join(states)}; {self.told(job_id)}")

    def told(self, job_id: str) -> str:
        """What its timeline tells of a job, for who waits in vain."""
        timeline = self.find(f"/api/v1/jobs/{job_id}/timeline", limit="200") or {"items": []}
        return "its timeline:\n" + "\n".join(f"{each['at']} {each['text']}" for each in timeline["items"])

    def until_media(self, media_id: str, *states: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            media = self.find(f"/api/v1/media/{media_id}")
            return media if media and media["status"] in states else None

        return until(look, f"medium {media_id} to be {' or '.join(states)}")

    def download(self, path: str, to: Path) -> Path:
        with self.http as http, http.stream("GET", path) as answer:
            answer.raise_for_status()
            with to.open("wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
        return to
