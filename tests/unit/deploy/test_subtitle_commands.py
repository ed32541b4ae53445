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
