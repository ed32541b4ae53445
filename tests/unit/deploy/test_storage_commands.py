"""`sluice usage` and `sluice address`: what they ask the gateway, and what they show."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from deploy.local.cli import app
from deploy.local.failures import Exit
from tests.unit.deploy.gateway import FakeGateway

ITEM: dict[str, Any] = {
    "by": "type",
    "key": "video",
    "files": 12,
    "size_bytes": 2048,
    "at": "2026-01-02T03:04:05Z",
    "days": [{"day": "2026-01-01", "files": 7, "size_bytes": 1024}],
}
MADE = {"url": "https://x/signed/abc", "expires_at": "2026-01-02T03:04:05Z", "through": "gateway"}


def sluice(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_what_is_stored_is_shown_for_people_and_for_machines(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/storage/usage", {"items": [ITEM], "next": None})
    shown = sluice("usage", "--by", "type", "--days", "2")
    assert shown.exit_code == Exit.OK
    assert all(word in shown.stdout for word in ("TYPE", "video", "12", "2026-01-01", "7"))
    assert orjson.loads(sluice("usage", "--json").stdout) == ITEM
    assert sluice("usage", "--by", "colour").exit_code == Exit.USAGE


@pytest.mark.parametrize(
    ("words", "path", "order"),
    [
        (["m1"], "media/m1", {}),
        (["m1", "--minutes", "1.5"], "media/m1", {"expires_in_s": 90}),
        (["j1", "--output"], "jobs/j1/output", {}),
    ],
)
def test_an_address_is_printed(
    gateway: FakeGateway, words: list[str], path: str, order: dict[str, int]
) -> None:
    gateway.answers(f"POST /api/v1/{path}/address", MADE, status=201)
    made = sluice("address", *words)
    assert (made.exit_code, made.stdout) == (Exit.OK, f"{MADE['url']}\n")
    assert orjson.loads(gateway.asked[0].body) == order
