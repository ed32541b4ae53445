"""Which pictures a medium gets, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from processors.pictures.plan import PictureOrder, Planned, read, shown, tasks
from processors.work.tasks import Task, priority_class
from schemas.medium import Medium
from schemas.pictures import POSTER, THUMBNAILS, WAVEFORM
from schemas.segments import Made
from tests import samples

VIDEO, AUDIO = samples.video_stream(), samples.audio_stream()
COVER = samples.video_stream(index=2, is_attached_picture=True, is_default=False, codec="mjpeg", width=500)
TEXT = samples.video_stream(index=3, kind="subtitle", codec="ass", width=None, height=None)


def medium(*streams: Any, **more: Any) -> Medium:
    return Medium.of(samples.probed(streams=list(streams), **more))


def planned(known: Medium) -> list[Planned]:
    return list(tasks(known, "m1", "ann"))


@pytest.mark.parametrize(
    ("streams", "kinds"),
    [
        pytest.param([VIDEO, AUDIO], [POSTER, THUMBNAILS, WAVEFORM], id="film"),
        pytest.param([VIDEO], [POSTER, THUMBNAILS], id="silent"),
        pytest.param([VIDEO, AUDIO, COVER, TEXT], [POSTER, THUMBNAILS, WAVEFORM], id="film-with-cover"),
        pytest.param([AUDIO, COVER], [POSTER, WAVEFORM], id="song-with-cover"),
        pytest.param([AUDIO], [WAVEFORM], id="song"),
        pytest.param([TEXT], [], id="neither"),
    ],
)
def test_a_medium_gets_the_pictures_that_it_has(streams: list[Any], kinds: list[str]) -> None:
    assert [task.kind for task in planned(medium(*streams))] == kinds


@pytest.mark.parametrize(("streams", "index"), [([AUDIO, COVER], 2), ([COVER, VIDEO], 0), ([AUDIO], None)])
def test_a_poster_shows_the_video_or_else_the_cover(streams: list[Any], index: int | None) -> None:
    found = shown(medium(*streams))
    assert (found.index if found else None) == index


def test_a_poster_is_light_and_the_rest_is_drawn_idly() -> None:
    poster, *others = (
        Task.planned(samples.task_changed(kind=task.kind, plan=task.plan))
        for task in planned(medium(VIDEO, AUDIO))
    )
    assert (poster.light, poster.idle, poster.plan.priority) == (True, False, "normal")
    for other in others:
        assert (other.light, other.idle) == (False, True)
        assert priority_class("background") > priority_class(other.plan.priority) > priority_class("normal")


@pytest.mark.parametrize(
    ("width", "height", "least_mb", "most_mb"),
    [(640, 360, 100, 120), (1920, 1080, 200, 250), (3840, 2160, 550, 650)],
)
def test_memory_follows_the_size_of_the_picture(width: int, height: int, least_mb: int, most_mb: int) -> None:
    known = medium(samples.video_stream(width=width, height=height), AUDIO)
    poster, thumbnails, waveform = planned(known)
    assert least_mb <= thumbnails.plan.memory_mb == poster.plan.memory_mb <= most_mb
    assert waveform.plan.memory_mb == 100


def test_media_of_the_same_bytes_make_the_same_and_kinds_do_not() -> None:
    one, other = medium(VIDEO, AUDIO), medium(VIDEO, AUDIO, location="raw/elsewhere")
    another = medium(VIDEO, AUDIO, sha256="cd" * 32)
    assert made_of(one) == made_of(other)
    assert len({*made_of(one), *made_of(another)}) == 6


def made_of(known: Medium) -> list[str | None]:
    return [task.plan.makes for task in planned(known)]


def test_what_a_picture_task_makes_is_never_taken_for_segments() -> None:
    assert [Made.parse(task.plan.makes) for task in planned(medium(VIDEO, AUDIO))] == [None] * 3


def test_the_order_says_everything_that_is_known_of_the_medium() -> None:
    known = medium(VIDEO, AUDIO)
    for task in planned(known):
        assert read(PictureOrder, task.plan.order).medium == known
        assert (task.plan.media_id, task.plan.owner_id) == ("m1", "ann")
