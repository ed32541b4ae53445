"""Timelines: a sentence for every kind of event, in order, with reasons, and no names for strangers."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, get_args

import fastavro
import pytest

from gateway.timeline.sentences import SENTENCES, said
from schemas.codec import Codec
from schemas.events import Event, TaskChanged
from schemas.registry import HERE, FileRegistry
from schemas.topics import BY_NAME
from tests import samples
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.doubles import START
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import progressed, requested, uploaded
from tests.unit.gateway.people import header_of, person
from tests.unit.gateway.viewing import film, watch

EXAMPLES = sorted((HERE / "examples").glob("*.json"))


def example(path: Path) -> Event:
    """An example as those who read the log have it."""
    stem, _, version = path.stem.rpartition(".v")
    (schema,) = [s for s in FileRegistry().schemas if (s.stem, s.version) == (stem, int(version))]
    parsed = fastavro.parse_schema(schema.parsed)
    record = next(iter(fastavro.json_reader(StringIO(json.dumps(json.loads(path.read_text()))), parsed)))
    out = BytesIO()
    fastavro.schemaless_writer(out, parsed, record)
    topic = next(t.name for t in BY_NAME.values() if t.schema == stem)
    return Codec().decode(topic, b"\0" + schema.id.to_bytes(4, "big") + out.getvalue())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_that_ever_was_has_a_sentence(path: Path) -> None:
    told = said(example(path))
    assert told.text.endswith(".")
    assert all(told.why)


def test_every_kind_of_event_has_a_sentence() -> None:
    assert set(SENTENCES) == set(get_args(Event))


def task(state: str, seconds: int = 0, **more: Any) -> TaskChanged:
    meta = samples.meta(now=START + timedelta(seconds=seconds), actor="worker:worker-1")
    return samples.task_changed(state, meta=meta, kind="video", worker="worker-1", **more)


@pytest.mark.parametrize(
    ("event", "reasons"),
    [
        (samples.rejected(reason="it is text"), ["it is text"]),
        (samples.held(), ["Own-Test-Signature.UNOFFICIAL"]),
        (samples.deleted(change="released", values={"reason": "a false alarm"}), ["a false alarm"]),
        (task("ready", plan=samples.plan(priority="now")), ["a viewer waits for what it makes"]),
        (task("ready", plan=samples.plan(priority="low")), ["its turn came, at low priority"]),
        (task("planned", plan=samples.plan(order='{"reason": "it cannot be cut"}')), ["it cannot be cut"]),
        (task("completed", outcome='{"encoder": "h264_nvenc"}'), ["h264_nvenc"]),
        (task("completed", outcome="no JSON"), []),
        (task("failed", error="ffmpeg: no space", code="tool_error"), ["ffmpeg: no space"]),
        (task("expired", code="worker_lost"), ["worker_lost"]),
        (samples.processed(status="failed", reason="its source is short"), ["its source is short"]),
        (samples.controlled(reason="too late"), ["too late"]),
        (samples.playback("started", reasons=["the picture is hevc"]), ["the picture is hevc"]),
        (samples.audited(details={"why": "the picture is hevc"}), ["the picture is hevc"]),
        (samples.chore_requested(schedule="nightly", missed=2), None),
    ],
)
def test_the_reasons_of_decisions_are_told(event: Event, reasons: list[str] | None) -> None:
    assert list(said(event).why) == reasons if reasons is not None else len(said(event).why) == 2


async def told(w: World, path: str, **more: Any) -> list[dict[str, Any]]:
    answer = await w.client.get(f"/api/v1/{path}/timeline", **more)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def processed_at(seconds: int) -> Event:
    return samples.processed(meta=samples.meta(now=START + timedelta(seconds=seconds)))


async def test_a_job_is_told_of_in_the_order_of_its_happening(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), requested(at=START + timedelta(seconds=1)), processed_at(9))
        await w.happened(task("running", 3), task("completed", 5, outcome='{"encoder": "software"}'))
        await w.happened(task("running", 3), task("planned", 2, job_id="another"), progressed(7))
        items = await told(w, "jobs/j1")
        assert [item["topic"] for item in items] == [
            "transcode.requested",
            "task.changed",
            "task.changed",
            "task.changed",
            "media.processed",
        ]
        assert items[3]["text"] == "The task video (t1) was completed by worker-1."
        assert (items[3]["why"], items[3]["by"]) == (["software"], "worker:worker-1")
        assert items[3]["place"].startswith("task.changed/0/")
        with_progress = await told(w, "jobs/j1", params={"progress": True})
        assert len(with_progress) == len(items) + 1


async def test_pages_go_on_where_the_last_one_ended(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), requested(at=START), processed_at(60))
        await w.happened(*[task("running", seconds) for seconds in range(1, 8)])
        whole = await told(w, "jobs/j1")
        paged: list[dict[str, Any]] = []
        query: dict[str, Any] = {"limit": 4}
        while True:
            page = (await w.client.get("/api/v1/jobs/j1/timeline", params=query)).json()
            paged += page["items"]
            if page["next"] is None:
                break
            query["cursor"] = page["next"]
        assert paged == whole
        assert len(whole) == 9
        for cursor in ("x", "W10", "é"):
            answer = await w.client.get("/api/v1/jobs/j1/timeline", params={"cursor": cursor})
            assert_problem(answer, 400, "bad-cursor")


async def test_a_medium_is_told_of_with_its_jobs_and_how_it_was_played(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film(), uploaded("other"))
        await watch(w)
        assert await w.services.trail.flush()
        items = await told(w, "media/m1")
        by_topic = {item["topic"]: item for item in items}
        assert set(by_topic) == {
            "media.uploaded",
            "media.probed",
            "transcode.requested",
            "audit.recorded",
        }
        played = by_topic["audit.recorded"]
        assert played["text"] == "playback.started by transcode: allowed."
        assert "the container avi is not among the client's" in played["why"][0]
        assert played["by"] == "you"


async def test_who_may_only_look_is_told_of_no_other_people(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada, bob = [await person(w, login, role="editor") for login in ("ada", "bob")]
        meta = samples.meta(actor=f"user:{ada.id}", now=START)
        await w.happened(samples.uploaded(owner_id=ada.id, meta=meta))
        await w.happened(*film()[1:])
        await watch(w)
        hers, his = await header_of(w, ada), await header_of(w, bob)
        hidden = await w.client.get("/api/v1/media/m1/timeline", headers=his)
        assert_problem(hidden, 404, "media-not-found")
        await w.client.put("/api/v1/media/m1/access", json={"access": {f"user:{bob.id}": "view"}})
        assert await w.services.trail.flush()
        seen = await told(w, "media/m1", headers=his)
        assert {item["topic"] for item in seen}.isdisjoint({"audit.recorded"})
        assert ada.id not in str(seen)
        assert next(item["by"] for item in seen if item["topic"] == "media.uploaded") == "someone"
        own = await told(w, "media/m1", headers=hers)
        assert {item["by"] for item in own if item["topic"] == "media.uploaded"} == {"you"}
        assert {item["by"] for item in own if item["topic"] == "audit.recorded"} == {"someone"}
        by_admin = await told(w, "media/m1")
        assert f"user:{ada.id}" in {item["by"] for item in by_admin}


async def test_whoever_manages_what_was_deleted_is_told_why_it_is_gone(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        await w.happened(*film())
        await w.client.put("/api/v1/media/m1/access", json={"access": {"everyone": "view"}})
        w.clock.move(seconds=1)
        await w.client.delete("/api/v1/media/m1")
        last = (await told(w, "media/m1"))[-1]
        assert (last["text"], last["by"]) == ("It was deleted.", "you")
        answer = await w.client.get("/api/v1/media/m1/timeline", headers=await header_of(w, ada))
        assert_problem(answer, 410, "media-deleted")


async def test_what_is_not_there_or_away_is_said_so(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert_problem(await w.client.get("/api/v1/jobs/j1/timeline"), 404, "job-not-found")
        assert_problem(await w.client.get("/api/v1/media/m1/timeline"), 404, "media-not-found")
        await w.happened(uploaded())
        w.publisher.away = True
        assert_problem(await w.client.get("/api/v1/media/m1/timeline"), 503, "unavailable")
