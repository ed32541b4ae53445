"""Providers that say what they should not, and sites that send their visitors to good ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from joserfc.registry import Header

from gateway.providers.known import Provider, Providers
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import World, served, world
from tests.unit.gateway.people import PASSWORD, person
from tests.unit.gateway.test_kinds_of_tokens import unsigned

ORIGIN = "https://sluice"
FOLDER = "/api/v1/auth/providers"
CLIENT_SECRET = "what the provider and we know, and nobody else"
NOW = 4_000_000_000
"""Far from the end of any token that says when it ends: a provider's clock is the real one."""


@dataclass
class Liar:
    """An OpenID provider that says what a test wants it to say."""

    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k", "use": "sig"}))
    issuer: str = ""
    calls_itself: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""
    lie: str = "none at all"

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def metadata() -> dict[str, Any]:
            paths = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
            return {
                "issuer": self.calls_itself or self.issuer,
                "jwks_uri": f"{self.issuer}/jwks",
                "id_token_signing_alg_values_supported": ["ES256"],
                **{f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in paths.items()},
            }

        @app.get("/jwks")
        def jwks() -> dict[str, Any]:
            return {"keys": [self.key.as_dict(private=False)]}

        @app.post("/token")
        def token() -> dict[str, Any]:
            said = {"access_token": "t", "token_type": "bearer", "id_token": self.id_token()}
            return {name: value for name, value in said.items() if value}

        @app.get("/userinfo")
        def userinfo() -> dict[str, Any]:
            return {"sub": "ada", "email": "ada@example.org", "email_verified": True}

        return app

    def id_token(self) -> str | None:
        good = {"iss": self.issuer, "aud": "sluice", "sub": "ada", "nonce": self.nonce, "iat": 1, "exp": NOW}
        said = {name: value for name, value in {**good, **self.claims}.items() if value is not None}
        head: Header = {"alg": "ES256", "kid": "k"}
        honest = jwt.encode(head, said, self.key)
        match self.lie:
            case "another key":
                return jwt.encode(head, said, ECKey.generate_key("P-256"))
            case "no signature":
                return unsigned(honest, alg="none")
            case "our own secret":
                return jwt.encode({"alg": "HS256"}, said, OctKey.import_key(CLIENT_SECRET))
            case "its public key":
                return _with_its_public_key(honest, self.key)
            case "other claims":
                other = unsigned(jwt.encode(head, {**said, "sub": "eve"}, self.key))
                return f"{honest.split('.')[0]}.{other.split('.')[1]}.{honest.split('.')[2]}"
            case "nothing":
                return None
        return honest


def _with_its_public_key(honest: str, key: ECKey) -> str:
    """The oldest trick: the public key, taken for the shared secret of another algorithm."""
    said = unsigned(honest, alg="HS256", kid="k").rstrip(".")
    signature = hmac.new(key.as_pem(private=False), said.encode(), hashlib.sha256).digest()
    return f"{said}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


@asynccontextmanager
async def scene(folder: Path, *ids: str) -> AsyncIterator[tuple[World, Liar]]:
    """A gateway that knows a liar under these names."""
    liar = Liar()
    async with served(liar.app()) as port:
        liar.issuer = f"http://127.0.0.1:{port}"
        known = [
            Provider(id=id, kind="oidc", issuer=liar.issuer, client_id="sluice", client_secret=CLIENT_SECRET)
            for id in ids or ("home",)
        ]
        async with world(folder, providers=Providers(providers=tuple(known)), registration="open") as w:
            yield w, liar


def browser(w: World) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=w.client._transport, base_url=ORIGIN)


async def arrives(
    page: httpx.AsyncClient, liar: Liar, provider: str = "home", **asked: str
) -> httpx.Response:
    """Someone goes to the provider, which asks for nothing, and comes back."""
    away = await page.get(f"{FOLDER}/{provider}/start", params=asked)
    assert away.status_code == 302, away.text
    said = {name: value[0] for name, value in parse_qs(urlsplit(away.headers["location"]).query).items()}
    liar.nonce = said["nonce"]
    back = urlsplit(said["redirect_uri"]).path
    return await page.get(back, params={"code": "c", "state": said["state"]})


async def whose(page: httpx.AsyncClient) -> str:
    answer = await page.get("/api/v1/auth/whoami")
    return str(answer.json().get("id", answer.status_code))


async def test_what_it_says_in_honesty_is_believed(tmp_path: Path) -> None:
    async with scene(tmp_path) as (w, liar), browser(w) as page:
        assert (await arrives(page, liar)).status_code == 302
        assert (await page.get("/api/v1/users/me")).json()["email"] == "ada@example.org"


