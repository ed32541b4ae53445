"""The uploader's route: what is asked is checked, and what no stage does is refused in so many words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Request, Response

from gateway.auth.principal import Principal
from gateway.commands import Command
from gateway.compat.uploader import KINDS, Kind, Options, ProcessingOrder, processed
from gateway.jobs.orders import order_transcode
from gateway.jobs.schemas import Job, TranscodeOrder
from gateway.media.schemas import Media
from tests import samples
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed, rejected, uploaded
from tests.unit.gateway.viewing import film

SILENT = [samples.video_stream()]


async def ask(w: World, kind: str = "video_transcription", **more: Any) -> httpx.Response:
    body = {"mediaId": "m1", "processingType": kind, "options": {"language": "en"}, **more}
    return await w.client.post("/media/process", json=body)


@pytest.mark.parametrize(
    ("kind", "history"),
    [
        ("video_transcription", film()),
        ("video_transcription", [uploaded()]),
        ("pdf_extraction", [uploaded(name="Report.PDF", content_type=None)]),
        ("pdf_extraction", [uploaded(name="report", content_type="application/pdf")]),
        ("docx_extraction", [uploaded(name="report.docx")]),
    ],
)
async def test_what_no_stage_does_is_refused_and_nothing_is_ordered(
    tmp_path: Path, kind: str, history: list[Any]
) -> None:
    async with world(tmp_path) as w:
        await w.happened(*history)
        said = assert_problem(await ask(w, kind), 501, "processing-type-unavailable")
        assert kind in said["error"]
        assert w.publisher.events == history


@pytest.mark.parametrize(
    ("kind", "history"),
    [
        ("pdf_extraction", film()),
        ("docx_extraction", film()),
        ("pdf_extraction", [uploaded(name="report.docx")]),
        ("pdf_extraction", [uploaded(name="not.pdf"), probed()]),
        ("video_transcription", [uploaded(), probed(streams=SILENT)]),
    ],
)
async def test_a_medium_of_the_wrong_kind_is_refused(tmp_path: Path, kind: str, history: list[Any]) -> None:
    async with world(tmp_path) as w:
        await w.happened(*history)
        assert_problem(await ask(w, kind), 422, "wrong-kind")


async def test_a_medium_has_to_be_there(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert_problem(await ask(w), 404, "media-not-found")
        await w.happened(uploaded(), rejected())
        assert_problem(await ask(w), 409, "media-rejected")
        await w.happened(samples.deleted())
        assert_problem(await ask(w), 410, "media-deleted")


@pytest.mark.parametrize("wrong", [{"processingType": "magic"}, {"mediaId": None}, {"options": "all"}])
async def test_an_order_that_makes_no_sense_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film())
        assert_problem(await ask(w, **wrong), 422, "invalid")


async def test_a_kind_that_a_stage_does_is_ordered(tmp_path: Path) -> None:
    """As it will be: a line of the table with an order, here a transcode's."""

    async def order(command: Command, media: Media, options: Options) -> Job:
        wanted = TranscodeOrder(profile=options["form"])
        return (await order_transcode(command, media, wanted)).job

    kinds = {**KINDS, "video_transcription": Kind("media with sound", lambda _: True, order)}
    async with world(tmp_path) as w:
        await w.happened(*film())
        request = Request({"type": "http", "headers": [], "state": {"request_id": "r1"}})
        command = Command(w.services, Principal("admin"), request, Response())
        asked = ProcessingOrder(mediaId="m1", processingType="video_transcription", options={"form": "phone"})
        said = (await processed(command, asked, kinds)).model_dump(by_alias=True)
        assert (list(said), said["status"]) == (["jobId", "status"], "queued")
        assert (await w.client.get(f"/api/v1/jobs/{said['jobId']}")).json()["profile"] == "phone"
