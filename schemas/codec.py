"""Events to bytes and back: Avro in the Confluent wire format, CloudEvents in the headers.

Encoding raises `RecordTooLarge`; decoding raises `Undecodable` for anything that is not one of our records.
Neither is transient: trying the same again gives the same.
"""

from __future__ import annotations

import struct
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from io import BytesIO
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

import fastavro

from schemas import events
from schemas.events import Event, Meta
from schemas.registry import Registry, Schema, UnknownSchema, file_registry
from schemas.topics import BY_NAME, Topic, topic_of

_MAGIC = 0
_PREFIX = struct.Struct(">bI")
_SOURCE = "/sluice"
_META_FIELDS = tuple(f.name for f in fields(Meta))

Parsed = Any  # fastavro's own parsed schema
_BUILDERS: dict[type[Any], Callable[[Mapping[str, Any]], Any]] = {}


class RecordTooLarge(ValueError):
    """The record is over its topic's limit; what is large belongs in a blob."""


class Undecodable(ValueError):
    """These bytes are no record of that topic."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event as Kafka carries it."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class Codec:
    """Turns events into records and back, with the schema ids of one registry."""

    def __init__(self, registry: Registry | None = None) -> None:
        self._registry = registry or file_registry()
        self._parsed: dict[int, Parsed] = {}

    def encode(self, event: Event) -> Record:
        """The record for an event. Raises RecordTooLarge."""
        topic = topic_of(event)
        schema = self._registry.latest(topic.schema)
        out = BytesIO()
        out.write(_PREFIX.pack(_MAGIC, schema.id))
        fastavro.schemaless_writer(out, self._parse(schema), _flatten(event))
        value = out.getvalue()
        if len(value) > topic.max_record_bytes:
            raise RecordTooLarge(f"{topic.name}: {len(value)} bytes, at most {topic.max_record_bytes}")
        key = str(getattr(event, topic.key)) if hasattr(event, topic.key) else event.meta.event_id
        return Record(topic.name, key.encode(), value, _headers(event, topic, key))

    def decode(self, topic_name: str, value: bytes | None) -> Event:
        """The event in a record's value. Raises Undecodable."""
        topic = BY_NAME.get(topic_name)
        if topic is None:
            raise Undecodable(f"{topic_name} is not a topic of ours")
        if value is None or len(value) <= _PREFIX.size:
            raise Undecodable("the record has no value" if not value else "the record is cut short")
        magic, schema_id = _PREFIX.unpack_from(value)
        if magic != _MAGIC:
            raise Undecodable("the record does not start with the wire format's zero byte")
        return self._read(topic, schema_id, value)

    def _read(self, topic: Topic, schema_id: int, value: bytes) -> Event:
        try:
            written = self._registry.by_id(schema_id)
            if written.stem != topic.schema:
                raise Undecodable(f"{topic.name} does not carry {written.stem}")
            wanted = self._registry.latest(topic.schema)
            body = fastavro.schemaless_reader(
                BytesIO(value[_PREFIX.size :]),
                self._parse(written),
                None if written.id == wanted.id else self._parse(wanted),
            )
        except UnknownSchema as error:
            raise Undecodable(str(error)) from error
        except Undecodable:
            raise
        except Exception as error:  # fastavro raises whatever its parsing stumbles on
            raise Undecodable(f"the record is not valid Avro: {error!r}") from error
        return cast(Event, _build(topic.record)(cast("dict[str, Any]", body)))

    def _parse(self, schema: Schema) -> Parsed:
        parsed = self._parsed.get(schema.id)
        if parsed is None:
            parsed = self._parsed[schema.id] = fastavro.parse_schema(schema.parsed)
        return parsed


def trace_parent(meta: Meta) -> str:
    """The W3C trace context of an event: one trace for a correlation, one span for an event."""
    trace = events.derived_id(meta.correlation_id).replace("-", "")
    span = events.derived_id(meta.event_id).replace("-", "")[:16]
    return f"00-{trace}-{span}-01"


def _headers(event: Event, topic: Topic, key: str) -> tuple[tuple[str, bytes], ...]:
    meta = event.meta
    said = {
        "ce_specversion": "1.0",
        "ce_id": meta.event_id,
        "ce_source": _SOURCE,
        "ce_type": topic.name,
        "ce_subject": key,
        "ce_time": meta.occurred_at.isoformat(timespec="milliseconds"),
        "ce_correlationid": meta.correlation_id,
        "ce_causationid": meta.causation_id or "",
        "ce_actor": meta.actor,
        "content-type": "application/avro",
        "traceparent": trace_parent(meta),
    }
    return tuple((name, value.encode()) for name, value in said.items() if value)


def _flatten(event: Event) -> dict[str, Any]:
    said = {name: _plain(getattr(event, name)) for name in event.__slots__ if name != "meta"}
    return {name: getattr(event.meta, name) for name in _META_FIELDS} | said


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _build(record: type[Any]) -> Callable[[Mapping[str, Any]], Any]:
    """The builder of a record, made once."""
    if record not in _BUILDERS:
        _BUILDERS[record] = _make_builder(record)
    return _BUILDERS[record]


def _make_builder(record: type[Any]) -> Callable[[Mapping[str, Any]], Any]:
    """A function from Avro's dictionaries to one of our dataclasses."""
    hints = get_type_hints(record)
    names = [name for name in hints if name != "meta"]
    nested = {name: maker for name in names if (maker := _maker(hints[name])) is not None}
    has_meta = "meta" in hints

    def build(body: Mapping[str, Any]) -> Any:
        values = {name: nested[name](body[name]) if name in nested else body[name] for name in names}
        if has_meta:
            values["meta"] = Meta(**{name: body[name] for name in _META_FIELDS})
        return record(**values)

    return build


def _maker(hint: Any) -> Callable[[Any], Any] | None:
    """How to build a field that holds our dataclasses: alone, optional or in a list."""
    origin = get_origin(hint)
    inner = [argument for argument in get_args(hint) if is_dataclass(argument)]
    if is_dataclass(hint):
        return _build(cast("type[Any]", hint))
    if not inner:
        return None
    one = _build(cast("type[Any]", inner[0]))
    if origin in (Union, types.UnionType):
        return lambda value: None if value is None else one(value)
    return lambda values: [one(value) for value in cast("Sequence[Any]", values)]
