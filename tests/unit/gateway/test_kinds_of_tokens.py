"""Each kind of token is good for its purpose alone, and in one spelling."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from connectors.sealing import Secret
from gateway.auth import handed_out
from gateway.auth.live_tickets import LiveTickets
from gateway.auth.principal import Principal
from gateway.auth.sessions import Sessions
from gateway.errors import Unauthorized
from tests.unit.gateway.checks import anonymous, upload
from tests.unit.gateway.fakes import TOKEN, World, world
from tests.unit.gateway.people import PASSWORD, bearing, person, signed_in


def unsigned(token: str, **header: Any) -> str:
    """The same claims with no signature, and a header that says that this is well."""
    said = base64.urlsafe_b64encode(orjson.dumps({"typ": "JWT", **header})).decode().rstrip("=")
    return f"{said}.{token.split('.')[1]}."


async def one_of_each(w: World) -> dict[str, str]:
    session = await signed_in(w, await person(w))
    headers = bearing(session["access_token"])
    media = (await upload(w)).json()["media"]["id"]
    async with anonymous(w) as client:
        order = {"name": "k", "scopes": ["media:read"]}
        key = (await client.post("/api/v1/keys", json=order, headers=headers)).json()["key"]
        ticket = (await client.post("/api/v1/auth/tickets", headers=headers)).json()["ticket"]
        csrf = (await client.get("/api/v1/auth/whoami", headers=headers)).json()["csrf_token"]
        invitation = (await w.client.post("/api/v1/invitations", json={})).json()["invitation"]
        link = (await w.client.post(f"/api/v1/media/{media}/shares", json={})).json()["link"]
        opened = (await client.post("/api/v1/shares/open", json={"link": link})).json()["access_token"]
    return {
        "administrator's": TOKEN,
        "access": session["access_token"],
        "refresh": session["refresh_token"],
        "csrf": csrf,
        "key": key,
        "invitation": invitation,
        "link": link,
        "opened link": opened,
        "live ticket": ticket,
    }


async def shows(client: httpx.AsyncClient, where: str, token: str) -> int:
    """What is answered to a token at one of the places that take some."""
    match where:
        case "header":
            return (await client.get("/api/v1/auth/whoami", headers=bearing(token))).status_code
        case "cookie":
            cookie = {"Cookie": f"__Host-sluice-access={token}"}
            return (await client.get("/api/v1/auth/whoami", headers=cookie)).status_code
        case "refresh":
            return (await client.post("/api/v1/auth/refresh", json={"refresh_token": token})).status_code
        case "socket":
            # A good ticket is followed for ever: what opens nothing is answered at once.
            return (await client.get("/api/v1/events", params={"ticket": token, "job": "x"})).status_code
        case "share":
            return (await client.post("/api/v1/shares/open", json={"link": token})).status_code
        case "invitation":
            body = {"login": "new", "password": PASSWORD, "invitation": token}
            return (await client.post("/api/v1/auth/register", json=body)).status_code
        case _:
            return (await client.get(f"/stream/{token}/master.m3u8")).status_code


GOOD = {
    "header": {"administrator's", "access", "key", "opened link"},
    "cookie": {"administrator's", "access", "key", "opened link"},
    "refresh": {"refresh"},
    "socket": {"live ticket"},
    "share": {"link"},
    "invitation": {"invitation"},
    "stream": set(),
}
"""Which kinds are good where."""


@pytest.mark.parametrize("where", GOOD)
async def test_a_token_of_one_kind_is_none_of_another(tmp_path: Path, where: str) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        for kind, token in (await one_of_each(w)).items():
            if where == "socket" and kind in GOOD[where]:
                continue
            status = await shows(client, where, token)
            assert (status < 400) is (kind in GOOD[where]), (kind, status)


async def test_a_replica_that_may_have_missed_their_end_takes_none(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client, asyncio.timeout(20):
        tokens = await one_of_each(w)
        w.publisher.feed.age_s = 16
        for where, kinds in GOOD.items():
            for kind in kinds - {"administrator's"}:
                assert await shows(client, where, tokens[kind]) == 503, (where, kind)


def changes(text: str) -> list[str]:
    """The text with one character changed, at each place."""
    return [text[:n] + ("A" if text[n] != "A" else "B") + text[n + 1 :] for n in range(len(text) - 1)]


async def test_no_signed_text_can_be_changed(tmp_path: Path) -> None:
    """The last character of base64 says less than six bits, and has other spellings: it is left out."""
    async with world(tmp_path) as w:
        tokens = await one_of_each(w)
        identity, now = w.services.identity, w.clock.now()
        for changed in changes(tokens["opened link"].removeprefix("slv_")):
            with pytest.raises(Unauthorized):
                identity.links.principal("slv_" + changed, now)
        for changed in changes(tokens["live ticket"]):
            with pytest.raises(Unauthorized):
                await identity.tickets.take(changed, now)
        for changed in changes(tokens["refresh"]):
            with pytest.raises(Unauthorized):
                await identity.sessions.renew(changed, now)
        for changed in [*changes(tokens["access"]), *changes(tokens["key"])]:
            with pytest.raises(Unauthorized):
                await w.services.authenticator.principal(changed)
        assert (await identity.tickets.take(tokens["live ticket"], now)).user_id


async def test_those_of_another_installation_are_none(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        session = await signed_in(w, await person(w))
        identity, now, other = w.services.identity, w.clock.now(), Secret(["of another installation"])
        known = await identity.sessions.get(session["session_id"])
        assert known is not None
        theirs = Sessions(w.database, other, identity.sessions.lifetimes)
        with pytest.raises(Unauthorized):
            await identity.sessions.renew(theirs.token(known), now)
        ticket = LiveTickets(other, identity.claims).write(Principal(known.user_id), now)
        with pytest.raises(Unauthorized):
            await identity.tickets.take(ticket, now)


def test_what_is_handed_out_is_random() -> None:
    found = {handed_out.new_secret() for _ in range(100)}
    assert len(found) == 100
    assert {len(base64.urlsafe_b64decode(each + "==")) for each in found} == {32}
