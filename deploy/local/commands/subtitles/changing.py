"""`sluice subtitles check`, `shift` and `stretch`: what is wrong with cues, and changes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
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
    kept,
    opened,
    rate_of,
)
from deploy.local.console import Output
from deploy.local.failures import Exit, Failure

if TYPE_CHECKING:
    from connectors.subtitles.document import Document
    from connectors.subtitles.editing import Edit
    from connectors.subtitles.timed_text import Finding

Change = Callable[["Document"], "Sequence[Edit]"]


def check(
    file: FileArgument,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write the file anew with what can be mended: ends and line breaks.")
    ] = False,
    language: Annotated[str, typer.Option(help="In which language it is: what is read in a second.")] = "en",
    children: Annotated[bool, typer.Option("--children", help="For those who read slower.")] = False,
    target: Target = None,
    from_: From = None,
    encoding: Encoding = None,
    fps: Fps = None,
    force: Force = False,
    json: JsonOption = False,
) -> None:
    """Check a subtitle file against the rules of streaming services: times, gaps, lines, reading speed.

    Ends with status 1 where a rule is broken that was not mended.
    """
    from connectors.subtitles.mending import mended
    from connectors.subtitles.timed_text import Rules, found

    rules = Rules(language, children, rate_of(fps) or Rules().rate)
    document = opened(file, from_, encoding, fps)
    output, before = Output(as_json=json), found(document, rules)
    after = before
    if fix:
        changed = mended(document, rules)
        after = found(changed, rules)
        path = kept(file, target, changed, force=force)
        output.note(f"{path}: {len(before) - len(after)} of {len(before)} mended")
    _tell(output, after)
    if after:
        raise typer.Exit(Exit.FAILED)


def shift(
    file: FileArgument,
    by: Annotated[float, typer.Option(help="Seconds later; earlier with a minus.", show_default=False)],
    target: Target = None,
    from_: From = None,
    encoding: Encoding = None,
    fps: Fps = None,
    force: Force = False,
    json: JsonOption = False,
) -> None:
    """Move all of a subtitle file's cues later or earlier; nothing else in the file changes."""
    from connectors.subtitles.editing import Shift

    _rewrite(
        file, opened(file, from_, encoding, fps), lambda _: [Shift(round(by * 1000))], target, force, json
    )


def stretch(
    file: FileArgument,
    made_for: Annotated[
        str, typer.Option(help="The frames a second it was made for: 23.976, …", show_default=False)
    ],
    plays_at: Annotated[str, typer.Option(help="Those of your film: 25, …", show_default=False)],
    target: Target = None,
    from_: From = None,
    encoding: Encoding = None,
    fps: Fps = None,
    force: Force = False,
    json: JsonOption = False,
) -> None:
    """Fit a subtitle file to a film that plays faster or slower than the one that it was made for."""
    from connectors.subtitles.retiming import exact, stretched

    made, plays = (exact(_said(each)) for each in (made_for, plays_at))
    document = opened(file, from_, encoding, fps)
    _rewrite(file, document, lambda known: stretched(known, made / plays), target, force, json)


def _said(rate: str) -> Fraction:
    known = rate_of(rate)
    if known is None:
        raise Failure("say how many frames a second, as 25 or 24000/1001.", Exit.USAGE)
    return known


def _rewrite(
    file: Path, document: Document, change: Change, target: Path | None, force: bool, json: bool
) -> None:
    from connectors.subtitles.editing import edited
    from connectors.subtitles.refusal import SubtitleRefused

    try:
        changed = edited(document, change(document))
    except SubtitleRefused as refused:
        raise failure(file, refused) from None
    path = kept(file, target, changed, force=force)
    output = Output(as_json=json)
    if json:
        output.emit({"file": path.absolute(), "cues": len(changed.cues)})
    else:
        output.line(f"{path}: {len(changed.cues)} cues")


def _tell(output: Output, findings: Sequence[Finding]) -> None:
    if output.emit_all(each._asdict() for each in findings):
        return
    for each in findings:
        output.line(f"line {each.line}: {each.says}")
    output.line(f"found: {len(findings)}" if findings else "it keeps all rules")
