"""`sluice care` and `sluice schedules` before a stand-in for the gateway."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from deploy.local.cli import app
from deploy.local.failures import Exit
from tests.unit.deploy.gateway import FakeGateway

JOB: dict[str, Any] = {"id": "j1", "kind": "cleanup", "state": "completed", "name": "cleanup"}
COUNTS = {"blobs": 9, "size_bytes": 5000, "orphans": 2, "orphan_bytes": 100, "young": 1, "removed": 0}
CLEANED = {"chore": "cleanup", "deleted": False, "total": COUNTS, "areas": {"raw": COUNTS}}
FOUND = {"what": "changed", "kind": "medium", "id": "m1", "location": "raw/ab/x"}
SCRUBBED = {
    "chore": "scrub",
    "expected": 4,
    "read": 4,
    "read_bytes": 5000,
    "damaged": {"changed": 1},
    "findings": [FOUND],
    "untrusted": [{"rendition": "renditions/x"}],
}
KEPT = {
    "chore": "retention",
    "deleted": False,
    "media": 7,
    "going": 2,
    "going_bytes": 5000,
    "left": 3,
    "first": [{"kind": "version", "id": "m1~7", "name": "a.mp4", "size_bytes": 5, "why": "another one"}],
}
NIGHTLY: dict[str, Any] = {
    "name": "nightly",
    "version": 1,
    "cron": "0 3 * * *",
    "zone": "UTC",
    "chore": "cleanup",
    "options": {"delete": True},
    "paused": False,
    "owner_id": "admin",
    "next_due": "2026-05-02T03:00:00Z",
}


def sluice(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (("cleanup",), "cleanup", {"delete": False}),
        (("cleanup", "--delete", "--grace", "0"), "cleanup", {"delete": True, "grace_s": 0}),
        (("scrub",), "scrub", {"outputs": True}),
        (("scrub", "--no-outputs"), "scrub", {"outputs": False}),
        (
            ("retention", "--delete", "--versions-kept", "0", "--tag", "x"),
            "retention",
            {"delete": True, "versions_kept": 0, "tag": "x"},
        ),
    ],
)
def test_a_chore_is_asked_for(
    gateway: FakeGateway, words: tuple[str, ...], path: str, body: dict[str, Any]
) -> None:
    gateway.answers(f"POST /api/v1/care/{path}", {"job": JOB, "token": "t"}, status=202)
    assert sluice("care", *words).stdout == f"j1: {path} is asked for\n"
    assert orjson.loads(gateway.asked[0].body) == body
    assert orjson.loads(sluice("care", *words, "--json").stdout) == JOB


def test_a_chore_that_is_waited_for_shows_its_report(gateway: FakeGateway) -> None:
    gateway.answers("POST /api/v1/care/cleanup", {"job": JOB, "token": "t"}, status=202)
    gateway.answers("GET /api/v1/jobs/j1", JOB)
    gateway.answers("GET /api/v1/jobs/j1/output", CLEANED)
    shown = sluice("care", "cleanup", "--watch")
    assert shown.exit_code == 0
    assert all(word in shown.output for word in ("raw", "NEEDLESS", "all", "nothing was removed"))
    gateway.answers(
        "GET /api/v1/jobs/j1", {**JOB, "state": "failed", "error": {"reason": "views are behind"}}
    )
    failed = sluice("care", "cleanup", "--watch")
    assert failed.exit_code == Exit.FAILED
    assert "views are behind" in failed.output


def test_a_report_is_shown_for_people_and_for_machines(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/jobs/j1/output", SCRUBBED)
    shown = sluice("care", "report", "j1").output
    assert all(word in shown for word in ("4 of 4", "changed", "m1", "1 renditions"))
    assert orjson.loads(sluice("care", "report", "j1", "--json").stdout) == SCRUBBED
    gateway.answers("GET /api/v1/jobs/j1/output", KEPT)
    kept = sluice("care", "report", "j1").output
    assert all(word in kept for word in ("7 media", "m1~7", "another one", "3 more", "nothing was deleted"))
    assert sluice("care", "report", "none").exit_code == Exit.NOT_FOUND


def test_schedules_are_listed_and_shown(gateway: FakeGateway) -> None:
    resting = {**NIGHTLY, "name": "weekly", "paused": True, "next_due": None}
    gateway.answers("GET /api/v1/schedules", {"items": [NIGHTLY, resting]})
    gateway.answers("GET /api/v1/schedules/nightly", NIGHTLY)
    shown = sluice("schedules", "list").stdout
    assert all(word in shown for word in ("nightly", "0 3 * * *", "cleanup", "due 2026", "paused"))
    assert "delete=True" in sluice("schedules", "show", "nightly").stdout
    assert orjson.loads(sluice("schedules", "show", "nightly", "--json").stdout) == NIGHTLY


def test_a_schedule_is_set(gateway: FakeGateway) -> None:
    gateway.answers("PUT /api/v1/schedules/nightly", {"schedule": NIGHTLY, "token": "t"}, status=202)
    words = (
        "set",
        "nightly",
        "0 3 * * *",
        "cleanup",
        "--zone",
        "Europe/Berlin",
        "-o",
        "delete=true",
        "-o",
        "a=b c",
    )
    assert sluice("schedules", *words).exit_code == 0
    assert orjson.loads(gateway.asked[0].body) == {
        "cron": "0 3 * * *",
        "zone": "Europe/Berlin",
        "chore": "cleanup",
        "options": {"delete": True, "a": "b c"},
        "paused": False,
    }
    assert sluice("schedules", "set", "nightly", "@daily", "scrub", "-o", "delete").exit_code == Exit.USAGE


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_a_schedule_is_steered(gateway: FakeGateway, command: str) -> None:
    gateway.answers(f"POST /api/v1/schedules/nightly/{command}", {"schedule": NIGHTLY, "token": "t"})
    assert sluice("schedules", command, "nightly").stdout.startswith("nightly: due 2026")


def test_a_schedule_is_run_and_its_history_shown(gateway: FakeGateway) -> None:
    gateway.answers("POST /api/v1/schedules/nightly/run", {"job": JOB, "token": "t"}, status=202)
    runs = [
        {"due_at": None, "missed": 0, "job": JOB},
        {"due_at": "2026-05-01T03:00:00Z", "missed": 3, "job": {**JOB, "state": "failed"}},
    ]
    gateway.answers("GET /api/v1/schedules/nightly/history", {"items": runs, "next": None})
    assert sluice("schedules", "run", "nightly").stdout == "j1: cleanup is asked for\n"
    shown = sluice("schedules", "history", "nightly").stdout
    assert all(word in shown for word in ("by hand", "completed", "failed", "3"))
    assert [
        orjson.loads(line) for line in sluice("schedules", "history", "nightly", "--json").stdout.splitlines()
    ] == runs


def test_a_schedule_is_removed(gateway: FakeGateway) -> None:
    gateway.answers("DELETE /api/v1/schedules/nightly", {"schedule": None, "token": "t"}, status=202)
    assert sluice("schedules", "remove", "nightly").stdout == "nightly is removed\n"
