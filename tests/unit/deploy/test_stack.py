"""A stack of stand-ins: started, used by the commands, stopped from outside, cleaned up after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from deploy.local import state
from deploy.local.cli import app
from deploy.local.failures import Exit, Failure
from deploy.local.home import Home, HomeLock
from deploy.local.parts import GATEWAY, WORKER, Options
from deploy.local.ports import pick
from deploy.local.settings import Settings, read
from deploy.local.stack import Stack
from deploy.local.supervisor import Patience
from tests.unit.deploy.waits import is_gone, until

FAKE = (sys.executable, "-m", "tests.unit.deploy.fake_gateway")
IDLE = (
    sys.executable,
    "-c",
    "import os, time; print(sorted(os.environ.items()), flush=True); time.sleep(600)",
)
BROKEN = (sys.executable, "-c", "raise SystemExit('SLUICE_BLOBS names no store')")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "a home, 100%20 mine")


@pytest.fixture
def settings() -> Settings:
    elsewhere = {"SLUICE_KAFKA": "127.0.0.1:1", "MONGODB_URL": "mongodb://elsewhere:27017/"}
    return read({**os.environ, **elsewhere})


def options(**changes: Any) -> Options:
    return Options(
        **{
            "port": pick(set()),
            "parts": frozenset({GATEWAY, WORKER}),
            "commands": {GATEWAY: FAKE, WORKER: IDLE},
            "env": {"FAKE_SERVICES": "worker-1,worker-2"},
            "make_topics": False,
            "ready_within_s": 30,
            **changes,
        }
    )


@pytest.fixture
def stack(home: Home, settings: Settings) -> Iterator[Stack]:
    with Stack.start(home, options(workers=2), settings=settings) as running:
        yield running


def sluice(home: Home, *words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [*words, "--home", str(home.root)])
    return result.exit_code, result.stdout, result.stderr


def test_a_ready_stack_says_where_everything_is(stack: Stack, home: Home) -> None:
    found = state.read(home.state_file)
    assert found is not None
    assert (found.phase, found.url, found.pid) == ("ready", stack.url, os.getpid())
    assert [child.name for child in found.children] == ["gateway-1", "worker-1", "worker-2"]
    assert all(child.pid and child.created_at for child in found.children)
    assert home.state_file.stat().st_mode & 0o077 == 0


def test_what_could_not_be_written_is_told_later(stack: Stack, home: Home) -> None:
    """As where the disk was full when a child died; here a folder is in the way."""
    home.state_file.unlink()
    home.state_file.mkdir()
    stack.children["worker-1"].kill()
    until(lambda: stack.children["worker-1"].snapshot().restarts == 1)
    home.state_file.rmdir()
    until(lambda: (found := state.read(home.state_file)) and found.children[1].restarts == 1)
    assert [path.name for path in home.state_file.parent.iterdir() if path.name.startswith("tmp")] == []


def test_children_are_told_what_the_contract_says(stack: Stack, home: Home) -> None:
    worker = stack.children["worker-2"]
    until(lambda: worker.tail())
    told = dict(eval(worker.tail()[0]))
    assert told["SLUICE_INSTANCE"] == "worker-2"
    assert told["SLUICE_KAFKA"] == "127.0.0.1:1"
    assert told["MONGODB_URL"] == "mongodb://elsewhere:27017/"
    assert told["SLUICE_BLOBS"] == home.blobs.as_uri()
    assert told["SLUICE_SCRATCH"] == str(home.scratch)
    assert told["SLUICE_TOKEN_FILE"] == str(home.token_file)
    assert told["SLUICE_SECRET_FILE"] == str(home.secret_file)
    assert "PYTHONDONTWRITEBYTECODE" not in told


def test_single_children_may_be_told_more(home: Home, settings: Settings) -> None:
    more = options(child_env={"worker-1": {"SLUICE_LEASE_S": "3"}}, env={"FAKE_SERVICES": "worker-1"})
    with Stack.start(home, more, settings=settings) as stack:
        until(lambda: stack.children["worker-1"].tail())
        assert "('SLUICE_LEASE_S', '3')" in stack.children["worker-1"].tail()[0]
        assert "SLUICE_LEASE_S" not in stack.environ


def test_a_worker_may_join_later(stack: Stack) -> None:
    child = stack.add_worker(SLUICE_LEASE_S="3")
    assert child.spec.name == "worker-3"
    until(lambda: child.tail() and "('SLUICE_INSTANCE', 'worker-3')" in child.tail()[0])


def test_a_second_stack_in_the_same_home_is_refused(stack: Stack, home: Home, settings: Settings) -> None:
    with pytest.raises(Failure, match=f"another stack uses .*pid {os.getpid()}") as failure:
        Stack.start(home, options(), settings=settings)
    assert failure.value.code is Exit.CONFLICT
    assert home.state_file.exists()


def test_a_second_up_says_where_the_first_runs(stack: Stack, home: Home) -> None:
    code, said, _ = sluice(home, "up")
    assert (code, said) == (Exit.OK, f"already running {stack.url}\n")


def test_a_stack_without_tls_is_not_taken_for_one_with_it(stack: Stack, home: Home) -> None:
    code, _, said = sluice(home, "up", "--tls")
    assert code == Exit.CONFLICT
    assert "without TLS" in said


def test_a_second_up_beside_one_that_is_not_well_is_a_conflict(stack: Stack, home: Home) -> None:
    gateway = stack.children["gateway-1"]
    gateway.hold()
    gateway.kill()
    until(lambda: gateway.pid is None)
    code, _, said = sluice(home, "up")
    assert code == Exit.CONFLICT
    assert "does not answer well" in said


def test_status_is_good_only_while_all_is_up(stack: Stack, home: Home) -> None:
    code, said, _ = sluice(home, "status", "--json")
    report = orjson.loads(said)
    assert (code, report["up"], report["dependencies"]) == (Exit.OK, True, {"kafka": "ok"})
    assert report["memory_bytes"] > 10 * 2**20
    worker = stack.children["worker-1"]
    worker.hold()
    worker.kill()
    until(lambda: worker.state == "held")
    code, said, _ = sluice(home, "status")
    assert code == Exit.FAILED
    assert "killed by SIGKILL" in said
    assert said.splitlines()[-1].startswith("not ready")


def test_reset_refuses_while_a_stack_is_up(stack: Stack, home: Home) -> None:
    code, _, said = sluice(home, "reset")
    assert code == Exit.CONFLICT
    assert "--yes" in said
    assert home.blobs.is_dir()


def test_reset_without_a_terminal_wants_to_be_sure(home: Home) -> None:
    home.prepare()
    assert sluice(home, "reset")[0] == Exit.USAGE
    assert sluice(home, "reset", "--yes")[0] == Exit.OK
    assert not home.blobs.exists()


def test_a_stopped_stack_leaves_nothing_behind(home: Home, settings: Settings) -> None:
    with Stack.start(home, options(workers=2), settings=settings) as stack:
        pids = [child.pid for child in stack.children.values()]
    assert all(pid is not None and is_gone(pid) for pid in pids)
    assert not home.state_file.exists()
    assert HomeLock(home).holder() is None
    assert sluice(home, "status")[0] == Exit.NOT_RUNNING


def test_a_start_that_cannot_succeed_ends_with_the_logs_end(home: Home, settings: Settings) -> None:
    broken = options(commands={GATEWAY: FAKE, WORKER: BROKEN}, env={"FAKE_SERVICES": "nobody"})
    with pytest.raises(Failure, match="worker-1 does not start") as failure:
        Stack.start(home, broken, settings=settings, patience=Patience(deaths=2))
    assert "SLUICE_BLOBS names no store" in str(failure.value)
    assert HomeLock(home).holder() is None


def test_a_start_that_takes_too_long_says_what_it_waits_for(home: Home, settings: Settings) -> None:
    absent = options(env={"FAKE_SERVICES": "nobody"}, ready_within_s=2)
    waited: list[str] = []
    with pytest.raises(Failure, match="still waiting for worker-1 to come up"):
        Stack.start(home, absent, settings=settings, waiting=waited.append)
    assert waited[-1] == "Waiting for worker-1 to come up"


def supervise(home: Home) -> tuple[subprocess.Popen[str], list[int]]:
    """A stack of one worker in a process of its own; its pid and its child's."""
    code = (
        "import sys, threading; from pathlib import Path\n"
        "from deploy.local.home import Home; from deploy.local.parts import *\n"
        "from deploy.local.stack import Stack; from deploy.local.starting import Stopped, _signals\n"
        "sleep = ('sleep', '600')\n"
        "options = Options(parts=frozenset({WORKER}), commands={WORKER: sleep}, make_topics=False)\n"
        "try:\n"
        f"    with _signals(), Stack.start(Home(Path({str(home.root)!r})), options) as stack:\n"
        "        print('ready', flush=True); threading.Event().wait()\n"
        "except Stopped: pass\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    found = state.read(home.state_file)
    assert found is not None
    return process, [child.pid for child in found.children if child.pid]


def test_down_stops_a_stack_from_outside(home: Home) -> None:
    process, pids = supervise(home)
    assert sluice(home, "down")[:2] == (Exit.OK, "stopped\n")
    assert process.wait(10) == 0
    assert all(map(is_gone, pids))
    assert sluice(home, "down")[1].startswith("nothing runs")


def test_down_cleans_up_after_a_supervisor_that_was_killed(home: Home) -> None:
    process, pids = supervise(home)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert sluice(home, "status")[0] == Exit.NOT_RUNNING
    assert sluice(home, "down")[0] == Exit.OK
    assert all(map(is_gone, pids))
    assert not home.state_file.exists()


def test_reset_that_is_sure_stops_the_stack_first(home: Home) -> None:
    process, pids = supervise(home)
    assert sluice(home, "reset", "--yes")[0] == Exit.OK
    assert process.wait(10) == 0
    assert all(map(is_gone, pids))
    assert not home.run.exists()


def test_logs_are_shown_merged_or_alone(home: Home) -> None:
    home.prepare()
    home.log_of("kafka").write_text("one\ntwo\n")
    home.log_of("gateway-1").write_text("three \x1b[2J\n")
    assert (
        sluice(home, "logs")[1]
        == "gateway-1 | three \N{REPLACEMENT CHARACTER}[2J\nkafka     | one\nkafka     | two\n"
    )
    assert sluice(home, "logs", "kafka", "-n", "1")[1] == "two\n"
    assert orjson.loads(sluice(home, "logs", "kafka", "-n", "1", "--json")[1]) == {
        "log": "kafka",
        "line": "two",
    }


def test_a_log_that_is_not_there_is_named_with_those_that_are(home: Home) -> None:
    home.prepare()
    home.log_of("kafka").write_text("")
    code, _, said = sluice(home, "logs", "nosuch")
    assert code == Exit.NOT_FOUND
    assert "there are: kafka" in said
