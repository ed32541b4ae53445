"""Laws over the contract: the tables, the Avro files, the dataclasses and the examples agree."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, get_args, get_type_hints

import fastavro
import pytest

from processors.care import handle as care_handle
from processors.hierarchy import handle as hierarchy_handle
from processors.ingest import handle as ingest_handle
from processors.pictures import handle as pictures_handle
from processors.transcode import handle as transcode_handle
from processors.views import plan as views_plan
from processors.work import leader, worker
from schemas import events
from schemas.codec import Codec, trace_parent
from schemas.events import Meta
from schemas.registry import HERE, FileRegistry, Schema
from schemas.topics import BY_NAME, TOPICS, Topic
from tests.samples import one_of_each

REGISTRY = FileRegistry()
LATEST = sorted({topic.schema for topic in BY_NAME.values()})
META_NAMES = [field.name for field in fields(Meta)]


def examples(schema: Schema) -> Any:
    text = (HERE / "examples" / f"{schema.stem}.v{schema.version}.json").read_text()
    compact = json.dumps(json.loads(text))
    return next(iter(fastavro.json_reader(StringIO(compact), fastavro.parse_schema(schema.parsed))))


def test_every_avro_file_has_an_id_and_every_id_a_file() -> None:
    files = {path.stem for path in (HERE / "avro").glob("*.avsc")}
    assert files == {f"{s.stem}.v{s.version}" for s in REGISTRY.schemas}


def test_ids_are_given_in_order_and_never_twice() -> None:
    ids: dict[str, int] = json.loads((HERE / "ids.json").read_text())
    assert list(ids.values()) == list(range(1, len(ids) + 1))


def test_no_schema_is_an_orphan() -> None:
    assert {s.stem for s in REGISTRY.schemas} == set(LATEST)


def test_there_is_one_example_of_every_version_that_ever_was() -> None:
    files = {path.stem for path in (HERE / "examples").glob("*.json")}
    assert files == {f"{s.stem}.v{s.version}" for s in REGISTRY.schemas}


@pytest.mark.parametrize("schema", REGISTRY.schemas, ids=lambda s: f"{s.stem}.v{s.version}")
def test_the_version_is_in_the_file_name_and_not_in_the_record_name(schema: Schema) -> None:
    name = schema.parsed["name"]
    assert schema.parsed["namespace"] == "sluice.events"
    assert not name[-1].isdigit()
    assert schema.stem == "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


@pytest.mark.parametrize("schema", REGISTRY.schemas, ids=lambda s: f"{s.stem}.v{s.version}")
def test_every_field_says_what_it_means(schema: Schema) -> None:
    for record in records(schema.parsed):
        assert record["doc"]
        assert all(field.get("doc") for field in record["fields"]), record["name"]


@pytest.mark.parametrize("schema", REGISTRY.schemas, ids=lambda s: f"{s.stem}.v{s.version}")
def test_no_enums_for_open_sets(schema: Schema) -> None:
    assert '"enum"' not in schema.text


@pytest.mark.parametrize("stem", LATEST)
def test_all_versions_read_each_other(stem: str) -> None:
    versions = [s for s in REGISTRY.schemas if s.stem == stem]
    for writer, reader in itertools.product(versions, versions):
        out = BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(writer.parsed), examples(writer))
        out.seek(0)
        fastavro.schemaless_reader(
            out, fastavro.parse_schema(writer.parsed), fastavro.parse_schema(reader.parsed)
        )


@pytest.mark.parametrize("stem", LATEST)
def test_the_dataclass_says_what_the_avro_file_says(stem: str) -> None:
    record = next(topic.record for topic in BY_NAME.values() if topic.schema == stem)
    schema = REGISTRY.latest(stem).parsed
    assert [f["name"] for f in schema["fields"]][: len(META_NAMES)] == META_NAMES
    mine = [*META_NAMES, *(name for name in get_type_hints(record) if name != "meta")]
    assert mine == [f["name"] for f in schema["fields"]]
    nested = {r["name"]: r for r in records(schema) if r is not schema}
    for name, found in nested.items():
        assert [f.name for f in fields(getattr(events, name))] == [f["name"] for f in found["fields"]]


@pytest.mark.parametrize("stem", LATEST)
def test_what_may_be_null_is_optional_in_the_dataclass(stem: str) -> None:
    record = next(topic.record for topic in BY_NAME.values() if topic.schema == stem)
    hints = {**get_type_hints(Meta), **get_type_hints(record)}
    for field in REGISTRY.latest(stem).parsed["fields"]:
        nullable = isinstance(field["type"], list) and "null" in field["type"]
        assert nullable == (type(None) in get_args(hints[field["name"]])), field["name"]


@pytest.mark.parametrize("event", one_of_each(), ids=lambda e: type(e).__name__)
def test_an_event_comes_back_as_it_went(event: events.Event) -> None:
    record = Codec().encode(event)
    assert Codec().decode(record.topic, record.value) == event


@pytest.mark.parametrize("event", one_of_each(), ids=lambda e: type(e).__name__)
def test_the_headers_are_cloud_events_in_binary_mode(event: events.Event) -> None:
    record = Codec().encode(event)
    headers = {name: value.decode() for name, value in record.headers}
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_id"] == event.meta.event_id
    assert headers["ce_type"] == record.topic
    assert headers["ce_subject"] == record.key.decode()
    assert headers["content-type"] == "application/avro"
    assert headers["traceparent"] == trace_parent(event.meta)
    version, trace, span, flags = headers["traceparent"].split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")


def test_every_kind_of_event_has_a_topic() -> None:
    assert {type(e) for e in one_of_each()} == {t.record for t in TOPICS} | {events.DeadLetter}


@pytest.mark.parametrize("topic", BY_NAME.values(), ids=lambda t: t.name)
def test_every_topic_says_who_writes_and_who_reads(topic: Topic) -> None:
    assert topic.producers
    assert topic.consumers
    assert topic.about
    assert is_dataclass(topic.record)


def test_facts_are_kept_and_only_what_has_no_meaning_later_expires() -> None:
    expire = {"transcode.progress", "job.progress", "playback.changed", "session.changed", "service.beat"}
    assert {t.name for t in TOPICS if t.retention is not None} == expire


def test_what_was_withdrawn_leaves_the_disk() -> None:
    """A compacted topic keeps what was replaced until its segment is rolled: that has to come by itself."""
    for topic in TOPICS:
        settings = topic.creation_settings()
        assert ("compact" in settings["cleanup.policy"].split(",")) == topic.compacted
        assert ("max.compaction.lag.ms" in settings) == topic.compacted


def test_the_table_names_exactly_who_reads() -> None:
    """What the code subscribes to; the gateway's own list is checked beside it."""
    read = {
        "views": set(views_plan.TOPICS),
        "transcode": set(transcode_handle.TOPICS),
        "ingest": set(ingest_handle.TOPICS),
        "pictures": set(pictures_handle.TOPICS),
        "hierarchy": set(hierarchy_handle.TOPICS),
        "care": set(care_handle.TOPICS),
        "ledger": set(leader.TAILED),
        "worker": set(worker.TAILED),
    }
    for reader, topics in read.items():
        assert topics == {t.name for t in TOPICS if reader in t.consumers}, reader


def test_nothing_in_the_contract_reaches_outside() -> None:
    for path in Path(HERE).glob("*.py"):
        text = path.read_text()
        assert "import aiokafka" not in text
        assert "confluent" not in text.replace("Confluent", "")


def records(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema's records, the outer one first."""
    if isinstance(schema, list):
        for branch in schema:
            yield from records(branch)
    elif isinstance(schema, dict):
        if schema.get("type") == "record":
            yield schema
            for field in schema["fields"]:
                yield from records(field["type"])
        else:
            yield from records(schema.get("items", schema.get("values")))
