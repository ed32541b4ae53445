"""Makes the topics beside everything else that starts, so that nothing waits for it longer than it must."""

from __future__ import annotations

import threading

from connectors.brokers import Brokers
from deploy.local.failures import Failure


class TopicMaker:
    """Waits for Kafka and makes the missing topics, in a thread of its own."""

    def __init__(self, brokers: Brokers, within_s: float) -> None:
        self._brokers = brokers
        self._within_s = within_s
        self._failure: str | None = None
        self._thread = threading.Thread(target=self._make, name="topics", daemon=True)
        self._thread.start()

    def done(self) -> bool:
        """Whether all topics are there. Raises Failure where they cannot be made."""
        if self._failure is not None:
            raise Failure(self._failure)
        return not self._thread.is_alive()

    def _make(self) -> None:
        from connectors.kafka_admin import ensure_topics
        from connectors.ports import BrokerUnavailable

        try:
            ensure_topics(self._brokers, self._within_s)
        except BrokerUnavailable as error:
            self._failure = str(error)
