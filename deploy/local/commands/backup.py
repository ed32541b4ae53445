"""Backups: all that a stack has stored, in one file, and back into a new home."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.local.commands.options import HomeOption, JsonOption
from deploy.local.console import Output, size_text
from deploy.local.failures import Exit, Failure

if TYPE_CHECKING:
    from deploy.local.backup.manifest import Manifest

app = typer.Typer(help="Back up all that a stack has stored, and restore it.", no_args_is_help=True)

_Archive = Annotated[Path, typer.Argument(help="The archive.", show_default=False)]


@app.command()
def create(
    archive: Annotated[
        Path | None,
        typer.Argument(help="The file to write; sluice-<now>.tar without it.", show_default=False),
    ] = None,
    secret: Annotated[
        bool,
        typer.Option(
            "--secret/--no-secret",
            help="Whether the secret that unseals passwords and personal data goes with it.",
        ),
    ] = True,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Copy log, media and results of a running stack into one file, and read that again to be sure."""
    from connectors.ports import StoreUnavailable
    from deploy.local.backup.create import Backup
    from deploy.local.backup.places import Places
    from deploy.local.backup.spools import spool
    from deploy.local.reach import expect_running, home_at
    from deploy.local.settings import read

    path = archive or Path(f"sluice-{datetime.now():%Y-%m-%d-%H%M%S}.tar")
    if path.exists():
        raise Failure(f"{path} is there already: name another file.", Exit.CONFLICT)
    where, output = home_at(home), Output(as_json=json)
    found = expect_running(where)
    with output.waiting() as waiting, spool(where.run) as folder:
        places = Places.told({**read().environ, **found.told}, folder / "blobs")
        try:
            said = asyncio.run(Backup(places, folder, waiting).into(path, with_secret=secret))
        except StoreUnavailable as error:
            raise Failure(f"nothing was backed up: {error}.", Exit.NOT_RUNNING) from error
    _show(said, path, output)
    if secret:
        output.line("Keep it where nobody else may read it: with the secret in it, it opens all accounts.")


@app.command()
def verify(archive: _Archive, json: JsonOption = False) -> None:
    """Read an archive through and hold every byte against its manifest."""
    from deploy.local.backup.archive import verified

    output = Output(as_json=json)
    with output.waiting() as waiting:
        waiting(f"Reading {archive.name}")
        said = verified(archive)
    _show(said, archive, output)


@app.command()
def restore(archive: _Archive, home: HomeOption = None, json: JsonOption = False) -> None:
    """Fill a new home with what is in an archive; `sluice up` goes on from there."""
    from deploy.local.backup.restore import into
    from deploy.local.reach import home_at

    output, where = Output(as_json=json), home_at(home)
    with output.waiting() as waiting:
        said = asyncio.run(into(where, archive, output.note, waiting))
    _show(said, archive, output)
    output.line(f"restored into {where.root}; start it with `sluice up --home {where.root}`")


def _show(said: Manifest, path: Path, output: Output) -> None:
    if output.json:
        output.emit({"archive": path, **said.model_dump(exclude={"members"})})
    output.line(
        f"{path}: {said.records} records and {said.blobs} blobs, {size_text(said.blob_bytes)}, "
        f"of {said.began_at:%Y-%m-%d %H:%M:%S} UTC; every byte is as it was written"
    )
    if said.archived:
        output.line(f"{len(said.archived)} blobs are NOT in it, for an archive has to give them back first:")
        for location in said.archived:
            output.line(f"  {location}", style="yellow")
    if said.damaged:
        output.line(f"{len(said.damaged)} blobs were damaged in the store already:", style="yellow")
        for location in said.damaged:
            output.line(f"  {location}", style="yellow")
