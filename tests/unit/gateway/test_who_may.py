"""Who may do what: every route with every role, from one table that no route can be missing from."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from gateway.app import create_app
from gateway.auth.roles import EVERYTHING, ROLES, permissions_of
from gateway.compat.route import TAG
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import World, make_private_files, settings_for, world
from tests.unit.gateway.people import header_of, person
from tests.unit.gateway.routes import ANYONE, NEEDS, SOMEONE, path_of

_BODY = {"priority": "low"}


def test_the_table_has_every_route(tmp_path: Path) -> None:
    make_private_files(tmp_path)
    app = create_app(settings_for(tmp_path))
    documented = {
        (verb.upper(), path)
        for path, item in app.openapi()["paths"].items()
        for verb, operation in item.items()
        if path.startswith("/api/") or operation["tags"] == [TAG]
    }
    assert {row for row in NEEDS if row[0] != "HEAD"} == documented
    assert set(NEEDS.values()) - {ANYONE, SOMEONE} <= EVERYTHING


@pytest.mark.parametrize("role", ROLES)
async def test_each_route_lets_through_those_whose_role_may(tmp_path: Path, role: str) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        headers = await header_of(w, await person(w, f"a.{role}", role=role))
        for (verb, template), needed in NEEDS.items():
            if template.endswith("/events") or needed == ANYONE:
                continue
            answer = await client.request(verb, path_of(verb, template), headers=headers, json=_BODY)
            refused = answer.status_code == 403 and _code(verb, answer) in ("not-allowed", "")
            assert refused == (needed not in permissions_of(role) | {SOMEONE}), (verb, template, answer.text)
            if template == "/api/v1/auth/logout" and not refused:
                headers = await header_of(w, await person(w, f"b.{role}", role=role))


def _code(verb: str, answer: httpx.Response) -> str:
    return "" if verb == "HEAD" else str(answer.json()["code"])


async def test_a_stream_of_events_wants_to_know_who_follows(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        key = await _key(w, "one.viewer", "media:read")
        answer = await client.get("/api/v1/events", headers={"Authorization": f"Bearer {key}"})
        assert_problem(answer, 403, "not-allowed")


async def _key(w: World, login: str, *scopes: str) -> str:
    headers = await header_of(w, await person(w, login))
    made = await w.client.post("/api/v1/keys", json={"name": "k", "scopes": scopes}, headers=headers)
    return str(made.json()["key"])
