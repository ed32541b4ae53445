"""From the last byte of an upload to its first playable segment, against ffmpeg alone making that segment."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from schemas.profiles import BUILT_IN
from tests.bench import raw
from tests.bench.figures import Figure, alternating, figure
from tests.bench.viewer import Viewer, end_jobs
from tests.client import Client
from tests.clips import clip, looked_at, marked

_RUNS = 5
_SECONDS = 600
_CHUNK = 1 << 20
_GOAL = 2.0


def run() -> Iterator[Figure]:
    """One figure: at most twice ffmpeg alone."""
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
                lambda: uploaded_to_playable(stack, client, next(films)),
                lambda: raw.segment(source, medium, BUILT_IN["web"], 0),
            )
    goal = f"at most {_GOAL:g} times"
    yield figure("upload-to-playable", ours, baseline, "s", goal, ours <= _GOAL * baseline, _RUNS)


def uploaded_to_playable(stack: Stack, client: Client, film: Path) -> float:
    """Seconds from the last byte sent to the first one of the first segment."""
    sent_at = 0.0

    def pieces() -> Iterator[bytes]:
        nonlocal sent_at
        with film.open("rb") as file:
            while piece := file.read(_CHUNK):
                yield piece
        sent_at = time.monotonic()

    with client.http as http:
        answer = http.post("/api/v1/media", params={"name": film.name}, content=pieces())
    assert answer.status_code == 202, answer.text
    media_id = answer.json()["media"]["id"]
    viewer = Viewer.opened(client, media_id)
    try:
        return viewer.first_byte_at(0) - sent_at
    finally:
        viewer.leave()
        end_jobs(stack, client, media_id)
