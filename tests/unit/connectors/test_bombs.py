"""Files that are small and want to be large: pictures of absurd sizes, and archives."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from connectors.media_tools import MAX_PIXELS, FfmpegTools, MediaRefused
from connectors.pictures.orders import Footage, Size
from connectors.pictures.poster import poster_command
from connectors.pictures.tool import compiled
from connectors.process import ToolRunner
from connectors.sandbox import Isolation, Sandbox
from tests.clips import run


async def probed(path: Path) -> dict[str, Any]:
    return await FfmpegTools(ToolRunner(Sandbox(Isolation(layers=())))).probe(path)


async def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(MediaRefused) as refused:
        await probed(path)
    return refused.value.code, str(refused.value)


def png(width: int, height: int, rows: int) -> bytes:
    """A grey picture that says that it is so large, and has so many rows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packer = zlib.compressobj()
    drawn = b"".join(packer.compress(bytes(1 + width)) for _ in range(rows)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", drawn) + chunk(b"IEND", b"")


def with_cover(folder: Path, cover: bytes) -> Path:
    """A tone with a picture in its ID3 tag."""

    def size(value: int) -> bytes:
        return bytes(value >> shift & 127 for shift in (21, 14, 7, 0))

    tone = run("-f", "lavfi", "-i", "sine=440", "-t", "1", "-c:a", "libmp3lame", to=folder / "tone.mp3")
    body = b"\0image/png\0\3\0" + cover
    frame = b"APIC" + size(len(body)) + b"\0\0" + body
    path = folder / "bomb.mp3"
    path.write_bytes(b"ID3\4\0\0" + size(len(frame)) + frame + tone.read_bytes())
    return path


async def test_a_film_of_absurd_size_is_refused_with_its_size(tmp_path: Path) -> None:
    black = ("-f", "lavfi", "-i", "color=s=9000x7600:r=1", "-frames:v", "1")
    path = run(*black, "-c:v", "libx264", "-preset", "ultrafast", to=tmp_path / "x.mp4")
    code, reason = await refusal(path)
    assert (code, "9000x7600" in reason) == ("too_many_pixels", True)


async def test_one_that_no_machine_could_hold_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "x.y4m"
    path.write_bytes(b"YUV4MPEG2 W100000 H100000 F25:1 C420\nFRAME\n" + bytes(1000))
    assert (await refusal(path))[0] in ("too_many_pixels", "nothing_to_play", "corrupt")


@pytest.mark.parametrize("claims", [(100_000, 100_000, 1), (9000, 9000, 9000)], ids=["lies", "is so large"])
async def test_a_cover_of_absurd_size_is_not_decoded(tmp_path: Path, claims: tuple[int, int, int]) -> None:
    """The sound is taken, and nothing knows how large the cover is; what draws a poster is bound alike."""
    said = await probed(with_cover(tmp_path, png(*claims)))
    cover = next(stream for stream in said["streams"] if stream["is_attached_picture"])
    assert not cover["width"]


async def test_an_honest_cover_is_known(tmp_path: Path) -> None:
    said = await probed(with_cover(tmp_path, png(300, 200, 200)))
    cover = next(stream for stream in said["streams"] if stream["is_attached_picture"])
    assert (cover["width"], cover["height"]) == (300, 200)


def test_whoever_draws_a_poster_decodes_no_more_either() -> None:
    source = Footage(source=Path("x"), demuxer="mp3", duration_ms=1, video_stream=1, memory_bytes=1)
    words = compiled(Path("ffmpeg"), poster_command(source, {"poster-2.jpg": Size(2, 2)}, 0))
    assert words[words.index("-max_pixels") + 1] == str(MAX_PIXELS)
    assert words.index("-max_pixels") < words.index("-i")


@pytest.mark.parametrize("name", ["bomb.mkv", "bomb.zip", "bomb"])
async def test_an_archive_is_not_opened_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../zeros", bytes(10_000_000))
    path = tmp_path / name
    path.write_bytes(packed.getvalue())
    assert (await refusal(path))[0] == "unknown_format"
