"""`sluice import`: what has to be said, how it ends, and what it leaves behind."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from deploy.local.cli import app
from deploy.local.failures import Exit
from tests import earlier_systems as systems
from tests.unit.deploy.gateway import FakeGateway, serving

NOTHING: dict[str, Any] = {"items": [], "next": None}
MADE = {"user": {"id": "u1", "login": "x", "email": None, "role": "viewer", "state": "active"}}


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeGateway]:
    with serving() as fake:
        monkeypatch.setenv("SLUICE_URL", fake.url)
        monkeypatch.setenv("SLUICE_TOKEN", "secret")
        monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        fake.answers("GET /openapi.json", {})
        fake.answers("GET /api/v1/media", NOTHING)
        fake.answers("GET /api/v1/users", NOTHING)
        fake.answers("POST /api/v1/users", MADE)
        fake.answers("POST /api/v1/users/u1/password-reset", {"reset": "slr_1"})
        yield fake


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return systems.classic(tmp_path / "data")


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Where two of its three files are."""
    for name in ("Alien (1979)/Alien.mkv", "Song.flac"):
        (tmp_path / "films" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "films" / name).write_bytes(b"film")
    return tmp_path / "films"


def sluice(*words: object) -> Result:
    return CliRunner().invoke(app, ["import", *map(str, words)])


def test_which_files_may_be_sent_has_to_be_said(gateway: FakeGateway, library: Path) -> None:
    shown = sluice(library)
    assert shown.exit_code == Exit.USAGE
    assert "--map" in shown.stderr
    assert "/media/films" in shown.stderr
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--only", "users,films"), Exit.USAGE),
        (("--library", "L", "--into", "M"), Exit.USAGE),
        (("--map", "/nowhere/at/all"), Exit.USAGE),
        (("--people", "/nowhere.json"), Exit.USAGE),
    ],
)
def test_what_makes_no_sense_is_refused(
    gateway: FakeGateway, library: Path, words: tuple[str, ...], code: Exit
) -> None:
    assert sluice(library, *words).exit_code == code
    assert sluice(library.with_name("not-there.db")).exit_code == Exit.NOT_FOUND
    assert gateway.asked == []


def test_what_would_be_missing_is_told_and_written_down(
    gateway: FakeGateway, library: Path, films: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    shown = sluice(library, "--map", f"/media/films={films}", "--dry-run", "--report", report)
    assert shown.exit_code == Exit.FAILED
    assert "2 to be sent" in shown.stdout
    assert "missing: Second: it is not at" in shown.stderr
    said = orjson.loads(report.read_bytes())
    assert (said["items"], said["people"], said["dry_run"]) == ({"to be sent": 2}, {"to be made": 3}, True)
    assert [each["what"] for each in said["missing"]] == ["Second"]
    assert {asked.method for asked in gateway.asked} == {"GET"}


def test_people_get_accounts_and_what_lets_them_in_is_for_the_administrators_eyes(
    gateway: FakeGateway, library: Path, tmp_path: Path
) -> None:
    codes = tmp_path / "codes"
    shown = sluice(library, "--only", "users", "--email-domain", "home.example", "--reset-codes", codes)
    assert shown.exit_code == Exit.OK, shown.output
    made = [
        orjson.loads(asked.body) for asked in gateway.asked if asked.path == "/api/v1/users" and asked.body
    ]
    assert [(each["login"], each["role"], each["state"]) for each in made] == [
        ("Ada.Lovelace", "admin", "active"),
        ("Bob.Brown", "viewer", "active"),
        ("Old.Guest", "viewer", "disabled"),
    ]
    assert len({each["password"] for each in made}) == 3
    assert made[0]["email"] == "Ada.Lovelace@home.example"
    assert codes.read_text() == "Ada.Lovelace slr_1\nBob.Brown slr_1\n"
    assert stat.S_IMODE(codes.stat().st_mode) == 0o600
    assert "slr_1" not in shown.output


def test_what_was_done_is_written_down_though_it_ends_early(
    gateway: FakeGateway, library: Path, tmp_path: Path
) -> None:
    gateway.refuses("POST /api/v1/users", 403, "Forbidden", "This takes the permission users:write.")
    report = tmp_path / "report.json"
    shown = sluice(library, "--only", "users", "--report", report, "--json")
    assert (shown.exit_code, "users:write" in shown.output) == (Exit.REFUSED, True)
    assert orjson.loads(report.read_bytes())["people"] == {}
