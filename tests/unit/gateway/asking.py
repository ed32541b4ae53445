"""Asking by GraphQL, for tests."""

from __future__ import annotations

from typing import Any

import httpx

from tests.unit.gateway.fakes import World

PATH = "/api/v1/graphql"


async def asked(
    w: World, document: str, headers: dict[str, str] | None = None, **variables: Any
) -> dict[str, Any]:
    """What a document is answered with that was taken."""
    answer = await send(w, document, headers, **variables)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def send(
    w: World, document: str, headers: dict[str, str] | None = None, **variables: Any
) -> httpx.Response:
    """The answer to a document."""
    return await w.client.post(PATH, json={"query": document, "variables": variables}, headers=headers)


async def given(w: World, document: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
    """The data of a document that nothing is wrong with."""
    said = await asked(w, document, headers, **variables)
    assert "errors" not in said, said
    return said["data"]


def codes(said: dict[str, Any]) -> list[str]:
    """The codes of an answer's errors."""
    return [error["extensions"]["code"] for error in said.get("errors", [])]
