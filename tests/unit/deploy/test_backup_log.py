"""How far groups had read is said in other numbers where records were missing in between."""

from __future__ import annotations

import pytest

from deploy.local.backup import groups, log


@pytest.mark.parametrize(
    ("olds", "had_read", "now"),
    [([], 0, 0), ([], 7, 0), ([0, 1, 2], 2, 2), ([0, 1, 2], 3, 3), ([5, 9, 12], 9, 1), ([5, 9, 12], 10, 2)],
)
def test_offsets_are_translated_over_gaps(olds: list[int], had_read: int, now: int) -> None:
    assert log.translated({("t", 0): olds}, {"g": {("t", 0): had_read}}) == {"g": {("t", 0): now}}


def test_what_groups_had_read_comes_back_as_it_went() -> None:
    said = {"views": {("media.uploaded", 3): 17, ("media.uploaded.dlq", 0): 1}, "ingest": {}}
    assert groups.parsed(groups.written(said)) == said


def test_a_member_says_of_which_partition_it_is() -> None:
    assert log.place_of("media.uploaded.dlq-3.avro") == ("media.uploaded.dlq", 3)
