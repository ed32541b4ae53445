"""A bucket's rules become ours and those of others, which stay as they are."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.s3.lifecycle import Limits, change, wanted

ALL = Limits(archive_days=90, storage="GLACIER_IR", abort_days=7, passing_days=3, noncurrent_days=30)
NONE = Limits(archive_days=None, storage=None, abort_days=None, passing_days=None, noncurrent_days=None)
THEIRS: dict[str, Any] = {
    "ID": "logs",
    "Status": "Enabled",
    "Filter": {"Prefix": "logs/"},
    "Expiration": {"Days": 1},
}


def test_each_limit_is_a_rule_below_our_prefix() -> None:
    rules = {each["ID"]: each for each in wanted("media/", ALL)}
    assert {name: rule["Filter"] for name, rule in rules.items()} == {
        "sluice media/ archive": {"Prefix": "media/raw/"},
        "sluice media/ abort": {"Prefix": "media/"},
        "sluice media/ passing": {"Prefix": "media/tmp/"},
        "sluice media/ noncurrent": {"Prefix": "media/"},
    }
    assert rules["sluice media/ archive"]["Transitions"] == [{"Days": 90, "StorageClass": "GLACIER_IR"}]
    assert rules["sluice media/ passing"]["Expiration"] == {"Days": 3}
    assert wanted("", NONE) == []


@pytest.mark.parametrize("prefix", ["", "media/"])
def test_rules_of_others_stay_in_their_places(prefix: str) -> None:
    found = change([THEIRS], prefix, wanted(prefix, ALL))
    assert found.rules[0] == THEIRS
    assert (len(found.added), found.removed) == (4, [])


def test_what_is_as_it_should_be_is_no_change() -> None:
    rules = wanted("media/", ALL)
    assert not change([*rules, THEIRS], "media/", rules).is_one


def test_a_limit_that_is_not_wanted_any_more_goes_and_another_is_said_anew() -> None:
    less = Limits(archive_days=None, storage=None, abort_days=8, passing_days=3, noncurrent_days=30)
    found = change([*wanted("media/", ALL), THEIRS], "media/", wanted("media/", less))
    assert found.added == ["sluice media/ abort"]
    assert found.removed == ["sluice media/ archive", "sluice media/ abort"]
    assert THEIRS in found.rules


def test_another_installation_in_the_same_bucket_keeps_its_rules() -> None:
    others = wanted("elsewhere/", ALL)
    found = change(others, "media/", [])
    assert (found.rules, found.is_one) == (others, False)
