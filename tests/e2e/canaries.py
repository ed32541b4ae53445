"""A file and a listener that no input may ever make a tool touch, and inputs that try."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.clips import clip

_AGAIN_S = 0.002


@dataclass
class Canary:
    """Watches a pipe with a name, whose reader waits until it is seen, and a port."""

    file: Path
    port: int
    touched: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/canary.mp4"


@contextlib.contextmanager
def canary(folder: Path) -> Iterator[Canary]:
    """A canary that is watched as long as the context lasts."""
    path, ended = folder / "canary.mp4", threading.Event()
    os.mkfifo(path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_AGAIN_S)
        watched = Canary(path, listener.getsockname()[1])
        threads = [
            threading.Thread(target=_watch_file, args=(watched, ended)),
            threading.Thread(target=_watch_port, args=(watched, listener, ended)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield watched
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def _watch_file(watched: Canary, ended: threading.Event) -> None:
    while not ended.wait(_AGAIN_S):
        with contextlib.suppress(OSError):  # as long as nobody reads, a writer is refused
            os.close(os.open(watched.file, os.O_WRONLY | os.O_NONBLOCK))
            watched.touched.add("file")


def _watch_port(watched: Canary, listener: socket.socket, ended: threading.Event) -> None:
    while not ended.is_set():
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            connection.close()
            watched.touched.add("port")


def crafted(watched: Canary, folder: Path) -> dict[str, tuple[Path, str]]:
    """Files that name the canary, each with the demuxer that would follow it."""
    ends = {"file": str(watched.file), "port": watched.url}
    made: dict[str, tuple[Path, str]] = {}
    for end, where in ends.items():
        texts = {
            "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{where}\n#EXT-X-ENDLIST\n",
            "concat": f"ffconcat version 1.0\nfile '{where}'\n",
            "dash": _DASH.format(where=where),
        }
        for demuxer, text in texts.items():
            made[f"{demuxer}-{end}"] = _written(folder, f"{demuxer}-{end}", text.encode()), demuxer
    sdp = (
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {watched.port} RTP/AVP 96\n"
    )
    made["sdp"] = _written(folder, "sdp", sdp.encode()), "sdp"
    made["reference"] = with_reference(folder, watched.file), "mov"
    made["box-and-playlist"] = (
        _written(folder, "box", b"\0\0\0\x10ftypisom\0\0\0\0" + made["hls-file"][0].read_bytes()),
        "mov",
    )
    return made


def with_reference(folder: Path, to: Path) -> Path:
    """An MP4 whose samples are said to lie in another file."""
    plain = clip(folder / "plain.mp4", seconds=1, sound=False).read_bytes()
    # Only the place of the data changes, and the sizes of the boxes around it.
    entry = b"\0\0\0\x0curl \0\0\0\x01"
    alias = _alias(to)
    grown = len(alias) - len(entry)
    at = plain.index(entry)
    content = plain[:at] + alias + plain[at + len(entry) :]
    for box in (b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        start = content.rindex(box, 0, at + 8) - 4
        size = int.from_bytes(content[start : start + 4]) + grown
        content = content[:start] + size.to_bytes(4) + content[start + 4 :]
    path = folder / "reference.mp4"
    path.write_bytes(content)
    return path


def _alias(to: Path) -> bytes:
    """A reference as QuickTime wrote them: fixed fields that say nothing, then the absolute path."""
    name = str(to).encode()
    name += b"\0" * (len(name) % 2)
    said = b"\0\2" + len(name).to_bytes(2) + name + b"\xff\xff\0\0"
    body = bytes(4 + 10 + 28 + 12 + 64 + 16 + 4 + 16) + said
    return (8 + len(body)).to_bytes(4) + b"alis" + body


def _written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / f"{name}.mp4"
    path.write_bytes(content)
    return path


_DASH = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT9S">
<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{where}</BaseURL>
<SegmentList duration="9"><SegmentURL media="{where}"/></SegmentList>
</Representation></AdaptationSet></Period></MPD>
"""
