"""Starting, watching, stopping and emptying a stack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.local.commands.options import HomeOption, JsonOption
from deploy.local.console import Output
from deploy.local.failures import Exit, Failure

app = typer.Typer()

Count = Annotated[int, typer.Option(min=0, help="How many to run.")]


@app.command()
def up(
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="The gateway's port (default: 8400, or the next free one).",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return once the stack is ready.")] = False,
    workers: Count = 1,
    processors: Count = 1,
    gateways: Annotated[int, typer.Option(min=1, help="How many to run, on following ports.")] = 1,
    tls: Annotated[
        bool, typer.Option("--tls", help="Speak TLS on every link, with the home's own certificates.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Start Kafka, the database, gateway, processors and workers; say when they are ready."""
    from deploy.local import parts, starting
    from deploy.local.reach import home_at

    options = parts.Options(
        port=parts.DEFAULT_PORT if port is None else port,
        port_is_explicit=port is not None,
        workers=workers,
        processors=processors,
        gateways=gateways,
        tls=tls,
    )
    output, where = Output(as_json=json), home_at(home)
    found = starting.find_running(where)
    if found is not None and tls and found.ca_file is None:
        raise Failure("the stack runs without TLS: stop it with `sluice down` first.", Exit.CONFLICT)
    if found is not None:
        starting.announce(output, found.url, found.pid, where, "already running")
    elif detach:
        found = starting.detached(where, options, output)
        starting.announce(output, found.url, found.pid, where)
    else:
        starting.foreground(where, options, output)


@app.command()
def down(home: HomeOption = None, json: JsonOption = False) -> None:
    """Stop the stack, and whatever a killed one left running."""
    from deploy.local.reach import home_at
    from deploy.local.stopping import stop_running

    output, where = Output(as_json=json), home_at(home)
    with output.waiting() as waiting:
        stopped = stop_running(where, waiting)
    if json:
        output.emit({"stopped": stopped, "home": where.root})
    output.line("stopped" if stopped else f"nothing runs in {where.root}")


@app.command()
def status(home: HomeOption = None, json: JsonOption = False) -> None:
    """Show every process of the stack. The exit code is 0 only when all is up."""
    from deploy.local import report
    from deploy.local.reach import expect_running, home_at, noted

    where = home_at(home)
    found = report.examine(expect_running(where), *noted(where))
    output = Output(as_json=json)
    if json:
        output.emit(found)
    else:
        report.show(found, output)
    if not found.up:
        raise typer.Exit(Exit.FAILED)


@app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="One log alone: kafka, gateway-1, supervisor, …")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing what is written.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="How many lines of each to begin with.")
    ] = 20,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show the logs of all processes, or of one."""
    from deploy.local.log_files import show
    from deploy.local.reach import home_at

    show(home_at(home), name, lines=lines, follow=follow, output=Output(as_json=json))


@app.command()
def reset(
    home: HomeOption = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask; stop the stack first if it is up.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Delete everything the stack has stored: events, read models, media, logs."""
    from deploy.local.reach import home_at
    from deploy.local.stopping import empty

    output, where = Output(as_json=json), home_at(home)
    with output.waiting() as waiting:
        deleted = empty(where, sure=yes, ask=lambda: _confirm(where.root), waiting=waiting)
    if json:
        output.emit({"home": where.root, "deleted": deleted})
    output.line(f"deleted {', '.join(deleted)} in {where.root}" if deleted else "there was nothing to delete")


@app.command()
def token(
    home: HomeOption = None,
    show: Annotated[bool, typer.Option("--show", help="Print the token itself.")] = False,
    json: JsonOption = False,
) -> None:
    """Say where the administrator's token is."""
    from deploy.local.reach import home_at

    file = home_at(home).token_file
    if not file.exists():
        raise Failure(
            f"there is no token at {file} yet: it is made by the first `sluice up`.", Exit.NOT_FOUND
        )
    output = Output(as_json=json)
    if json:
        output.emit({"path": file, **({"token": file.read_text()} if show else {})})
    output.line(file.read_text() if show else str(file))


@app.command()
def version(json: JsonOption = False) -> None:
    """Say which version this is."""
    from connectors.version import version as current

    output = Output(as_json=json)
    if json:
        output.emit({"version": current()})
    output.line(f"sluice {current()}")


def say_version(wanted: bool) -> None:
    """What `--version` does: the same, and nothing else."""
    if wanted:
        version()
        raise typer.Exit


def _confirm(root: Path) -> bool:
    import sys

    if not sys.stdin.isatty():
        raise Failure("reset deletes everything: say --yes to do it without being asked.", Exit.USAGE)
    return typer.confirm(f"Delete everything the stack has stored in {root}?")
