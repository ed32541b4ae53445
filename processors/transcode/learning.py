"""What a task that was done says of how long such jobs take."""

from __future__ import annotations

from connectors.work_rates import WorkRates
from processors.transcode.orders import AUDIO, JOIN, RUNS, FileOutcome, RunOutcome, read
from schemas.events import TaskChanged
from schemas.medium import Medium
from schemas.workload import class_of

_LEAST_S = 1.0
"""What is shorter says more of the start of a tool than of its work."""


async def learn(rates: WorkRates, done: TaskChanged, profile: str, medium: Medium) -> None:
    """Takes a completed task into the mean of its class, if it encoded what the job takes its time for."""
    if done.kind == JOIN or (done.kind == AUDIO and medium.main("video") is not None):
        return
    kind: type[RunOutcome] | type[FileOutcome] = RunOutcome if done.kind in RUNS else FileOutcome
    try:
        outcome: RunOutcome | FileOutcome = read(kind, done.outcome or "")
    except ValueError:  # no reason to hold up a job
        return
    if outcome.made_s >= _LEAST_S and outcome.took_s > 0:
        await rates.learn(class_of(profile, medium), outcome.took_s / outcome.made_s)
