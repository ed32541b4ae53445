"""Children are kept running with growing patience, stopped in order, and given up where they cannot start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.children import HELD, RUNNING, Backoff, Child
from deploy.local.spawning import ChildSpec, describe_exit
from deploy.local.supervisor import Patience, Supervisor
from tests.unit.deploy.waits import is_gone, until

SLEEPS = "import time; print('up', flush=True); time.sleep(600)"
FAILS = "import sys; print('no such setting: X', flush=True); sys.exit(3)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
PARENT = (
    "import subprocess, time; p = subprocess.Popen(['sleep', '600']);"
    "print(p.pid, flush=True); time.sleep(600)"
)
TELLS_AT_END = (
    "import signal, sys, time, os\n"
    "def end(*a):\n"
    "    open(os.environ['ORDER'], 'a').write(os.environ['NAME'] + ' ')\n"
    "    sys.exit(0)\n"
    "signal.signal(15, end)\n"
    "print('up', flush=True)\n"
    "time.sleep(600)"
)

Make = Callable[..., Supervisor]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def make(tmp_path: Path, said: list[str]) -> Iterator[Make]:
    made: list[Supervisor] = []

    def build(backoff: Backoff | None = None, patience: Patience | None = None) -> Supervisor:
        quick = backoff or Backoff(first_s=0.01, most_s=0.05)
        made.append(
            Supervisor(tmp_path, say=said.append, changed=lambda: None, backoff=quick, patience=patience)
        )
        return made[-1]

    yield build
    for one in made:
        one.stop()


def child_spec(
    folder: Path, code: str, name: str = "thing", *, rank: int = 0, grace_s: float = 12, **env: str
) -> ChildSpec:
    return ChildSpec(
        name=name,
        command=(sys.executable, "-c", code),
        env={**os.environ, **env},
        folder=folder,
        stop_rank=rank,
        grace_s=grace_s,
    )


def is_up(child: Child) -> bool:
    return child.state == RUNNING and "up" in child.tail()


def test_a_killed_child_is_started_again_and_it_is_said(tmp_path: Path, make: Make, said: list[str]) -> None:
    child = make().add(child_spec(tmp_path, SLEEPS))
    until(lambda: is_up(child))
    first = child.kill()
    until(lambda: child.restarts == 1 and child.state == RUNNING)
    assert child.pid != first
    assert said == ["thing ended (killed by SIGKILL); starting it again in 0.01 s. Its log's last line: up"]
    assert "killed by SIGKILL" in (tmp_path / "supervisor.log").read_text()
    assert child.snapshot().last_exit == "killed by SIGKILL"


def test_waits_double_up_to_the_most() -> None:
    backoff = Backoff(first_s=0.5, most_s=10)
    assert [backoff.delay_s(n) for n in (1, 2, 3, 4, 5, 6, 99)] == [0.5, 1, 2, 4, 8, 10, 10]


def test_a_child_that_stayed_up_long_enough_starts_again_without_old_guilt(
    tmp_path: Path, make: Make, said: list[str]
) -> None:
    child = make(Backoff(first_s=0.01, most_s=60, healthy_after_s=0)).add(child_spec(tmp_path, FAILS))
    until(lambda: child.restarts >= 4)
    assert all("in 0.01 s" in line for line in said)


def test_a_start_is_given_up_after_many_deaths_with_the_logs_end(tmp_path: Path, make: Make) -> None:
    supervisor = make(patience=Patience(deaths=3, within_s=60))
    supervisor.add(child_spec(tmp_path, FAILS))
    until(lambda: supervisor.failure is not None)
    assert supervisor.failure is not None
    assert "thing does not start: it ended 3 times (exit status 3)" in supervisor.failure
    assert "no such setting: X" in supervisor.failure


def test_once_settled_a_child_is_never_given_up(tmp_path: Path, make: Make) -> None:
    supervisor = make(patience=Patience(deaths=2, within_s=60))
    supervisor.settle()
    child = supervisor.add(child_spec(tmp_path, FAILS))
    until(lambda: child.restarts >= 5)
    assert supervisor.failure is None


def test_a_program_that_is_not_there_is_a_death_too(tmp_path: Path, make: Make) -> None:
    supervisor = make(patience=Patience(deaths=2, within_s=60))
    missing = ChildSpec(name="thing", command=("/no/such/program",), env=dict(os.environ), folder=tmp_path)
    supervisor.add(missing)
    until(lambda: supervisor.failure is not None)


def test_a_folder_that_is_not_there_is_a_death_too(tmp_path: Path, make: Make, said: list[str]) -> None:
    supervisor = make(patience=Patience(deaths=2, within_s=60))
    supervisor.add(child_spec(tmp_path / "nowhere", SLEEPS))
    until(lambda: supervisor.failure is not None)
    assert "could not start" in said[0]


def test_children_stop_by_rank(tmp_path: Path, make: Make) -> None:
    supervisor, order = make(), tmp_path / "order"
    for name, rank in (("kafka", 3), ("worker", 0), ("gateway", 2)):
        spec = child_spec(tmp_path, TELLS_AT_END, name, rank=rank, ORDER=str(order), NAME=name)
        supervisor.add(spec)
    until(lambda: all(is_up(child) for child in supervisor.children.values()))
    supervisor.stop()
    assert order.read_text().split() == ["worker", "gateway", "kafka"]


def test_a_child_that_does_not_listen_is_killed_after_its_grace(tmp_path: Path, make: Make) -> None:
    supervisor = make()
    child = supervisor.add(child_spec(tmp_path, DEAF, grace_s=0.2))
    until(lambda: is_up(child))
    pid = child.pid
    supervisor.stop()
    assert pid is not None
    assert is_gone(pid)


def test_a_stopped_process_hears_the_end_as_well(tmp_path: Path, make: Make) -> None:
    supervisor = make()
    child = supervisor.add(child_spec(tmp_path, SLEEPS, grace_s=60))
    until(lambda: is_up(child))
    child.kill(signal.SIGSTOP)
    supervisor.stop()
    assert child.pid is None


def test_what_a_killed_child_had_started_ends_with_it(tmp_path: Path, make: Make) -> None:
    child = make().add(child_spec(tmp_path, PARENT))
    until(lambda: child.tail())
    grandchild = int(child.tail()[0])
    child.hold()
    child.kill()
    until(lambda: is_gone(grandchild))


def test_a_child_that_is_held_stays_down_until_it_is_released(tmp_path: Path, make: Make) -> None:
    child = make().add(child_spec(tmp_path, SLEEPS))
    until(lambda: is_up(child))
    child.hold()
    child.kill()
    until(lambda: child.state == HELD)
    assert child.pid is None
    with pytest.raises(ProcessLookupError):
        child.kill()
    child.release()
    until(lambda: child.state == RUNNING)


def test_a_held_child_can_be_stopped(tmp_path: Path, make: Make) -> None:
    supervisor = make()
    child = supervisor.add(child_spec(tmp_path, SLEEPS))
    until(lambda: is_up(child))
    child.hold()
    child.kill()
    until(lambda: child.state == HELD)
    supervisor.stop()
    assert child.pid is None


def test_a_restart_may_change_the_environment(tmp_path: Path, make: Make) -> None:
    code = "import os, time; print(os.environ['LEASE'], flush=True); time.sleep(600)"
    child = make().add(child_spec(tmp_path, code, LEASE="30"))
    until(lambda: child.tail() == ["30"])
    child.restart({"LEASE": "3"})
    until(lambda: child.tail() == ["30", "3"])


def test_a_full_log_is_set_aside(tmp_path: Path, make: Make) -> None:
    log = tmp_path / "thing.log"
    log.write_bytes(b"x" * (11 * 2**20))
    child = make().add(child_spec(tmp_path, SLEEPS))
    until(lambda: is_up(child))
    assert log.stat().st_size < 100
    assert (tmp_path / "thing.log.1").stat().st_size > 10 * 2**20


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit status 0"),
        (3, "exit status 3"),
        (-9, "killed by SIGKILL"),
        (-99, "killed by signal 99"),
    ],
)
def test_an_exit_is_described_in_words(code: int, words: str) -> None:
    assert describe_exit(code) == words


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ties a child to its parent")
def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:

    code = (
        "import time; from pathlib import Path\n"
        "from deploy.local.children import *; from deploy.local.spawning import *\n"
        "spec = ChildSpec(name='x', command=('sleep', '600'), env={}, folder=Path('/'))\n"
        f"log = Path({str(tmp_path / 'x.log')!r})\n"
        "c = Child(spec, log, backoff=Backoff(), changed=lambda: None, died=print)\n"
        "c.start()\n"
        "while c.pid is None: time.sleep(0.01)\n"
        "print(c.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    until(lambda: psutil.Process(pid).name() == "sleep")
    parent.kill()
    parent.communicate()
    until(lambda: is_gone(pid))
