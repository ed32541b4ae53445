"""The installation at a glance: what the machine has, what runs, and what an operator should know."""

from __future__ import annotations

import platform
import socket
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psutil

from gateway.system.schemas import Cpu, Disk, Machine, Memory, Service, Warning

_FOLDER = "folder "
_WEAK, _AWAY = "weak", "away"


def machine(blobs: Path | None) -> Machine:
    """What this machine has now."""
    memory = psutil.virtual_memory()
    resident = psutil.Process().memory_info().rss
    return Machine(
        host=socket.gethostname(),
        platform=platform.platform(terse=True),
        cpu=Cpu(count=psutil.cpu_count() or 1, percent=psutil.cpu_percent(interval=None)),
        memory=Memory(total_bytes=memory.total, available_bytes=memory.available, resident_bytes=resident),
        disk=_disk(blobs),
    )


def _disk(blobs: Path | None) -> Disk | None:
    try:
        usage = psutil.disk_usage(str(blobs)) if blobs else None
    except OSError:
        return None
    return Disk(total_bytes=usage.total, free_bytes=usage.free) if usage else None


def summary(services: Sequence[Service]) -> dict[str, dict[str, int]]:
    """How many processes of each kind are in each state."""
    kinds = {service.service for service in services}
    return {kind: dict(Counter(s.state for s in services if s.service == kind)) for kind in sorted(kinds)}


def folders(services: Sequence[Service]) -> dict[str, str]:
    """How libraries' folders are, by where they are."""
    there = [service for service in services if service.state != "down"]
    return {name: said for service in there for name, said in _folders_of(service)}


def _folders_of(service: Service) -> list[tuple[str, str]]:
    kept = sorted(service.details.items())
    return [(name.removeprefix(_FOLDER), said) for name, said in kept if name.startswith(_FOLDER)]


def warnings(services: Sequence[Service]) -> list[Warning]:
    """What an operator should know about these processes."""
    return [warning for service in services for warning in _warnings_of(service)]


def _warnings_of(service: Service) -> list[Warning]:
    name, found = service.instance, []
    isolation = service.details.get("isolation", "")
    if isolation.startswith(_WEAK) and service.state != "down":
        why = isolation.removeprefix(_WEAK).lstrip(": ") or "no reason given"
        text = f"{name} opens media with weaker isolation: {why}"
        found.append(Warning(code="weak-isolation", instance=name, text=text))
    if (count := service.details.get("stuck_jobs", "0")) != "0" and service.state != "down":
        text = f"{count} jobs stand still; the log of {name} says why"
        found.append(Warning(code="stuck-jobs", instance=name, text=text))
    if (broken := service.details.get("hardware_out_of_order")) and service.state != "down":
        text = f"{name} encodes in software what {broken} failed at; its log says why"
        found.append(Warning(code="hardware-out-of-order", instance=name, text=text))
    scanner = service.details.get("scanner", "")
    if scanner.startswith(_AWAY) and service.state != "down":
        why = scanner.removeprefix(_AWAY).lstrip(": ")
        text = f"{name} accepts nothing, for it can't have it scanned for malware: {why}"
        found.append(Warning(code="scanner-away", instance=name, text=text))
    if service.state != "down":
        found += _not_scanned(service)
        found += _set_aside(service.details.get("set_aside", ""))
    if service.state == "down":
        text = f"{name} was last heard of at {service.last_beat_at:%H:%M:%S} UTC"
        found.append(Warning(code="service-down", instance=name, text=text))
    return found


def _not_scanned(service: Service) -> list[Warning]:
    """The libraries' folders that can't be scanned."""
    return [
        Warning(code="folder-not-scanned", instance=service.instance, text=f"{name} is not scanned: {said}")
        for name, said in _folders_of(service)
        if said.startswith(("away", "failing"))
    ]


def _set_aside(said: str) -> list[Warning]:
    """The workers that the leader keeps from work: `worker-2 until 12:03:04 UTC, …`."""
    found = []
    for one in filter(None, said.split(", ")):
        name, _, until = one.partition(" ")
        text = f"{name} fails task after task: it is kept from work {until}"
        found.append(Warning(code="worker-set-aside", instance=name, text=text))
    return found
