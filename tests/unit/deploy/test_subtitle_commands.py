"""`sluice subtitles` on files of this machine."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from deploy.local.cli import app
from deploy.local.failures import Exit

SRT = "1\n00:00:01,000 --> 00:00:02,500\n<i>Żałuję</i>\n\n2\n00:00:03,000 --> 00:00:04,000\n- a\n- b\n"


def subtitles(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ("subtitles", *map(str, words)))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.srt"
    path.write_bytes(SRT.encode("cp1250"))
    return path


def test_a_file_is_shown_for_people_and_for_machines(film: Path) -> None:
    shown = subtitles("show", film, "--encoding", "cp1250").stdout
    assert all(word in shown for word in ("srt", "cp1250", "00:00:01.000", "Żałuję", "- a / - b"))
    said = subtitles("show", film, "--encoding", "cp1250", "--json").stdout.splitlines()
    about, first, second = map(orjson.loads, said)
    assert about["cues"] == 2
    assert (first["start_ms"], first["text"], first["plain"]) == (1000, "<i>Żałuję</i>", "Żałuję")
    assert second["line"] == 5


def test_bytes_of_no_encoding_are_shown_as_question_marks(tmp_path: Path) -> None:
    path = tmp_path / "film.srt"
    path.write_bytes(b"1\n00:00:01,000 --> 00:00:02,500\na \xff b\n")
    _, cue = subtitles("show", path, "--encoding", "utf-8", "--json").stdout.splitlines()
    assert orjson.loads(cue)["text"] == "a ? b"


def test_a_file_is_converted_and_nothing_is_written_over(film: Path) -> None:
    target = film.with_name("film.vtt")
    done = subtitles("convert", film, "--to", "vtt", "--encoding", "cp1250", "-o", target)
    assert done.exit_code == Exit.OK
    assert "2 cues, srt to vtt" in done.stdout
    assert "nothing was lost" in done.stdout
    assert target.read_text().startswith("WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n<i>Żałuję</i>\n")
    again = subtitles("convert", film, "--to", "vtt", "-o", target)
    assert again.exit_code == Exit.CONFLICT
    assert "--force" in again.stderr
    assert subtitles("convert", film, "--to", "ass", "-o", target, "--force").exit_code == Exit.OK


def test_what_is_lost_is_said(film: Path, tmp_path: Path) -> None:
    done = subtitles("convert", film, "--to", "tmp", "--encoding", "cp1250", "-o", tmp_path / "film.txt")
    assert "lost:" in done.stdout
    assert "its end: 2 times, first in line 1" in done.stdout
    said = subtitles("convert", film, "--to", "tmp", "-o", tmp_path / "film.txt", "--force", "--json").stdout
    losses = [(each["what"], each["line"]) for each in orjson.loads(said)["lost"]]
    assert losses == [("italics", 1), ("its end", 1), ("its end", 5)]


def test_what_is_refused_says_the_line_and_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "film.srt"
    path.write_bytes(b"<tt>\n<p>")
    refused = subtitles("show", path)
    assert refused.exit_code == Exit.REFUSED
    assert "line 2: it is no well-formed XML" in refused.stderr
    assert subtitles("show", path, "--fps", "fast").exit_code == Exit.USAGE
    path.write_text(SRT)
    unknown = subtitles("convert", path, "--to", "doc")
    assert unknown.exit_code == Exit.REFUSED
    assert "say one of vtt" in unknown.stderr


def test_rules_are_checked_and_what_can_be_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "film.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:01,500\nHi\n\n2\n00:00:05,000 --> 00:00:04,000\nback\n")
    broken = subtitles("check", path)
    assert broken.exit_code == Exit.FAILED
    assert "line 1: it is there for 500 ms, and 833 are the least" in broken.stdout
    assert "found: 2" in broken.stdout
    said = [orjson.loads(line) for line in subtitles("check", path, "--json").stdout.splitlines()]
    assert [(each["code"], each["line"]) for each in said] == [("too_short", 1), ("backwards", 5)]
    target = tmp_path / "mended.srt"
    mended = subtitles("check", path, "--fix", "-o", target)
    assert "1 of 2 mended" in mended.stderr
    assert target.read_text() == path.read_text().replace("01,500", "01,833")
    target.write_text(target.read_text().replace("00:00:05,000 -->", "00:00:03,000 -->"))
    assert subtitles("check", target).exit_code == Exit.OK


def test_cues_are_moved_and_fitted_to_another_speed(film: Path) -> None:
    target = film.with_name("moved.srt")
    assert subtitles("shift", film, "--by", "1.5", "-o", target).exit_code == Exit.OK
    assert target.read_bytes() == (
        film.read_bytes()
        .replace(b"00:00:01,000 --> 00:00:02,500", b"00:00:02,500 --> 00:00:04,000")
        .replace(b"00:00:03,000 --> 00:00:04,000\n- a", b"00:00:04,500 --> 00:00:05,500\n- a")
    )
    early = subtitles("shift", film, "--by", "-2", "-o", target, "--force")
    assert early.exit_code == Exit.REFUSED
    assert "shift by -1000 ms at most" in early.stderr
    fitted = subtitles("stretch", film, "--made-for", "25", "--plays-at", "24", "-o", target, "--force")
    assert fitted.exit_code == Exit.OK
    assert b"00:00:03,125 --> 00:00:04,167" in target.read_bytes()
    assert subtitles("stretch", film, "--made-for", "x", "--plays-at", "24").exit_code == Exit.USAGE
