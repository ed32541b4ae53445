"""Bytes that are no records of ours are refused with a reason, never half read."""

from __future__ import annotations

import pytest

from schemas.codec import Codec, RecordTooLarge, Undecodable
from schemas.events import Meta, derived_id, new_id
from tests.samples import WHEN, meta, probed, requested, task_changed, uploaded

GOOD = Codec().encode(uploaded())


@pytest.mark.parametrize(
    ("topic", "value", "why"),
    [
        ("no.such.topic", GOOD.value, "not a topic"),
        ("media.uploaded", None, "no value"),
        ("media.uploaded", b"", "no value"),
        ("media.uploaded", b"\x00\x00", "cut short"),
        ("media.uploaded", b"\x01" + GOOD.value[1:], "zero byte"),
        ("media.uploaded", b"\x00\x00\x00\xff\xff" + GOOD.value[5:], "no schema with id"),
        pytest.param("media.uploaded", GOOD.value[:20], "not valid Avro", id="half a record"),
        ("media.uploaded", b'{"json": "text, not avro"}', "zero byte"),
        ("media.probed", GOOD.value, "does not carry media_uploaded"),
    ],
)
def test_what_is_refused_and_why(topic: str, value: bytes | None, why: str) -> None:
    with pytest.raises(Undecodable, match=why):
        Codec().decode(topic, value)


def test_a_record_over_the_limit_is_refused() -> None:
    with pytest.raises(RecordTooLarge, match="at most"):
        Codec().encode(probed(tags={"lyrics": "la " * 300_000}))


def test_nested_records_come_back() -> None:
    event = task_changed("planned")
    record = Codec().encode(event)
    assert Codec().decode(record.topic, record.value) == event


def test_the_key_is_what_the_table_says() -> None:
    assert Codec().encode(requested("job-9")).key == b"job-9"


def test_doing_something_again_gives_the_same_id() -> None:
    first = meta()
    assert first.then("a", WHEN, "x", 1).event_id == first.then("b", WHEN, "x", 1).event_id
    assert first.then("a", WHEN, "x", 1).event_id != first.then("a", WHEN, "x", 2).event_id
    assert first.then("a", WHEN, "x").causation_id == first.event_id
    assert first.then("a", WHEN, "x").correlation_id == first.correlation_id


def test_new_ids_sort_by_time() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000


def test_derived_ids_differ_by_every_part() -> None:
    assert derived_id("a", 1) == derived_id("a", "1")
    assert derived_id("a", "b") != derived_id("b", "a")


def test_a_first_event_is_its_own_correlation() -> None:
    first = Meta.first("user:a", WHEN)
    assert first.correlation_id == first.event_id
    assert first.causation_id is None
