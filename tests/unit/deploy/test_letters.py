"""Which dead letters are still open, and what events say in a line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.brokers import Brokers
from deploy.local import event_log, letters
from deploy.local.event_log import REPLAYED, Seen
from deploy.local.failures import Failure
from deploy.local.narrator import meaning
from schemas.events import DeadLetter, Header, MediaRejected, MediaUploaded, Meta

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
META = Meta.first("service:transcode", NOW)


def dead(offset: int) -> DeadLetter:
    return DeadLetter(
        meta=META,
        stage="transcode",
        code="boom",
        reason="it broke",
        attempts=3,
        topic="media.probed",
        partition=2,
        offset=offset,
        key=b"m1",
        value=b"\x00bytes",
        headers=[Header(name="ce_id", value=b"1"), Header(name=REPLAYED, value=b"an older one")],
    )


def seen(offset: int, event: DeadLetter | None = None, mark: str | None = None) -> Seen:
    headers = ((REPLAYED, mark.encode()),) if mark else ()
    value = None if mark else b"value"
    return Seen(
        topic="media.probed.dlq",
        partition=0,
        offset=offset,
        at=NOW,
        key=b"m1",
        value=value,
        headers=headers,
        event=event,
    )


def test_a_mark_says_which_letter_was_replayed() -> None:
    records = [seen(0, dead(7)), seen(1, dead(8)), seen(2, mark="media.probed.dlq/0")]
    assert [(one.offset, one.replayed) for one in letters.with_marks(records)] == [(0, True), (1, False)]


def test_a_replayed_record_is_the_original_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    [letter] = letters.with_marks([seen(4, dead(7))])
    record = letters._original(letter)
    assert (record["topic"], record["partition"], record["key"], record["value"]) == (
        "media.probed",
        2,
        b"m1",
        b"\x00bytes",
    )
    assert record["headers"] == [("ce_id", b"1"), (REPLAYED, b"media.probed.dlq/4")]


def test_a_record_that_two_stages_gave_up_is_replayed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(letters, "_send", lambda producer, **record: sent.append(record["topic"]))
    both = letters.with_marks([seen(4, dead(7)), seen(5, dead(7))])
    assert letters.replay(Brokers("127.0.0.1:1"), both) == 1
    assert sent == ["media.probed", "media.probed.dlq", "media.probed.dlq"]


def test_a_topic_may_be_named_by_either_name() -> None:
    assert letters.topics("media.probed") == letters.topics("media.probed.dlq") == ["media.probed.dlq"]
    with pytest.raises(Failure, match="no topic"):
        letters.topics("media.lost")


def test_an_event_is_summed_up_without_what_could_steer_a_terminal() -> None:
    event = MediaRejected(meta=META, media_id="m1", code="broken", reason="x" * 100 + "\x1b[2J")
    line = event_log.summary(event)
    assert line.startswith("media_id=m1 code=broken reason=xxx")
    assert "\x1b" not in line
    assert len(line) < 100


def test_what_cannot_be_decoded_is_shown_all_the_same() -> None:
    assert event_log.said(seen(0, mark="media.probed.dlq/4")) == "replayed media.probed.dlq/4"
    assert event_log.said(seen(0)).startswith("not decoded")


def test_the_tour_tells_events_in_words() -> None:
    taken = MediaUploaded(
        meta=META,
        media_id="m1",
        owner_id="o",
        name="clip.mp4",
        size_bytes=18_900_000,
        sha256="c766f1eb18f5a24a",
        location="raw/c7",
        origin="api",
    )
    assert meaning(taken) == "taken in: 18.9 MB, sha256 c766f1eb18f5…"
    assert meaning(dead(1)).startswith("stage=transcode code=boom")
