"""Prints every event of some topics, from the first one on, as a line of JSON each.

Usage: follow.py BOOTSTRAP REGISTRY [TOPIC...]
"""

import json
import sys

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

ALL = "^[a-z]+[.][a-z]+$"
"""Every topic but those of dead letters, which have a third part in their names."""


def main(bootstrap: str, registry: str, topics: list[str]) -> None:
    decode = AvroDeserializer(SchemaRegistryClient({"url": registry}))
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "example-python",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,  # nothing is remembered: each run starts at the beginning
        }
    )
    consumer.subscribe(topics)
    try:
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            print(json.dumps(said(message, decode), default=str), flush=True)
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()


def said(message, decode) -> dict:
    return {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "key": (message.key() or b"").decode(),
        "headers": {name: (value or b"").decode() for name, value in message.headers() or []},
        "event": decode(message.value(), SerializationContext(message.topic(), MessageField.VALUE)),
    }


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3:] or [ALL])
