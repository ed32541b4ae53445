"""What a running stack says about itself in run/stack.json, for other commands and for cleaning up."""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

STARTING, READY, STOPPING = "starting", "ready", "stopping"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildState:
    """One child, as it was when the file was written."""

    name: str
    state: str
    pid: int | None
    created_at: float | None
    """The process's start by the system's clock: with the pid, it names a process for good."""
    started_at: float | None
    restarts: int
    last_exit: str | None
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """A stack; `url` is the first gateway's, `kafka` the bootstrap address."""

    pid: int
    phase: str
    version: str
    started_at: float
    url: str | None = None
    urls: tuple[str, ...] = ()
    kafka: str | None = None
    mongodb_url: str | None = None
    ca_file: str | None = None
    """The authority of the gateways' certificates; none where they speak HTTP."""
    waiting_for: str | None = None
    told: dict[str, str] = field(default_factory=dict)
    """What our own children are told beyond the environment they inherit."""
    children: tuple[ChildState, ...] = ()


def write(path: Path, state: StackState) -> None:
    """Replaces the file in one step. It may hold a database password: its owner alone may read it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(asdict(state), option=orjson.OPT_INDENT_2))
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def read(path: Path) -> StackState | None:
    """What the file says; None where there is none, or none of ours."""
    try:
        body: dict[str, Any] = orjson.loads(path.read_bytes())
        children = tuple(ChildState(**child) for child in body.pop("children"))
        return StackState(**{**body, "urls": tuple(body["urls"])}, children=children)
    except (OSError, ValueError, TypeError, KeyError):
        return None
