"""Accounts: made, changed and erased by who may; keys and invitations with them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connectors.sealing import CannotOpen, open_sealed
from gateway.auth.accounts import Personal
from schemas.events import UserChanged
from tests.unit.gateway.checks import anonymous, assert_problem, upload
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.people import PASSWORD, Person, bearing, header_of, person, signed_in

REGISTER = "/api/v1/auth/register"


async def registers(w: World, login: str = "new", **more: str) -> int:
    async with anonymous(w) as client:
        body = {"login": login, "password": PASSWORD, **more}
        return (await client.post(REGISTER, json=body)).status_code


async def invitation(w: World, **more: object) -> str:
    answer = await w.client.post("/api/v1/invitations", json=more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["invitation"])


async def test_where_it_is_open_anyone_makes_an_account_to_look(tmp_path: Path) -> None:
    async with world(tmp_path, registration="open") as w:
        assert await registers(w) == 202
        await signed_in(w, Person("", "new"))
        (user,) = (await w.client.get("/api/v1/users")).json()["items"]
        assert (user["login"], user["role"]) == ("new", "viewer")


async def test_it_is_not_told_which_names_are_taken(tmp_path: Path) -> None:
    async with world(tmp_path, registration="open") as w, anonymous(w) as client:
        await person(w, "ada", email="ada@example.org")
        said = set()
        for login in ("ada", "ada@example.org", "someone.else"):
            answer = await client.post(REGISTER, json={"login": login, "password": "a fine password"})
            said.add((answer.status_code, answer.text))
        assert len(said) == 1
        await signed_in(w, Person("", "ada"))


@pytest.mark.parametrize("policy", ["invited", "closed"])
async def test_elsewhere_not(tmp_path: Path, policy: str) -> None:
    async with world(tmp_path, registration=policy) as w:
        assert await registers(w) == 403
        assert await registers(w, invitation="sli_x_y") == 403
        assert await registers(w, invitation=await invitation(w)) == (202 if policy == "invited" else 403)


async def test_an_invitation_is_good_once_and_gives_its_role(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        text = await invitation(w, role="editor", note="for Ada")
        (kept,) = (await w.client.get("/api/v1/invitations")).json()["items"]
        assert (kept["role"], kept["note"], "invitation" in kept) == ("editor", "for Ada", False)
        await person(w, "taken")
        assert await registers(w, "taken", invitation=text) == 409
        assert await registers(w, "ada", invitation=text + "x") == 403
        assert await registers(w, "ada", invitation=text) == 202
        assert await registers(w, "bob", invitation=text) == 403
        users = (await w.client.get("/api/v1/users?role=editor")).json()["items"]
        assert [user["login"] for user in users] == ["ada"]
        assert (await w.client.get("/api/v1/invitations")).json()["items"] == []


async def test_an_invitation_ends_with_its_time_or_a_word(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        late, withdrawn = await invitation(w, days=1), await invitation(w)
        id = withdrawn.split("_")[1]
        assert (await w.client.delete(f"/api/v1/invitations/{id}")).status_code == 204
        assert (await w.client.delete(f"/api/v1/invitations/{id}")).status_code == 404
        w.clock.move(days=1)
        assert [await registers(w, invitation=text) for text in (late, withdrawn)] == [403, 403]


@pytest.mark.parametrize(
    ("login", "code"),
    [
        ("a", "bad-login"),
        ("a b", "bad-login"),
        ("../x", "bad-login"),
        ("a@b@c", "bad-email"),
        ("@", "bad-email"),
    ],
)
async def test_a_name_is_one_word_or_an_address(tmp_path: Path, login: str, code: str) -> None:
    async with world(tmp_path) as w:
        answer = await w.client.post("/api/v1/users", json={"login": login, "password": PASSWORD})
        assert_problem(answer, 422, code)


@pytest.mark.parametrize(
    "password", ["short", "password1", "PASSWORD1", "iloveyou2", "ada.lovelace", "x" * 257]
)
async def test_passwords_that_others_guess_are_refused(tmp_path: Path, password: str) -> None:
    async with world(tmp_path) as w:
        answer = await w.client.post("/api/v1/users", json={"login": "ada.lovelace", "password": password})
        assert answer.status_code == 422


async def test_a_long_password_counts_to_its_end(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        long = "a fine long password " * 12
        await w.client.post("/api/v1/users", json={"login": "ada", "password": long})
        for tried, status in ((long, 200), (long[:-1] + "x", 401), (long[:72], 401)):
            answer = await client.post("/api/v1/auth/login", json={"login": "ada", "password": tried})
            assert answer.status_code == status


async def test_people_change_what_they_are_called_and_sign_in_as(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada, _bob = await person(w, "ada"), await person(w, "bob")
        headers = await header_of(w, ada)
        answer = await client.patch("/api/v1/users/me", json={"login": "bob"}, headers=headers)
        assert_problem(answer, 409, "name-taken")
        body = {"login": "countess", "email": "c@example.org", "name": "Ada"}
        answer = await client.patch("/api/v1/users/me", json=body, headers=headers)
        assert {k: answer.json()["user"][k] for k in body} == body
        await signed_in(w, Person("", "countess"))
        await signed_in(w, Person("", "c@example.org"))
        free = await client.post("/api/v1/auth/login", json={"login": "ada", "password": PASSWORD})
        assert free.status_code == 401
        answer = await client.patch("/api/v1/users/me", json={"name": None}, headers=headers)
        assert (answer.json()["user"]["name"], answer.json()["user"]["email"]) == (None, "c@example.org")


async def test_others_are_none_of_ones_business(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada, bob = await person(w, "ada"), await person(w, "bob")
        headers = await header_of(w, ada)
        for path in (f"/api/v1/users/{bob.id}", f"/api/v1/users/{bob.id}/export", "/api/v1/users/nobody"):
            assert_problem(await client.get(path, headers=headers), 404, "user-not-found")
        answer = await client.delete(f"/api/v1/users/{bob.id}", headers=headers)
        assert_problem(answer, 404, "user-not-found")
        await signed_in(w, bob)


async def test_nobody_changes_their_own_role(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w, "ada", role="admin")
        headers = await header_of(w, ada)
        answer = await client.patch(f"/api/v1/users/{ada.id}", json={"role": "viewer"}, headers=headers)
        assert_problem(answer, 409, "own-account")


async def test_an_erased_person_is_gone_from_the_log_too(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w, "ada", email="ada@example.org")
        tokens = await signed_in(w, ada)
        headers = bearing(tokens["access_token"])
        kept = w.services.identity.directory.credential("user-key", ada.id)
        assert kept is not None
        answer = await client.delete("/api/v1/users/me", headers=headers)
        assert answer.status_code == 202
        assert (await client.get("/api/v1/users/me", headers=headers)).status_code == 401
        shown = (await w.client.get(f"/api/v1/users/{ada.id}")).json()
        assert (shown["login"], shown["email"], shown["state"]) == (None, None, "erased")
        assert (await w.client.get("/api/v1/users")).json()["items"] == []
        first = next(e for e in w.publisher.events if isinstance(e, UserChanged))
        assert first.personal is not None
        read = Personal.read(open_sealed(kept.value, first.personal, f"user/{ada.id}"))
        assert read.email == "ada@example.org", "with the key, which is withdrawn, it could be read"
        with pytest.raises(CannotOpen):
            open_sealed(b"k" * 32, first.personal, f"user/{ada.id}")
        assert w.services.identity.directory.credential("user-key", ada.id) is None
        w.clock.move(seconds=61)
        await person(w, "ada", email="ada@example.org")


async def test_what_is_kept_about_someone_is_theirs_to_have(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w, "ada", role="editor", email="ada@example.org")
        headers = await header_of(w, ada)
        await client.post("/api/v1/media?name=clip.mp4", content=b"film", headers=headers)
        await upload(w)
        await client.post("/api/v1/keys", json={"name": "k", "scopes": ["media:read"]}, headers=headers)
        said = (await client.get("/api/v1/users/me/export", headers=headers)).json()
        assert said["user"]["email"] == "ada@example.org"
        assert [m["name"] for m in said["media"]] == ["clip.mp4"]
        assert [k["name"] for k in said["keys"]] == ["k"]
        assert len(said["sessions"]) == 1
        assert "digest" not in str(said)
        told = {each["action"] for each in said["audit"]}
        assert told == {"key.made", "media.uploaded", "session.opened"}


async def test_a_key_does_what_it_is_for_and_nothing_else(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w, "ada", role="editor")
        headers = await header_of(w, ada)
        body = {"name": "reader", "scopes": ["media:read"], "days": 2}
        made = (await client.post("/api/v1/keys", json=body, headers=headers)).json()
        key = bearing(made["key"])
        assert (await client.get("/api/v1/media", headers=key)).status_code == 200
        answer = await client.post("/api/v1/media?name=x", content=b"x", headers=key)
        assert_problem(answer, 403, "not-allowed")
        assert_problem(await client.post("/api/v1/keys", json=body, headers=key), 403, "not-allowed")
        (listed,) = (await client.get("/api/v1/keys", headers=headers)).json()["items"]
        assert (listed["id"], listed["scopes"], "key" in listed) == (made["id"], ["media:read"], False)
        for wrong in (made["key"] + "x", made["key"][:-1], "slk_", "slk__", f"slk_{made['id']}_"):
            assert (await client.get("/api/v1/media", headers=bearing(wrong))).status_code == 401
        w.clock.move(days=2)
        assert (await client.get("/api/v1/media", headers=key)).status_code == 401


async def test_a_key_never_allows_more_than_its_maker_may(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w, "ada", role="editor")
        headers = await header_of(w, ada)
        body = {"name": "k", "scopes": ["users:read"]}
        assert_problem(await client.post("/api/v1/keys", json=body, headers=headers), 403, "not-allowed")
        body = {"name": "k", "scopes": ["media:write"]}
        key = bearing((await client.post("/api/v1/keys", json=body, headers=headers)).json()["key"])
        await w.client.patch(f"/api/v1/users/{ada.id}", json={"role": "viewer"})
        answer = await client.post("/api/v1/media?name=x", content=b"x", headers=key)
        assert_problem(answer, 403, "not-allowed")
        await w.client.patch(f"/api/v1/users/{ada.id}", json={"state": "disabled"})
        assert (await client.get("/api/v1/media", headers=key)).status_code == 401


async def test_a_key_is_withdrawn_by_its_maker(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada, bob = await person(w, "ada"), await person(w, "bob")
        headers = await header_of(w, ada)
        body = {"name": "k", "scopes": ["media:read"]}
        made = (await client.post("/api/v1/keys", json=body, headers=headers)).json()
        path = f"/api/v1/keys/{made['id']}"
        answer = await client.delete(path, headers=await header_of(w, bob))
        assert_problem(answer, 404, "key-not-found")
        assert (await client.delete(path, headers=headers)).status_code == 204
        assert (await client.get("/api/v1/media", headers=bearing(made["key"]))).status_code == 401


async def test_two_who_change_one_account_at_once_do_not_lose_one_change(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w, "ada")
        taken = await w.services.identity.claims.take(f"user/{ada.id}/2", timedelta(minutes=1))
        assert taken
        answer = await w.client.patch(f"/api/v1/users/{ada.id}", json={"role": "editor"})
        assert_problem(answer, 409, "being-changed")
        w.clock.move(seconds=61)
        assert (await w.client.patch(f"/api/v1/users/{ada.id}", json={"role": "editor"})).status_code == 200
