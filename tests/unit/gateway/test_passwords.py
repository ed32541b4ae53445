"""Which passwords will do, and what is the same for all ways to try one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.auth.passwords import LEAST, WORDS, _common, refuse_weak
from gateway.errors import Invalid
from gateway.sessions.schemas import Registration, SignIn
from tests.unit.connectors.test_breached import listed
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import world
from tests.unit.gateway.people import PASSWORD, Person, bearing, person, signed_in


@pytest.mark.parametrize(
    "password",
    ["alllowercase", "ALLUPPERCASE", "93847561029", "!?#%&/()=+", "ééééééééé", "a b c d e", "🎬" * 8],
)
def test_any_composition_will_do(password: str) -> None:
    refuse_weak(password, "ada")


def test_the_list_of_common_ones_is_long_enough() -> None:
    assert len(_common()) >= 3000
    assert all(len(each) >= LEAST for each in _common())


@pytest.mark.parametrize(
    "password",
    [
        "Sluice2026!",
        "..sluice..",
        "ADMINISTRATOR1",
        "!!Viewer!!",
        "12media34",
        "Lovelace1815",
        "l.o.v.e.l.a.c.e",
    ],
)
def test_words_of_this_place_and_ones_own_names_are_refused(password: str) -> None:
    with pytest.raises(Invalid):
        refuse_weak(password, "ada@example.org", "love.lace")


def test_words_may_be_part_of_more() -> None:
    assert "sluice" in WORDS
    refuse_weak("the sluice is open", "ada")


async def test_a_password_counts_as_it_was_typed(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        typed = "  Ünder the Bridge  "
        made = await w.client.post("/api/v1/users", json={"login": "ada", "password": typed})
        assert made.status_code == 201
        for tried in (typed.strip(), typed.lower(), typed.upper(), typed + " ", typed[:-1]):
            answer = await client.post("/api/v1/auth/login", json={"login": "ada", "password": tried})
            assert answer.status_code == 401, tried
        await signed_in(w, Person("", "ada"), typed)


async def test_a_password_does_not_run_out(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        w.clock.move(days=5000)
        await signed_in(w, ada)


async def test_there_is_no_account_at_the_start(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        assert (await w.client.get("/api/v1/users")).json()["items"] == []
        for login in ("admin", "root", "sa", "sluice", "administrator"):
            for password in (login, "password", "admin", "changeme"):
                answer = await client.post("/api/v1/auth/login", json={"login": login, "password": password})
                assert_problem(answer, 401, "unauthorized")


async def test_every_way_to_try_a_password_is_the_same(tmp_path: Path) -> None:
    """In the same words, from the same budget."""
    async with world(tmp_path, limit_logins="3/5m") as w, anonymous(w) as client:
        ada = await person(w)
        wrong = "not it at all"
        said = [
            await client.post("/api/v1/auth/login", json={"login": ada.login, "password": wrong}),
            await client.post("/api/auth/login", json={"username": ada.login, "password": wrong}),
            await client.get("/get-token", auth=(ada.login, wrong)),
        ]
        assert {(a.status_code, a.json()["detail"]) for a in said} == {(401, said[0].json()["detail"])}
        over = [
            await client.post("/api/v1/auth/login", json={"login": ada.login, "password": PASSWORD}),
            await client.post("/api/auth/login", json={"username": ada.login, "password": PASSWORD}),
            await client.get("/get-token", auth=(ada.login, PASSWORD)),
        ]
        assert {answer.status_code for answer in over} == {429}


def test_nothing_but_these_is_asked_of_who_signs_in() -> None:
    assert set(SignIn.model_fields) == {"login", "password", "code", "cookies"}
    assert set(Registration.model_fields) == {"login", "password", "email", "name", "invitation"}


async def test_what_was_stolen_elsewhere_is_no_password_here(tmp_path: Path) -> None:
    stolen = "a password that was stolen"
    file = listed(tmp_path, {stolen, "another", "and one more"})
    async with world(tmp_path, breached_passwords=file, registration="open") as w:
        ada = await person(w)
        headers = bearing((await signed_in(w, ada))["access_token"])
        reset = (await w.client.post(f"/api/v1/users/{ada.id}/password-reset")).json()["reset"]
        asked: tuple[tuple[str, dict[str, str], dict[str, str] | None], ...] = (
            ("/api/v1/users", {"login": "bob", "password": stolen, "role": "viewer"}, None),
            ("/api/v1/auth/register", {"login": "eve", "password": stolen}, {}),
            ("/api/v1/auth/password", {"current": PASSWORD, "new": stolen}, headers),
            ("/api/v1/auth/password-reset", {"reset": reset, "new": stolen}, {}),
        )
        for path, body, who in asked:
            async with anonymous(w) as nobody:
                client = w.client if who is None else nobody
                answer = await client.post(path, json=body, headers=who or {})
            assert_problem(answer, 422, "weak-password")
        assert (await w.client.post("/api/v1/users", json={**asked[0][1], "password": PASSWORD})).is_success
