"""Every answer to an older client says that its route is deprecated, and what takes its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.gateway.checks import anonymous
from tests.unit.gateway.fakes import world
from tests.unit.gateway.history import requested, uploaded
from tests.unit.gateway.routes import ANYONE, NEEDS, path_of

SINCE = "@1795305600"  # 2026-11-22T00:00:00Z
CURRENT = "/api/v1/"


@pytest.mark.parametrize(("verb", "template"), [row for row in NEEDS if not row[1].startswith(CURRENT)])
async def test_each_of_their_routes_says_so_in_problems_too(tmp_path: Path, verb: str, template: str) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        answer = await client.request(verb, path_of(verb, template))
        assert answer.status_code == (422 if NEEDS[verb, template] == ANYONE and verb == "POST" else 401)
        assert answer.headers["deprecation"] == SINCE
        assert answer.headers["link"].startswith(f"<{CURRENT}")
        assert answer.headers["link"].endswith('>; rel="successor-version"')
        assert "sunset" not in answer.headers
        if verb != "HEAD":
            assert answer.json()["error"] == answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "successor"),
    [
        ("/jobs", "/api/v1/jobs"),
        ("/status/j1", "/api/v1/jobs/j1"),
        ("/job/j1", "/api/v1/jobs/j1"),
        ("/api/jobs/status/j1", "/api/v1/jobs/j1"),
        ("/status/a%0d%0aSet-Cookie:%20x=1", "/api/v1/jobs/a%0D%0ASet-Cookie%3A%20x%3D1"),
        ("/status/%3E%3Bx", "/api/v1/jobs/%3E%3Bx"),
        ("/Videos/Stream/clip.mp4", "/api/v1/media"),
    ],
)
async def test_what_takes_its_place_is_named_as_far_as_it_is_known(
    tmp_path: Path, path: str, successor: str
) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), requested())
        answer = await w.client.get(path)
        assert answer.headers.get_list("link") == [f'<{successor}>; rel="successor-version"']
        assert "set-cookie" not in answer.headers


async def test_other_routes_say_nothing_of_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        for who, path in ((w.client, "/api/v1/jobs"), (client, "/api/v1/jobs"), (client, "/health")):
            answer = await who.get(path)
            assert "deprecation" not in answer.headers
            assert "link" not in answer.headers
            assert "error" not in answer.json()
