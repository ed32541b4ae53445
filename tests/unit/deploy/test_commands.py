"""The commands against a stand-in for the gateway: what they ask, what they say, how they end."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from connectors.version import version
from deploy.local.cli import app
from deploy.local.failures import Exit
from deploy.local.ports import pick
from tests.unit.deploy.gateway import FakeGateway

JOB: dict[str, Any] = {
    "id": "j1",
    "media_id": "m1",
    "kind": "transcode",
    "run": 1,
    "state": "processing",
    "profile": "web",
    "priority": "normal",
    "name": "clip",
    "requested_at": "2026-01-02T03:04:05Z",
    "finished_at": None,
    "progress": {"fraction": 0.42, "frames_done": 42, "frames_total": 100, "speed": 2.5, "eta_ms": 9000},
    "output": None,
    "error": None,
    "processing_time_ms": None,
}
DONE = {**JOB, "state": "completed", "output": {"name": "clip.web.mp4", "size_bytes": 4, "url": "/x"}}
FAILED = {**JOB, "state": "failed", "error": {"code": "bad_codec", "reason": "no such codec"}}


def sluice(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def objects(result: Result) -> list[Any]:
    return [orjson.loads(line) for line in result.stdout.splitlines()]


def test_jobs_are_listed_for_people_and_for_machines(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/jobs", {"items": [JOB], "next": None})
    shown = sluice("jobs")
    assert shown.exit_code == Exit.OK
    assert all(word in shown.stdout for word in ("j1", "processing", "42%", "2.5x", "0:09 left", "clip"))
    assert objects(sluice("jobs", "--json")) == [JOB]


def test_a_list_is_read_page_by_page_up_to_the_limit(gateway: FakeGateway) -> None:
    pages = [{"items": [JOB, JOB], "next": "c1"}, {"items": [JOB, JOB], "next": "c2"}]
    gateway.answers("GET /api/v1/jobs", *pages)
    assert len(objects(sluice("jobs", "--limit", "3", "--state", "processing", "--json"))) == 3
    assert [one.path.partition("?")[2] for one in gateway.asked] == [
        "limit=3&state=processing",
        "limit=1&cursor=c1&state=processing",
    ]


def test_the_token_goes_with_every_request(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/jobs/j1", JOB)
    sluice("job", "j1")
    assert gateway.asked[0].headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, Exit.REFUSED),
        (404, Exit.NOT_FOUND),
        (409, Exit.CONFLICT),
        (413, Exit.REFUSED),
        (422, Exit.REFUSED),
        (500, Exit.FAILED),
        (503, Exit.NOT_RUNNING),
    ],
)
def test_a_problem_is_one_clear_line_with_its_exit_code(
    gateway: FakeGateway, status: int, code: Exit
) -> None:
    gateway.refuses("GET /api/v1/jobs/j1", status, "No", "because of this")
    result = sluice("job", "j1")
    assert result.exit_code == code
    assert result.stderr == f"error: No: because of this ({status})\n"
    assert objects(sluice("job", "j1", "--json")) == [
        {"error": f"No: because of this ({status})", "exit_code": code}
    ]


def test_an_error_page_of_something_else_is_one_line_too(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/jobs/j1", b"<html>proxy</html>", status=502)
    assert sluice("job", "j1").stderr == "error: Bad Gateway (502)\n"


def test_an_answer_that_is_not_json_is_one_line_too(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/jobs/j1", b"<html>hello</html>")
    result = sluice("job", "j1")
    assert result.exit_code == Exit.FAILED
    assert "is it Sluice?" in result.stderr


def test_a_gateway_that_is_down_says_how_to_start_it(gateway: FakeGateway) -> None:
    result = sluice("jobs", "--url", f"http://127.0.0.1:{pick(set())}")
    assert result.exit_code == Exit.NOT_RUNNING
    assert "sluice up" in result.stderr


def test_no_stack_and_no_url_says_how_to_start_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLUICE_URL", raising=False)
    result = sluice("jobs", "--home", str(tmp_path / "none"))
    assert result.exit_code == Exit.NOT_RUNNING
    assert "no stack runs" in result.stderr


def test_wrong_usage_has_its_own_exit_code(gateway: FakeGateway) -> None:
    assert sluice("priority", "j1", "urgent").exit_code == Exit.USAGE
    assert sluice("nonsense").exit_code == Exit.USAGE


def test_what_a_user_types_stays_one_step_of_the_path(gateway: FakeGateway) -> None:
    sluice("job", "../media?x=1")
    assert gateway.asked[0].path == "/api/v1/jobs/..%2Fmedia%3Fx%3D1"


def test_jobs_are_steered(gateway: FakeGateway) -> None:
    for command in ("cancel", "retry", "priority", "pause", "resume"):
        gateway.answers(f"POST /api/v1/jobs/j1/{command}", {"job": JOB}, status=202)
    assert sluice("cancel", "j1").exit_code == Exit.OK
    assert sluice("retry", "j1").exit_code == Exit.OK
    assert sluice("priority", "j1", "high").exit_code == Exit.OK
    assert orjson.loads(gateway.asked[2].body) == {"priority": "high"}
    assert sluice("pause", "j1").exit_code == Exit.OK
    assert sluice("resume", "j1").exit_code == Exit.OK
    assert [asked.path.rpartition("/")[2] for asked in gateway.asked[3:]] == ["pause", "resume"]


def test_workers_are_listed_and_steered(gateway: FakeGateway) -> None:
    worker = {
        "instance": "worker-1",
        "state": "draining",
        "order": "drain",
        "drained": True,
        "slots": 2,
        "running": 0,
        "host": "attic",
        "last_beat_at": "2026-01-02T03:04:05Z",
    }
    gateway.answers("GET /api/v1/system/workers", {"items": [worker]})
    for command in ("pause", "drain", "resume"):
        gateway.answers(f"POST /api/v1/system/workers/worker-1/{command}", {"worker": worker}, status=202)
        assert sluice("workers", command, "worker-1").exit_code == Exit.OK
    shown = sluice("workers", "list").stdout
    assert all(word in shown for word in ("worker-1", "drained", "attic"))
    assert objects(sluice("workers", "list", "--json")) == [worker]


def test_a_file_is_uploaded_as_it_is(gateway: FakeGateway, tmp_path: Path) -> None:
    gateway.answers(
        "POST /api/v1/media", {"media": {"id": "m1"}, "job": {"id": "j1"}, "token": "t"}, status=202
    )
    film = tmp_path / "Ünïcode & co.mp4"
    film.write_bytes(b"\x00film" * 1000)
    result = sluice("add", str(film), "--priority", "high")
    assert result.exit_code == Exit.OK
    assert "m1" in result.stdout
    assert "j1" in result.stdout
    asked = gateway.asked[0]
    assert asked.path == "/api/v1/media?name=%C3%9Cn%C3%AFcode+%26+co.mp4&profile=web&priority=high"
    assert asked.headers["Content-Type"] == "video/mp4"
    assert asked.body == film.read_bytes()


def test_a_large_file_is_sent_so_that_it_can_go_on(
    gateway: FakeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    film, size = tmp_path / "large.mp4", 65 << 20
    with film.open("wb") as file:
        file.truncate(size)
    accepted = {"media": {"id": "m1"}, "job": JOB, "token": "t"}
    begun = {"id": "u1", "offset": size, "size_bytes": size, "accepted": accepted}
    gateway.answers("POST /api/v1/uploads", begun)
    assert objects(sluice("add", str(film), "--json")) == [accepted]
    (asked,) = gateway.asked
    assert (asked.headers["Tus-Resumable"], asked.headers["Upload-Length"]) == ("1.0.0", str(size))


def test_an_upload_without_a_job_asks_for_none(gateway: FakeGateway, tmp_path: Path) -> None:
    gateway.answers("POST /api/v1/media", {"media": {"id": "m1"}, "job": None, "token": "t"}, status=202)
    film = tmp_path / "clip.mp4"
    film.write_bytes(b"film")
    assert sluice("add", str(film), "--no-transcode", "--watch").exit_code == Exit.OK
    assert gateway.asked[0].path == "/api/v1/media?name=clip.mp4"


def test_a_file_that_is_not_there_is_wrong_usage(gateway: FakeGateway) -> None:
    result = sluice("add", "nowhere.mp4")
    assert result.exit_code == Exit.USAGE
    assert gateway.asked == []


def test_watching_ends_with_the_job(gateway: FakeGateway) -> None:
    pending = {**JOB, "state": "pending", "progress": None}
    gateway.answers("GET /api/v1/jobs/j1", pending, pending, JOB, DONE)
    result = sluice("job", "j1", "--watch", "--json")
    assert result.exit_code == Exit.OK
    assert objects(result) == [DONE]
    assert [line.split()[1] for line in result.stderr.splitlines()] == ["pending", "processing", "completed"]


def test_watching_a_job_that_fails_says_why(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/jobs/j1", FAILED)
    result = sluice("job", "j1", "--watch")
    assert result.exit_code == Exit.FAILED
    assert "failed: no such codec" in result.stderr


def test_watching_outlives_a_gateway_that_starts_again(gateway: FakeGateway) -> None:
    gateway._answers["GET /api/v1/jobs/j1"] = [(200, JOB), (200, JOB), (503, {"title": "Later"}), (200, DONE)]
    assert sluice("job", "j1", "--watch").exit_code == Exit.OK


def test_a_result_is_downloaded_under_its_own_name(gateway: FakeGateway, tmp_path: Path) -> None:
    gateway.answers("GET /api/v1/jobs/j1", DONE)
    gateway.answers("GET /api/v1/jobs/j1/output", b"film")
    assert sluice("get", "j1").exit_code == Exit.OK
    assert (tmp_path / "clip.web.mp4").read_bytes() == b"film"


def test_a_download_replaces_nothing_without_force(gateway: FakeGateway, tmp_path: Path) -> None:
    gateway.answers("GET /api/v1/jobs/j1", DONE)
    gateway.answers("GET /api/v1/jobs/j1/output", b"film")
    mine = tmp_path / "mine.mp4"
    mine.write_bytes(b"mine")
    assert sluice("get", "j1", "-o", str(mine)).exit_code == Exit.CONFLICT
    assert mine.read_bytes() == b"mine"
    assert sluice("get", "j1", "-o", str(mine), "--force").exit_code == Exit.OK
    assert mine.read_bytes() == b"film"


def test_a_hostile_name_stays_in_the_current_folder(gateway: FakeGateway, tmp_path: Path) -> None:
    hostile = {**DONE, "output": {"name": "../../\x1b[31m.bashrc", "size_bytes": 4}}
    gateway.answers("GET /api/v1/jobs/j1", hostile)
    gateway.answers("GET /api/v1/jobs/j1/output", b"film")
    assert sluice("get", "j1").exit_code == Exit.OK
    [found] = [path for path in tmp_path.iterdir() if path.is_file()]
    assert "\x1b" not in found.name
    assert not found.name.startswith(".")


def test_a_medium_is_downloaded_as_it_was_uploaded(gateway: FakeGateway, tmp_path: Path) -> None:
    gateway.answers("GET /api/v1/media/m1", {"id": "m1", "name": "clip.mov", "size_bytes": 4})
    gateway.answers("GET /api/v1/media/m1/content", b"film")
    assert sluice("get", "m1").exit_code == Exit.OK
    assert (tmp_path / "clip.mov").read_bytes() == b"film"


def test_a_job_without_a_result_has_nothing_to_download(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/jobs/j1", FAILED)
    result = sluice("get", "j1")
    assert result.exit_code == Exit.CONFLICT
    assert "no such codec" in result.stderr


def test_a_download_that_breaks_leaves_nothing(gateway: FakeGateway, tmp_path: Path) -> None:
    gateway.answers("GET /api/v1/jobs/j1", DONE)
    gateway.refuses("GET /api/v1/jobs/j1/output", 503, "Later", "the store is away")
    assert sluice("get", "j1").exit_code == Exit.NOT_RUNNING
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


def test_names_cannot_steer_the_terminal(gateway: FakeGateway) -> None:
    item = {"id": "m1", "state": "ready", "name": "a\x1b]0;owned\x07\nb", "size_bytes": 1_500_000}
    gateway.answers("GET /api/v1/media", {"items": [item], "next": None})
    shown = sluice("media").stdout
    assert "\x1b" not in shown
    assert "1.5 MB" in shown


def test_a_medium_is_removed(gateway: FakeGateway) -> None:
    gateway.answers("DELETE /api/v1/media/m1", {}, status=202)
    assert sluice("remove", "m1").exit_code == Exit.OK


def test_every_command_has_help_and_speaks_json() -> None:
    groups = [group.typer_instance for group in app.registered_groups if group.typer_instance is not None]
    commands = [*app.registered_commands, *(one for group in groups for one in group.registered_commands)]
    assert len(groups) == len(app.registered_groups)
    assert len(commands) >= 30
    for command in commands:
        assert command.callback is not None
        assert command.callback.__doc__
        assert "json" in inspect.signature(command.callback).parameters, command.callback.__name__


def test_the_version_is_said_either_way() -> None:
    said = {sluice(word).stdout for word in ("version", "--version")}
    assert said == {f"sluice {version()}\n"}
