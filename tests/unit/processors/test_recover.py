"""A lost ledger comes back from the log as it stood, with what belongs to no job too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from processors.recover import Found
from processors.work.jobs import is_held
from processors.work.tasks import COMPLETED, DEAD, WAITING
from schemas.events import Event
from schemas.pictures import POSTER, THUMBNAILS
from tests import samples


def told(state: str, kind: str = POSTER, **more: Any) -> Event:
    return samples.task_changed(state, f"m1-{kind}", job_id="m1", kind=kind, **more)


@pytest.mark.parametrize(
    ("events", "state", "epoch"),
    [
        ([told("planned")], WAITING, 0),
        ([told("planned"), told("ready"), told("running", epoch=1)], WAITING, 1),
        ([told("completed", epoch=1), told("planned")], COMPLETED, 1),
        ([told("planned"), told("dead", epoch=2)], DEAD, 2),
        ([told("planned"), samples.processed(), samples.pictured()], WAITING, 0),
    ],
)
def test_a_medium_s_own_tasks_come_back_as_they_stood(events: list[Event], state: str, epoch: int) -> None:
    found = Found()
    for event in [told("planned", THUMBNAILS), *events]:
        found.hear(event)
    task = found.task(found.plans["m1-poster"])
    assert (task.state, task.epoch) == (state, epoch)
    assert found.task(found.plans["m1-thumbnails"]).state == WAITING
    assert found.jobs == {}


@pytest.mark.parametrize(
    ("events", "held"),
    [
        ([samples.held()], True),
        ([samples.deleted(change="released"), samples.held()], False),
        ([samples.held(), samples.rejected()], False),
        ([samples.deleted(), samples.held()], False),
    ],
)
def test_what_is_held_is_known_again(events: list[Event], held: bool) -> None:
    found = Found()
    for event in events:
        found.hear(event)
    assert is_held(found.media["m1"]) == held
    assert found.media["m1"]["held"]["location"].startswith("quarantine/")


def test_what_pictures_there_are_is_no_business_of_the_ledger() -> None:
    found = Found()
    found.hear(samples.pictured())
    found.hear(samples.deleted("m2"))
    assert found.media == {"m2": {"deleted": {"at": samples.WHEN}}}


def steered(command: str, run: int, seconds: int) -> Event:
    when = samples.WHEN + timedelta(seconds=seconds)
    return samples.controlled(command, run=run, meta=samples.meta(now=when))


@pytest.mark.parametrize(
    ("events", "paused"),
    [
        ([], False),
        ([steered("pause", 1, 5)], True),
        ([steered("resume", 1, 6), steered("pause", 1, 5)], False),
        ([steered("pause", 1, 5), samples.processed(status="failed")], False),
        ([steered("pause", 1, 5), samples.processed(status="failed"), steered("retry", 2, 6)], False),
    ],
)
def test_a_paused_job_comes_back_paused(events: list[Event], paused: bool) -> None:
    found = Found()
    for event in [samples.requested(), *events]:
        found.hear(event)
    assert found.job(found.jobs["j1"]).paused is paused


@pytest.mark.parametrize(
    ("events", "died"),
    [
        ([], {}),
        ([samples.task_changed("dead", code="tool_error")], {"died": {"tool_error": ["j1"]}}),
        ([samples.task_changed("dead", code="x"), samples.processed("j2")], {}),
    ],
)
def test_what_killed_a_medium_s_tasks_is_remembered(events: list[Event], died: dict[str, Any]) -> None:
    found = Found()
    for event in [samples.requested(), samples.requested("j2"), samples.task_changed(), *events]:
        found.hear(event)
    assert found.died("m1") == died
