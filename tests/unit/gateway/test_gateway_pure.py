"""What needs no port: names, tokens, and documents as JSON."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ports import Document, Position
from connectors.read_models import collection
from gateway import names, tokens
from gateway.jobs import render as jobs
from gateway.media import render as media
from schemas.events import Event, MediaChanged
from tests.fakes import MemoryDatabase
from tests.unit.gateway.doubles import GENERATION, START, FakePublisher
from tests.unit.gateway.history import (
    controlled,
    probed,
    processed,
    progressed,
    rejected,
    requested,
    task_changed,
    uploaded,
)


@pytest.mark.parametrize(
    ("given_name", "clean"),
    [
        ("holiday.mov", "holiday.mov"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/absolute/x.mp4", "x.mp4"),
        ("folder/", "folder"),
        ("a\r\nSet-Cookie: x.mp4", "aSet-Cookie: x.mp4"),
        ("nul\x00byte.mp4", "nulbyte.mp4"),
        ("tab\tand\x7fdel.mp4", "tabanddel.mp4"),
        ("", "unnamed"),
        ("   ", "unnamed"),
        ("..", "unnamed"),
        ("...", "unnamed"),
        ("./..", "unnamed"),
        ("\n\n", "unnamed"),
        (".hidden", ".hidden"),
        ("Отпуск 2026.mkv", "Отпуск 2026.mkv"),
        ("休暇🎬👩‍👩‍👧.mp4", "休暇🎬👩‍👩‍👧.mp4"),
        ("עטלף.mp4", "עטלף.mp4"),
        ("e\u0301te.mp4", "\u00e9te.mp4"),
        ("exe\u202e4pm.mp4", "exe4pm.mp4"),
        ("line\u2028break.mp4", "linebreak.mp4"),
        ("lone\ud800surrogate.mp4", "lonesurrogate.mp4"),
    ],
)
def test_a_name_is_made_safe_and_stays_readable(given_name: str, clean: str) -> None:
    assert names.clean(given_name) == clean


def test_a_long_name_keeps_its_ending_and_whole_characters() -> None:
    clean = names.clean("ё" * 300 + ".mp4")
    assert clean.endswith("ё.mp4")
    assert 250 < len(clean.encode()) <= names.MAX_BYTES
    assert names.clean("x." + "y" * 300) == "x." + "y" * 253


@given(st.text())
def test_any_name_ends_up_safe(name: str) -> None:
    clean = names.clean(name)
    assert 0 < len(clean.encode()) <= names.MAX_BYTES
    assert not set(clean) & set("/\\\r\n\0")
    assert clean not in (".", "..")
    assert names.clean(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)


@pytest.mark.parametrize(
    ("name", "stem"), [("a.b.mp4", "a.b"), ("noending", "noending"), (".hidden", ".hidden"), ("", "unnamed")]
)
def test_a_stem_is_the_name_without_its_ending(name: str, stem: str) -> None:
    assert names.stem(name) == stem


def test_a_token_says_what_was_put_in() -> None:
    positions = [Position("media.uploaded", 3, 12), Position("transcode.requested", 0, 0)]
    token = tokens.write(positions)
    assert tokens.read(token) == positions
    assert token.isascii()
    assert "=" not in token


@pytest.mark.parametrize(
    "token",
    [
        "nonsense!",
        "e30",
        "a" * 5000,
        "W10x",
        "W1siYSIsMCwwXV0",
        "ÿ",
        tokens.write([Position("media.uploaded", -1, 0)]),
        tokens.write([Position("media.uploaded", 0, 0)] * 17),
        tokens.write([Position("no.such.topic", 0, 0)]),
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(tokens.BadToken):
        tokens.read(token)


async def document(name: str, id: str, *events: Event) -> Document:
    """The document that these events come to."""
    database = MemoryDatabase()
    await FakePublisher(database).publish(events)
    return database.collections[collection(name, GENERATION)][id]


async def job(*events: Event) -> Any:
    return jobs.render(await document("jobs", "j1", *events), START)


async def medium(*events: Event) -> Any:
    return media.render(await document("media", "m1", *events))


async def test_a_job_starts_pending_with_no_progress() -> None:
    found = await job(requested())
    assert (found.state, found.run, found.progress, found.finished_at) == ("pending", 1, None, None)
    assert found == jobs.render_requested(requested(at=found.requested_at))


async def test_a_job_that_nobody_has_asked_for_yet_is_not_there() -> None:
    assert await job(progressed(10), task_changed(), processed()) is None


async def test_progress_is_the_sum_over_the_present_runs_tasks() -> None:
    found = await job(
        requested(), task_changed(), progressed(10), progressed(20, task_id="t2"), progressed(15)
    )
    assert found.state == "processing"
    assert found.progress.frames_done == 35
    assert found.progress.fraction == pytest.approx(0.35)
    assert (found.progress.speed, found.progress.eta_ms) == (2.0, 900)


async def test_progress_never_says_done_before_it_is() -> None:
    found = await job(requested(), task_changed(), progressed(100))
    assert found.progress.fraction == 0.99


async def test_progress_of_an_unknown_length_is_zero() -> None:
    found = await job(requested(), task_changed(), progressed(50, total=0))
    assert found.progress.fraction == 0


async def test_late_or_repeated_progress_takes_nothing_back() -> None:
    found = await job(requested(), task_changed(), progressed(60), progressed(20), progressed(60))
    assert found.progress.frames_done == 60


async def test_a_completed_job_has_its_output() -> None:
    found = await job(requested(), progressed(90), processed())
    assert found.state == "completed"
    assert found.progress.fraction == 1
    assert found.output.name == "clip.mp4"
    assert found.output.size_bytes == 77
    assert found.output.url == "/api/v1/jobs/j1/output"
    assert (found.error, found.processing_time_ms) == (None, 1234)
    assert found.finished_at is not None


async def test_a_failed_job_says_why() -> None:
    found = await job(requested(), progressed(90), processed("failed", code="timeout", reason="Too slow."))
    assert (found.state, found.progress, found.output) == ("failed", None, None)
    assert (found.error.code, found.error.reason) == ("timeout", "Too slow.")


async def test_a_failure_without_a_reason_is_still_an_error() -> None:
    found = await job(requested(), processed("failed"))
    assert found.error.code == "failed"


async def test_a_cancelled_job_is_no_error() -> None:
    found = await job(requested(), processed("cancelled"))
    assert (found.state, found.error, found.progress) == ("cancelled", None, None)


async def test_a_new_run_shows_nothing_of_the_old_one() -> None:
    found = await job(
        requested(), progressed(90), processed("failed", reason="x"), task_changed("planned", run=2)
    )
    assert (found.run, found.state) == (2, "pending")
    assert (found.error, found.finished_at, found.progress, found.processing_time_ms) == (None,) * 4


async def test_an_old_runs_outcome_that_comes_late_changes_nothing() -> None:
    found = await job(requested(), progressed(10, run=2), task_changed(run=2), processed("failed", run=1))
    assert (found.run, found.state, found.error) == (2, "processing", None)
    assert found.progress.frames_done == 10


async def test_a_priority_that_was_changed_is_shown() -> None:
    found = await job(requested(), controlled("priority", priority="high"))
    assert found.priority == "high"


async def test_a_medium_goes_from_uploaded_to_ready() -> None:
    assert (await medium(uploaded())).status == "uploaded"
    found = await medium(uploaded(), probed())
    assert found.status == "ready"
    assert found.probe.streams[0].width == 640
    assert found.probe.tags == {"title": "A clip"}
    assert found.links.content == "/api/v1/media/m1/content"


async def test_a_rejected_medium_says_why() -> None:
    found = await medium(uploaded(), rejected())
    assert (found.status, found.rejection.code) == ("rejected", "not-media")
    assert found.probe is None


async def test_a_medium_whose_upload_was_not_seen_yet_is_not_there() -> None:
    assert await medium(probed()) is None


async def test_a_deleted_medium_stays_deleted() -> None:
    event = MediaChanged(meta=uploaded().meta, media_id="m1", version=1, change="deleted")
    assert (await medium(event, uploaded(), probed())).status == "deleted"


async def test_the_answer_to_an_upload_is_what_a_read_will_show() -> None:
    event = uploaded()
    assert media.render_uploaded(event) == await medium(event)
