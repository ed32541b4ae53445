"""Profiles in memory: the latest word on each, in whatever order it comes; none before the log was read."""

from __future__ import annotations

import itertools
from dataclasses import replace

import orjson
import pytest

from gateway.errors import Invalid, NotFound, Unavailable
from gateway.following import Following
from gateway.profiles.catalog import Profiles
from schemas.events import ResourceChanged
from schemas.profiles import BUILT_IN, written
from tests import samples
from tests.unit.gateway.doubles import FakeFeed

WEB = BUILT_IN["web"]


def said(version: int, *, removed: bool = False) -> ResourceChanged:
    value = None if removed else written(replace(WEB, name="mine", version=version))
    return ResourceChanged(
        meta=samples.meta(), resource="profile/mine", kind="profile", id="mine", version=version, value=value
    )


def catalog(age_s: float = 0) -> Profiles:
    return Profiles(Following(FakeFeed(age_s=age_s), 15))


@pytest.mark.parametrize("order", itertools.permutations([1, 2, 3]))
def test_the_last_version_counts_in_any_order(order: tuple[int, ...]) -> None:
    profiles = catalog()
    for version in (*order, 2):
        profiles.hear(said(version))
    assert profiles.find("mine").version == 3
    assert [each["name"] for each in orjson.loads(profiles.shown())["items"]] == [*BUILT_IN, "mine"]
    profiles.hear(said(4, removed=True))
    profiles.hear(said(3))
    assert [each["name"] for each in orjson.loads(profiles.shown())["items"]] == list(BUILT_IN)
    assert profiles.last_version("mine") == 4
    with pytest.raises(NotFound):
        profiles.find("mine")
    with pytest.raises(Invalid):
        profiles.asked_for("mine")


def test_before_the_log_was_read_only_what_is_built_in_is_known() -> None:
    profiles = catalog(age_s=float("inf"))
    assert profiles.asked_for("web") == WEB
    for ask in (lambda: profiles.find("mine"), lambda: profiles.asked_for("mine"), profiles.shown):
        with pytest.raises(Unavailable):
            ask()
