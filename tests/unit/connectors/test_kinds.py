"""What a name claims against what the first bytes are."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.kinds import Kind, claimed, contradiction, kind_of, refuse_other_kinds
from connectors.media_tools import MediaRefused

MP4 = b"\0\0\0\x20ftypisom\0\0\2\0"
MATROSKA = b"\x1a\x45\xdf\xa3" + bytes(40)
OGG, FLAC, MP3 = b"OggS" + bytes(40), b"fLaC" + bytes(40), b"ID3\4" + bytes(40)
EXE, ELF, ZIP = b"MZ\x90\0" + bytes(60), b"\x7fELF\2\1\1", b"PK\3\4\x14\0"
JPEG, PNG, GIF = b"\xff\xd8\xff\xe0\0\x10JFIF", b"\x89PNG\r\n\x1a\n", b"GIF89a"
HTML, PDF = b"\xef\xbb\xbf\n <!DOCTYPE html><html>", b"%PDF-1.7\n"
HEIC, AVIF, WEBP = b"\0\0\0\x18ftypheic", b"\0\0\0\x1cftypavif", b"RIFF\0\0\1\0WEBPVP8 "


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("film.mp4", MP4),
        ("film.mkv", MP4),
        ("film.m4v", MP4),
        ("film.MOV", MATROSKA),
        ("song.mp3", FLAC),
        ("song.ogg", MP3),
        ("song.m4a", OGG),
        ("film", MP4),
        ("film.2024", MP4),
        (".mp4", EXE),
        ("holiday.part1", ZIP),
        ("cover.jpg", PNG),
        ("cover.heic", HEIC),
        ("drawing.svg", b"<?xml version='1.0'?><svg>"),
        ("paper.pdf", PDF),
        ("paper.docx", ZIP),
        ("setup.exe", EXE),
        ("film.mp4", b"neither this nor that"),
        ("film.mp4", b""),
    ],
)
def test_what_goes_together_or_says_nothing(name: str, head: bytes) -> None:
    assert contradiction(name, head) is None


@pytest.mark.parametrize(
    ("name", "head", "claim", "found"),
    [
        ("film.mp4", EXE, Kind.RECORDING, Kind.PROGRAM),
        ("film.mkv", ELF, Kind.RECORDING, Kind.PROGRAM),
        ("film.avi", b"#!/bin/sh\n", Kind.RECORDING, Kind.PROGRAM),
        ("film.mp4", ZIP, Kind.RECORDING, Kind.ARCHIVE),
        ("film.webm", b"Rar!\x1a\x07\x01\0", Kind.RECORDING, Kind.ARCHIVE),
        ("film.mp4", HTML, Kind.RECORDING, Kind.PAGE),
        ("film.mp4", b"<script>alert(1)</script>", Kind.RECORDING, Kind.PAGE),
        ("film.mp4", JPEG, Kind.RECORDING, Kind.IMAGE),
        ("film.mov", HEIC, Kind.RECORDING, Kind.IMAGE),
        ("film.mp4", AVIF, Kind.RECORDING, Kind.IMAGE),
        ("film.avi", WEBP, Kind.RECORDING, Kind.IMAGE),
        ("song.mp3", PDF, Kind.RECORDING, Kind.PDF),
        ("photo.jpg", MP4, Kind.IMAGE, Kind.RECORDING),
        ("photo.gif", EXE, Kind.IMAGE, Kind.PROGRAM),
        ("paper.pdf", MATROSKA, Kind.PDF, Kind.RECORDING),
        ("paper.pdf", HTML, Kind.PDF, Kind.PAGE),
        ("paper.docx", MP4, Kind.OFFICE, Kind.RECORDING),
        ("notes.txt", MP4, Kind.TEXT, Kind.RECORDING),
        ("setup.exe", MP4, Kind.PROGRAM, Kind.RECORDING),
        ("films.zip", MATROSKA, Kind.ARCHIVE, Kind.RECORDING),
        ("index.html", GIF, Kind.PAGE, Kind.IMAGE),
        ("film.mp4.exe", MP4, Kind.PROGRAM, Kind.RECORDING),
        ("film.exe.mp4", EXE, Kind.RECORDING, Kind.PROGRAM),
    ],
)
def test_what_is_plainly_something_else_is_called_by_both(
    name: str, head: bytes, claim: Kind, found: Kind
) -> None:
    assert (claimed(name), kind_of(head)) == (claim, found)
    said = contradiction(name, head)
    assert said is not None
    assert claim in said
    assert found in said


def test_a_file_on_the_disk_is_refused_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(EXE)
    with pytest.raises(MediaRefused) as refused:
        refuse_other_kinds("film.mp4", path)
    assert refused.value.code == "not_as_named"
    refuse_other_kinds("film.exe", path)
