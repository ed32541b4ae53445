"""For those who work on Sluice: tests, checks and benchmarks."""

from __future__ import annotations

import subprocess
import sys
from enum import StrEnum
from typing import Annotated

import typer

from deploy.local.commands.options import JsonOption
from deploy.local.console import Output
from deploy.local.failures import Exit, Failure

app = typer.Typer()

_PASSES_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
_NO_TESTS_THERE = 5
"""pytest's exit status for a folder without tests."""


class Suite(StrEnum):
    """A folder of tests, or all of them."""

    UNIT = "unit"
    CONTRACT = "contract"
    E2E = "e2e"
    DRILLS = "drills"
    UI = "ui"
    ALL = "all"


_OF_PARTS = (Suite.ALL, Suite.UNIT)
"""The others' tests share servers; see tests/parts.py."""


@app.command("test", context_settings=_PASSES_ON)
def run_tests(
    ctx: typer.Context,
    suite: Annotated[Suite, typer.Argument(help="Which tests to run.")] = Suite.ALL,
    json: JsonOption = False,
) -> None:
    """Run tests; what follows `--` goes to pytest."""
    from deploy.local.checking import SPREAD
    from deploy.local.settings import ROOT

    folder = ROOT / "tests" if suite is Suite.ALL else ROOT / "tests" / suite
    spread = SPREAD if suite in _OF_PARTS else ()
    status = _run([sys.executable, "-m", "pytest", *spread, str(folder), *_rest(ctx)], quiet=json)
    passed = status in (0, _NO_TESTS_THERE)
    if json:
        Output(as_json=True).emit({"suite": suite, "passed": passed, "exit_status": status})
    if not passed:
        raise typer.Exit(Exit.FAILED)


@app.command()
def check(
    static: Annotated[bool, typer.Option("--static", help="Leave out the tests.")] = False,
    json: JsonOption = False,
) -> None:
    """Lint, types, import rules, unit and contract tests: all of them, also where one fails."""
    from deploy.local import checking

    output = Output(as_json=json)
    with output.waiting() as waiting:
        results = checking.run_all(waiting, static=static)
    if not output.emit_all(results):
        checking.show(results, output)
    bad = [result.name for result in results if not result.passed]
    if bad:
        raise Failure(f"{', '.join(bad)} failed.")


@app.command(context_settings=_PASSES_ON)
def bench(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One benchmark alone.", show_default=False)] = None,
    json: JsonOption = False,
) -> None:
    """Measure against a plain way of doing the same; one line for each figure."""
    words = [*([name] if name else []), *(["--json"] if json else []), *_rest(ctx)]
    if _run([sys.executable, "-m", "tests.bench", *words], quiet=False) != 0:
        raise typer.Exit(Exit.FAILED)


def _rest(ctx: typer.Context) -> list[str]:
    return [word for word in ctx.args if word != "--"]


def _run(command: list[str], *, quiet: bool) -> int:
    """Runs a command from the top folder; `quiet` keeps standard output for our own words."""
    from deploy.local.settings import ROOT, read

    environ = {**read().environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environ, stdout=sys.stderr if quiet else None, check=False)
    return done.returncode
