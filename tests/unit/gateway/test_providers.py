"""Signing in with an account of others: a real provider, a browser's cookies, and those who want to cheat."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from gateway.providers import trips
from gateway.providers.known import Provider, Providers, ProvidersFileUnusable, read_providers_file
from tests.openid import passes, provider
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import SECRET, World, free_port, served, world
from tests.unit.gateway.people import PASSWORD, header_of, person

ORIGIN = "https://sluice"
START = "/api/v1/auth/providers/home/start"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with provider() as found:
        yield found


def home(address: str, **more: Any) -> Providers:
    said = {"id": "home", "kind": "oidc", "name": "Home", "issuer": address, **more}
    return Providers(providers=(Provider(client_id="sluice", client_secret="s", **said),))


@asynccontextmanager
async def scene(folder: Path, address: str, **settings: Any) -> AsyncIterator[World]:
    more = settings.pop("provider", {})
    async with world(folder, providers=home(address, **more), **settings) as w:
        yield w


def browser(w: World) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=w.client._transport, base_url=ORIGIN)


async def arrives(page: httpx.AsyncClient, subject: str = "ada", **asked: str) -> httpx.Response:
    """Someone goes to the provider and comes back."""
    away = await page.get(START, params=asked)
    assert away.status_code == 302, away.text
    return await page.get(passes(away.headers["location"], subject))


async def test_who_comes_for_the_first_time_has_an_account_then(tmp_path: Path, address: str) -> None:
    async with scene(tmp_path, address, registration="open") as w, browser(w) as page:
        (shown,) = (await page.get("/api/v1/auth/providers")).json()["items"]
        assert shown == {"id": "home", "name": "Home", "url": START}
        answer = await arrives(page, "ada", return_to="/play/m1?x=1")
        assert (answer.status_code, answer.headers["location"]) == (302, "/play/m1?x=1"), answer.text
        who = (await page.get("/api/v1/auth/whoami")).json()
        me = (await page.get("/api/v1/users/me")).json()
        assert (me["id"], me["email"], me["email_verified"]) == (who["id"], "ada@example.org", True)
        assert (me["name"], me["role"]) == ("Ada Lovelace", "viewer")
        (session,) = (await page.get("/api/v1/auth/sessions")).json()["items"]
        assert session["method"] == "home"
        async with browser(w) as again:
            await arrives(again, "ada")
            assert (await again.get("/api/v1/auth/whoami")).json()["id"] == who["id"]


async def test_the_way_there_binds_what_comes_back(tmp_path: Path, address: str) -> None:
    """A state, a nonce, and a proof (PKCE) whose secret only we and this browser's sealed cookie have."""
    async with scene(tmp_path, address) as w, browser(w) as page:
        away = await page.get(START)
        asked = {k: v[0] for k, v in parse_qs(urlsplit(away.headers["location"]).query).items()}
        assert asked["redirect_uri"] == f"{ORIGIN}/api/v1/auth/providers/home/callback"
        assert asked["code_challenge_method"] == "S256"
        assert {"state", "nonce"} <= set(asked)
        sealed = page.cookies[trips.COOKIE].strip('"')
        trip = trips._read(sealed, SECRET)
        assert trip is not None
        digest = hashlib.sha256(trip.way.verifier.encode()).digest()
        assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
        assert trip.way.verifier not in base64.urlsafe_b64decode(sealed).decode("latin-1")
        cookie = away.headers["set-cookie"]
        assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))


async def test_nobody_comes_back_who_did_not_set_out(tmp_path: Path, address: str) -> None:
    async with scene(tmp_path, address, registration="open") as w, browser(w) as ada, browser(w) as eve:
        hers = passes((await ada.get(START)).headers["location"], "ada")
        assert_problem(await eve.get(hers), 403, "bad-state")
        his = (await eve.get(START)).headers["location"]
        assert_problem(await eve.get(hers), 403, "bad-state")
        assert_problem(await ada.get(passes(his, "eve")), 403, "bad-state")
        assert (await ada.get(hers)).status_code == 302


async def test_the_way_back_is_good_once_and_for_a_while(tmp_path: Path, address: str) -> None:
    async with scene(tmp_path, address, registration="open") as w, browser(w) as page:
        away = await page.get(START)
        kept, back = dict(page.cookies), passes(away.headers["location"], "ada")
        assert (await page.get(back)).status_code == 302
        page.cookies.update(kept)
        assert_problem(await page.get(back), 403, "bad-state")
        away = await page.get(START)
        w.clock.move(minutes=11)
        assert_problem(await page.get(passes(away.headers["location"], "ada")), 403, "bad-state")


