"""Pages of other origins may use the API where they are named, with a token and never by a cookie."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import settings_for, world

HOME, OTHER = "https://app.example.org", "https://other.example.org"
ASKED = {
    "Access-Control-Request-Method": "DELETE",
    "Access-Control-Request-Headers": "authorization, idempotency-key, sluice-token",
}


async def test_a_page_that_is_let_in_is_told_so_beforehand(tmp_path: Path) -> None:
    async with world(tmp_path, page_origins=(HOME,)) as w, anonymous(w) as client:
        for path in ("/api/v1/media/m1", "/api/jobs/add", "/upload"):
            told = await client.options(path, headers={"Origin": HOME, **ASKED})
            assert (told.status_code, told.headers["access-control-allow-origin"]) == (200, HOME)
            assert "Idempotency-Key" in told.headers["access-control-allow-headers"]
            assert "access-control-allow-credentials" not in told.headers
            refused = await client.options(path, headers={"Origin": OTHER, **ASKED})
            assert refused.status_code == 400
            assert "access-control-allow-origin" not in refused.headers


async def test_it_can_read_answers_and_problems(tmp_path: Path) -> None:
    async with world(tmp_path, page_origins=(HOME, "http://localhost:5173")) as w, anonymous(w) as client:
        for origin in (HOME, "http://localhost:5173"):
            said = await w.client.get("/api/v1/media", headers={"Origin": origin})
            assert (said.status_code, said.headers["access-control-allow-origin"]) == (200, origin)
            assert "Sluice-Token" in said.headers["access-control-expose-headers"]
            assert "Origin" in said.headers["vary"]
            problem = await client.get("/api/v1/media", headers={"Origin": origin})
            assert_problem(problem, 401, "unauthorized")
            assert problem.headers["access-control-allow-origin"] == origin
        said = await w.client.get("/api/v1/media", headers={"Origin": OTHER})
        assert "access-control-allow-origin" not in said.headers


async def test_nobody_is_let_in_without_being_named(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        said = await w.client.get("/api/v1/media", headers={"Origin": HOME})
        assert "access-control-allow-origin" not in said.headers
        told = await w.client.options("/api/v1/media", headers={"Origin": HOME, **ASKED})
        assert "access-control-allow-origin" not in told.headers


async def test_players_are_told_what_they_always_are(tmp_path: Path) -> None:
    async with world(tmp_path, page_origins=(HOME,)) as w:
        for origin in (HOME, OTHER):
            said = await w.client.get("/stream/x/master.m3u8", headers={"Origin": origin})
            assert said.headers.get_list("access-control-allow-origin") == ["*"]


@pytest.mark.parametrize(
    "origins", ["*", "app.example.org", "https://app.example.org/", "https://*.example.org"]
)
def test_what_is_no_origin_is_refused(tmp_path: Path, origins: str) -> None:
    with pytest.raises(ValidationError):
        settings_for(tmp_path, page_origins=origins)


def test_origins_are_separated_by_commas(tmp_path: Path) -> None:
    assert settings_for(tmp_path, page_origins=f"{HOME}, {OTHER},").page_origins == (HOME, OTHER)
