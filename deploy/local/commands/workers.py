"""Listing and steering workers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, UrlOption
from deploy.local.console import Output, state_text, time_text

app = typer.Typer(help="List workers, and say whether they are to take work.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="A worker's name.", metavar="WORKER")]


@app.command(name="list")
def list_workers(home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """List workers, with what they were ordered."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = gateway.get("/system/workers")["items"]
    if not output.emit_all(items):
        output.table(("NAME", "STATE", "ORDER", ">RUNS", ">PLACES", "HOST", "HEARD"), map(_row, items))


@app.command()
def pause(
    name: NameArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Let a worker leave what it does, and take nothing more."""
    _steer(name, "pause", home, url, json)


@app.command()
def drain(
    name: NameArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Let a worker finish what it has, and take nothing more."""
    _steer(name, "drain", home, url, json)


@app.command()
def resume(
    name: NameArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Let a worker take work again."""
    _steer(name, "resume", home, url, json)


def _steer(name: str, command: str, home: Path | None, url: str | None, json: bool) -> None:
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        answer = gateway.post(at("system", "workers", name, command))
    if json:
        output.emit(answer or {"instance": name})
    output.line(f"{name}: {command} accepted")


def _row(item: dict[str, Any]) -> tuple[object, ...]:
    return (
        item["instance"],
        state_text("drained" if item["drained"] else item["state"]),
        item["order"],
        item["running"],
        item["slots"],
        item.get("host") or "",
        time_text(item.get("last_beat_at")),
    )