async def test_a_code_that_is_none_and_a_no_are_told(tmp_path: Path, address: str) -> None:
    async with scene(tmp_path, address, registration="open") as w, browser(w) as page:
        for said in ({"code": "guessed"}, {"error": "access_denied"}, {}):
            state = parse_qs(urlsplit((await page.get(START)).headers["location"]).query)["state"][0]
            answer = await page.get(f"{START[:-5]}callback", params={**said, "state": state})
            assert_problem(answer, 403, "provider-refused")
        assert (await page.get("/api/v1/auth/whoami")).status_code == 401


@pytest.mark.parametrize(
    "to",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "/a\nb", "javascript:x", "\t//e"],
)
async def test_nobody_is_sent_elsewhere_afterwards(tmp_path: Path, address: str, to: str) -> None:
    async with scene(tmp_path, address) as w, browser(w) as page:
        assert_problem(await page.get(START, params={"return_to": to}), 400, "bad-address")


async def test_only_a_verified_address_leads_to_an_account(tmp_path: Path, address: str) -> None:
    async with scene(tmp_path, address, registration="open") as w, browser(w) as page:
        ada = await person(w, "ada", email="ada@example.org", email_verified=True)
        assert (await arrives(page, "eve")).status_code == 302
        eve = (await page.get("/api/v1/users/me")).json()
        assert (eve["id"] != ada.id, eve["email"]) == (True, None)
        async with browser(w) as other:
            await arrives(other, "ada")
            assert (await other.get("/api/v1/auth/whoami")).json()["id"] == ada.id


async def test_who_took_anothers_address_first_gets_nothing_of_theirs(tmp_path: Path, address: str) -> None:
    async with scene(tmp_path, address, registration="open") as w, browser(w) as page:
        await person(w, "mallory", email="ada@example.org")
        assert_problem(await arrives(page, "ada"), 409, "address-taken")
        assert (await page.get("/api/v1/auth/whoami")).status_code == 401


async def test_who_has_signed_in_may_link(tmp_path: Path, address: str) -> None:
    async with scene(tmp_path, address) as w, browser(w) as page, browser(w) as other:
        ada = await person(w, "ada", email="ada@example.org")
        body = {"login": "ada", "password": PASSWORD, "cookies": True}
        assert (await other.get(START, params={"link": "true"})).status_code == 401
        await page.post("/api/v1/auth/login", json=body)
        assert (await arrives(page, "bob", link="true")).status_code == 302
        assert (await arrives(other, "bob")).status_code == 302
        assert (await other.get("/api/v1/auth/whoami")).json()["id"] == ada.id
        await person(w, "cleo")
        await other.post("/api/v1/auth/login", json={**body, "login": "cleo"})
        assert_problem(await arrives(other, "bob", link="true"), 409, "linked-elsewhere")
        away = await page.get(START, params={"link": "true"})
        await page.post("/api/v1/auth/login", json={**body, "login": "cleo"})
        answer = await page.get(passes(away.headers["location"], "cleo"))
        assert_problem(answer, 403, "another-session")


async def test_who_may_have_an_account_is_ours_to_say(tmp_path: Path, address: str) -> None:
    async with scene(tmp_path, address) as w, browser(w) as page:
        assert_problem(await arrives(page, "bob"), 403, "invitation-needed")
        made = (await w.client.post("/api/v1/invitations", json={"role": "editor"})).json()
        assert (await arrives(page, "bob", invitation=made["invitation"])).status_code == 302
        assert (await page.get("/api/v1/auth/whoami")).json()["role"] == "editor"
        assert_problem(await arrives(page, "cleo", invitation=made["invitation"]), 403, "bad-invitation")


async def test_a_second_factor_is_for_the_provider_to_ask_for(tmp_path: Path, address: str) -> None:
    more: dict[str, Any] = {"registration": "open", "second_factor_roles": "viewer"}
    async with scene(tmp_path, address, **more) as w, browser(w) as page:
        await arrives(page, "ada")
        assert (await page.get("/api/v1/media")).status_code == 200


async def test_a_domain_may_be_let_in_as_a_whole(tmp_path: Path, address: str) -> None:
    more = {"admits": frozenset({"example.org"}), "role": "editor"}
    async with scene(tmp_path, address, registration="closed", provider=more) as w, browser(w) as page:
        for who, status in (("bob", 403), ("eve", 403), ("cleo", 403), ("ada", 302)):
            assert (await arrives(page, who)).status_code == status, who
        assert (await page.get("/api/v1/auth/whoami")).json()["role"] == "editor"


