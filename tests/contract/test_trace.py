"""What the log says of one thing, found in a real log: by key, within a time, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.kafka import KafkaPublisher
from connectors.kafka_trace import KafkaTrace
from schemas.codec import Codec
from schemas.events import Event, new_id
from tests import samples
from tests.servers import Servers


async def test_a_thing_is_found_among_others_in_all_topics(real_servers: Servers) -> None:
    codec, mine, job = Codec(), new_id(), new_id()
    events: list[Event] = [
        samples.uploaded(mine),
        samples.rejected(mine),
        samples.requested(job),
        samples.processed(job),
    ]
    noise: list[Event] = [
        event for _ in range(50) for event in (samples.uploaded(new_id()), samples.requested(new_id()))
    ]
    async with KafkaPublisher(real_servers.kafka, codec) as publisher:
        positions = await publisher.publish([*noise, *events, *noise])
    trace = KafkaTrace(real_servers.kafka, codec)
    keys = {"media.uploaded": [mine], "media.rejected": [mine], "media.probed": [mine]}
    jobs = {"transcode.requested": [job, new_id()], "media.processed": [job]}
    now = datetime.now(UTC)
    found = await trace.about({**keys, **jobs}, now - timedelta(hours=1))
    assert {each.event.meta.event_id for each in found} == {event.meta.event_id for event in events}
    assert {each.position for each in found} == set(positions[len(noise) : len(noise) + len(events)])
    assert await trace.about(keys, now + timedelta(hours=1)) == []
    assert await trace.about(keys, now - timedelta(hours=2), now - timedelta(hours=1)) == []
    later = now + timedelta(hours=1)
    assert len(await trace.about(keys, now - timedelta(hours=1), later)) == 2
