"""`sluice subtitles show`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from deploy.local.commands.options import JsonOption
from deploy.local.commands.subtitles.files import Encoding, FileArgument, Fps, From, opened
from deploy.local.console import Output

if TYPE_CHECKING:
    from connectors.subtitles.document import Document


def show(
    file: FileArgument,
    from_: From = None,
    encoding: Encoding = None,
    fps: Fps = None,
    json: JsonOption = False,
) -> None:
    """Show what is in a subtitle file: its format and encoding, its cues, and what was not understood."""
    output = Output(as_json=json)
    document = opened(file, from_, encoding, fps)
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


def _about(document: Document) -> dict[str, Any]:
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
    from connectors.subtitles.document import as_object

    output.emit({**_about(document), "remarks": [each._asdict() for each in document.parsed.remarks]})
    output.emit_all(as_object(document, index) for index in range(len(document.cues)))


def _words(document: Document, index: int) -> str:
    from schemas.cues import plain

    return plain(document.pieces(document.cues[index])).replace("\n", " / ")


def _clock(ms: int | None) -> str:
    from connectors.subtitles.clock import stamp

    return "" if ms is None else stamp(ms, 2, ".", 3)
