"""Following jobs to their ends: bars with speed and remaining time on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from deploy.local.client import Gateway, at
from deploy.local.console import Output, clean, span_text
from deploy.local.failures import Exit, Failure

FINAL = frozenset({"completed", "failed", "cancelled"})

_LOOK_AGAIN_S = 0.3
_STEP = 10
"""Percent between two plain lines."""

Job = dict[str, Any]


def watch(gateway: Gateway, ids: Sequence[str], output: Output) -> list[Job]:
    """The jobs once all have ended, in the order given."""
    if output.err.is_terminal and not output.json:
        return _watch_with_bars(gateway, ids, output)
    return _poll(gateway, ids, _Lines(output))


def ended_well(jobs: Sequence[Job]) -> None:
    """Raises Failure with the reasons where one did not complete."""
    bad = [f"{job['id']} {outcome(job)}" for job in jobs if job["state"] != "completed"]
    if bad:
        raise Failure("; ".join(bad))


def outcome(job: Job) -> str:
    """How a job stands, with the reason where there is one."""
    error = job.get("error") or {}
    reason = error.get("reason") or error.get("code")
    return clean(f"{job['state']}: {reason}" if reason else job["state"])


def percent(job: Job) -> int:
    """How far a job is, in whole percent."""
    if job["state"] == "completed":
        return 100
    return int(100 * float((job.get("progress") or {}).get("fraction") or 0))


def pace(job: Job) -> str:
    """A running job's speed and remaining time, or what it waits for."""
    if why := job.get("waits_for"):
        return clean(f"waits: {why}")
    progress = job.get("progress") or {}
    speed, eta_ms = progress.get("speed"), progress.get("eta_ms")
    words = [f"{speed:.1f}x" if speed else "", f"{span_text(eta_ms / 1000)} left" if eta_ms else ""]
    return "  ".join(filter(None, words)) if job["state"] not in FINAL else ""


def _poll(gateway: Gateway, ids: Sequence[str], show: Callable[[Job], None]) -> list[Job]:
    jobs: dict[str, Job] = {}
    while True:
        for id in ids:
            if id not in jobs or jobs[id]["state"] not in FINAL:
                jobs[id] = _job(gateway, id, known=id in jobs)
                show(jobs[id])
        if all(job["state"] in FINAL for job in jobs.values()):
            return [jobs[id] for id in ids]
        time.sleep(_LOOK_AGAIN_S)


def _job(gateway: Gateway, id: str, *, known: bool) -> Job:
    """A gateway that starts again is waited for: the job goes on without it."""
    deadline = time.monotonic() + 60
    while True:
        try:
            found: Job = gateway.get(at("jobs", id))
            return found
        except Failure as failure:
            if not known or failure.code is not Exit.NOT_RUNNING or time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_S)


class _Lines:
    """A line for each change of state, and now and then for progress."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._said: dict[str, tuple[str, int]] = {}

    def __call__(self, job: Job) -> None:
        now = (job["state"], percent(job) // _STEP)
        if now != self._said.get(job["id"]):
            self._said[job["id"]] = now
            self._output.note(f"{job['id']} {outcome(job)} {percent(job)}% {pace(job)}".rstrip())


def _watch_with_bars(gateway: Gateway, ids: Sequence[str], output: Output) -> list[Job]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[pace]}", markup=False),
        TextColumn("{task.fields[state]}", markup=False),
    )
    with Progress(*columns, console=output.err) as bars:
        tasks: dict[str, TaskID] = {id: bars.add_task(id, total=100, pace="", state="pending") for id in ids}

        def show(job: Job) -> None:
            name = clean(job.get("name") or job["id"])
            bars.update(
                tasks[job["id"]],
                completed=percent(job),
                description=name,
                pace=pace(job),
                state=outcome(job),
            )

        return _poll(gateway, ids, show)
