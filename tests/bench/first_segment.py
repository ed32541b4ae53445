"""From a playback request, and from a seek to a place that nobody watched, to the first media byte; against
ffmpeg alone making that segment on the machine at rest.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pymongo

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from processors.ingest.plan import CHECK
from schemas.profiles import BUILT_IN
from tests.bench import raw
from tests.bench.figures import Figure, alternating, figure
from tests.bench.viewer import Viewer, end_jobs
from tests.client import Client, until
from tests.clips import clip, looked_at, marked

_RUNS = 5
_SECONDS = 600
_PROFILE = BUILT_IN["web"]
_PLACES = (140, 30, 110, 60, 90)
"""Segments far ahead of the job, which goes from the beginning."""
_GOAL = 1.3


def run() -> Iterator[Figure]:
    """Two figures: at most 1.3 times ffmpeg alone."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = Path(name)
        source = clip(folder / "source.mp4", seconds=_SECONDS, size="1280x720")
        medium = looked_at(source)
        with Stack.start(Home(folder / "home"), Options(port=8790)) as stack:
            assert stack.url is not None
            client = Client(stack.url, stack.token)
            films = iter(
                [_known(stack, client, marked(source, folder / f"{n}.mp4", n)) for n in range(_RUNS + 1)]
            )
            ours, baseline = alternating(
                _RUNS,
                lambda: opening(stack, client, next(films)),
                lambda: raw.segment(source, medium, _PROFILE, 0),
            )
            yield _figure("first-segment playback", ours, baseline)
            at_rest = median(raw.segment(source, medium, _PROFILE, place) for place in _PLACES)
            yield _figure("first-segment seek", seeking(stack, client, next(films)), at_rest)


def opening(stack: Stack, client: Client, media_id: str) -> float:
    """Seconds from the request for playback of a film that is known, and of which nothing is encoded."""
    viewer = Viewer.opened(client, media_id)
    try:
        return viewer.first_byte_at(0) - viewer.began
    finally:
        viewer.leave()
        end_jobs(stack, client, media_id)


def seeking(stack: Stack, client: Client, media_id: str) -> float:
    """Seconds from a request for a segment far from all that was watched, while a job encodes the film."""
    ordered = client.post(f"/api/v1/media/{media_id}/transcode", {"profile": _PROFILE.name})
    job_id: str = ordered.json()["job"]["id"]
    client.until_job(job_id, "processing")
    viewer = Viewer.opened(client, media_id)
    try:
        viewer.first_byte_at(0)
        waits = [_seek(viewer, place) for place in _PLACES]
        assert client.job(job_id)["state"] == "processing", "the job ended too early"
        return median(waits)
    finally:
        viewer.leave()
        end_jobs(stack, client, media_id)


def _seek(viewer: Viewer, place: int) -> float:
    asked = time.monotonic()
    return viewer.first_byte_at(place) - asked


def _known(stack: Stack, client: Client, film: Path) -> str:
    """The id of a film that was taken in, looked at, drawn and read again: nothing is done to it any more."""
    media_id: str = client.upload(film)["media"]["id"]
    mongo: Any

    def is_at_rest() -> bool:
        tasks = mongo[stack.environ["SLUICE_DATABASE"]].tasks.find({"job_id": media_id})
        kinds = {each["kind"]: each["state"] for each in tasks}
        images = {image["kind"] for image in client.get(f"/api/v1/media/{media_id}")["images"]}
        return kinds.get(CHECK) == "completed" and images >= {"poster", "thumbnails", "waveform"}

    with pymongo.MongoClient(stack.endpoints.mongodb_url) as mongo:
        until(is_at_rest, "the film to be looked at, drawn and read again")
    return media_id


def _figure(name: str, ours: float, baseline: float) -> Figure:
    goal = f"at most {_GOAL} times"
    return figure(name, ours, baseline, "s", goal, ours <= _GOAL * baseline, _RUNS)
