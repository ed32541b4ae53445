"""Subtitle files on this machine, shown and converted; no stack is needed."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.local.commands.options import JsonOption
from deploy.local.console import Output, clean
from deploy.local.failures import Exit, Failure

if TYPE_CHECKING:
    from connectors.subtitles.conversion import Converted
    from connectors.subtitles.document import Document

app = typer.Typer(
    help="Subtitle files on this machine: SubRip, WebVTT, SSA and ASS, TTML, SAMI, MicroDVD, MPL2, TMPlayer "
    "and JSON.",
    no_args_is_help=True,
)

_MOST_LOSSES = 30
_FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", show_default=False, exists=True, dir_okay=False)
]
_From = Annotated[
    str | None, typer.Option("--from", help="Its format, where that is not found out.", show_default=False)
]
_Encoding = Annotated[
    str | None, typer.Option(help="Its encoding, where that is guessed wrong: cp1250, …", show_default=False)
]
_Fps = Annotated[
    str | None,
    typer.Option(help="Frames a second, where frames are counted: 25, 24000/1001.", show_default=False),
]


@app.command()
def show(
    file: _FileArgument,
    from_: _From = None,
    encoding: _Encoding = None,
    fps: _Fps = None,
    json: JsonOption = False,
) -> None:
    """Show what is in a subtitle file: its format and encoding, its cues, and what was not understood."""
    output = Output(as_json=json)
    document = _read(file, from_, encoding, fps)
    if json:
        _emit(output, document)
        return
    output.pairs(_about(document))
    rows = [
        (cue.line, _clock(cue.start_ms), _clock(cue.end_ms), _words(document, index))
        for index, cue in enumerate(document.cues)
        if cue.kind == "shown"
    ]
    output.table((">LINE", ">FROM", ">TO", "~TEXT"), rows)
    for remark in document.parsed.remarks:
        output.note(f"line {remark.line}: {remark.what}; it is kept as it is", style="yellow")


@app.command()
def convert(
    file: _FileArgument,
    to: Annotated[str, typer.Option(help="Which format: vtt, srt, ass, ttml, …", show_default=False)],
    target: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write it (default: here, by its name)."),
    ] = None,
    from_: _From = None,
    encoding: _Encoding = None,
    fps: _Fps = None,
    language: Annotated[
        str | None, typer.Option(help="Which of its languages, where it has several.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: JsonOption = False,
) -> None:
    """Write a subtitle file in another format, as UTF-8, and say what that format can't hold."""
    from connectors.subtitles.conversion import converted
    from connectors.subtitles.formats import named
    from connectors.subtitles.refusal import SubtitleRefused

    output = Output(as_json=json)
    try:
        ending = named(to).endings[0]
        document = _read(file, from_, encoding, fps)
        made = converted(document, to, rate=_rate(fps), language=language)
    except SubtitleRefused as refused:
        raise _failure(file, refused) from None
    path = _target(file, target, ending)
    _write(path, made.raw, force=force)
    _tell(output, path, document, made)


def _target(file: Path, target: Path | None, ending: str) -> Path:
    name = f"{file.stem}.{ending}"
    if target is None:
        return Path(name)
    return target / name if target.is_dir() else target


def _write(path: Path, raw: bytes, *, force: bool) -> None:
    try:
        with path.open("wb" if force else "xb") as written:
            written.write(raw)
    except FileExistsError:
        raise Failure(f"{path} is there already: say --force to replace it.", Exit.CONFLICT) from None
    except OSError as error:
        raise Failure(f"{path} can't be written: {error.strerror}.") from None


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


def _read(file: Path, format: str | None, encoding: str | None, fps: str | None) -> Document:
    from connectors.subtitles.document import read
    from connectors.subtitles.files import bytes_of
    from connectors.subtitles.refusal import SubtitleRefused

    try:
        return read(bytes_of(file), file.name, format=format, encoding=encoding, rate=_rate(fps))
    except SubtitleRefused as refused:
        raise _failure(file, refused) from None
    except OSError as error:
        raise Failure(f"{file} can't be read: {error.strerror}.") from None


def _failure(file: Path, refused: Any) -> Failure:
    return Failure(f"{clean(file)}, {refused}.", Exit.REFUSED)


def _rate(said: str | None) -> Fraction | None:
    try:
        rate = Fraction(said) if said else None
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if rate is not None and not 1 <= rate <= 1000:
        raise Failure(f"{said} is no number of frames a second, as 25 or 24000/1001 are.", Exit.USAGE)
    return rate


def _about(document: Document) -> dict[str, Any]:
    from collections import Counter

    cues = document.cues
    kinds = Counter(block.kind for block in document.parsed.blocks)
    return {
        "format": document.format.name,
        "encoding": document.source.encoding + (" with a mark" if document.source.mark else ""),
        "frames a second": f"{float(document.parsed.rate):g}" if document.parsed.rate else "",
        "cues": len(cues),
        "languages": ", ".join(dict.fromkeys(cue.language for cue in cues if cue.language)),
        "beside them": ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
    }


def _emit(output: Output, document: Document) -> None:
    from schemas.cues import plain

    output.emit({**_about(document), "remarks": [each._asdict() for each in document.parsed.remarks]})
    for cue in document.cues:
        output.emit(
            {**{name: getattr(cue, name) for name in cue.__slots__}, "plain": plain(document.pieces(cue))}
        )


def _words(document: Document, index: int) -> str:
    from schemas.cues import plain

    return plain(document.pieces(document.cues[index])).replace("\n", " / ")


def _clock(ms: int | None) -> str:
    from connectors.subtitles.clock import stamp

    return "" if ms is None else stamp(ms, 2, ".", 3)
