"""Listing, making and steering schedules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, LimitOption, UrlOption
from deploy.local.console import Output, state_text, time_text
from deploy.local.failures import Exit, Failure

app = typer.Typer(help="Schedules: chores that come again.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="A schedule's name.", metavar="NAME")]


@app.command("list")
def list_(home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """List all schedules, with when each is due next."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = gateway.get("/schedules")["items"]
    if not output.emit_all(items):
        output.table(("NAME", "CHORE", "CRON", "ZONE", "NEXT"), [_row(item) for item in items])


@app.command()
def show(
    name: NameArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Show a schedule."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        found = gateway.get(at("schedules", name))
    if json:
        output.emit(found)
    else:
        options = " ".join(f"{key}={value}" for key, value in found["options"].items())
        output.pairs({**found, "options": options, "next_due": time_text(found["next_due"])})


@app.command("set")
def set_(
    name: NameArgument,
    cron: Annotated[str, typer.Argument(help="As cron has it, or @daily and the like.", metavar="CRON")],
    chore: Annotated[str, typer.Argument(help="cleanup, retention, archival or scrub.", metavar="CHORE")],
    zone: Annotated[str, typer.Option(help="Whose clock that is, as in Europe/Berlin.")] = "UTC",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", help="What the chore is told, as in delete=true.", show_default=False),
    ] = None,
    paused: Annotated[bool, typer.Option("--paused", help="Have it rest at first.")] = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Make a schedule, or say anew all that it says."""
    from deploy.local import reach
    from deploy.local.client import at

    output, options = Output(as_json=json), dict(map(_option, option or []))
    body = {"cron": cron, "zone": zone, "chore": chore, "options": options, "paused": paused}
    with reach.gateway(reach.home_at(home), url) as gateway:
        made = gateway.put(at("schedules", name), body)["schedule"]
    if json:
        output.emit(made)
    output.line(f"{name}: {_next(made)}")


@app.command()
def pause(
    name: NameArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Have a schedule rest; what it began goes on."""
    _steer(name, "pause", home, url, json)


@app.command()
def resume(
    name: NameArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Have a schedule go on."""
    _steer(name, "resume", home, url, json)


@app.command()
def run(name: NameArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Do at once what a schedule is for."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        job = gateway.post(at("schedules", name, "run"))["job"]
    if json:
        output.emit(job)
    output.line(f"{job['id']}: {job['kind']} is asked for")


@app.command()
def history(
    name: NameArgument,
    limit: LimitOption = 20,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """List the past runs of a schedule, the newest first."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        runs = list(gateway.pages(at("schedules", name, "history"), limit))
    if not output.emit_all(runs):
        output.table(("DUE", ">MISSED", "JOB", "STATE", "ENDED"), [_run(each) for each in runs])


@app.command()
def remove(
    name: NameArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Remove a schedule; jobs that it began go on."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        answer = gateway.delete(at("schedules", name))
    if json:
        output.emit({"name": name, **answer})
    output.line(f"{name} is removed")


def _steer(name: str, command: str, home: Path | None, url: str | None, json: bool) -> None:
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        made = gateway.post(at("schedules", name, command))["schedule"]
    if json:
        output.emit(made)
    output.line(f"{name}: {_next(made)}")


def _option(said: str) -> tuple[str, Any]:
    """`delete=true` as a name and a value: JSON where it is that, else the word itself."""
    import orjson

    name, found, value = said.partition("=")
    if not found or not name:
        raise Failure(f"{said!r} is no option: say NAME=VALUE, as in delete=true.", Exit.USAGE)
    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError:
        return name, value


def _row(item: dict[str, Any]) -> tuple[object, ...]:
    return (item["name"], item["chore"], item["cron"], item["zone"], _next(item))


def _next(item: dict[str, Any]) -> str:
    return "paused" if item["paused"] else f"due {time_text(item['next_due'])}"


def _run(each: dict[str, Any]) -> tuple[object, ...]:
    job = each["job"]
    due = time_text(each["due_at"]) if each["due_at"] else "by hand"
    return (due, each["missed"], job["id"], state_text(job["state"]), time_text(job.get("finished_at")))
