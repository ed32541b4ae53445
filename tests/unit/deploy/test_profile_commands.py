"""`sluice profiles` before a stand-in for the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from deploy.local.cli import app
from deploy.local.failures import Exit
from schemas.profiles import BUILT_IN, written
from tests.unit.deploy.gateway import FakeGateway

WEB: dict[str, Any] = orjson.loads(written(BUILT_IN["web"]))
SOUND: dict[str, Any] = orjson.loads(written(BUILT_IN["sound"]))
PRESET = {"name": "Fast 480p30", "category": "General", "workers": ["worker-1", "worker-2"]}


def profiles(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, ("profiles", *words), input=given)


def objects(result: Result) -> list[Any]:
    return [orjson.loads(line) for line in result.stdout.splitlines()]


def test_profiles_are_listed_for_people_and_for_machines(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/profiles", {"items": [WEB, SOUND]})
    shown = profiles("list").stdout
    assert all(word in shown for word in ("web", "h264 1080 720 480 240", "aac 128k", "sound", "m4a"))
    assert objects(profiles("list", "--json")) == [WEB, SOUND]


def test_a_profile_is_shown(gateway: FakeGateway) -> None:
    gateway.answers("GET /api/v1/profiles/web", WEB)
    shown = profiles("show", "web").stdout
    assert all(word in shown for word in ("1080 high", "quality 23, at most 6000k", "in software"))
    assert objects(profiles("show", "web", "--json")) == [WEB]
    assert profiles("show", "none").exit_code == Exit.NOT_FOUND


def test_what_is_shown_can_be_put(gateway: FakeGateway, tmp_path: Path) -> None:
    gateway.answers("PUT /api/v1/profiles/web", {"profile": {**WEB, "version": 7}, "token": "t"}, status=202)
    (tmp_path / "web.json").write_text(orjson.dumps(WEB).decode())
    assert profiles("put", "web.json").stdout == "web is version 7 now\n"
    assert orjson.loads(gateway.asked[0].body) == WEB
    assert objects(profiles("put", "-", "--json", given=orjson.dumps(WEB).decode()))[0]["version"] == 7


def test_each_problem_of_a_bad_profile_is_on_its_line(gateway: FakeGateway, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"name": "bad"}')
    said: dict[str, Any] = {
        "title": "Unprocessable Content",
        "detail": "a\nb",
        "problems": ["video.codec: no", "audio: no"],
    }
    gateway.answers("PUT /api/v1/profiles/bad", said, status=422)
    result = profiles("put", "bad.json", "--json")
    assert result.exit_code == Exit.REFUSED
    assert result.stderr == "error: Unprocessable Content (422)\n  video.codec: no\n  audio: no\n"
    assert objects(result)[0]["problems"] == ["video.codec: no", "audio: no"]
    said = {"title": "No", "errors": [{"at": ["body", "video", "codec"], "reason": "Input should be 'h264'"}]}
    gateway.answers("PUT /api/v1/profiles/bad", said, status=422)
    assert profiles("put", "bad.json").stderr == "error: No (422)\n  video.codec: Input should be 'h264'\n"


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"name": 5}'])
def test_what_is_no_profile_at_all_is_wrong_usage(
    gateway: FakeGateway, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "x.json").write_text(content)
    assert profiles("put", "x.json").exit_code == Exit.USAGE
    assert gateway.asked == []


def test_a_profile_is_removed(gateway: FakeGateway) -> None:
    gateway.answers("DELETE /api/v1/profiles/mine", {"profile": None, "token": "t"}, status=202)
    gateway.refuses("DELETE /api/v1/profiles/web", 409, "Conflict", "web is always there")
    assert profiles("rm", "mine").exit_code == Exit.OK
    assert profiles("rm", "web").exit_code == Exit.CONFLICT


def test_presets_are_listed_with_who_has_them(gateway: FakeGateway) -> None:
    path = "GET /api/v1/profiles/handbrake-presets"
    gateway.answers(path, {"workers": ["worker-1", "worker-2"], "items": [PRESET]})
    assert all(word in profiles("presets").stdout for word in ("Fast 480p30", "General", "worker-1 worker-2"))
    assert objects(profiles("presets", "--json")) == [PRESET]
    gateway.answers(path, {"workers": [], "items": []})
    assert "HandBrake" in profiles("presets").stderr
