"""Signing in, going on with a session, and what becomes of those who try to get in otherwise."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.events import CredentialChanged, SessionChanged, UserChanged
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.people import PASSWORD, Person, bearing, header_of, person, signed_in


async def renewed(w: World, token: str) -> Any:
    async with anonymous(w) as client:
        return await client.post("/api/v1/auth/refresh", json={"refresh_token": token})


async def answers(w: World, access_token: str) -> int:
    async with anonymous(w) as client:
        return (await client.get("/api/v1/media", headers=bearing(access_token))).status_code


async def test_who_signs_in_is_who_they_are(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w, "ada", role="editor", name="Ada  Lovelace ")
        tokens = await signed_in(w, ada)
        assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
        me = (await client.get("/api/v1/users/me", headers=bearing(tokens["access_token"]))).json()
        assert (me["id"], me["login"], me["role"], me["name"]) == (ada.id, "ada", "editor", "Ada Lovelace")
        who = (await client.get("/api/v1/auth/whoami", headers=bearing(tokens["access_token"]))).json()
        assert (who["id"], who["session_id"]) == (ada.id, tokens["session_id"])
        assert "media:write" in who["permissions"]
        assert "users:read" not in who["permissions"]
        opened = [e for e in w.publisher.events if isinstance(e, SessionChanged)]
        assert [(e.user_id, e.state, e.meta.actor) for e in opened] == [(ada.id, "opened", f"user:{ada.id}")]


async def test_names_are_told_apart_as_people_do(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await person(w, "Ada", email="Ada@Example.org")
        for login in ("ada", " ADA ", "ada@example.ORG"):
            await signed_in(w, Person("", login))
        for taken in ("aDa", "ADA@example.org"):
            answer = await w.client.post("/api/v1/users", json={"login": taken, "password": PASSWORD})
            assert_problem(answer, 409, "name-taken")


async def test_nobody_learns_who_has_an_account(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada, gone = await person(w, "ada"), await person(w, "gone")
        await w.client.patch(f"/api/v1/users/{gone.id}", json={"state": "disabled"})
        tries = [
            (ada.login, "wrong password"),
            ("nobody", PASSWORD),
            (gone.login, PASSWORD),
            ("", "x"),
            ("a" * 254, "x"),
        ]
        said = []
        for login, password in tries:
            answer = await client.post(
                "/api/v1/auth/login", json={"login": login or " ", "password": password}
            )
            body = assert_problem(answer, 401, "unauthorized")
            said.append((body["detail"], body["title"]))
        assert len(set(said)) == 1


async def test_a_password_is_kept_as_a_hash_that_needs_the_secret(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        kept = w.services.identity.directory.credential("password", ada.id)
        assert kept is not None
        assert orjson.loads(kept.value)["hash"].startswith("$2b$04$")
        (event,) = [
            e for e in w.publisher.events if isinstance(e, CredentialChanged) and e.kind == "password"
        ]
        assert event.value is not None
        assert b"$2b$" not in event.value


async def test_what_is_personal_is_sealed_in_the_log(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await person(w, "lovelace", email="ada@example.org", name="Ada")
        for record in w.publisher.records:
            for secret in (b"lovelace", b"ada@example", b"Ada", PASSWORD.encode()):
                assert secret not in record.value
                assert secret not in record.key


async def test_each_refresh_token_is_good_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        tokens = await signed_in(w, await person(w))
        for _round in range(3):
            w.clock.move(seconds=60)
            answer = await renewed(w, tokens["refresh_token"])
            assert answer.json()["session_id"] == tokens["session_id"]
            assert answer.json()["refresh_token"] != tokens["refresh_token"]
            tokens = answer.json()
        assert await answers(w, tokens["access_token"]) == 200


async def test_a_refresh_token_that_is_shown_again_ends_the_session(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        first, other = await signed_in(w, ada), await signed_in(w, ada)
        w.clock.move(seconds=60)
        second = (await renewed(w, first["refresh_token"])).json()
        w.clock.move(seconds=60)
        assert_problem(await renewed(w, first["refresh_token"]), 401, "unauthorized")
        assert_problem(await renewed(w, second["refresh_token"]), 401, "unauthorized")
        assert await answers(w, second["access_token"]) == 401
        assert await answers(w, other["access_token"]) == 200
        closed = [e for e in w.publisher.events if isinstance(e, SessionChanged) and e.state == "closed"]
        assert [(e.session_id, e.reason) for e in closed] == [(first["session_id"], "reused")]


async def test_two_tabs_that_renew_at_once_go_on_together(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        token = (await signed_in(w, await person(w)))["refresh_token"]
        w.clock.move(seconds=60)
        found = await asyncio.gather(*(renewed(w, token) for _tab in range(5)))
        assert {answer.status_code for answer in found} == {200}
        assert len({answer.json()["refresh_token"] for answer in found}) == 1
        w.clock.move(seconds=60)
        assert (await renewed(w, found[0].json()["refresh_token"])).status_code == 200


def changed(token: str) -> list[str]:
    """A refresh token with one of its parts changed: the session, the number, the signature, the mark."""
    said = bytearray(base64.urlsafe_b64decode(token.removeprefix("slr_") + "=="))
    found = []
    for at in (0, 19, len(said) - 1):
        other = bytearray(said)
        other[at] ^= 1
        found.append("slr_" + base64.urlsafe_b64encode(other).decode().rstrip("="))
    return [*found, token.removeprefix("slr_"), token[:-4], "slr_", "", "slr_%%%", "x" * 200]


async def test_a_refresh_token_that_was_changed_is_none(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        tokens = await signed_in(w, await person(w))
        for other in changed(tokens["refresh_token"]):
            assert_problem(await renewed(w, other), 401, "unauthorized")
        assert (await renewed(w, tokens["refresh_token"])).status_code == 200


async def test_an_access_token_is_good_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        token = (await signed_in(w, await person(w)))["access_token"]
        w.clock.move(seconds=899)
        assert await answers(w, token) == 200
        w.clock.move(seconds=1)
        assert await answers(w, token) == 401


async def test_a_session_ends_when_it_is_not_used_and_in_any_case(tmp_path: Path) -> None:
    async with world(tmp_path, session_unused_days=10, session_days=25) as w:
        token = (await signed_in(w, await person(w)))["refresh_token"]
        for _use in range(2):
            w.clock.move(days=9)
            token = (await renewed(w, token)).json()["refresh_token"]
        w.clock.move(days=8)
        assert_problem(await renewed(w, token), 401, "unauthorized")
        token = (await signed_in(w, Person("", "ada")))["refresh_token"]
        w.clock.move(days=11)
        assert_problem(await renewed(w, token), 401, "unauthorized")


async def test_signing_out_ends_the_session_and_no_other(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w)
        first, second = await signed_in(w, ada), await signed_in(w, ada)
        answer = await client.post("/api/v1/auth/logout", headers=bearing(first["access_token"]))
        assert answer.status_code == 204
        assert await answers(w, first["access_token"]) == 401
        assert_problem(await renewed(w, first["refresh_token"]), 401, "unauthorized")
        assert await answers(w, second["access_token"]) == 200


async def test_sessions_are_listed_and_ended_one_by_one(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada, bob = await person(w, "ada"), await person(w, "bob")
        here, there = await signed_in(w, ada), await signed_in(w, ada)
        headers = bearing(here["access_token"])
        items = (await client.get("/api/v1/auth/sessions", headers=headers)).json()["items"]
        assert {(item["id"], item["current"]) for item in items} == {
            (here["session_id"], True),
            (there["session_id"], False),
        }
        path = f"/api/v1/auth/sessions/{there['session_id']}"
        answer = await client.delete(path, headers=await header_of(w, bob))
        assert_problem(answer, 404, "session-not-found")
        assert (await client.delete(path, headers=headers)).status_code == 204
        assert await answers(w, there["access_token"]) == 401
        items = (await client.get("/api/v1/auth/sessions", headers=headers)).json()["items"]
        assert [item["id"] for item in items] == [here["session_id"]]


async def test_a_new_password_ends_every_other_session(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w)
        here, there = await signed_in(w, ada), await signed_in(w, ada)
        w.clock.move(seconds=1)
        headers = bearing(here["access_token"])
        path, new = "/api/v1/auth/password", "another horse entirely"
        answer = await client.post(path, headers=headers, json={"current": "wrong", "new": new})
        assert_problem(answer, 403, "wrong-password")
        answer = await client.post(path, headers=headers, json={"current": PASSWORD, "new": "password1"})
        assert_problem(answer, 422, "weak-password")
        answer = await client.post(path, headers=headers, json={"current": PASSWORD, "new": new})
        assert await answers(w, answer.json()["access_token"]) == 200
        assert [await answers(w, t["access_token"]) for t in (here, there)] == [401, 401]
        assert_problem(await renewed(w, there["refresh_token"]), 401, "unauthorized")
        await signed_in(w, ada, new)


async def test_someone_who_is_disabled_is_out_at_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        tokens = await signed_in(w, ada)
        w.clock.move(seconds=1)
        await w.client.patch(f"/api/v1/users/{ada.id}", json={"state": "disabled"})
        assert await answers(w, tokens["access_token"]) == 401
        assert_problem(await renewed(w, tokens["refresh_token"]), 401, "unauthorized")
        w.clock.move(seconds=1)
        await w.client.patch(f"/api/v1/users/{ada.id}", json={"state": "active"})
        assert await answers(w, tokens["access_token"]) == 401
        await signed_in(w, ada)


async def test_a_role_is_in_force_for_tokens_that_are_out(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w, role="admin")
        headers = await header_of(w, ada)
        assert (await client.get("/api/v1/users", headers=headers)).status_code == 200
        await w.client.patch(f"/api/v1/users/{ada.id}", json={"role": "viewer"})
        assert_problem(await client.get("/api/v1/users", headers=headers), 403, "not-allowed")


async def test_a_replica_that_may_have_missed_something_lets_nobody_in(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w)
        headers = await header_of(w, ada)
        w.publisher.feed.age_s = 14
        assert (await client.get("/api/v1/media", headers=headers)).status_code == 200
        w.publisher.feed.age_s = 16
        answer = await client.get("/api/v1/media", headers=headers)
        assert_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"]
        body = {"login": "ada", "password": PASSWORD}
        assert_problem(await client.post("/api/v1/auth/login", json=body), 503, "unavailable")
        w.publisher.feed.age_s = 0
        assert (await client.get("/api/v1/media", headers=headers)).status_code == 200


async def test_without_the_log_nobody_signs_in_and_nothing_stays(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        await person(w)
        w.publisher.away = True
        answer = await client.post("/api/v1/auth/login", json={"login": "ada", "password": PASSWORD})
        assert_problem(answer, 503, "unavailable")
        assert not w.database.collections["sessions"]


@pytest.mark.parametrize(
    "more", [{"role": "admin"}, {"id": "x"}, {"state": "active"}, {"email_verified": True}, {"groups": ["a"]}]
)
async def test_nothing_is_set_that_was_not_meant_to_be(tmp_path: Path, more: dict[str, Any]) -> None:
    async with world(tmp_path, registration="open") as w, anonymous(w) as client:
        headers = await header_of(w, await person(w))
        body = {"login": "new", "password": PASSWORD, **more}
        assert_problem(await client.post("/api/v1/auth/register", json=body), 422, "invalid")
        answer = await client.patch("/api/v1/users/me", json={"name": "A", **more}, headers=headers)
        assert_problem(answer, 422, "invalid")
        assert len([e for e in w.publisher.events if isinstance(e, UserChanged)]) == 1
