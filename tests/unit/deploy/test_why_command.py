"""`sluice why`: a job's timeline, or a medium's, with the reasons below each sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.failures import Exit
from tests.unit.deploy.gateway import serving

ITEM: dict[str, Any] = {
    "at": "2026-01-02T03:04:05Z",
    "text": "It was not accepted (not-media).",
    "why": ["The file is text."],
    "by": "service:ingest",
}


@pytest.mark.parametrize("kind", ["jobs", "media"])
def test_what_happened_is_told_with_its_reasons(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    with serving() as fake:
        for name, value in (("URL", fake.url), ("TOKEN", "secret"), ("HOME", str(tmp_path / "home"))):
            monkeypatch.setenv(f"SLUICE_{name}", value)
        known = {"jobs": 200, "media": 404}[kind]
        fake.answers("GET /api/v1/jobs/x1", {"id": "x1", "detail": "no such job"}, status=known)
        fake.answers(f"GET /api/v1/{kind}/x1/timeline", {"items": [ITEM], "next": None})
        shown = CliRunner().invoke(app, ["why", "x1"])
        assert shown.exit_code == Exit.OK
        assert "It was not accepted (not-media).  [service:ingest]" in shown.stdout
        assert "because: The file is text." in shown.stdout
        assert orjson.loads(CliRunner().invoke(app, ["why", "x1", "--json"]).stdout) == ITEM
