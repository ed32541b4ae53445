"""The `sluice` command: all commands in one app, and failures as one clear line with an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from deploy.local.commands import (
    account,
    archive,
    audit,
    backup,
    care,
    certs,
    demo,
    develop,
    events,
    files,
    importing,
    jobs,
    letters,
    libraries,
    lifecycle,
    media,
    profiles,
    quarantine,
    records,
    schedules,
    stack,
    storage,
    subtitles,
    users,
    versions,
    viewing,
    why,
    workers,
)
from deploy.local.failures import ERROR, Exit, Failure

_EXITS = (
    "Exit codes: 0 done; 1 what was asked for failed; 2 wrong usage; 3 the stack is not running or does not "
    "answer; 4 not found; 5 in conflict with what is there; 6 refused; 130 interrupted."
)


class Commands(TyperGroup):
    """Turns what a command raises into a line on standard error and an exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.obj = "--json" in args  # so that a failure is told to a machine too
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Failure as failure:
            _fail(failure, as_json=ctx.obj)
        except KeyboardInterrupt:
            raise SystemExit(Exit.INTERRUPTED) from None
        except BrokenPipeError:
            # The reader has left (`sluice jobs | head`); nothing more can be said to it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(Exit.FAILED) from None


def _fail(failure: Failure, *, as_json: bool) -> NoReturn:
    from deploy.local.console import Output

    output = Output(as_json=as_json)
    if output.json:
        several = {"problems": failure.problems} if failure.problems else {}
        output.emit({"error": str(failure), "exit_code": int(failure.code), **several})
    output.note(f"{ERROR}{failure}", style="red")
    for problem in failure.problems:
        output.note(f"  {problem}", style="red")
    raise SystemExit(failure.code)


app = typer.Typer(
    name="sluice",
    cls=Commands,
    help="Sluice: a media platform on an event log. Try `sluice demo` first.",
    epilog=_EXITS,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Say which version this is.", callback=stack.say_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Holds what may stand before a command."""


for _part in (demo, stack, certs, media, archive, records, jobs, why, storage, events, account, develop):
    app.registered_commands += _part.app.registered_commands
app.registered_commands += importing.app.registered_commands
app.registered_commands += viewing.activity_app.registered_commands
app.add_typer(audit.app, name="audit")
app.add_typer(care.app, name="care")
app.add_typer(files.app, name="files")
app.add_typer(lifecycle.app, name="storage")
app.add_typer(backup.app, name="backup")
app.add_typer(letters.app, name="dlq")
app.add_typer(libraries.app, name="library")
app.add_typer(profiles.app, name="profiles")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(schedules.app, name="schedules")
app.add_typer(subtitles.app, name="subtitles")
app.add_typer(viewing.app, name="viewing")
app.add_typer(workers.app, name="workers")
app.add_typer(users.users, name="user")
app.add_typer(versions.app, name="versions")
app.add_typer(account.second_factor, name="second-factor")


def main() -> None:
    """Runs the command and ends the process."""
    app(prog_name="sluice")
