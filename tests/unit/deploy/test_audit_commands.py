"""`sluice audit`: what it asks the gateway, and what it makes of a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from connectors.brokers import Brokers
from deploy.local import trail
from deploy.local.cli import app
from deploy.local.failures import Exit, Failure
from gateway.audit.verification import Verification
from tests.unit.deploy.gateway import FakeGateway
from tests.unit.gateway.doubles import START
from tests.unit.gateway.trail import KEYS, links

ITEM: dict[str, Any] = {
    "id": "e1",
    "at": "2026-01-02T03:04:05Z",
    "action": "media.deleted",
    "outcome": "refused",
    "actor": "u1",
    "came_by": "session",
    "kind": "media",
    "target": "m1",
    "count": 3,
    "details": {"code": "not-yours"},
    "address": None,
    "address_mark": "ab12",
    "chain": "gateway-1/c1",
    "number": 7,
    "intact": False,
}


def sluice(*words: str) -> Result:
    return CliRunner().invoke(app, ["audit", *words])


def test_the_log_is_listed_for_people_and_for_machines(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/audit", {"items": [ITEM], "next": None})
    shown = sluice("list", "--actor", "u1", "--outcome", "refused", "--from", "2026-01-01")
    assert shown.exit_code == Exit.OK
    assert all(word in shown.stdout for word in ("media.deleted", "u1", "media m1", "ab12", "CHANGED"))
    assert gateway.asked[0].path.partition("?")[2] == "limit=50&actor=u1&outcome=refused&from=2026-01-01"
    assert orjson.loads(sluice("list", "--json").stdout) == ITEM


def test_a_report_can_be_kept_and_read_again(tmp_path: Path) -> None:
    verification = Verification(KEYS)
    for record in links("gateway-1/a", 3):
        verification.take(record)
    report = verification.report(START)
    file = tmp_path / "report.json"
    file.write_bytes(orjson.dumps(trail.as_object(report)))
    assert trail.heads_in(file) == [each.head for each in report.chains]
    file.write_text("{}")
    with pytest.raises(Failure, match="no report"):
        trail.heads_in(file)


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s" * 43)
    file.chmod(0o644)
    with pytest.raises(Failure, match="chmod 600"):
        trail.verify(Brokers("127.0.0.1:9"), file, [])
