"""Counts how uploads end, so that an operator sees whether senders or we are to blame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import ClientDisconnect

from connectors.ports import StoreFull, StoreReadOnly
from gateway.errors import Problem
from gateway.metrics import Metrics


@contextmanager
def counted(metrics: Metrics) -> Iterator[None]:
    """Counts one upload as under way, and then by how it ended."""
    outcome = "accepted"
    with metrics.uploads_in_flight.track_inprogress():
        try:
            yield
        except BaseException as error:
            outcome = _name(error)
            raise
        finally:
            metrics.uploads.labels(outcome).inc()


def _name(error: BaseException) -> str:
    match error:
        case Problem():
            return error.code
        case ClientDisconnect():
            return "cut-off"
        case StoreFull():
            return "store-full"
        case StoreReadOnly():
            return "store-read-only"
    return "error"
