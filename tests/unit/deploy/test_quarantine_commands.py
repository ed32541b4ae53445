"""`sluice quarantine`: what it asks the gateway, and what it shows."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from deploy.local.cli import app
from deploy.local.failures import Exit
from tests.unit.deploy.gateway import FakeGateway

ITEM: dict[str, Any] = {
    "media": {
        "id": "m1",
        "name": "film.mkv",
        "size_bytes": 2048,
        "owner_id": "u1",
        "quarantine": {"finding": "Own-Test-Signature", "since": "2026-01-02T03:04:05Z"},
    },
    "same_bytes": [{"id": "m0", "name": "old.mkv", "owner_id": "u2", "status": "ready"}],
}


def sluice(*words: str, said: str | None = None) -> Result:
    return CliRunner().invoke(app, ["quarantine", *words], input=said)


def test_what_is_held_is_listed_for_people_and_for_machines(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/quarantine", {"items": [ITEM], "next": None})
    shown = sluice("list")
    assert shown.exit_code == Exit.OK
    assert all(word in shown.stdout for word in ("m1", "film.mkv", "u1", "Own-Test-Signature"))
    assert orjson.loads(sluice("list", "--json").stdout) == ITEM


@pytest.mark.parametrize(("verdict", "said"), [("release", "let in"), ("destroy", "destroyed")])
def test_a_decision_takes_its_reason_along(gateway: FakeGateway, verdict: str, said: str) -> None:
    gateway.answers(f"POST /api/v1/quarantine/m1/{verdict}", {"id": "m1", "token": "t"}, status=202)
    done = sluice(verdict, "m1", "--reason", "a false alarm")
    assert (done.exit_code, said in done.stdout) == (Exit.OK, True)
    assert orjson.loads(gateway.asked[0].body) == {"reason": "a false alarm"}
    assert sluice(verdict, "m1", said="seen it\n").exit_code == Exit.OK
    assert orjson.loads(gateway.asked[1].body) == {"reason": "seen it"}


def test_what_is_not_held_is_in_conflict(gateway: FakeGateway) -> None:
    gateway.refuses("POST /api/v1/quarantine/m1/release", 409, "Conflict", "The medium m1 is not held.")
    assert sluice("release", "m1", "--reason", "x").exit_code == Exit.CONFLICT
