"""A player as the gateway sees it: it asks for playback, reads playlists and fetches segments."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from connectors.family import family
from deploy.local.stack import Stack
from schemas.segments import segment_name
from tests.client import Client, until


@dataclass
class Viewer:
    """One viewing, picture and sound at once, as a browser does it."""

    http: httpx.Client
    began: float
    folder: str = ""
    picture: str = ""
    sound: str | None = None
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    @classmethod
    def opened(cls, client: Client, media_id: str, **order: Any) -> Viewer:
        """Asks for playback of a medium in segments, and reads the playlists."""
        viewer = cls(client.http, time.monotonic())
        answer = viewer.http.post(f"/api/v1/media/{media_id}/playback", json={"method": "transcode", **order})
        assert answer.status_code == 200, answer.text
        viewer._read(answer.json()["url"])
        return viewer

    def _read(self, url: str) -> None:
        master = self._text(url)
        self.folder = url.rpartition("/")[0]
        self.picture = next(line for line in master if line and not line.startswith("#")).rpartition("/")[0]
        tracks = [line for line in master if "TYPE=AUDIO" in line]
        self.sound = tracks[0].rpartition('URI="')[2].partition("/")[0] if tracks else None
        for key in filter(None, (self.picture, self.sound)):
            self._text(f"{self.folder}/{key}/index.m3u8")

    def first_byte_at(self, segment: int) -> float:
        """When the first bytes of a segment had come, of the picture and of the sound; all is waited for."""
        kinds = filter(None, (self.picture, self.sound))
        urls = [f"{self.folder}/{kind}/{segment_name(segment)}" for kind in kinds]
        return max(self._threads.map(self._first_byte_at, urls))

    def _first_byte_at(self, url: str) -> float:
        with self.http.stream("GET", url) as answer:
            assert answer.status_code == 200, answer.read()
            pieces = answer.iter_raw()
            next(pieces)
            at = time.monotonic()
            for _ in pieces:
                pass
        return at

    def _text(self, url: str) -> list[str]:
        answer = self.http.get(url)
        assert answer.status_code == 200, answer.text
        return answer.text.splitlines()

    def leave(self) -> None:
        """Says that the player is gone."""
        self.http.delete(self.folder)
        self._threads.shutdown()
        self.http.close()


def end_jobs(stack: Stack, client: Client, media_id: str) -> None:
    """Nothing of a medium is encoded any more, and the machine is at rest."""
    for job in client.get("/api/v1/jobs", media_id=media_id)["items"]:
        client.post(f"/api/v1/jobs/{job['id']}/cancel")
    workers = [child for name, child in stack.children.items() if name.startswith("worker-")]
    until(lambda: all(len(family(child.snapshot().pid or 0)) == 1 for child in workers), "all tools to end")
