"""Subtitle files on this machine, shown, converted, checked and changed; no stack is needed."""

from __future__ import annotations

import typer

from deploy.local.commands.subtitles.changing import check, shift, stretch
from deploy.local.commands.subtitles.converting import convert
from deploy.local.commands.subtitles.showing import show

app = typer.Typer(
    help="Subtitle files on this machine: SubRip, WebVTT, SSA and ASS, TTML, SAMI, MicroDVD, MPL2, TMPlayer "
    "and JSON.",
    no_args_is_help=True,
)
for command in (show, convert, check, shift, stretch):
    app.command()(command)
