"""What drills do and look at: jobs under way, processes to break, and whether all came out right."""

from __future__ import annotations

import itertools
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from deploy.local.stack import Stack
from processors.work.tasks import RUNNING
from tests.client import Client, until
from tests.clips import marked, slow_clip
from tests.log import published

LEASE_S = 3.0
_SERIAL = itertools.count(1)


@dataclass
class Scene:
    """A running stack and what happens on it."""

    stack: Stack
    client: Client
    folder: Path
    database: Any
    jobs: list[str] = field(default_factory=list)

    def until_whole(self) -> None:
        """Everything is up again, and the workers and stages have said so."""
        until(lambda: not self.stack.lacks(), lambda: f"the stack to be whole; it lacks {self.stack.lacks()}")

    def source(self, seconds: int = 6) -> Path:
        """A clip like no other, so that its bytes are its own; it takes some seconds to transcode."""
        first = self.folder / f"{seconds}-seconds.mp4"
        serial = next(_SERIAL)
        return marked(
            first if first.exists() else slow_clip(first, seconds), self.folder / f"{serial}.mp4", serial
        )

    def start_job(self, seconds: int = 6) -> str:
        """Uploads a clip and asks for it in another form."""
        job_id: str = self.client.upload(self.source(seconds), profile="web")["job"]["id"]
        self.jobs.append(job_id)
        return job_id

    def until_running(self, job_id: str) -> dict[str, Any]:
        """The ledger's document of the job's first task of pictures, once a worker has it."""
        return until(lambda: self.task(job_id, RUNNING), "a worker to have the task")

    def task(self, job_id: str, state: str | None = None) -> dict[str, Any] | None:
        """The ledger's document of the job's first task of pictures."""
        where: dict[str, Any] = {"job_id": job_id, "kind": "video"}
        found: dict[str, Any] | None = self.database.tasks.find_one(
            {**where, "state": state} if state else where
        )
        return found

    def epoch(self, job_id: str) -> int:
        """How often the job's first task of pictures was claimed."""
        task = self.task(job_id)
        assert task is not None
        return int(task["epoch"])

    def leader(self) -> str:
        """The processors process that leads."""

        def look() -> str | None:
            items = self.client.get("/api/v1/services")["items"]
            up = [item for item in items if item["state"] == "up"]
            lead = [item["instance"] for item in up if item["details"].get("leader") == "true"]
            return lead[0] if len(lead) == 1 else None

        return until(look, "one leader")

    def until_all_completed(self) -> None:
        """Every accepted job ends completed, told once, with its output there once, and no tool left."""
        outputs = [self.client.until_job(job, "completed")["output"] for job in self.jobs]
        for output in outputs:
            path = self.stack.home.blobs / output["location"]
            assert path.stat().st_size == output["size_bytes"]
        told = published(self.stack.endpoints.kafka, "media.processed")
        ends = Counter((e.job_id, e.run) for e in {e.meta.event_id: e for e in told}.values())
        assert all(ends[job, 1] == 1 for job in self.jobs), ends
        self.until_no_tools()

    def unfinished(self) -> int:
        """How many of the jobs the ledger has not closed."""
        where = {"_id": {"$in": self.jobs}, "state": "closed"}
        return len(self.jobs) - int(self.database.ledger_jobs.count_documents(where))

    def until_done_by_another(self, job_id: str, lost: dict[str, Any]) -> None:
        """The job completes though whoever had `lost` is stopped."""
        self.client.until_job(job_id, "completed")
        now = self.task(job_id)
        assert now is not None
        assert (now["state"], now["epoch"]) == ("completed", lost["epoch"] + 1)

    def outputs(self) -> set[str]:
        """Every result in the store."""
        root = self.stack.home.blobs
        return {str(path.relative_to(root)) for path in (root / "processed").rglob("*") if path.is_file()}

    def until_no_tools(self) -> None:
        """No tool of this stack is left, nor the walls around one."""
        until(lambda: not self.tools("bwrap", "ffmpeg"), "every tool to be gone")

    def tools(self, *names: str) -> list[psutil.Process]:
        """The processes of these programs that work on this stack's files."""
        return [p for p in psutil.process_iter(["cmdline"]) if self._is_tool(p.info["cmdline"] or [], names)]

    def _is_tool(self, command: list[str], names: tuple[str, ...]) -> bool:
        program = Path(command[0]).name if command else ""
        return program.startswith(names) and any(self._mine(part) for part in command)

    def _mine(self, part: str) -> bool:
        return str(self.stack.home.root) in part

    @contextmanager
    def stopped(self, child: str) -> Iterator[psutil.Process]:
        """SIGSTOPs a child for as long as the context lasts."""
        pid = self.stack.children[child].kill(signal.SIGSTOP)
        try:
            yield psutil.Process(pid)
        finally:
            psutil.Process(pid).send_signal(signal.SIGCONT)

    def seconds_until(self, holds: Any, what: str) -> float:
        """How long something took, for bounds that are part of the promise."""
        began = time.monotonic()
        until(holds, what)
        return time.monotonic() - began
