"""A whole stack in one object, for `sluice up` and for tests that need real processes.

with Stack.start(Home(tmp_path), Options(parts=frozenset({"kafka", "database"}))) as stack:
    stack.children["kafka"].kill()
"""

from __future__ import annotations

import ssl
import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

from connectors.version import version
from deploy.local import parts, readiness, state
from deploy.local.backup.spools import remove_left
from deploy.local.children import Backoff, Child
from deploy.local.failures import Exit, Failure
from deploy.local.home import Home, HomeLock
from deploy.local.parts import DATABASE, KAFKA, PROCESSORS, WORKER, Endpoints, Options
from deploy.local.processes import end_leftovers
from deploy.local.provision import Plan, plan
from deploy.local.settings import Settings, read
from deploy.local.spawning import ChildSpec
from deploy.local.state import StackState
from deploy.local.supervisor import Patience, Say, Supervisor
from deploy.local.topics import TopicMaker
from deploy.local.trust import trusting

_LOOK_AGAIN_S = 0.1
_WRITE_AGAIN_S = 1.0


def _silent(line: str) -> None:
    """Says nothing."""


class Stack:
    """A running stack. `start` makes one; `stop`, or the end of a `with`, ends it."""

    def __init__(
        self,
        home: Home,
        options: Options,
        *,
        say: Say,
        waiting: Say,
        backoff: Backoff | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.home = home
        self.options = options
        self._waiting = waiting
        self._lock = HomeLock(home)
        self._supervisor = Supervisor(
            home.logs, say=say, changed=self._write_state, backoff=backoff, patience=patience
        )
        self._writing = threading.RLock()
        self._phase = state.STARTING
        self._waits_for: str | None = None
        self._began = time.time()
        self._plan: Plan | None = None
        self._topics: TopicMaker | None = None
        self._later: threading.Timer | None = None

    @classmethod
    def start(
        cls,
        home: Home,
        options: Options | None = None,
        *,
        settings: Settings | None = None,
        say: Say = _silent,
        waiting: Say = _silent,
        backoff: Backoff | None = None,
        patience: Patience | None = None,
    ) -> Self:
        """A stack that is ready.

        `say` is told what happened, `waiting` what is being waited for. Raises Failure where it cannot
        start; nothing is left running then, nor where the start is interrupted.
        """
        stack = cls(home, options or Options(), say=say, waiting=waiting, backoff=backoff, patience=patience)
        stack._take_home()
        try:
            stack._start_children(settings or read())
            stack._wait_until_ready()
        except BaseException:
            stack.stop()
            raise
        return stack

    @property
    def children(self) -> dict[str, Child]:
        """The children by name: kafka, database, gateway-1, processors-1, worker-1."""
        return self._supervisor.children

    @property
    def endpoints(self) -> Endpoints:
        """Where the parts are."""
        return self._planned.endpoints

    @property
    def environ(self) -> dict[str, str]:
        """What the children of ours are told, the inherited environment included."""
        return dict(self._planned.environ)

    @property
    def url(self) -> str | None:
        """The first gateway's address; None where the stack has no gateway."""
        return next(iter(self.endpoints.urls), None)

    @property
    def token(self) -> str:
        """The administrator's token."""
        return self.home.token_file.read_text()

    @property
    def _trusted(self) -> ssl.SSLContext:
        secured = self._planned.certificates
        return trusting(None if secured is None else secured.ca)

    def add(self, spec: ChildSpec) -> Child:
        """Starts one more child; `stop` ends it too."""
        return self._supervisor.add(spec)

    def add_worker(self, **env: str) -> Child:
        """Starts one more worker, with these changes to its environment."""
        number = sum(name.startswith(f"{WORKER}-") for name in self.children) + 1
        spec = parts.spec(WORKER, f"{WORKER}-{number}", self.options, self.environ)
        return self.add(replace(spec, env={**spec.env, **env}))

    def lacks(self) -> str | None:
        """What is not there, in a few words; None while all answers."""
        if self._supervisor.failure is not None:
            raise Failure(self._supervisor.failure)
        at, secured = self.endpoints, self._planned.certificates
        servers = {KAFKA: at.kafka.bootstrap, DATABASE: _address(at.mongodb_url)}
        context = None if secured is None else secured.client_context()
        for name, address in servers.items():
            if name in self.children and not readiness.accepts(address, context):
                return name
        if self._topics is not None and not self._topics.done():
            return "Kafka's topics"
        instances = [*self.options.instances(PROCESSORS), *self.options.instances(WORKER)]
        return readiness.waiting_for(at.urls, self.token, instances, self._trusted)

    def stop(self) -> None:
        """Stops all children in order and lets go of the home."""
        self._phase = state.STOPPING
        self._write_state()
        self._supervisor.stop()
        with self._writing:
            self._plan = None
            self.home.state_file.unlink(missing_ok=True)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _planned(self) -> Plan:
        if self._plan is None:
            raise Failure("the stack is not running", Exit.NOT_RUNNING)
        return self._plan

    def _take_home(self) -> None:
        self.home.prepare(warn=self._supervisor.say)
        remove_left(self.home.run)
        if not self._lock.acquire():
            raise Failure(
                f"another stack uses {self.home.root} (pid {self._lock.holder()}): "
                "stop it with `sluice down`, or name another folder with --home.",
                Exit.CONFLICT,
            )
        if self.home.is_half_restored and not self.options.restoring:
            self._lock.release()
            raise Failure(
                f"a restore into {self.home.root} did not come to its end: begin it again with "
                "`sluice backup restore ARCHIVE --home`, or give it up with `sluice reset`.",
                Exit.CONFLICT,
            )
        left = state.read(self.home.state_file)
        if left is not None and (ended := end_leftovers(left.children)):
            self._supervisor.say(f"Ended what an earlier stack had left running: {', '.join(ended)}.")

    def _start_children(self, settings: Settings) -> None:
        self._plan = plan(self.home, self.options, settings, self._supervisor.say, self._waiting)
        self._write_state()
        for spec in self._plan.specs:
            self._supervisor.add(spec)
        if self.options.make_topics and self.options.parts - {DATABASE}:
            self._topics = TopicMaker(self._plan.endpoints.kafka, self.options.ready_within_s)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.options.ready_within_s
        while (lacking := self.lacks()) is not None:
            if time.monotonic() > deadline:
                raise Failure(
                    f"not ready after {self.options.ready_within_s:g} s: still waiting for {lacking}. "
                    f"The logs are in {self.home.logs}."
                )
            self._tell_waiting(lacking)
            time.sleep(_LOOK_AGAIN_S)
        self._phase, self._waits_for = state.READY, None
        self._supervisor.settle()
        self._write_state()

    def _tell_waiting(self, lacking: str) -> None:
        if lacking != self._waits_for:
            self._waits_for = lacking
            self._write_state()
            self._waiting(f"Waiting for {lacking}")

    def _write_state(self) -> None:
        with self._writing:
            if self._plan is None:
                return
            try:
                state.write(self.home.state_file, self._snapshot(self._plan))
            except OSError:
                self._write_later()

    def _write_later(self) -> None:
        """Children are kept running even where the disk is full: what they do is told once there is room."""
        if self._later is None or not self._later.is_alive() or self._later is threading.current_thread():
            self._later = threading.Timer(_WRITE_AGAIN_S, self._write_state)
            self._later.daemon = True
            self._later.start()

    def _snapshot(self, planned: Plan) -> StackState:
        at = planned.endpoints
        return StackState(
            pid=self._lock.holder() or 0,
            phase=self._phase,
            version=version(),
            started_at=self._began,
            url=next(iter(at.urls), None),
            urls=at.urls,
            kafka=at.kafka.bootstrap,
            mongodb_url=at.mongodb_url,
            ca_file=None if planned.certificates is None else str(planned.certificates.ca),
            waiting_for=self._waits_for,
            told=dict(planned.told),
            children=tuple(child.snapshot() for child in list(self.children.values())),
        )


def _address(mongodb_url: str) -> str:
    """host:port of the embedded server's URL."""
    return mongodb_url.removeprefix("mongodb://").partition("/")[0]