async def test_a_replica_that_may_have_missed_something_lets_nobody_in(tmp_path: Path, address: str) -> None:
    async with scene(tmp_path, address, registration="open") as w, browser(w) as page:
        await arrives(page, "ada")
        w.publisher.feed.age_s = 16
        assert_problem(await arrives(page, "ada"), 503, "unavailable")


async def test_who_is_shut_out_stays_out(tmp_path: Path, address: str) -> None:
    async with scene(tmp_path, address, registration="open") as w, browser(w) as page:
        await arrives(page, "ada")
        id = (await page.get("/api/v1/auth/whoami")).json()["id"]
        await w.client.patch(f"/api/v1/users/{id}", json={"state": "disabled"})
        assert_problem(await arrives(page, "ada"), 403, "account-closed")
        await w.client.delete(f"/api/v1/users/{id}")
        w.clock.move(seconds=61)
        assert (await arrives(page, "ada")).status_code == 302
        assert (await page.get("/api/v1/auth/whoami")).json()["id"] != id


async def test_a_provider_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    async with scene(tmp_path, f"http://127.0.0.1:{free_port()}") as w, browser(w) as page:
        assert_problem(await page.get(START), 502, "provider-away")
        assert_problem(await page.get(START.replace("home", "nobody")), 404, "provider-not-found")


async def test_someone_without_a_password_signs_in_by_none(tmp_path: Path, address: str) -> None:
    async with scene(tmp_path, address, registration="open") as w, browser(w) as page:
        await arrives(page, "ada")
        for password in ("", "None", "null"):
            body = {"login": "ada@example.org", "password": password or " "}
            assert (await page.post("/api/v1/auth/login", json=body)).status_code == 401
        await header_of(w, await person(w, "other"))


def test_the_file_says_whose_accounts_are_good(tmp_path: Path) -> None:
    assert read_providers_file(None).providers == ()
    file = tmp_path / "providers.json"
    with pytest.raises(ProvidersFileUnusable, match="can't be read"):
        read_providers_file(file)
    for text, word in (
        ("{", "makes no sense"),
        ('{"providers": [{"id": "x", "kind": "oidc", "client_id": "c", "client_secret": "s"}]}', "issuer"),
        ('{"providers": [{"id": "../x", "kind": "google", "client_id": "c", "client_secret": "s"}]}', "id"),
    ):
        file.write_text(text)
        file.chmod(0o600)
        with pytest.raises(ProvidersFileUnusable, match=word) as error:
            read_providers_file(file)
        assert "client_secret" not in str(error.value)
    file.write_text('{"providers": [{"id": "g", "kind": "google", "client_id": "c", "client_secret": "s"}]}')
    (google,) = read_providers_file(file).providers
    assert (google.shown, google.metadata_url.startswith("https://accounts.google.com/")) == ("Google", True)
    file.chmod(0o640)
    with pytest.raises(ProvidersFileUnusable, match="chmod"):
        read_providers_file(file)


def test_two_of_one_name_are_refused() -> None:
    one = Provider(id="g", kind="google", client_id="c", client_secret="s")
    with pytest.raises(ValidationError, match="same id"):
        Providers(providers=(one, one))


async def test_github_is_asked_by_its_api(tmp_path: Path) -> None:
    """What GitHub documents of itself, in place of GitHub: it is no OpenID provider."""
    github = FastAPI()
    shown: dict[str, Any] = {"verified": True}

    @github.post("/login/oauth/access_token")
    def exchange() -> dict[str, str]:
        return {"access_token": "t", "token_type": "bearer", "scope": "read:user,user:email"}

    @github.get("/user")
    def user() -> dict[str, Any]:
        return {"id": 7, "login": "ada", "name": None}

    @github.get("/user/emails")
    def emails() -> list[dict[str, Any]]:
        others = {"email": "old@example.org", "primary": False, "verified": True}
        return [others, {"email": "ada@example.org", "primary": True, **shown}]

    async with served(github) as port:
        where = {"kind": "github", "site": f"http://127.0.0.1:{port}", "api": f"http://127.0.0.1:{port}"}
        more = {**where, "issuer": None, "name": ""}
        for verified, email in ((True, "ada@example.org"), (False, None)):
            shown["verified"] = verified
            folder = tmp_path / str(verified)
            async with scene(folder, "", registration="open", provider=more) as w, browser(w) as page:
                away = await page.get(START)
                asked = parse_qs(urlsplit(away.headers["location"]).query)
                back = {"code": "c", "state": asked["state"][0]}
                answer = await page.get(f"{START[:-5]}callback", params=back)
                assert answer.status_code == 302, answer.text
                me = (await page.get("/api/v1/users/me")).json()
                assert (me["name"], me["email"], me["email_verified"]) == ("ada", email, verified)
