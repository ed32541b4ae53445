"""What a reader of the log still waits for: no record more than there is."""

from __future__ import annotations

from confluent_kafka import OFFSET_INVALID, TopicPartition

from connectors.kafka_reader import left_of

SPANS = {("a", 0): (3, 10), ("a", 1): (0, 4), ("b", 0): (0, 2)}
BEFORE = {("a", 0): 7, ("a", 1): 4, ("b", 0): 2}


def test_a_partition_is_through_where_its_end_is_reached_or_passed() -> None:
    positions = [TopicPartition("a", 0, 8), TopicPartition("a", 1, 4), TopicPartition("b", 0, 5)]
    assert left_of(SPANS, BEFORE, positions) == {("a", 0): 2}


def test_a_partition_of_which_nothing_was_read_yet_has_all_of_it_left() -> None:
    positions = [TopicPartition(*place, OFFSET_INVALID) for place in SPANS]
    assert left_of(SPANS, BEFORE, positions) == BEFORE


def test_what_was_through_before_is_not_asked_for_again() -> None:
    assert left_of(SPANS, {("b", 0): 2}, [TopicPartition("b", 0, 1)]) == {("b", 0): 1}
