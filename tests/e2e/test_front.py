"""The front proxy with the configuration that is shipped: real nginx before a real gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from deploy.local.stack import Stack
from tests.client import Client
from tests.clips import clip, marked
from tests.front import front


@pytest.fixture(scope="module")
def proxied(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    behind = urlsplit(stack.endpoints.urls[1]).netloc
    with front(tmp_path_factory.mktemp("front"), [behind], stack.home.blobs) as (proxy, _):
        yield Client(proxy, stack.token)


@pytest.fixture(scope="module")
def film(proxied: Client, clips: Path) -> tuple[str, bytes]:
    """A film that went in through the proxy, and its bytes."""
    path = marked(clip(clips / "front.mp4"), clips / "front-1.mp4", "front")
    media_id = proxied.upload(path)["media"]["id"]
    proxied.until_media(media_id, "ready")
    return media_id, path.read_bytes()


def test_the_proxy_sends_what_the_gateway_would_and_says_the_same_of_it(
    proxied: Client, client: Client, film: tuple[str, bytes]
) -> None:
    media_id, content = film
    path = f"/api/v1/media/{media_id}/content"
    with proxied.http as through, client.http as alone:
        ours, plain = through.get(path), alone.get(path)
    assert (ours.status_code, ours.content) == (200, content) == (plain.status_code, plain.content)
    kept = (
        "content-type",
        "content-disposition",
        "content-security-policy",
        "cache-control",
        "cross-origin-resource-policy",
        "x-content-type-options",
        "referrer-policy",
        "permissions-policy",
        "accept-ranges",
    )
    assert {name: ours.headers.get(name) for name in kept} == {n: plain.headers.get(n) for n in kept}
    assert ours.headers["server"].startswith("nginx")
    assert "x-accel-redirect" not in ours.headers
    assert len(ours.headers["x-request-id"]) > 8


def test_ranges_and_conditions_are_answered_by_the_proxy(proxied: Client, film: tuple[str, bytes]) -> None:
    media_id, content = film
    with proxied.http as http:
        played = http.post(f"/api/v1/media/{media_id}/playback", json={"method": "direct"}).json()["url"]
    with httpx.Client(base_url=proxied.url) as http:
        head = http.head(played)
        assert (head.status_code, int(head.headers["content-length"])) == (200, len(content))
        assert head.headers["access-control-allow-origin"] == "*"
        part = http.get(played, headers={"Range": "bytes=100-299", "If-Range": head.headers["etag"]})
        assert (part.status_code, part.content) == (206, content[100:300])
        stale = http.get(played, headers={"Range": "bytes=100-299", "If-Range": '"another"'})
        assert (stale.status_code, stale.content) == (200, content)
        known = http.get(played, headers={"If-None-Match": head.headers["etag"]})
        assert known.status_code == 304
        beyond = http.get(played, headers={"Range": f"bytes={len(content)}-"})
        assert beyond.status_code == 416


def test_blobs_are_not_to_be_had_by_asking_the_proxy_for_them(
    proxied: Client, stack: Stack, film: tuple[str, bytes]
) -> None:
    names = [str(path.relative_to(stack.home.blobs)) for path in (stack.home.blobs / "raw").rglob("*")]
    with httpx.Client(base_url=proxied.url) as http:
        for name in (*names, "../token", "..%2ftoken"):
            assert http.get(f"/_blobs/{name}").status_code == 404
    assert names


def test_live_events_and_uploads_flow_through(proxied: Client, clips: Path) -> None:
    path = marked(clip(clips / "live.mp4"), clips / "live-1.mp4", "live")
    with proxied.http as http, http.stream("GET", "/api/v1/events", timeout=60) as live:
        assert live.status_code == 200
        media_id = proxied.upload(path)["media"]["id"]
        assert next(line for line in live.iter_lines() if media_id in line)
