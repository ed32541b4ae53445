"""Everything that `sluice check` runs, as a table, and the running of it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from deploy.local.console import Output
from deploy.local.settings import ROOT, read

_BIN = Path(sys.executable).parent
SPREAD = ("-n", "2", "--no-loadscope-reorder")
"""pytest over two processes, each with servers of its own (tests/parts.py): much of what tests do is wait."""
_PYTEST = (sys.executable, "-m", "pytest", "-q", *SPREAD, "tests/unit", "tests/contract")
_AT_ONCE = 2
_TESTS = "tests"

STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("lint", (str(_BIN / "ruff"), "check", ".")),
    ("format", (str(_BIN / "ruff"), "format", "--check", ".")),
    ("imports", (str(_BIN / "lint-imports"),)),
    ("types", (sys.executable, "-m", "mypy")),
    (_TESTS, _PYTEST),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one step went."""

    name: str
    passed: bool
    seconds: float
    said: str


def run_all(waiting: Callable[[str], None], *, static: bool = False) -> list[Result]:
    """Runs all steps, two at a time, and returns their results in order; the tests too, unless `static`."""
    steps = [step for step in STEPS if not (static and step[0] == _TESTS)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        running = [(name, pool.submit(_run, name, command)) for name, command in steps]
        results = []
        for name, one in running:
            waiting(f"Checking: {name}")
            results.append(one.result())
    return results


def show(results: list[Result], output: Output) -> None:
    """What failed, in full, then a line for each step."""
    for result in results:
        if not result.passed:
            output.line(f"--- {result.name}", style="bold red")
            output.line(result.said)
    for result in results:
        word = Text("passed", "green") if result.passed else Text("failed", "red")
        output.out.print(Text(f"{result.name:<10}"), word, Text(f"{result.seconds:6.1f} s"))


def _run(name: str, command: tuple[str, ...]) -> Result:
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**read().environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Result(
        name=name, passed=done.returncode == 0, seconds=time.monotonic() - began, said=done.stdout.rstrip()
    )
