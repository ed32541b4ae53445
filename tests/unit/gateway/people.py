"""People with accounts, for tests: made as an administrator makes them, signed in as they would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.unit.gateway.checks import anonymous
from tests.unit.gateway.fakes import World

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Person:
    """Someone with an account."""

    id: str
    login: str


async def person(w: World, login: str = "ada", role: str = "viewer", **more: Any) -> Person:
    """Someone new."""
    body = {"login": login, "password": PASSWORD, "role": role, **more}
    answer = await w.client.post("/api/v1/users", json=body)
    assert answer.status_code == 201, answer.text
    return Person(answer.json()["user"]["id"], login)


async def signed_in(w: World, who: Person, password: str = PASSWORD) -> dict[str, Any]:
    """The tokens that someone gets who signs in."""
    async with anonymous(w) as client:
        answer = await client.post("/api/v1/auth/login", json={"login": who.login, "password": password})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def bearing(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


async def header_of(w: World, who: Person) -> dict[str, str]:
    """What someone sends who has signed in."""
    return bearing((await signed_in(w, who))["access_token"])