@pytest.mark.parametrize(
    "lie", ["another key", "no signature", "our own secret", "its public key", "other claims", "nothing"]
)
async def test_what_a_provider_did_not_sign_is_refused(tmp_path: Path, lie: str) -> None:
    async with scene(tmp_path) as (w, liar), browser(w) as page:
        liar.lie = lie
        assert_problem(await arrives(page, liar), 403, "provider-refused")
        assert await whose(page) == "401"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another client"},
        {"aud": None},
        {"iss": "https://another.example"},
        {"iss": None},
        {"nonce": "of another trip"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"iat": NOW - 1},
    ],
    ids=str,
)
async def test_what_a_provider_did_not_say_to_us_now_is_refused(
    tmp_path: Path, claims: dict[str, Any]
) -> None:
    async with scene(tmp_path) as (w, liar), browser(w) as page:
        liar.claims = claims
        assert_problem(await arrives(page, liar), 403, "provider-refused")
        assert await whose(page) == "401"


async def test_a_provider_that_calls_itself_another_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path) as (w, liar), browser(w) as page:
        liar.calls_itself = "https://accounts.google.com"
        liar.claims = {"iss": liar.calls_itself}
        assert_problem(await page.get(f"{FOLDER}/home/start"), 502, "provider-away")


async def test_one_name_at_two_providers_is_two_people(tmp_path: Path) -> None:
    async with scene(tmp_path, "home", "other") as (w, liar), browser(w) as one, browser(w) as two:
        await arrives(one, liar, "home")
        liar.claims = {"email": "eve@example.org", "email_verified": True}
        await arrives(two, liar, "other")
        assert len({await whose(one), await whose(two), "401"}) == 3
        liar.claims = {}
        async with browser(w) as again:
            await arrives(again, liar, "home")
            assert await whose(again) == await whose(one)


async def test_who_set_out_for_one_provider_comes_not_back_from_another(tmp_path: Path) -> None:
    async with scene(tmp_path, "home", "other") as (w, _), browser(w) as page:
        away = await page.get(f"{FOLDER}/home/start")
        state = parse_qs(urlsplit(away.headers["location"]).query)["state"][0]
        answer = await page.get(f"{FOLDER}/other/callback", params={"code": "c", "state": state})
        assert_problem(answer, 403, "bad-state")


@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 403), ("same-site", 403), ("same-origin", 302), ("none", 302), (None, 302)],
)
async def test_another_site_sends_nobody_to_a_provider(tmp_path: Path, site: str | None, status: int) -> None:
    async with scene(tmp_path) as (w, _), browser(w) as page:
        headers = {"Sec-Fetch-Site": site} if site else {}
        answer = await page.get(f"{FOLDER}/home/start", headers=headers)
        assert answer.status_code == status
        assert ("set-cookie" in answer.headers) is (status == 302)


async def test_who_links_an_account_has_signed_in_lately(tmp_path: Path) -> None:
    async with scene(tmp_path) as (w, liar), browser(w) as page:
        await person(w, "ada")
        body = {"login": "ada", "password": PASSWORD, "cookies": True}
        await page.post("/api/v1/auth/login", json=body)
        w.clock.move(minutes=10, seconds=1)
        answer = await page.get(f"{FOLDER}/home/start", params={"link": "true"})
        assert_problem(answer, 403, "prove-it")
        await page.post("/api/v1/auth/login", json=body)
        assert (await arrives(page, liar, link="true")).status_code == 302


async def test_a_session_goes_on_and_ends_without_its_provider(tmp_path: Path) -> None:
    async with scene(tmp_path) as (w, liar), browser(w) as page:
        await arrives(page, liar)
        liar.lie = "nothing"
        w.clock.move(minutes=16)
        renewed = await page.post("/api/v1/auth/refresh", headers={"Origin": ORIGIN})
        assert renewed.status_code == 200
        safe = {"X-CSRF-Token": renewed.json()["csrf_token"]}
        assert (await page.post("/api/v1/auth/logout", headers=safe)).status_code == 204
        assert await whose(page) == "401"


async def test_who_comes_back_anew_ends_the_session_that_the_page_had(tmp_path: Path) -> None:
    async with scene(tmp_path) as (w, liar), browser(w) as page, browser(w) as thief:
        await arrives(page, liar)
        thief.cookies.update(dict(page.cookies))
        await arrives(page, liar)
        assert (await whose(thief), await whose(page) != "401") == ("401", True)
