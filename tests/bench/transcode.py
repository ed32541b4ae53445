"""Wall time from accepted upload to `media.processed`, against raw ffmpeg with the same arguments."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from connectors.file_tools import Whole, whole_command
from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from schemas.codec import Codec
from schemas.events import MediaProcessed
from schemas.profiles import BUILT_IN
from schemas.renditions import Medium
from schemas.topics import BY_NAME
from tests.bench.figures import Figure, alternating, figure
from tests.client import Client, until
from tests.clips import clip, ffmpeg, looked_at, marked

_RUNS = 5
_SECONDS = 60
_PROFILE = BUILT_IN["phone"]
_TOPIC = "media.processed"


def run() -> Iterator[Figure]:
    """One figure: at most 1.10 times raw ffmpeg plus one second."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = Path(name)
        source = clip(folder / "source.mp4", seconds=_SECONDS, size="1280x720")
        medium = looked_at(source)
        options = Options(port=8790, env={"MAX_CONCURRENT_JOBS": "1"})
        with Stack.start(Home(folder / "home"), options) as stack:
            assert stack.url is not None
            ends = Ends(stack.endpoints.kafka)
            client = Client(stack.url, stack.token)
            unseen = (marked(source, folder / f"{n}.mp4", n) for n in count())
            ours, baseline = alternating(
                _RUNS, lambda: through(client, ends, next(unseen)), lambda: raw(source, medium, folder)
            )
    goal = "at most 1.10 times plus 1 s"
    yield figure("transcode", ours, baseline, "s", goal, ours <= 1.10 * baseline + 1, _RUNS)


class Ends:
    """The ends of jobs, as they are published."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": "bench", "fetch.wait.max.ms": 5}
        )
        parts = [TopicPartition(_TOPIC, n, 0) for n in range(BY_NAME[_TOPIC].partitions)]
        self._consumer.assign(parts)

    def until(self, job_id: str) -> MediaProcessed:
        """The end of a job."""

        def look() -> MediaProcessed | None:
            message = self._consumer.poll(1.0)
            if message is None or message.error():
                return None
            event = Codec().decode(_TOPIC, message.value())
            return event if isinstance(event, MediaProcessed) and event.job_id == job_id else None

        return until(look, f"the end of {job_id}", within_s=600)


def through(client: Client, ends: Ends, source: Path) -> float:
    """Seconds from the acceptance of an upload to the end of its job."""
    said = client.upload(source, profile=_PROFILE.name)
    accepted = time.monotonic()
    end = ends.until(said["job"]["id"])
    assert end.status == "completed", end.reason
    return time.monotonic() - accepted


def raw(source: Path, medium: Medium, folder: Path) -> float:
    """Seconds of the same encode by ffmpeg alone."""
    whole = Whole(source=source, medium=medium, profile=_PROFILE, target=folder / "raw.mp4")
    command = whole_command(whole, 0.0, 0).compile(cmd=ffmpeg())
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=600)
    return time.monotonic() - began
