"""The AsyncAPI document: which topics there are, what rides them, and who writes and reads them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from connectors.brokers import Brokers
from schemas.registry import Schema
from schemas.topics import Topic

_AVRO = "application/vnd.apache.avro+json;version=1.9.0"
_JSON_SCHEMA = "application/vnd.aai.asyncapi+json;version=3.0.0"

Node = dict[str, Any]


def document(topics: Sequence[Topic], schemas: Collection[Schema], version: str, kafka: Brokers) -> Node:
    """The document for these topics and their dead-letter twins."""
    every = [each for topic in topics for each in (topic, topic.dlq)]
    latest = {schema.stem: schema for schema in sorted(schemas, key=lambda schema: schema.version)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Sluice",
            "version": version,
            "description": "Every change of state in Sluice, as events on Kafka.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/avro",
        "servers": {"kafka": {"host": kafka.bootstrap, "protocol": _protocol(kafka)}},
        "channels": {topic.name: _channel(topic) for topic in every},
        "operations": {name: node for topic in every for name, node in _operations(topic)},
        "components": {
            "messages": {topic.schema: _message(topic, latest[topic.schema]) for topic in every},
            "schemas": {"cloudevents": _cloud_events()},
        },
    }


def _protocol(kafka: Brokers) -> str:
    return "kafka" if kafka.security.ca_file is None else "kafka-secure"


def _channel(topic: Topic) -> Node:
    settings = topic.creation_settings()
    return {
        "address": topic.name,
        "description": topic.about,
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {topic.schema: {"$ref": f"#/components/messages/{topic.schema}"}},
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": settings["cleanup.policy"].split(","),
                    "retention.ms": int(settings["retention.ms"]),
                    "max.message.bytes": int(settings["max.message.bytes"]),
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations(topic: Topic) -> list[tuple[str, Node]]:
    """What each process does with a topic: `send` for its producers, `receive` for its consumers."""
    sides = [("send", who) for who in topic.producers] + [("receive", who) for who in topic.consumers]
    return [(_operation_name(action, who, topic), _operation(action, who, topic)) for action, who in sides]


def _operation_name(action: str, who: str, topic: Topic) -> str:
    return f"{who.split()[0]}.{action}.{topic.name}"


def _operation(action: str, who: str, topic: Topic) -> Node:
    channel = topic.name.replace("~", "~0").replace("/", "~1")
    return {
        "action": action,
        "summary": f"{who} {'writes' if action == 'send' else 'reads'} {topic.name}.",
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{topic.schema}"}],
        "tags": [{"name": who}],
    }


def _message(topic: Topic, schema: Schema) -> Node:
    record = schema.parsed
    return {
        "name": record["name"],
        "title": record["name"],
        "summary": record.get("doc", ""),
        "contentType": "application/avro",
        "headers": {"schemaFormat": _JSON_SCHEMA, "schema": {"$ref": "#/components/schemas/cloudevents"}},
        "payload": {"schemaFormat": _AVRO, "schema": record},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"{topic.key} of the event"},
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "bindingVersion": "0.5.0",
            }
        },
    }


def _cloud_events() -> Node:
    """The headers of every record: CloudEvents in binary mode, and the trace."""
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type"],
        "properties": {
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_id": {**text, "description": "Unique for each event"},
            "ce_source": text,
            "ce_type": {**text, "description": "The topic"},
            "ce_subject": {**text, "description": "The record's key"},
            "ce_time": {**text, "format": "date-time"},
            "ce_correlationid": {**text, "description": "The same for all that follows from one request"},
            "ce_causationid": {**text, "description": "The event that led to this one"},
            "ce_actor": text,
            "content-type": {**text, "const": "application/avro"},
            "traceparent": {**text, "description": "W3C trace context"},
        },
    }
