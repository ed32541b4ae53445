"""Bringing one medium's file to the archive, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.local.commands.options import HomeOption, JsonOption, UrlOption
from deploy.local.console import Output

app = typer.Typer()

IdArgument = Annotated[str, typer.Argument(help="A medium's id.", metavar="ID")]
VersionOption = Annotated[
    int | None, typer.Option("--version", min=0, help="One of its versions.", show_default=False)
]
WatchOption = Annotated[bool, typer.Option("--watch/--no-watch", "-w", help="Wait for it.")]


@app.command()
def archive(
    id: IdArgument,
    version: VersionOption = None,
    watch: WatchOption = True,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Bring a medium's file to the archive."""
    _order("archive", id, version, watch, home, url, json)


@app.command()
def unarchive(
    id: IdArgument,
    version: VersionOption = None,
    watch: WatchOption = True,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Bring a medium's file back from the archive. In some classes of S3 that takes hours."""
    _order("unarchive", id, version, watch, home, url, json)


def _order(
    what: str, id: str, version: int | None, watch: bool, home: Path | None, url: str | None, json: bool
) -> None:
    from deploy.local import reach
    from deploy.local.client import at
    from deploy.local.commands.care import follow

    query = "" if version is None else f"?version={version}"
    with reach.gateway(reach.home_at(home), url) as gateway:
        job = gateway.post(f"{at('media', id, what)}{query}")["job"]
        follow(gateway, job, job["kind"], watch, Output(as_json=json))
