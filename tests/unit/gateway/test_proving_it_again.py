"""Who changes how they sign in proves who they are once more; and what becomes of a page's former session."""

from __future__ import annotations

from pathlib import Path

from schemas.events import SessionChanged
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import world
from tests.unit.gateway.people import PASSWORD, bearing, header_of, person, signed_in
from tests.unit.gateway.test_cookies import ACCESS, ORIGIN, REFRESH, page

ME = "/api/v1/users/me"
LOGIN = "/api/v1/auth/login"


async def test_who_changes_a_name_to_sign_in_by_proves_it_again(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        headers = await header_of(w, await person(w, "ada", email="ada@example.org"))
        assert (await client.patch(ME, json={"login": "soon"}, headers=headers)).status_code == 200
        w.clock.move(minutes=10, seconds=1)
        for body in ({"login": "eve"}, {"email": "eve@example.org"}, {"email": None}):
            assert_problem(await client.patch(ME, json=body, headers=headers), 403, "prove-it")
            answer = await client.patch(ME, json={**body, "current": "guessed it"}, headers=headers)
            assert_problem(answer, 403, "wrong-password")
        same = {"login": "soon", "email": "ada@example.org", "name": "Ada"}
        assert (await client.patch(ME, json=same, headers=headers)).status_code == 200
        proven = {"login": "countess", "current": PASSWORD}
        assert (await client.patch(ME, json=proven, headers=headers)).status_code == 200


async def test_a_key_alone_does_not_change_a_name_to_sign_in_by(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        headers = await header_of(w, await person(w))
        order = {"name": "k", "scopes": ["account"]}
        key = bearing((await client.post("/api/v1/keys", json=order, headers=headers)).json()["key"])
        assert_problem(await client.patch(ME, json={"login": "eve"}, headers=key), 403, "prove-it")
        assert (await client.patch(ME, json={"name": "Ada"}, headers=key)).status_code == 200


async def test_a_password_is_not_guessed_that_way_either(tmp_path: Path) -> None:
    async with world(tmp_path, limit_logins="2/5m") as w, anonymous(w) as client:
        headers = await header_of(w, await person(w))
        body = {"login": "eve", "current": "guessed it"}
        tried = [(await client.patch(ME, json=body, headers=headers)).status_code for _ in range(3)]
        assert tried == [403, 403, 429]


async def test_administrators_change_their_own_password_as_everyone_does(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada, bob = await person(w, "ada", role="admin"), await person(w, "bob")
        headers, new = await header_of(w, ada), {"password": "another horse entirely"}
        for own in (ada.id, "me"):
            answer = await client.post(f"/api/v1/users/{own}/password", json=new, headers=headers)
            assert_problem(answer, 409, "own-account")
        answer = await client.post(f"/api/v1/users/{bob.id}/password", json=new, headers=headers)
        assert answer.status_code == 204


async def test_a_page_that_signs_in_anew_ends_the_session_that_it_had(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w)
        other = await signed_in(w, ada)
        async with page(w) as (browser, first):
            body = {"login": "ada", "password": PASSWORD, "cookies": True}
            for had in ({REFRESH, ACCESS}, {REFRESH}, {ACCESS}):
                before = {name: browser.cookies[name] for name in (ACCESS, REFRESH)}
                for name in {ACCESS, REFRESH} - had:
                    browser.cookies.delete(name)
                answer = await browser.post(LOGIN, json=body, headers={"Origin": ORIGIN})
                assert answer.status_code == 200, answer.text
                former = bearing(before[ACCESS])
                assert (await client.get(ME, headers=former)).status_code == 401, had
                renewed = await client.post("/api/v1/auth/refresh", json={"refresh_token": before[REFRESH]})
                assert renewed.status_code == 401
        assert (await client.get(ME, headers=bearing(other["access_token"]))).status_code == 200
        closed = [e for e in w.publisher.events if isinstance(e, SessionChanged) and e.state == "closed"]
        assert (closed[0].session_id, {e.reason for e in closed}) == (first["session_id"], {"replaced"})


async def test_who_fails_to_sign_in_anew_keeps_what_they_had(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await person(w)
        async with page(w) as (browser, _):
            body = {"login": "ada", "password": "not it at all", "cookies": True}
            assert (await browser.post(LOGIN, json=body, headers={"Origin": ORIGIN})).status_code == 401
            assert (await browser.get(ME)).status_code == 200
