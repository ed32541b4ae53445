"""`sluice viewing` and `sluice activity`: what they ask the gateway, and what they show."""

from __future__ import annotations

from typing import Any

import orjson
from typer.testing import CliRunner, Result

from deploy.local.cli import app
from deploy.local.failures import Exit
from tests.unit.deploy.gateway import FakeGateway

STATE = {"position_ms": 125_000, "plays": 2, "favourite": True}
MEDIUM: dict[str, Any] = {"id": "m1", "name": "film.mkv", "viewing": STATE}
ROW = {"at": "2026-05-01T12:00:00Z", "user": "u1", "action": "media.played", "target": "m1", "count": 1}


def sluice(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_what_there_is_to_go_on_with_is_listed(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/viewing", {"items": [{"media": MEDIUM}], "next": None})
    shown = sluice("viewing", "list")
    assert all(word in shown.stdout for word in ("m1", "film.mkv", "2:05", "yes"))
    assert orjson.loads(sluice("viewing", "list", "--json").stdout) == MEDIUM


def test_only_what_is_named_is_set(gateway: FakeGateway) -> None:
    gateway.answers("PUT /api/v1/media/m1/viewing", STATE)
    assert sluice("viewing", "set", "m1", "--position", "1.5", "--no-favourite").exit_code == Exit.OK
    assert orjson.loads(gateway.asked[0].body) == {"position_ms": 1500, "favourite": False}
    assert sluice("viewing", "set", "m1").exit_code == Exit.USAGE


def test_it_is_forgotten_on_request(gateway: FakeGateway) -> None:
    gateway.answers("DELETE /api/v1/media/m1/viewing", {})
    assert sluice("viewing", "forget", "m1").exit_code == Exit.OK


def test_activity_is_listed(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/activity", {"items": [ROW], "next": None, "month": "2026-05"})
    shown = sluice("activity", "--month", "2026-05", "--user", "everyone")
    assert all(word in shown.stdout for word in ("u1", "media.played", "m1"))
