"""What the tool for subtitle files does: it reads, edits and converts one.

    tool.py read SOURCE CUES OPTIONS            the cues, a line of JSON each after one about the file
    tool.py edit SOURCE CUES OPTIONS ORDER OUT  the changed file, and its cues
    tool.py convert SOURCE OUT OPTIONS REPORT   another format, and a line of JSON for each loss

OPTIONS and ORDER are files of JSON. What is refused ends it with status 3 and `{"code", "reason", "line"}`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson

from connectors.subtitles.conversion import converted, report
from connectors.subtitles.document import Document, as_object, read
from connectors.subtitles.editing import Delete, Edit, Insert, SetText, SetTimes, Shift, edited
from connectors.subtitles.files import bytes_of
from connectors.subtitles.refusal import SubtitleRefused

EXIT_REFUSED = 3
_EDITS: dict[str, type[Any]] = {
    "text": SetText,
    "times": SetTimes,
    "insert": Insert,
    "delete": Delete,
    "shift": Shift,
}


def main(words: list[str]) -> None:
    """Does what is asked, or says why not."""
    try:
        _WORK[words[0]](*words[1:])
    except SubtitleRefused as refused:
        sys.stdout.buffer.write(orjson.dumps(refused.as_object()) + b"\n")
        raise SystemExit(EXIT_REFUSED) from None


def _read(source: str, cues: str, options: str) -> None:
    _tell(_opened(source, _said(options)), cues)


def _edit(source: str, cues: str, options: str, order: str, out: str) -> None:
    document = _opened(source, _said(options))
    after = edited(document, [edit_of(each) for each in _said(order)])
    Path(out).write_bytes(after.raw)
    _tell(after, cues)


def _convert(source: str, out: str, options: str, losses: str) -> None:
    said = _said(options)
    document = _opened(source, said)
    made = converted(document, said["to"], rate=_rate(said), language=said.get("language"))
    Path(out).write_bytes(made.raw)
    Path(losses).write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in report(made.losses)))


def _said(path: str) -> Any:
    return orjson.loads(Path(path).read_bytes())


def edit_of(said: dict[str, Any]) -> Edit:
    """A change from what JSON says of it. Raises SubtitleRefused."""
    fields = {name: value for name, value in said.items() if name != "edit"}
    try:
        edit: Edit = _EDITS[said["edit"]](**fields)
    except (KeyError, TypeError):
        reason = f"{said!r:.200} is no change; say one of {', '.join(_EDITS)} with its fields"
        raise SubtitleRefused("edit", reason) from None
    return edit


def _opened(source: str, options: dict[str, Any]) -> Document:
    return read(
        bytes_of(Path(source)),
        options.get("name", ""),
        format=options.get("format"),
        encoding=options.get("encoding"),
        rate=_rate(options),
        ids=options.get("ids"),
    )


def _rate(options: dict[str, Any]) -> Fraction | None:
    said = options.get("rate")
    return Fraction(said) if said else None


def _tell(document: Document, target: str) -> None:
    """One line about the file, and one for each cue."""
    head = {
        "format": document.format.name,
        "encoding": document.source.encoding,
        "has_mark": bool(document.source.mark),
        "rate": str(document.parsed.rate) if document.parsed.rate else None,
        "cues": len(document.cues),
        "remarks": [remark._asdict() for remark in document.parsed.remarks],
    }
    with open(target, "wb") as file:
        file.write(orjson.dumps(head) + b"\n")
        for index in range(len(document.cues)):
            said = as_object(document, index)
            file.write(orjson.dumps({**said, "said": document.said(index)}) + b"\n")


_WORK: dict[str, Callable[..., None]] = {"read": _read, "edit": _edit, "convert": _convert}
