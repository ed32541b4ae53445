"""Who has forgotten their password sets a new one by a reset, and nobody else learns it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.people import Person, bearing, header_of, person, signed_in
from tests.unit.gateway.test_second_factor import code_of, set_up

NEW = "another horse battery"


async def made_for(w: World, who: Person) -> str:
    answer = await w.client.post(f"/api/v1/users/{who.id}/password-reset")
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.json()["reset"])


async def used(w: World, reset: str, new: str = NEW, **said: str) -> Any:
    async with anonymous(w) as client:
        body = {"reset": reset, "new": new, **said}
        return await client.post("/api/v1/auth/password-reset", json=body)


async def test_its_owner_sets_a_new_password_once_and_every_session_ends(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        before = (await signed_in(w, ada))["access_token"]
        reset = await made_for(w, ada)
        w.clock.move(seconds=1)
        assert (await used(w, reset)).status_code == 204
        await signed_in(w, ada, NEW)
        async with anonymous(w) as client:
            assert (await client.get("/api/v1/media", headers=bearing(before))).status_code == 401
        assert_problem(await used(w, reset), 403, "bad-reset")


async def test_it_is_good_for_a_day_and_until_there_is_another(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        first, second = await made_for(w, ada), await made_for(w, ada)
        assert_problem(await used(w, first), 403, "bad-reset")
        w.clock.move(seconds=24 * 3600)
        assert_problem(await used(w, second), 403, "bad-reset")


async def test_a_reset_of_another_or_of_nobody_is_none(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada, bob = await person(w), await person(w, "bob")
        reset = await made_for(w, ada)
        secret = reset.rpartition(f"{ada.id}_")[2]
        for wrong in (f"slr_{bob.id}_{secret}", f"slr_nobody_{secret}", reset[:-1], "slr_", "x"):
            assert_problem(await used(w, wrong), 403, "bad-reset")
        await w.client.patch(f"/api/v1/users/{ada.id}", json={"state": "disabled"})
        assert_problem(await used(w, reset), 403, "bad-reset")


async def test_a_replica_that_may_have_missed_its_use_takes_none(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        reset = await made_for(w, await person(w))
        w.publisher.feed.age_s = 16
        assert_problem(await used(w, reset), 503, "unavailable")
        w.publisher.feed.age_s = 0
        assert (await used(w, reset)).status_code == 204


async def test_a_weak_password_leaves_the_reset_good(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        reset = await made_for(w, ada)
        assert_problem(await used(w, reset, "password1"), 422, "weak-password")
        assert (await used(w, reset)).status_code == 204


async def test_it_does_not_go_round_a_second_factor(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        secret, codes, _ = await set_up(w, ada)
        reset = await made_for(w, ada)
        assert_problem(await used(w, reset), 401, "second-factor-needed")
        assert_problem(await used(w, reset, code="000000"), 401, "wrong-code")
        assert (await used(w, reset, code=code_of(w, secret))).status_code == 204
        again = await made_for(w, ada)
        assert (await used(w, again, "one more horse battery", code=codes[0])).status_code == 204


async def test_trying_resets_counts_as_trying_passwords(tmp_path: Path) -> None:
    async with world(tmp_path, limit_logins="3/1m") as w:
        ada = await person(w)
        reset = await made_for(w, ada)
        for _try in range(3):
            assert_problem(await used(w, reset[:-1]), 403, "bad-reset")
        assert_problem(await used(w, reset), 429, "over-budget")


async def test_only_who_looks_after_accounts_makes_one_and_not_for_themselves(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada, boss = await person(w), await person(w, "boss", role="admin")
        path = f"/api/v1/users/{boss.id}/password-reset"
        assert_problem(await w.client.post(path, headers=await header_of(w, ada)), 403, "not-allowed")
        assert_problem(await w.client.post(path, headers=await header_of(w, boss)), 409, "own-account")
        nobody = await w.client.post("/api/v1/users/nobody/password-reset")
        assert_problem(nobody, 404, "user-not-found")
        await w.client.patch(f"/api/v1/users/{ada.id}", json={"state": "disabled"})
        closed = await w.client.post(f"/api/v1/users/{ada.id}/password-reset")
        assert_problem(closed, 409, "account-closed")


async def test_what_is_kept_of_it_tells_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        secret = (await made_for(w, ada)).rpartition(f"{ada.id}_")[2]
        assert not any(secret.encode() in record.value for record in w.publisher.records)
