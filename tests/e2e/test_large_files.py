"""A film of more than two GiB: every place that counts bytes in 32 bits would show."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from tests.client import Client
from tests.clips import clip

_BLOCK = 1 << 20
_BLOCKS = (2 << 10) + 5
_EDGE = 1 << 31


class Film:
    """A clip, and after it a box that players skip, in which no block is like another."""

    def __init__(self, folder: Path) -> None:
        self.clip = clip(folder / "small.mp4", seconds=1).read_bytes()
        self.clip += struct.pack(">I4sQ", 1, b"free", 16 + _BLOCKS * _BLOCK)
        self.size = len(self.clip) + _BLOCKS * _BLOCK

    def pieces(self) -> Iterator[bytes]:
        """All of it."""
        yield self.clip
        for number in range(_BLOCKS):
            yield _block(number)

    def part(self, first: int, last: int) -> bytes:
        """From one byte to another, of what comes after the clip."""
        at = first - len(self.clip)
        numbers = range(at // _BLOCK, (last - len(self.clip)) // _BLOCK + 1)
        found = b"".join(map(_block, numbers))
        return found[at % _BLOCK :][: last - first + 1]


def _block(number: int) -> bytes:
    return struct.pack(">Q", number) * (_BLOCK // 8)


@pytest.fixture
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Of a stack that takes in what it does by default."""
    with Stack.start(Home(tmp_path_factory.mktemp("home")), Options(port=8771)) as stack:
        assert stack.url is not None
        yield Client(stack.url, stack.token)


@pytest.mark.full
def test_a_film_of_more_than_two_gib_is_kept_and_fetched_whole_and_in_ranges(
    client: Client, tmp_path: Path
) -> None:
    film, name = Film(tmp_path), "Große Дорога 大路.mp4"
    with client.http as http:
        head = {"Content-Length": f"{film.size}"}
        answer = http.post("/api/v1/media", params={"name": name}, content=film.pieces(), headers=head)
        assert answer.status_code == 202, answer.text
        medium = client.until_media(answer.json()["media"]["id"], "ready")
        path = f"/api/v1/media/{medium['id']}/content"
        assert (medium["size_bytes"], medium["sha256"]) == (film.size, _sha256(film.pieces()))
        with http.stream("GET", path) as whole:
            assert int(whole.headers["Content-Length"]) == film.size
            assert "filename*=utf-8''Gro%C3%9Fe%20%D0%94" in whole.headers["Content-Disposition"]
            assert _sha256(whole.iter_bytes()) == medium["sha256"]
        for first, last in ((_EDGE - 5, _EDGE + 5), (_EDGE + _BLOCK - 1, _EDGE + 2 * _BLOCK)):
            _is_part(http, path, f"bytes={first}-{last}", film, first, last)
        _is_part(http, path, "bytes=-9", film, film.size - 9, film.size - 1)
        assert http.get(path, headers={"Range": f"bytes={film.size}-"}).status_code == 416


def _is_part(http: httpx.Client, path: str, asked: str, film: Film, first: int, last: int) -> None:
    answer = http.get(path, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{film.size}"
    assert answer.content == film.part(first, last)


def _sha256(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
