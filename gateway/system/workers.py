"""Workers, as their beats and the orders that people gave them tell."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.ports import Document, Query
from connectors.read_models import ReadModels
from gateway import resources
from gateway.commands import Command
from gateway.documents import part
from gateway.errors import NotFound
from gateway.system.schemas import Service, Worker, WorkerSteered
from schemas import workers

_SERVICE = "worker"
_RESOURCES = "resources"
_MOST = 1000
_UNHEARD = "down"


async def every(read_models: ReadModels, services: Sequence[Service]) -> list[Worker]:
    """All workers that were heard of lately, or that still have an order, by name."""
    query = Query(key={"kind": workers.KIND}, order_by="now.at", limit=_MOST)
    page = await read_models.page(_RESOURCES, query)
    orders = {_name(document): _order(document) for document in page.items}
    heard = {service.instance: service for service in services if service.service == _SERVICE}
    ordered = {name for name, order in orders.items() if order != workers.WORK}
    return [_worker(n, heard.get(n), orders.get(n, workers.WORK)) for n in sorted(heard.keys() | ordered)]


async def order(command: Command, instance: str, wanted: workers.Order) -> WorkerSteered:
    """Orders a worker to do something until it is ordered otherwise. Raises NotFound, Unavailable."""
    read_models = command.services.read_models
    known = {worker.instance: worker for worker in await every(read_models, _heard(command))}
    if instance not in known:
        raise NotFound("worker-not-found", f"No worker {instance!r} was heard of lately.")
    document = await read_models.get(_RESOURCES, f"{workers.KIND}/{instance}")
    version = int(document["now"]["version"]) + 1 if document else 1
    event = resources.changed(command, workers.KIND, instance, version, workers.written(wanted))
    token = await command.publish([event], "/api/v1/system/workers")
    return WorkerSteered(worker=known[instance].model_copy(update={"order": wanted}), token=token)


def _heard(command: Command) -> Sequence[Service]:
    return command.services.presence.services()


def _name(document: Document) -> str:
    return str(document["_id"]).partition("/")[2]


def _order(document: Document) -> workers.Order:
    return workers.read(part(document, "now").get("value"))


def _worker(instance: str, heard: Service | None, order: workers.Order) -> Worker:
    details = heard.details if heard else {}
    return Worker(
        instance=instance,
        state=heard.state if heard else _UNHEARD,
        order=order,
        drained=details.get("drained") == "true",
        slots=int(details.get("slots", 0)),
        running=int(details.get("running", 0)),
        host=heard.host if heard else None,
        version=heard.version if heard else None,
        last_beat_at=heard.last_beat_at if heard else None,
    )
