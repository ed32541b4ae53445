"""A ladder of three sizes by two workers, against one ffmpeg that makes the same: wall time, and bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import median

import orjson

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from schemas.medium import Medium
from schemas.profiles import Audio, Profile, Rung, Video, written
from schemas.renditions import renditions
from schemas.segments import rendition_folder
from tests.bench import raw
from tests.bench.ends import Ends, through
from tests.bench.figures import Figure, figure
from tests.client import Client
from tests.clips import looked_at, marked, natural_clip

_RUNS = 1
_SECONDS = 300
_MOST_TIME = 1.05


def run() -> Iterator[Figure]:
    """Three figures: time, and size at constant quality and with a capped rate."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = Path(name)
        source = natural_clip(folder / "source.mp4", seconds=_SECONDS, size="1280x720")
        options = Options(port=8790, workers=2, env={"MAX_CONCURRENT_JOBS": "1"})
        with (
            Stack.start(Home(folder / "home"), options) as stack,
            Ends(stack.endpoints.kafka) as ends,
        ):
            assert stack.url is not None
            client = Client(stack.url, stack.token)
            films = (marked(source, folder / f"{n}.mp4", n) for n in count())
            times: list[tuple[float, float]] = []
            for kind, cap, most in (("constant quality", None, 1.03), ("capped rate", 1.0, 1.12)):
                profile = _ladder(kind.split()[0], cap)
                client.make_profile(orjson.loads(written(profile)))
                for _ in range(_RUNS):
                    film = next(films)
                    baseline_s, baseline_bytes = raw.ladder(film, looked_at(film), profile, folder)
                    ours_s = through(client, ends, film, profile.name)
                    times.append((ours_s, baseline_s))
                    ours_bytes = stored_bytes(stack.home.blobs, looked_at(film), profile)
                ratio = ours_bytes / baseline_bytes
                yield figure(
                    f"segments size, {kind}",
                    ours_bytes / 2**20,
                    baseline_bytes / 2**20,
                    "MiB",
                    f"at most {most} times",
                    ratio <= most,
                    _RUNS,
                )
            ours, baseline = (median(side) for side in zip(*times, strict=True))
            goal = f"at most {_MOST_TIME} times"
            yield figure("segments time", ours, baseline, "s", goal, ours <= _MOST_TIME * baseline, 2 * _RUNS)


def _ladder(name: str, cap: float | None) -> Profile:
    rates = {720: 3_500_000, 480: 1_600_000, 240: 500_000}
    rungs = tuple(
        Rung(height=height, crf=23, max_bit_rate=round(cap * rate) if cap else None)
        for height, rate in rates.items()
    )
    video = Video(codec="h264", rungs=rungs)
    return Profile(name=f"bench-{name}", container="hls", video=video, audio=Audio(codec="aac"))


def stored_bytes(blobs: Path, medium: Medium, profile: Profile) -> int:
    """What the renditions take in the store."""
    made = renditions(medium, profile)
    places = [(each.source, each.key) for each in made.video] + [
        (each.source, each.key) for each in made.audio
    ]
    folders = (blobs / rendition_folder(*place) for place in places)
    return sum(path.stat().st_size for folder in folders for path in folder.iterdir())
