"""What viewers wait for, and what they will want next, decides what is made first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from processors.work.demand import Demands
from schemas.events import PlaybackChanged
from schemas.segments import SEGMENT_S, Made
from tests import samples
from tests.samples import WHEN

GROUP = "film/pictures"
RUN = Made(GROUP, 8, 8)


def heard(state: str, segment: int | None, *, after_s: float = 0, **more: Any) -> PlaybackChanged:
    said: dict[str, Any] = {"makes": GROUP, "rendition": "r480", "segment": segment, **more}
    return samples.playback(state, meta=samples.meta(now=WHEN + timedelta(seconds=after_s)), **said)


def demands(*events: PlaybackChanged) -> Demands:
    made = Demands()
    for event in events:
        made.hear(event)
    return made


@pytest.mark.parametrize(
    ("event", "segment", "waiting"),
    [
        pytest.param(heard("waiting", 10), 10, True, id="waits-in-the-run"),
        pytest.param(heard("waiting", 8), 8, True, id="waits-for-its-first"),
        pytest.param(heard("waiting", 3), 8, False, id="comes-to-it-later"),
        pytest.param(heard("playing", 9), 10, False, id="has-it-and-wants-the-next"),
        pytest.param(heard("playing", 7), 8, False, id="comes-to-it-now"),
    ],
)
def test_a_run_is_wanted_from_where_the_viewer_is(
    event: PlaybackChanged, segment: int, waiting: bool
) -> None:
    want = demands(event).want(RUN, WHEN)
    assert want is not None
    assert (want.segment, want.waiting, want.rendition) == (segment, waiting, "r480")


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(heard("waiting", 16), id="beyond-the-run"),
        pytest.param(heard("playing", 15), id="has-seen-it-all"),
        pytest.param(heard("waiting", 10, makes="another/film"), id="another-film"),
        pytest.param(heard("started", None), id="only-began"),
    ],
)
def test_a_run_that_nobody_comes_to_is_not_wanted(event: PlaybackChanged) -> None:
    assert demands(event).want(RUN, WHEN) is None


def test_what_lies_far_ahead_is_not_wanted_yet() -> None:
    assert demands(heard("playing", 0)).want(Made(GROUP, 200, 8), WHEN) is None


def test_deadlines_follow_the_distance_from_the_playhead() -> None:
    want = demands(heard("waiting", 3)).want(RUN, WHEN)
    assert want is not None
    assert want.deadline == WHEN + timedelta(seconds=SEGMENT_S * 5)


def test_segments_that_are_there_are_passed_over() -> None:
    want = demands(heard("waiting", 3)).want(RUN, WHEN, without=[8, 9])
    assert want is not None
    assert want.segment == 10


def test_who_waits_goes_before_who_only_comes_to_it() -> None:
    made = demands(heard("playing", 7, session_id="a"), heard("waiting", 14, session_id="b"))
    want = made.want(RUN, WHEN)
    assert want is not None
    assert (want.segment, want.waiting) == (14, True)


def test_a_viewer_who_falls_silent_for_thirty_seconds_wants_nothing() -> None:
    made = demands(heard("waiting", 10))
    assert made.want(RUN, WHEN + timedelta(seconds=29)) is not None
    assert made.want(RUN, WHEN + timedelta(seconds=31)) is None
    assert made.waited_for(WHEN + timedelta(seconds=31)) == []
    assert not made.watched(GROUP, WHEN + timedelta(seconds=31))


def test_asking_again_does_not_make_the_wait_younger() -> None:
    made = demands(heard("waiting", 10), heard("waiting", 10, after_s=6))
    (head,) = made.waited_for(WHEN + timedelta(seconds=7))
    assert head.at == WHEN


def test_a_viewer_who_stops_is_forgotten() -> None:
    assert demands(heard("waiting", 10), heard("stopped", None, makes=None)).want(RUN, WHEN) is None


def test_a_segment_that_is_stored_is_waited_for_no_more() -> None:
    made = demands(heard("waiting", 10))
    made.stored("r240", 10)
    assert len(made.waited_for(WHEN)) == 1
    made.stored("r480", 10)
    assert made.waited_for(WHEN) == []
    want = made.want(RUN, WHEN)
    assert want is not None
    assert (want.segment, want.waiting) == (11, False)


async def test_news_wake_whoever_waits_for_them() -> None:
    made = Demands()
    before = made.changed
    made.hear(heard("waiting", 10))
    assert before.is_set()
    assert not made.changed.is_set()
