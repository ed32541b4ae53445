"""The installation as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from schemas.workers import Order


class Service(BaseModel):
    """One process."""

    service: str = Field(examples=["worker"])
    instance: str = Field(examples=["worker-1"])
    host: str
    pid: int
    version: str
    state: str = Field(description="up, starting, paused, draining or down.", examples=["up"])
    started_at: datetime
    last_beat_at: datetime
    details: dict[str, str] = Field(examples=[{"isolation": "full", "slots": "2"}])


class Services(BaseModel):
    """The processes heard of in the last minutes."""

    items: list[Service]


class Worker(BaseModel):
    """One worker, and what it was ordered."""

    instance: str = Field(examples=["worker-1"])
    state: str = Field(description="up, starting, paused, draining or down.", examples=["up"])
    order: Order = Field(description="What it is to do until it is ordered otherwise.", examples=["work"])
    drained: bool = Field(description="It was to finish what it had, and has: it can be ended.")
    slots: int = Field(description="How many encodes it does at a time.")
    running: int = Field(description="How many tasks it has.")
    host: str | None
    version: str | None
    last_beat_at: datetime | None


class Workers(BaseModel):
    """The workers heard of in the last minutes, and those that have an order."""

    items: list[Worker]


class WorkerSteered(BaseModel):
    """A worker was ordered something; it heeds that within its next beat."""

    worker: Worker
    token: str = Field(description="Send it with a read to see this command's effect.")


class Cpu(BaseModel):
    """The processor."""

    count: int
    percent: float = Field(description="Busy since the last time that this was asked.")


class Memory(BaseModel):
    """The machine's memory, and this process's part of it."""

    total_bytes: int
    available_bytes: int
    resident_bytes: int = Field(description="Of the gateway itself.")


class Disk(BaseModel):
    """The disk that the blobs are on."""

    total_bytes: int
    free_bytes: int


class Machine(BaseModel):
    """Where the gateway runs."""

    host: str
    platform: str
    cpu: Cpu
    memory: Memory
    disk: Disk | None = Field(description="Null where the blobs are not on a disk of this machine.")


class Warning(BaseModel):
    """Something that an operator should know."""

    code: str = Field(examples=["weak-isolation"])
    instance: str = Field(examples=["worker-1"])
    text: str = Field(examples=["worker-1 opens media with weaker isolation: no Landlock"])


class Status(BaseModel):
    """The installation at a glance."""

    version: str
    instance: str
    started_at: datetime
    machine: Machine
    services: dict[str, dict[str, int]] = Field(
        description="How many processes of each kind are in each state.",
        examples=[{"worker": {"up": 2}, "gateway": {"up": 1}}],
    )
    warnings: list[Warning]
    folders: dict[str, str] = Field(
        {},
        description="How libraries' folders are, as the process says that scans them.",
        examples=[{"films/2024": "well, watching, 1200 files, 0 missing, scanned 12:03:04 UTC"}],
    )


class Check(BaseModel):
    """One thing that the gateway needs."""

    ok: bool
    detail: str
    latency_ms: float
    breaker: str | None = None
    """Whether calls go to it (closed), are kept from it (open), or one tries for all (half-open)."""


class Readiness(BaseModel):
    """Whether the gateway can do its work."""

    ready: bool
    checks: dict[str, Check]


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"
