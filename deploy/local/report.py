"""What `sluice status` says: each process with its memory, and what the gateway says of its dependencies."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from deploy.local import state
from deploy.local.children import RUNNING
from deploy.local.console import Output, size_text, span_text, state_text
from deploy.local.processes import descendants, find
from deploy.local.readiness import dependencies
from deploy.local.state import ChildState, StackState
from deploy.local.trust import trusting


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildReport:
    """One process and what it started."""

    name: str
    state: str
    pid: int | None
    memory_bytes: int
    uptime_s: float | None
    restarts: int
    last_exit: str | None
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A stack at this moment."""

    up: bool
    phase: str
    url: str | None
    pid: int
    version: str
    memory_bytes: int
    """Of all processes, the supervisor included."""
    dependencies: dict[str, str]
    logs: str
    children: tuple[ChildReport, ...]
    warnings: tuple[str, ...] = ()
    """What the gateway has heard from the processes that someone should know."""
    folders: dict[str, str] = field(default_factory=dict)
    """How libraries' folders are."""


def examine(
    found: StackState, warnings: tuple[str, ...] = (), folders: Mapping[str, str] | None = None
) -> Report:
    """Looks at every process and asks the gateway."""
    children = tuple(_child(child) for child in found.children)
    ready, named = _ask(found)
    return Report(
        up=found.phase == state.READY and ready and all(child.state == RUNNING for child in children),
        phase=found.phase if found.waiting_for is None else f"{found.phase}, waiting for {found.waiting_for}",
        url=found.url,
        pid=found.pid,
        version=found.version,
        memory_bytes=sum(child.memory_bytes for child in children) + _resident(psutil.Process(found.pid)),
        dependencies=named,
        logs=str(Path(found.children[0].log).parent) if found.children else "",
        children=children,
        warnings=warnings,
        folders=dict(folders or {}),
    )


def show(report: Report, output: Output) -> None:
    """The report as a table."""
    columns = ("NAME", "STATE", ">PID", ">MEMORY", ">UPTIME", ">RESTARTS", "~LAST EXIT")
    output.table(columns, [_row(child) for child in report.children])
    output.line(f"\nlogs: {report.logs}")
    for name, said in report.dependencies.items():
        output.line(f"{name}: {said}", style="" if said == "ok" else "red")
    for name, said in report.folders.items():
        output.line(f"folder {name}: {said}")
    for warning in report.warnings:
        output.line(f"warning: {warning}", style="yellow")
    phase = "not ready" if report.phase == state.READY and not report.up else report.phase
    output.line(f"{phase}  {report.url or ''}  {size_text(report.memory_bytes)} in all")


def _row(child: ChildReport) -> tuple[object, ...]:
    memory, uptime = size_text(child.memory_bytes), span_text(child.uptime_s)
    return (
        child.name,
        state_text(child.state),
        child.pid or "",
        memory,
        uptime,
        child.restarts,
        child.last_exit or "",
    )


def _child(child: ChildState) -> ChildReport:
    process = find(child)
    gone = child.state == RUNNING and process is None
    return ChildReport(
        name=child.name,
        state="gone" if gone else child.state,
        pid=child.pid,
        memory_bytes=0 if process is None else sum(map(_resident, [process, *descendants(process)])),
        uptime_s=None if child.started_at is None else time.time() - child.started_at,
        restarts=child.restarts,
        last_exit=child.last_exit,
        log=child.log,
    )


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _ask(found: StackState) -> tuple[bool, dict[str, str]]:
    """Whether the gateway is ready, and its dependencies by name."""
    if found.url is None:
        return True, {}
    try:
        trusted = trusting(Path(found.ca_file) if found.ca_file else None)
        answer = httpx.get(f"{found.url}/ready", timeout=3, verify=trusted)
        body: Any = answer.json()
    except (httpx.HTTPError, ValueError):
        return False, {"gateway": "does not answer"}
    return answer.status_code == httpx.codes.OK, dependencies(body)
