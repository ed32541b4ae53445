"""`sluice subtitles convert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.local.commands.options import JsonOption
from deploy.local.commands.subtitles.files import (
    Encoding,
    FileArgument,
    Force,
    Fps,
    From,
    Target,
    failure,
    opened,
    rate_of,
    target_of,
    write,
)
from deploy.local.console import Output, clean

if TYPE_CHECKING:
    from connectors.subtitles.conversion import Converted
    from connectors.subtitles.document import Document

_MOST_LOSSES = 30


def convert(
    file: FileArgument,
    to: Annotated[str, typer.Option(help="Which format: vtt, srt, ass, ttml, …", show_default=False)],
    target: Target = None,
    from_: From = None,
    encoding: Encoding = None,
    fps: Fps = None,
    language: Annotated[
        str | None, typer.Option(help="Which of its languages, where it has several.", show_default=False)
    ] = None,
    force: Force = False,
    json: JsonOption = False,
) -> None:
    """Write a subtitle file in another format, as UTF-8, and say what that format can't hold."""
    from connectors.subtitles.conversion import converted
    from connectors.subtitles.formats import named
    from connectors.subtitles.refusal import SubtitleRefused

    output = Output(as_json=json)
    try:
        ending = named(to).endings[0]
        document = opened(file, from_, encoding, fps)
        made = converted(document, to, rate=rate_of(fps), language=language)
    except SubtitleRefused as refused:
        raise failure(file, refused) from None
    path = target_of(file, target, ending)
    write(path, made.raw, force=force)
    _tell(output, path, document, made)


def _tell(output: Output, path: Path, document: Document, made: Converted) -> None:
    from connectors.subtitles.conversion import report

    if output.json:
        lost = report(made.losses)
        said = {"format": made.format, "from": document.format.name, "encoding": document.source.encoding}
        output.emit({"file": path.absolute(), **said, "cues": made.cues, "lost": lost})
        return
    output.line(f"{path}: {made.cues} cues, {document.format.name} to {made.format}")
    summary = made.summary()
    output.line("nothing was lost" if not summary else "lost:")
    for what, count, line in summary[:_MOST_LOSSES]:
        output.line(
            f"  {clean(what)}: {count} times, first in line {line}"
            if count > 1
            else f"  {clean(what)}: line {line}"
        )
    if len(summary) > _MOST_LOSSES:
        output.line(f"  and {len(summary) - _MOST_LOSSES} other kinds; --json lists all")
