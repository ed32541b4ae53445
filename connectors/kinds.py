"""Whether a file is what its name says: what its ending claims, held against its first bytes.

Only what is plainly of another kind counts. Which container or codec a recording has is no matter of its
name: .mkv over an MP4 plays all the same.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from connectors.media_tools import MediaRefused
from connectors.sniff import sniff_head

_HEAD_BYTES = 4096


class Kind(StrEnum):
    """What a file is, as people are told."""

    RECORDING = "a video or audio file"
    IMAGE = "an image"
    PDF = "a PDF document"
    OFFICE = "an office document"
    ARCHIVE = "an archive"
    PROGRAM = "a program"
    PAGE = "a web page"
    TEXT = "a text file"


_AT_START: tuple[tuple[bytes, Kind], ...] = (
    (b"MZ", Kind.PROGRAM),
    (b"\x7fELF", Kind.PROGRAM),
    (b"\xcf\xfa\xed\xfe", Kind.PROGRAM),
    (b"\xce\xfa\xed\xfe", Kind.PROGRAM),
    (b"\xca\xfe\xba\xbe", Kind.PROGRAM),
    (b"\x00asm", Kind.PROGRAM),
    (b"#!", Kind.PROGRAM),
    (b"PK\x03\x04", Kind.ARCHIVE),
    (b"PK\x05\x06", Kind.ARCHIVE),
    (b"Rar!\x1a\x07", Kind.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Kind.ARCHIVE),
    (b"\x1f\x8b\x08", Kind.ARCHIVE),
    (b"BZh", Kind.ARCHIVE),
    (b"\xfd7zXZ\x00", Kind.ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Kind.ARCHIVE),
    (b"MSCF", Kind.ARCHIVE),
    (b"%PDF-", Kind.PDF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OFFICE),
    (b"{\\rtf", Kind.OFFICE),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF87a", Kind.IMAGE),
    (b"GIF89a", Kind.IMAGE),
    (b"II*\x00", Kind.IMAGE),
    (b"MM\x00*", Kind.IMAGE),
    (b"8BPS", Kind.IMAGE),
)
_STILLS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif"})
"""The brands of pictures that come in the same boxes as films."""
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<svg", b"<?xml")
_BLANKS = b"\xef\xbb\xbf \t\r\n\x0c"

_ENDINGS: dict[Kind, str] = {
    Kind.RECORDING: "3g2 3gp aac ac3 aif aifc aiff alac amr asf avi dts dv eac3 f4v flac flv ivf m1v m2t "
    "m2ts m2v m4a m4b m4v mka mkv mov mp2 mp3 mp4 mpe mpeg mpg mpv mts mxf oga ogg ogm ogv opus qt rm rmvb "
    "spx ts tta vob w64 wav webm wma wmv wv y4m",
    Kind.IMAGE: "avif bmp gif heic heif ico jpe jpeg jpg png psd svg tif tiff webp",
    Kind.PDF: "pdf",
    Kind.OFFICE: "doc docx epub odp ods odt ppt pptx rtf xls xlsx",
    Kind.ARCHIVE: "7z apk bz2 cab gz iso jar rar tar tgz xz zip zst",
    Kind.PROGRAM: "app bat bin cmd com deb dll dmg exe msi ps1 rpm run sh so vbs wasm",
    Kind.PAGE: "htm html js mhtml php xhtml xml",
    Kind.TEXT: "ass csv json log md srt ssa sub txt vtt",
}
_CLAIMS = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}
_ALSO = {
    Kind.OFFICE: {Kind.ARCHIVE},
    Kind.ARCHIVE: {Kind.PROGRAM},
    Kind.PROGRAM: {Kind.ARCHIVE, Kind.OFFICE},
    Kind.IMAGE: {Kind.PAGE},
    Kind.PAGE: {Kind.PROGRAM},
}
"""What a kind may well come as: an office document in a zip, an SVG as XML."""


def refuse_other_kinds(name: str, path: Path) -> None:
    """Raises MediaRefused where a file is plainly not what its name says. Reads its first bytes alone."""
    with path.open("rb") as file:
        problem = contradiction(name, file.read(_HEAD_BYTES))
    if problem is not None:
        raise MediaRefused("not_as_named", problem)


def contradiction(name: str, head: bytes) -> str | None:
    """What a name says and the first bytes contradict; None where they go together, or one says nothing."""
    claim, found = claimed(name), kind_of(head)
    if claim is None or found is None or found == claim or found in _ALSO.get(claim, ()):
        return None
    ending = name.rpartition(".")[2].lower()
    return f"it is called .{ending}, which is {claim}, but its bytes are those of {found}"


def claimed(name: str) -> Kind | None:
    """What a file of this name should be; None for endings that we don't know."""
    stem, _, ending = name.rpartition(".")
    return _CLAIMS.get(ending.lower()) if stem else None


def kind_of(head: bytes) -> Kind | None:
    """What a file that begins like this plainly is."""
    for signature, kind in _AT_START:
        if head.startswith(signature):
            return kind
    if (head[4:8] == b"ftyp" and head[8:12] in _STILLS) or (head[:4], head[8:12]) == (b"RIFF", b"WEBP"):
        return Kind.IMAGE
    if head.lstrip(_BLANKS).lower().startswith(_PAGES):
        return Kind.PAGE
    return Kind.RECORDING if sniff_head(head) else None
