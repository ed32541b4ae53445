"""Listing, following and steering jobs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, LimitOption, UrlOption
from deploy.local.console import Output, size_text, span_text, state_text, time_text

app = typer.Typer()

IdArgument = Annotated[str, typer.Argument(help="A job's id.", metavar="ID")]


class Priority(StrEnum):
    """How much a job matters."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@app.command()
def jobs(
    state: Annotated[
        str | None,
        typer.Option(help="pending, processing, paused, completed, failed or cancelled.", show_default=False),
    ] = None,
    limit: LimitOption = 20,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """List jobs, the newest first."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = list(gateway.pages("/jobs", limit, state=state))
    if not output.emit_all(items):
        columns = ("ID", "STATE", ">DONE", "PACE", "PROFILE", "PRIORITY", "~NAME", "ASKED FOR")
        output.table(columns, [_row(item) for item in items])


@app.command()
def job(
    id: IdArgument,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow it to its end.")] = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Show a job. With --watch the exit code is 0 only when it completes."""
    from deploy.local import reach, watching
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        found = gateway.get(at("jobs", id))
        if watch:
            [found] = watching.watch(gateway, [id], output)
    if json:
        output.emit(found)
    else:
        _show(found, output)
    if watch:
        watching.ended_well([found])


@app.command()
def cancel(id: IdArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Cancel a job."""
    _steer(id, "cancel", None, home, url, json)


@app.command()
def retry(id: IdArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Run a job that failed or was cancelled once more."""
    _steer(id, "retry", None, home, url, json)


@app.command()
def pause(id: IdArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Hold a job back; what it has finished stays."""
    _steer(id, "pause", None, home, url, json)


@app.command()
def resume(id: IdArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Let a paused job go on."""
    _steer(id, "resume", None, home, url, json)


@app.command()
def priority(
    id: IdArgument,
    priority: Annotated[Priority, typer.Argument(help="How much it matters.")],
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Let a job go before others, or after them."""
    _steer(id, "priority", {"priority": priority.value}, home, url, json)


def _steer(id: str, command: str, body: Any, home: Path | None, url: str | None, json: bool) -> None:
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        answer = gateway.post(at("jobs", id, command), body)
    if json:
        output.emit(answer or {"id": id})
    output.line(f"{id}: {command} accepted")


def _row(item: dict[str, Any]) -> tuple[object, ...]:
    from deploy.local.watching import pace, percent

    return (
        item["id"],
        state_text(item["state"]),
        f"{percent(item)}%",
        pace(item),
        item.get("profile") or "",
        item.get("priority") or "",
        item.get("name") or "",
        time_text(item.get("requested_at")),
    )


def _show(found: dict[str, Any], output: Output) -> None:
    from deploy.local.watching import outcome, pace, percent

    result = found.get("output") or {}
    took_ms = found.get("processing_time_ms")
    said = {
        "job": found["id"],
        "state": outcome(found),
        "done": f"{percent(found)}%  {pace(found)}".rstrip(),
        "name": found.get("name"),
        "medium": found.get("media_id"),
        "profile": found.get("profile"),
        "priority": found.get("priority"),
        "run": found.get("run"),
        "asked for": time_text(found.get("requested_at")),
        "ended": time_text(found.get("finished_at")),
        "took": span_text(None if took_ms is None else took_ms / 1000),
        "result": result.get("name"),
        "size": size_text(result.get("size_bytes")),
        "at": result.get("url") or result.get("location"),
    }
    output.pairs(said)
