"""Looking at what the virus scanner found, and deciding on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, LimitOption, UrlOption
from deploy.local.console import Output, size_text, time_text

app = typer.Typer(
    help="What the virus scanner found: media that are held until someone decides.", no_args_is_help=True
)

IdArgument = Annotated[str, typer.Argument(help="A held medium's id.", metavar="ID")]
ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why; it is in the audit log.", prompt="Why", show_default=False)
]


@app.command("list")
def list_(
    limit: LimitOption = 50, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """List what is held, the newest first."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = list(gateway.pages("/quarantine", limit))
    if not output.emit_all(items):
        columns = ("ID", "~NAME", ">SIZE", "OWNER", "FOUND", "SINCE", ">ALSO ACCEPTED")
        output.table(columns, map(_row, items))


@app.command()
def release(
    id: IdArgument,
    reason: ReasonOption,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Let a medium in after all, and what else is held for the same in the same bytes."""
    _decide(id, "release", reason, home, url, Output(as_json=json))


@app.command()
def destroy(
    id: IdArgument,
    reason: ReasonOption,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Destroy a medium's bytes, and reject it and all other media that have them."""
    _decide(id, "destroy", reason, home, url, Output(as_json=json))


def _decide(id: str, verdict: str, reason: str, home: Path | None, url: str | None, output: Output) -> None:
    from deploy.local import reach
    from deploy.local.client import at

    with reach.gateway(reach.home_at(home), url) as gateway:
        answer = gateway.post(at("quarantine", id, verdict), {"reason": reason})
    if output.json:
        output.emit(answer)
    output.line(f"{id} is let in" if verdict == "release" else f"{id} is destroyed")


def _row(item: dict[str, Any]) -> tuple[object, ...]:
    media = item["media"]
    held = media.get("quarantine") or {}
    accepted = [one for one in item["same_bytes"] if one["status"] == "ready"]
    return (
        media["id"],
        media["name"],
        size_text(media["size_bytes"]),
        media["owner_id"],
        held.get("finding", ""),
        time_text(held.get("since")),
        len(accepted) or "",
    )
