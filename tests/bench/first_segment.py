"""From a playback request, and from a seek to a place that nobody watched, to the first media byte; against
ffmpeg alone making that segment on the machine at rest.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import median

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
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
            films = (marked(source, folder / f"{n}.mp4", n) for n in count())
            ours, baseline = alternating(
                _RUNS,
                lambda: opening(stack, client, next(films)),
                lambda: raw.segment(source, medium, _PROFILE, 0),
            )
            yield _figure("first-segment playback", ours, baseline)
            at_rest = median(raw.segment(source, medium, _PROFILE, place) for place in _PLACES)
            yield _figure("first-segment seek", seeking(stack, client, next(films)), at_rest)


def opening(stack: Stack, client: Client, film: Path) -> float:
    """Seconds from the request for playback of a film that is known, and of which nothing is encoded."""
    media_id = client.upload(film)["media"]["id"]
    until(lambda: _is_at_rest(client, media_id), "the film to be looked at, and drawn")
    viewer = Viewer.opened(client, media_id)
    try:
        return viewer.first_byte_at(0) - viewer.began
    finally:
        viewer.leave()
        end_jobs(stack, client, media_id)


def seeking(stack: Stack, client: Client, film: Path) -> float:
    """Seconds from a request for a segment far from all that was watched, while a job encodes the film."""
    said = client.upload(film, profile=_PROFILE.name)
    job_id, media_id = said["job"]["id"], said["media"]["id"]
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


def _is_at_rest(client: Client, media_id: str) -> bool:
    media = client.get(f"/api/v1/media/{media_id}")
    drawn = {image["kind"] for image in media["images"]}
    return media["status"] == "ready" and drawn >= {"poster", "thumbnails", "waveform"}


def _figure(name: str, ours: float, baseline: float) -> Figure:
    goal = f"at most {_GOAL} times"
    return figure(name, ours, baseline, "s", goal, ours <= _GOAL * baseline, _RUNS)
