"""Replacing a medium's file, and undoing that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, UrlOption
from deploy.local.console import Output, clean, size_text, state_text, time_text
from deploy.local.failures import Exit, Failure

if TYPE_CHECKING:
    from deploy.local.client import Gateway

app = typer.Typer(no_args_is_help=True, help="The files that a medium has had: replace one, and undo it.")

IdArgument = Annotated[str, typer.Argument(help="A medium's id.", metavar="ID")]
VersionArgument = Annotated[int, typer.Argument(help="As `sluice versions list` has it; 0 is the first.")]
_COLUMNS = (">VERSION", "STATUS", "~NAME", ">SIZE", "BY", "ADDED", "")


@app.command("list")
def list_(id: IdArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """List a medium's versions, the latest first."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = gateway.get(at("media", id, "versions"))["items"]
    if not output.emit_all(items):
        rows = [
            (
                item["version"],
                state_text(item["status"]),
                item["name"],
                size_text(item["size_bytes"]),
                item["by"],
                time_text(item["created_at"]),
                "shown" if item["shown"] else "",
            )
            for item in items
        ]
        output.table(_COLUMNS, rows)


@app.command()
def replace(
    id: IdArgument,
    file: Annotated[Path, typer.Argument(help="What takes its place.", metavar="FILE")],
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Put another file in the place of a medium's; what is said of it stays, and the old file too."""
    from deploy.local import reach, transfers

    output = Output(as_json=json)
    if not file.is_file():
        raise Failure(f"{file} is no file.", Exit.USAGE)
    size = file.stat().st_size
    with (
        reach.gateway(reach.home_at(home), url) as gateway,
        transfers.progress_bar(output, file.name, size) as bar,
    ):
        task = bar.task_ids[0]
        answer = _send(gateway, id, file, lambda sent: bar.advance(task, sent))
    if json:
        output.emit(answer)
    output.line(f"{id} becomes {clean(file.name)}, once that is accepted")


def _send(gateway: Gateway, id: str, file: Path, advance: Callable[[int], None]) -> dict[str, Any]:
    """A large file so that it can go on after a cut, a small one at once."""
    from deploy.local import reach, resuming, transfers

    if file.stat().st_size <= resuming.FROM_BYTES:
        return transfers.replace(gateway, id, file, advance)
    return resuming.Sending(gateway, file, None, "normal", reach.begun(), advance, replaces=id).run()


@app.command()
def restore(
    id: IdArgument,
    version: VersionArgument,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Make a medium what it was."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        answer = gateway.post(at("media", id, "versions", str(version), "restore"))
    if json:
        output.emit(answer)
    output.line(f"{id} becomes what it was at version {version} (as version {answer['version']})")


@app.command()
def remove(
    id: IdArgument,
    version: VersionArgument,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Delete a version for good."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        answer = gateway.delete(at("media", id, "versions", str(version)))
    if json:
        output.emit(answer)
    output.line(f"version {version} of {id} is being removed")
