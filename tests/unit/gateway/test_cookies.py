"""Sessions of pages: tokens in cookies that no script reads, and that other sites can't make use of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.people import PASSWORD, person

ORIGIN = "https://sluice"
ACCESS, REFRESH = "__Host-sluice-access", "__Host-sluice-refresh"


@asynccontextmanager
async def page(w: World) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, Any]]]:
    """A browser that has signed in, and what it was answered."""
    async with httpx.AsyncClient(transport=w.client._transport, base_url=ORIGIN) as browser:
        body = {"login": "ada", "password": PASSWORD, "cookies": True}
        answer = await browser.post("/api/v1/auth/login", json=body, headers={"Origin": ORIGIN})
        assert answer.status_code == 200, answer.text
        yield browser, answer.json() | {"set": answer.headers.get_list("set-cookie")}


async def test_the_tokens_are_where_no_script_and_no_other_site_gets_them(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await person(w)
        async with page(w) as (browser, said):
            assert (said["access_token"], said["refresh_token"]) == (None, None)
            cookies = {name: m for line in said["set"] for name, m in SimpleCookie(line).items()}
            assert set(cookies) == {ACCESS, REFRESH}
            for morsel in cookies.values():
                assert morsel["httponly"]
                assert morsel["secure"]
                assert (morsel["path"], morsel["domain"]) == ("/", "")
            assert (cookies[ACCESS]["samesite"], cookies[REFRESH]["samesite"]) == ("lax", "strict")
            who = (await browser.get("/api/v1/auth/whoami")).json()
            assert (who["session_id"], who["csrf_token"]) == (said["session_id"], said["csrf_token"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "guessed"},
        {"X-CSRF-Token": "\xff".encode("latin-1")},
        {"X-CSRF-Token": "good", "Origin": "https://evil.example"},
        {"X-CSRF-Token": "good", "Origin": "null"},
        {"X-CSRF-Token": "good", "Origin": "http://sluice"},
    ],
    ids=str,
)
async def test_what_another_site_makes_the_browser_ask_for_is_refused(
    tmp_path: Path, headers: dict[str, Any]
) -> None:
    async with world(tmp_path) as w:
        await person(w)
        async with page(w) as (browser, said):
            sent = {k: said["csrf_token"] if v == "good" else v for k, v in headers.items()}
            answer = await browser.patch("/api/v1/users/me", json={"name": "Eve"}, headers=sent)
            assert_problem(answer, 403, "cross-origin" if "Origin" in headers else "csrf")
            good = {"X-CSRF-Token": said["csrf_token"], "Origin": ORIGIN}
            answer = await browser.patch("/api/v1/users/me", json={"name": "Ada"}, headers=good)
            assert answer.status_code == 200, answer.text


async def test_the_csrf_token_of_one_session_is_none_of_another(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await person(w)
        async with page(w) as (one, _), page(w) as (_other, said):
            headers = {"X-CSRF-Token": said["csrf_token"]}
            assert_problem(await one.patch("/api/v1/users/me", json={}, headers=headers), 403, "csrf")


async def test_a_page_goes_on_by_its_cookie(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await person(w)
        async with page(w) as (browser, _):
            before = browser.cookies[REFRESH]
            w.clock.move(seconds=1000)
            assert (await browser.get("/api/v1/users/me")).status_code == 401
            answer = await browser.post("/api/v1/auth/refresh", headers={"Origin": "https://evil.example"})
            assert_problem(answer, 403, "cross-origin")
            assert (await browser.post("/api/v1/auth/refresh", headers={"Origin": ORIGIN})).status_code == 200
            assert browser.cookies[REFRESH] != before
            assert (await browser.get("/api/v1/users/me")).status_code == 200


async def test_another_site_cannot_sign_its_visitor_in(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await person(w)
        body = {"login": "ada", "password": PASSWORD, "cookies": True}
        headers = {"Origin": "https://evil.example"}
        answer = await w.client.post("/api/v1/auth/login", json=body, headers=headers)
        assert_problem(answer, 403, "cross-origin")


async def test_signing_out_takes_the_cookies_away(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await person(w)
        async with page(w) as (browser, said):
            kept = dict(browser.cookies)
            answer = await browser.post("/api/v1/auth/logout", headers={"X-CSRF-Token": said["csrf_token"]})
            assert answer.status_code == 204
            assert not browser.cookies
            browser.cookies.update(kept)
            assert (await browser.get("/api/v1/users/me")).status_code == 401


async def test_where_the_address_is_set_it_is_the_one_that_counts(tmp_path: Path) -> None:
    """Behind a proxy that talks plain HTTP to us, and says another host."""
    async with world(tmp_path, origin="https://media.example.org") as w:
        await person(w)
        body = {"login": "ada", "password": PASSWORD, "cookies": True}
        for origin, status in ((ORIGIN, 403), ("https://media.example.org", 200)):
            answer = await w.client.post("/api/v1/auth/login", json=body, headers={"Origin": origin})
            assert answer.status_code == status
