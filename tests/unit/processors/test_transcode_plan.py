"""Which tasks a transcode needs, as tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from processors.transcode.orders import AUDIO, FILE, JOIN, VIDEO, AudioOrder, FileOrder, VideoOrder, read
from processors.transcode.plan import Asked, Planned, join, plan, whole_file_reason
from schemas.events import Stream
from schemas.medium import Medium
from schemas.profiles import BUILT_IN, Audio, Profile, Rung, Video
from schemas.renditions import CannotRender
from schemas.segments import Made
from tests import samples


def asked(profile: Profile | str = "web", streams: list[Stream] | None = None, **probe: Any) -> Asked:
    more: dict[str, Any] = {"streams": streams} if streams is not None else {}
    return Asked(
        medium=Medium.of(samples.probed(**probe, **more)),
        profile=BUILT_IN[profile] if isinstance(profile, str) else profile,
        media_id="m1",
        owner_id="ann",
        priority="normal",
        name="film",
    )


def minutes(count: float) -> dict[str, Any]:
    end_us = round(count * 60_000_000)
    streams = [samples.video_stream(end_us=end_us), samples.audio_stream(end_us=end_us)]
    return {"streams": streams, "duration_ms": end_us // 1000}


def of(kind: str, planned: list[Planned]) -> list[Planned]:
    return [each for each in planned if each.kind == kind]


@pytest.mark.parametrize(
    ("length", "video", "audio"), [(0.01, 1, 1), (1, 2, 1), (5, 10, 1), (20, 38, 4), (12 * 60, 400, 144)]
)
def test_a_medium_is_cut_into_tasks_that_cover_it(length: float, video: int, audio: int) -> None:
    planned = plan(asked(**minutes(length)))
    pictures = [read(VideoOrder, each.plan.order) for each in of(VIDEO, planned)]
    sounds = [read(AudioOrder, each.plan.order) for each in of(AUDIO, planned)]
    assert (len(pictures), len(sounds)) == (video, audio)
    for orders, grid in ((pictures, pictures[0].rungs[0].grid), (sounds, sounds[0].rendition.grid)):
        spans = [n for order in orders for n in range(order.first, order.first + order.count)]
        assert spans == list(range(grid.segments))


def test_tasks_say_what_they_make() -> None:
    planned = plan(asked(**minutes(1)))
    for each in planned:
        made = Made.parse(each.plan.makes)
        assert made is not None
        shape: type[VideoOrder | AudioOrder] = VideoOrder if each.kind == VIDEO else AudioOrder
        order = read(shape, each.plan.order)
        assert (made.first, made.count) == (order.first, order.count)
    assert len({each.plan.makes for each in planned}) == len(planned)
    assert len({(each.kind, each.plan.index) for each in planned}) == len(planned)


def test_every_track_is_encoded_where_all_are_wanted() -> None:
    profile = replace(BUILT_IN["web"], audio=Audio(codec="aac", tracks="all"))
    streams = [
        samples.audio_stream(index=0, language="en"),
        samples.audio_stream(index=1, language="es", is_default=True),
    ]
    found = of(AUDIO, plan(asked(profile, streams)))
    assert [read(AudioOrder, each.plan.order).rendition.language for each in found] == ["en", "es"]
    assert [read(AudioOrder, each.plan.order).counts for each in found] == [True, False]


def test_uneven_pictures_and_containers_without_an_index_are_read_from_earlier() -> None:
    def preroll(container: str = "mov", **video: Any) -> float:
        planned = plan(asked(streams=[samples.video_stream(**video)], container=container))
        return read(VideoOrder, planned[0].plan.order).preroll_s

    assert preroll() == 0
    assert preroll(variable_rate=True) > 0
    assert preroll("mpegts") > preroll(variable_rate=True)


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (BUILT_IN["web"], None),
        (BUILT_IN["sound"], "loudness is measured over the whole"),
        (BUILT_IN["archive"], "copy is not cut without a seam"),
        (Profile(name="a", audio=Audio(codec="flac"), container="flac"), "flac is not cut without a seam"),
        (Profile(name="a", video=Video(codec="copy"), container="mkv"), "what is copied keeps its own cuts"),
        (
            Profile(name="a", video=Video(codec="h264", rungs=(Rung(height=480, bit_rate=900_000),))),
            "the second pass needs the first one's look at the whole",
        ),
        (
            Profile(name="a", engine="handbrake", handbrake_preset="Fast 480p30"),
            "HandBrake encodes whole files alone",
        ),
    ],
)
def test_what_is_not_cut_says_why(profile: Profile, reason: str | None) -> None:
    assert whole_file_reason(profile) == reason
    if reason is not None:
        (only,) = plan(asked(profile))
        assert only.kind == FILE
        assert read(FileOrder, only.plan.order).reason == reason


def test_handbrake_needs_a_worker_that_has_it() -> None:
    (only,) = plan(asked(Profile(name="a", engine="handbrake", handbrake_preset="Fast 480p30")))
    assert only.plan.tools == ["handbrake"]


def test_the_tallest_size_is_joined_with_all_tracks() -> None:
    joining = join(asked())
    assert joining is not None
    assert joining.kind == JOIN
    assert join(asked(replace(BUILT_IN["web"], container="hls"))) is None


@pytest.mark.parametrize("profile", ["web", "sound", "archive"])
def test_nothing_to_play_cannot_be_planned(profile: str) -> None:
    with pytest.raises(CannotRender, match="holds nothing"):
        plan(asked(profile, []))


def test_a_larger_picture_needs_more_memory() -> None:
    def memory(height: int) -> int:
        video = samples.video_stream(width=height * 16 // 9, height=height)
        return plan(asked(streams=[video]))[0].plan.memory_mb

    assert memory(2160) > memory(720) > memory(240)
