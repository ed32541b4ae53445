"""What tests of several routes share: an upload, and what every problem document must be."""

from __future__ import annotations

from typing import Any

import httpx

from tests.unit.gateway.fakes import World

DATA = b"not really a film" * 100


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert (said["status"], said["code"]) == (status, code)
    assert said["type"] == f"urn:sluice:problem:{code}"
    assert said["title"]
    assert said["detail"]
    return said


def anonymous(w: World) -> httpx.AsyncClient:
    """A client of the same gateway that has no token."""
    return httpx.AsyncClient(transport=w.client._transport, base_url="http://sluice")


async def upload(to: World, **query: str) -> httpx.Response:
    return await to.client.post("/api/v1/media", params={"name": "clip.mp4", **query}, content=DATA)
