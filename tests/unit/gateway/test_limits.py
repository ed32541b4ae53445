"""Budgets: what is spent, by whom, over how many replicas, and what those hear who have spent all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from gateway.client_address import first_beyond, subscriber_of
from gateway.limits.budgets import Budget, parse
from gateway.limits.counting import COLLECTION, Counting
from tests.fakes import MemoryDatabase
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.doubles import FakeClock
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.people import PASSWORD, header_of, person

MINUTE = Budget(10, 60)


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("20/5m", Budget(20, 300)),
        ("6000/1m", Budget(6000, 60)),
        ("50GiB/1d", Budget(50 * 1024**3, 86_400)),
        ("off", None),
    ],
)
def test_a_budget_is_read_as_it_is_written(text: str, budget: Budget | None) -> None:
    assert parse(text) == budget
    assert text == str(budget or "off")


@pytest.mark.parametrize(
    "text",
    [
        "01/1m",
        "1/01m",
        "1000000TiB/1d",
        "٣/1m",
        "",
        "20",
        "0/5m",
        "20/0m",
        "20/5y",
        "-1/5m",
        "1.5/5m",
        "20GB/1d",
        "20/5m ",
    ],
)
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no budget"):
        parse(text)


async def spent(counting: Counting, budget: Budget, times: int) -> int:
    """How many of so many spendings went through."""
    found = await asyncio.gather(*(counting.spend("requests/me", budget, 1) for _ in range(times)))
    return sum(each is not None for each in found)


@pytest.mark.parametrize("budget", [MINUTE, Budget(1000, 60), Budget(1, 60)])
async def test_replicas_never_spend_more_than_the_budget_together(budget: Budget) -> None:
    clock = FakeClock()
    database = MemoryDatabase(clock)
    replicas = [Counting(database, clock) for _ in range(3)]
    passed = sum(await asyncio.gather(*(spent(each, budget, budget.amount) for each in replicas)))
    assert 0.9 * budget.amount <= passed <= budget.amount


async def test_one_replica_can_spend_all_of_it_and_again_in_the_next_window() -> None:
    clock = FakeClock()
    counting = Counting(MemoryDatabase(clock), clock)
    assert await spent(counting, MINUTE, 25) == 10
    clock.move(seconds=59)
    assert await spent(counting, MINUTE, 25) == 0
    clock.move(seconds=1)
    assert await spent(counting, MINUTE, 25) == 10


async def test_many_requests_ask_the_database_few_times() -> None:
    clock = FakeClock()
    database = MemoryDatabase(clock)
    counting = Counting(database, clock)
    for _ in range(500):
        assert await counting.spend("requests/me", Budget(1000, 60), 1)
    (document,) = database.collections[COLLECTION].values()
    assert 500 <= document["used"] <= 520, "in parts of twenty"


async def test_without_the_database_each_replica_counts_for_itself() -> None:
    clock = FakeClock()
    database = MemoryDatabase(clock)
    database.away = True
    replicas = [Counting(database, clock) for _ in range(2)]
    assert [await spent(each, MINUTE, 25) for each in replicas] == [10, 10]


async def test_what_is_given_back_can_be_spent_again() -> None:
    clock = FakeClock()
    counting = Counting(MemoryDatabase(clock), clock)
    assert await spent(counting, MINUTE, 10) == 10
    counting.give_back("requests/me", MINUTE, 1)
    assert await spent(counting, MINUTE, 10) == 1


async def test_who_asks_too_often_is_told_until_when(tmp_path: Path) -> None:
    async with world(tmp_path, limit_requests="3/1m") as w:
        me = await header_of(w, await person(w))
        answers = [await w.client.get("/api/v1/auth/whoami", headers=me) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[0].headers["RateLimit-Policy"] == '"requests";q=3;w=60'
        assert [answer.headers["RateLimit"] for answer in answers] == [
            f'"requests";r={left};t=60' for left in (2, 1, 0, 0)
        ]
        problem = assert_problem(answers[3], 429, "over-budget")
        assert answers[3].headers["Retry-After"] == "60"
        assert (problem["budget"], problem["limit"], problem["retry_after_s"]) == ("requests", "3/1m", 60)
        w.clock.move(seconds=60)
        assert (await w.client.get("/api/v1/auth/whoami", headers=me)).status_code == 200


async def test_the_budget_of_one_is_not_anothers_and_the_administrators_token_has_none(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, limit_requests="3/1m") as w:
        first, second = [await header_of(w, await person(w, login)) for login in ("ada", "bea")]
        for _ in range(5):
            await w.client.get("/api/v1/auth/whoami", headers=first)
        assert (await w.client.get("/api/v1/auth/whoami", headers=second)).status_code == 200
        for _ in range(5):
            answer = await w.client.get("/api/v1/auth/whoami")
        assert (answer.status_code, "RateLimit" in answer.headers) == (200, False)


async def attempt(w: World, login: str, password: str, address: str = "192.0.2.1") -> int:
    said = {"login": login, "password": password}
    headers = {"X-Forwarded-For": address}
    return (await w.client.post("/api/v1/auth/login", json=said, headers=headers)).status_code


async def test_passwords_are_not_tried_for_ever(tmp_path: Path) -> None:
    async with world(tmp_path, limit_logins="2/5m", trusted_proxies="127.0.0.0/8") as w:
        someone, right = await person(w), PASSWORD
        assert [await attempt(w, someone.login, "not it at all") for _ in range(3)] == [401, 401, 429]
        assert await attempt(w, someone.login, right) == 429
        assert await attempt(w, someone.login, right, "192.0.2.2") == 200, "from elsewhere"
        w.clock.move(minutes=5)
        assert [await attempt(w, someone.login, right) for _ in range(5)] == [200] * 5, (
            "success does not count"
        )


async def test_one_name_is_not_tried_for_ever_from_everywhere(tmp_path: Path) -> None:
    async with world(tmp_path, limit_logins="2/5m", trusted_proxies="127.0.0.0/8") as w:
        someone = await person(w)
        tried = [
            await attempt(w, someone.login.upper(), "not it at all", f"192.0.2.{n}") for n in range(1, 12)
        ]
        assert tried == [401] * 10 + [429]
        kept = " ".join(w.database.collections[COLLECTION])
        assert someone.login.casefold() not in kept.casefold()
        assert "192.0.2" not in kept


async def test_uploads_have_a_budget_of_bytes(tmp_path: Path) -> None:
    async with world(tmp_path, limit_upload_bytes="100/1d") as w:
        me = await header_of(w, await person(w, role="editor"))
        first = await w.client.post("/api/v1/media", params={"name": "a.mp4"}, content=b"x" * 80, headers=me)
        assert first.status_code == 202
        kept = w.files()
        assert_problem(
            await w.client.post("/api/v1/media", params={"name": "b.mp4"}, content=b"y" * 30, headers=me),
            429,
            "over-budget",
        )

        async def undeclared() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"z" * 10

        answer = await w.client.post(
            "/api/v1/media", params={"name": "c.mp4"}, content=undeclared(), headers=me
        )
        assert_problem(answer, 429, "over-budget")
        assert w.files() == kept
        small = await w.client.post("/api/v1/media", params={"name": "d.mp4"}, content=b"y" * 20, headers=me)
        assert small.status_code == 202


async def test_transcodes_have_a_budget_of_minutes(tmp_path: Path) -> None:
    async with world(tmp_path, limit_transcode_minutes="2/1d") as w:
        me = await header_of(w, await person(w, role="editor"))
        asked = [
            await w.client.post(
                "/api/v1/media", params={"name": "a.mp4", "profile": "web"}, content=b"x%d" % n, headers=me
            )
            for n in range(3)
        ]
        assert [answer.status_code for answer in asked] == [202, 202, 429]
        media_id = asked[0].json()["media"]["id"]
        again = await w.client.post(
            f"/api/v1/media/{media_id}/transcode", json={"profile": "phone"}, headers=me
        )
        assert assert_problem(again, 429, "over-budget")["budget"] == "transcode_minutes"
        plain = await w.client.post("/api/v1/media", params={"name": "b.mp4"}, content=b"y", headers=me)
        assert plain.status_code == 202, "keeping a file takes no minutes"


async def test_someone_is_given_budgets_of_their_own(tmp_path: Path) -> None:
    async with world(tmp_path, limit_requests="3/1m") as w:
        someone = await person(w)
        me = await header_of(w, someone)
        path = f"/api/v1/users/{someone.id}/limits"
        changed = await w.client.put(path, json={"requests": "6/1m", "upload_bytes": "off"})
        assert changed.status_code == 202, changed.text
        shown = (await w.client.get("/api/v1/limits", headers=me)).json()["limits"]
        assert shown["requests"] == {"limit": "6/1m", "left": 5, "resets_in_s": 60}
        assert shown["upload_bytes"] == {"limit": "off", "left": None, "resets_in_s": None}
        assert (await w.client.get(path)).json()["limits"]["requests"]["limit"] == "6/1m"
        statuses = [(await w.client.get("/api/v1/limits", headers=me)).status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        await w.client.put(path, json={})
        assert (await w.client.get("/api/v1/limits", headers=me)).status_code == 200, "a new budget, of three"


async def test_a_budget_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        someone = await person(w)
        path = f"/api/v1/users/{someone.id}/limits"
        assert_problem(await w.client.put(path, json={"requests": "many"}), 422, "bad-budget")
        assert_problem(await w.client.put(path, json={"logins": "5/1m"}), 422, "invalid")
        assert_problem(await w.client.put("/api/v1/users/nobody/limits", json={}), 404, "user-not-found")


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "192.0.2.1", "203.0.113.9"),
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "192.0.2.7, 192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("10.0.0.1", "no address", "10.0.0.1"),
        ("10.0.0.1", None, "10.0.0.1"),
    ],
)
def test_a_proxy_is_believed_if_it_is_ours(client: str, forwarded: str | None, address: str) -> None:
    assert first_beyond(client, forwarded or "", [ip_network("10.0.0.0/8")]) == address


@pytest.mark.parametrize(
    ("address", "subscriber"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
    ],
)
def test_a_subscriber_of_ipv6_has_a_network(address: str, subscriber: str) -> None:
    connection = HTTPConnection({"type": "http", "client": (address, 1), "headers": []})
    assert subscriber_of(connection) == subscriber
