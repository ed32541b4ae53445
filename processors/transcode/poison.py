"""Media that fail alike in job after job: what is asked of them next goes last, and is tried once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from processors.transcode.plan import Planned

FACT = "died"
"""What is remembered of a medium: by code, the jobs whose tasks died with it."""
_JOBS = 2


def died(known: Mapping[str, Any], code: str, job_id: str) -> dict[str, list[str]]:
    """The fact after one more job."""
    fact: dict[str, list[str]] = {each: list(jobs) for each, jobs in (known.get(FACT) or {}).items()}
    fact[code] = sorted({*fact.get(code, []), job_id})
    return fact


def code_of(known: Mapping[str, Any], but: str = "") -> str | None:
    """The code with which tasks died in two jobs over a medium but this one; None without one."""
    fact: Mapping[str, Any] = known.get(FACT) or {}
    codes = [code for code, jobs in sorted(fact.items()) if len(set(jobs) - {but}) >= _JOBS]
    return codes[0] if codes else None


def last(planned: Iterable[Planned]) -> list[Planned]:
    """The tasks, as what takes nobody's place and is tried once."""
    return [replace(each, plan=replace(each.plan, cpu=0.0, max_attempts=1)) for each in planned]


def reason(why: str, code: str | None) -> str:
    """Why a job failed, and that its medium was not trusted."""
    return (
        f"{why}; tried last and once, for two jobs over this medium had failed with {code}" if code else why
    )
