"""What stands behind the gateway goes away: what can be answered is, the rest is refused, and all heals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from deploy.local.readiness import accepts
from schemas.events import new_id
from tests.client import until
from tests.drills.scene import Scene

PASSWORD = "a password for drills"
HEALED_WITHIN_S = 10


@contextmanager
def away(scene: Scene, child: str) -> Iterator[None]:
    """A server that is dead, and stays so for as long as the context lasts."""
    server = scene.stack.children[child]
    server.hold()
    server.kill()
    try:
        yield
    finally:
        server.release()


@pytest.fixture
def someone(scene: Scene) -> Iterator[httpx.Client]:
    """A client of someone who has signed in."""
    login = f"p{new_id()[-12:]}"
    with scene.client.http as http:
        body = {"login": login, "password": PASSWORD, "role": "editor"}
        assert http.post("/api/v1/users", json=body).status_code == 201
        signed = http.post("/api/v1/auth/login", json={"login": login, "password": PASSWORD}).json()
    headers = {"Authorization": f"Bearer {signed['access_token']}"}
    with httpx.Client(base_url=scene.client.url, headers=headers, timeout=60) as client:
        yield client


def put(http: httpx.Client) -> httpx.Response:
    return http.post("/api/v1/media", params={"name": "a.txt"}, content=new_id().encode())


def refused(answer: httpx.Response) -> bool:
    """Whether it says that it can't be done now, and when to ask again."""
    return answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0


def until_refused_at_once(ask: Callable[[], httpx.Response]) -> None:
    """It is refused, and in the end without waiting for what is away."""
    until(lambda: refused(ask()), "a refusal")
    until(lambda: refused(answer := ask()) and answer.elapsed.total_seconds() < 1, "a quick refusal")


def until_healed(scene: Scene, is_back: Callable[[], bool], *asks: Callable[[], httpx.Response]) -> None:
    """What was away is back, and soon afterwards everything is answered again."""
    until(is_back, "it to be back")
    took = scene.seconds_until(
        lambda: all(ask().is_success for ask in asks) and scene.client.is_ready(), "all to be answered"
    )
    assert took < HEALED_WITHIN_S


def test_the_database_is_away(scene: Scene, someone: httpx.Client) -> None:
    address = urlsplit(scene.stack.endpoints.mongodb_url).netloc
    with away(scene, "database"):
        until_refused_at_once(lambda: someone.get("/api/v1/media"))
        assert someone.get("/api/v1/auth/whoami").status_code == 200
        assert someone.get("/health").status_code == 200
        checks = someone.get("/ready").json()["checks"]
        assert (checks["mongodb"]["ok"], checks["kafka"]["ok"]) == (False, True)
        assert checks["mongodb"]["breaker"] in ("open", "half-open")
        text = someone.get("/metrics").text
        assert 'sluice_breaker_state{dependency="mongodb",state="closed"} 0.0' in text
        key = {"Idempotency-Key": new_id()}
        assert refused(someone.post("/api/v1/media", params={"name": "a"}, content=b"a", headers=key))
    until_healed(scene, lambda: accepts(address), lambda: someone.get("/api/v1/media"), lambda: put(someone))


def test_kafka_is_away(scene: Scene, someone: httpx.Client) -> None:
    with away(scene, "kafka"), scene.client.http as admin:
        until_refused_at_once(lambda: put(admin))
        assert admin.get("/api/v1/media").status_code == 200
        until_refused_at_once(lambda: someone.get("/api/v1/media"))
        checks = admin.get("/ready").json()["checks"]
        assert [checks[name]["ok"] for name in ("kafka", "accounts", "mongodb")] == [False, False, True]
    until_healed(
        scene,
        lambda: accepts(scene.stack.endpoints.kafka.bootstrap),
        lambda: someone.get("/api/v1/media"),
        lambda: put(someone),
    )


def test_the_store_is_away(scene: Scene, someone: httpx.Client) -> None:
    film = scene.source(seconds=1).read_bytes()
    media_id = someone.post("/api/v1/media", params={"name": "a.mp4"}, content=film).json()["media"]["id"]
    scene.client.until_media(media_id, "ready")  # until then it may still become a rejected one
    content = f"/api/v1/media/{media_id}/content"
    blobs: Path = scene.stack.home.blobs
    gone = blobs.rename(blobs.with_name("elsewhere"))
    try:
        until_refused_at_once(lambda: someone.get(content))
        until_refused_at_once(lambda: put(someone))
        assert someone.get("/api/v1/media").status_code == 200
    finally:
        gone.rename(blobs)
    until_healed(scene, lambda: True, lambda: someone.get(content), lambda: put(someone))
