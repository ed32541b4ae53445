"""What people configure, as events."""

from __future__ import annotations

from gateway.commands import Command
from schemas.events import ResourceChanged


def changed(command: Command, kind: str, id: str, version: int, value: str | None) -> ResourceChanged:
    """The event of a resource as it is from now on; without a value it is removed."""
    return ResourceChanged(
        meta=command.meta(), resource=f"{kind}/{id}", kind=kind, id=id, version=version, value=value
    )
