"""Wall time from accepted upload to `media.processed`, against raw ffmpeg with the same arguments."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from connectors.file_tools import Whole, whole_command
from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from schemas.medium import Medium
from schemas.profiles import BUILT_IN
from tests.bench import raw
from tests.bench.ends import Ends, through
from tests.bench.figures import Figure, alternating, figure
from tests.client import Client
from tests.clips import clip, ffmpeg, looked_at, marked

_RUNS = 5
_SECONDS = 60
_PROFILE = BUILT_IN["phone"]


def run() -> Iterator[Figure]:
    """One figure: at most 1.10 times raw ffmpeg plus one second."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = Path(name)
        source = clip(folder / "source.mp4", seconds=_SECONDS, size="1280x720")
        medium = looked_at(source)
        options = Options(port=8790, env={"MAX_CONCURRENT_JOBS": "1"})
        with (
            Stack.start(Home(folder / "home"), options) as stack,
            Ends(stack.endpoints.kafka) as ends,
        ):
            assert stack.url is not None
            client = Client(stack.url, stack.token)
            unseen = (marked(source, folder / f"{n}.mp4", n) for n in count())
            ours, baseline = alternating(
                _RUNS,
                lambda: through(client, ends, next(unseen), _PROFILE.name),
                lambda: alone(source, medium, folder),
            )
    goal = "at most 1.10 times plus 1 s"
    yield figure("transcode", ours, baseline, "s", goal, ours <= 1.10 * baseline + 1, _RUNS)


def alone(source: Path, medium: Medium, folder: Path) -> float:
    """Seconds of the same encode by ffmpeg alone."""
    whole = Whole(source=source, medium=medium, profile=_PROFILE, target=folder / "raw.mp4")
    command = whole_command(whole, 0.0, 0).compile(cmd=ffmpeg())
    return raw.timed(command)
