"""A second factor beside the password: set up with an app, asked for from then on, each code good once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyotp
import pytest

from schemas.events import CredentialChanged
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.people import PASSWORD, Person, bearing, header_of, person, signed_in

PATH = "/api/v1/auth/second-factor"


def code_of(w: World, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(w.clock.now(), counter_offset=steps)


async def offered(w: World, headers: dict[str, str], **said: Any) -> dict[str, Any]:
    answer = await w.client.post(PATH, headers=headers, json=said)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


async def set_up(w: World, who: Person) -> tuple[str, list[str], dict[str, str]]:
    """The app's secret, the recovery codes, and the headers of a session that goes on."""
    headers = await header_of(w, who)
    offer = await offered(w, headers)
    said = {"offer": offer["offer"], "code": code_of(w, offer["secret"])}
    answer = await w.client.put(PATH, headers=headers, json=said)
    assert answer.status_code == 200, answer.text
    w.clock.move(seconds=90)
    return offer["secret"], answer.json()["recovery_codes"], headers


async def sign_in(w: World, who: Person, password: str = PASSWORD, **said: str) -> Any:
    async with anonymous(w) as client:
        body = {"login": who.login, "password": password, **said}
        return await client.post("/api/v1/auth/login", json=body)


async def test_who_has_one_needs_a_code_of_the_app_to_sign_in(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        secret, _, _ = await set_up(w, ada)
        assert_problem(await sign_in(w, ada), 401, "second-factor-needed")
        assert_problem(await sign_in(w, ada, code="000000"), 401, "wrong-code")
        answer = await sign_in(w, ada, code=code_of(w, secret))
        assert answer.status_code == 200
        sessions = await w.client.get("/api/v1/auth/sessions", headers=bearing(answer.json()["access_token"]))
        methods = {each["id"]: each["method"] for each in sessions.json()["items"]}
        assert methods[answer.json()["session_id"]] == "password, code"


async def test_without_the_password_nobody_learns_that_there_is_one(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        secret, _, _ = await set_up(w, ada)
        for said in ({}, {"code": code_of(w, secret)}, {"code": "000000"}):
            assert_problem(await sign_in(w, ada, "another password", **said), 401, "unauthorized")


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
async def test_a_clock_may_be_half_a_minute_off(tmp_path: Path, steps: int, status: int) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        secret, _, _ = await set_up(w, ada)
        assert (await sign_in(w, ada, code=code_of(w, secret, steps))).status_code == status


async def test_each_code_is_good_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        secret, _, _ = await set_up(w, ada)
        code = code_of(w, secret)
        assert (await sign_in(w, ada, code=code)).status_code == 200
        assert_problem(await sign_in(w, ada, code=code), 401, "wrong-code")


async def test_a_recovery_code_does_it_too_once_however_it_is_typed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        _, codes, headers = await set_up(w, ada)
        assert len(set(codes)) == 10
        typed = f" {codes[3].upper().replace('-', ' ')} "
        assert (await sign_in(w, ada, code=typed)).status_code == 200
        assert_problem(await sign_in(w, ada, code=codes[3]), 401, "wrong-code")
        assert (await sign_in(w, ada, code=codes[4])).status_code == 200
        assert (await w.client.get(PATH, headers=headers)).json() == {"on": True, "recovery_codes": 8}


async def test_wrong_codes_count_as_attempts(tmp_path: Path) -> None:
    async with world(tmp_path, limit_logins="3/1m") as w:
        ada = await person(w)
        secret, _, _ = await set_up(w, ada)
        for _try in range(3):
            assert_problem(await sign_in(w, ada, code="000000"), 401, "wrong-code")
        assert_problem(await sign_in(w, ada, code=code_of(w, secret)), 429, "over-budget")


async def test_an_offer_is_for_one_person_and_a_while(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada, bob = await header_of(w, await person(w)), await header_of(w, await person(w, "bob"))
        offer = await offered(w, ada)
        said = {"offer": offer["offer"], "code": code_of(w, offer["secret"])}
        assert_problem(await w.client.put(PATH, headers=bob, json=said), 422, "offer-over")
        mine = {**said, "offer": offer["offer"][:-2] + "xx"}
        assert_problem(await w.client.put(PATH, headers=ada, json=mine), 422, "offer-over")
        wrong = await w.client.put(PATH, headers=ada, json={**said, "code": "000000"})
        assert_problem(wrong, 422, "wrong-code")
        w.clock.move(seconds=600)
        late = {**said, "code": code_of(w, offer["secret"])}
        assert_problem(await w.client.put(PATH, headers=ada, json=late), 422, "offer-over")
        assert (await w.client.get(PATH, headers=ada)).json() == {"on": False, "recovery_codes": 0}


async def test_one_must_have_proven_who_one_is_to_set_one_up(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        headers = await header_of(w, await person(w))
        w.clock.move(seconds=700)
        assert_problem(await w.client.post(PATH, headers=headers), 403, "prove-it")
        wrong = await w.client.post(PATH, headers=headers, json={"current": "another password"})
        assert_problem(wrong, 403, "wrong-password")
        await offered(w, headers, current=PASSWORD)


async def test_there_is_one_at_a_time(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        headers = await header_of(w, await person(w))
        first, second = await offered(w, headers), await offered(w, headers)
        for offer, status in ((first, 200), (second, 409)):
            said = {"offer": offer["offer"], "code": code_of(w, offer["secret"])}
            assert (await w.client.put(PATH, headers=headers, json=said)).status_code == status
        answer = await w.client.post(PATH, headers=headers, json={"current": PASSWORD})
        assert_problem(answer, 409, "second-factor-on")


async def test_it_is_given_up_with_a_code_of_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        secret, codes, headers = await set_up(w, ada)
        removal = f"{PATH}/removal"
        answer = await w.client.post(removal, headers=headers, json={"code": "000000"})
        assert_problem(answer, 403, "wrong-code")
        answer = await w.client.post(removal, headers=headers, json={"code": code_of(w, secret)})
        assert answer.status_code == 204
        await signed_in(w, ada)
        answer = await w.client.post(removal, headers=headers, json={"code": codes[0]})
        assert_problem(answer, 404, "no-second-factor")


async def test_an_administrator_takes_it_from_who_has_lost_it_and_nobody_else_does(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada, bob = await person(w), await person(w, "bob", role="editor")
        await set_up(w, ada)
        path = f"/api/v1/users/{ada.id}/second-factor"
        answer = await w.client.delete(path, headers=await header_of(w, bob))
        assert_problem(answer, 403, "not-allowed")
        assert (await w.client.delete(path)).status_code == 204
        await signed_in(w, ada)
        assert_problem(await w.client.delete(path), 404, "no-second-factor")
        nobody = await w.client.delete("/api/v1/users/nobody/second-factor")
        assert_problem(nobody, 404, "user-not-found")


async def test_an_administrator_gives_up_their_own_with_a_code(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        boss = await person(w, "boss", role="admin")
        _, _, headers = await set_up(w, boss)
        answer = await w.client.delete(f"/api/v1/users/{boss.id}/second-factor", headers=headers)
        assert_problem(answer, 409, "own-account")


async def test_the_administrators_token_is_no_account_to_have_one(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert (await w.client.get(PATH)).json()["on"] is False
        assert (await w.client.post(PATH)).status_code in (403, 409)


async def test_who_must_have_one_may_do_nothing_else_before(tmp_path: Path) -> None:
    async with world(tmp_path, second_factor_roles="editor,admin") as w:
        ada, viewer = await person(w, role="editor"), await person(w, "viewer")
        assert (await w.client.get("/api/v1/media", headers=await header_of(w, viewer))).status_code == 200
        headers = await header_of(w, ada)
        refused = await w.client.get("/api/v1/media", headers=headers)
        assert_problem(refused, 403, "second-factor-required")
        body = {"name": "k", "scopes": ["media:read"], "days": 1}
        assert (await w.client.post("/api/v1/keys", json=body, headers=headers)).status_code == 403
        await set_up(w, ada)
        assert (await w.client.get("/api/v1/media", headers=headers)).status_code == 200


async def test_what_is_kept_of_it_is_sealed_and_goes_with_the_account(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        secret, codes, headers = await set_up(w, ada)
        for record in w.publisher.records:
            assert secret.encode() not in record.value
            assert not any(code.replace("-", "").encode() in record.value for code in codes)
        assert (await w.client.delete("/api/v1/users/me", headers=headers)).status_code == 202
        kept = [
            e for e in w.publisher.events if isinstance(e, CredentialChanged) and e.kind == "second-factor"
        ]
        assert [event.value is None for event in kept] == [False, True]


async def test_a_code_of_any_characters_is_a_wrong_one(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w)
        await set_up(w, ada)
        for code in ("\\ud800", "１２３４５６", "é" * 40, "\\u0000"):
            body = f'{{"login": "ada", "password": "{PASSWORD}", "code": "{code}"}}'.encode()
            headers = {"Content-Type": "application/json"}
            answer = await client.post("/api/v1/auth/login", content=body, headers=headers)
            assert answer.status_code in (400, 401, 422), answer.text
