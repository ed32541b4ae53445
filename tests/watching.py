"""Someone who watches without a browser: reads playlists, holds them against the rules, fetches all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from connectors.fragment_shape import Shape, shape, timescale
from tests import hls_rules
from tests.client import Client


@dataclass
class Fetched:
    """One track of a stream, fetched whole."""

    init: bytes
    segments: list[bytes]
    lengths: list[float]

    @property
    def shapes(self) -> list[Shape]:
        """What each segment says of itself."""
        return [shape(segment) for segment in self.segments]

    @property
    def packets(self) -> list[tuple[bytes, float]]:
        """Each packet's bytes, and the second at which it is shown, in the order of the stream."""
        scale = timescale(self.init)
        return [
            (segment[sample.begin : sample.begin + sample.size], sample.shown_at / scale)
            for segment in self.segments
            for sample in shape(segment).samples
        ]


@dataclass
class Viewer:
    """A player that has an address and no token."""

    said: dict[str, Any]
    http: httpx.Client

    @property
    def base(self) -> str:
        """Below this is all that belongs to the viewing."""
        return str(self.said["links"]["stop"])

    def master(self) -> hls_rules.Master:
        """The master playlist."""
        return hls_rules.master(self.text(self.said["url"]))

    def media(self, uri: str) -> hls_rules.Media:
        """The playlist of one track."""
        return hls_rules.media(self.text(f"{self.base}/{uri}"))

    def text(self, path: str) -> str:
        """What is at an address."""
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def fetch(self, uri: str) -> Fetched:
        """All of one track."""
        found = self.media(uri)
        folder = f"{self.base}/{uri.rpartition('/')[0]}"
        names = [str(found.init), *(segment.uri for segment in found.segments)]
        answers = [self.http.get(f"{folder}/{name}").raise_for_status() for name in names]
        init, *segments = [answer.content for answer in answers]
        return Fetched(init, segments, [float(segment.length_s) for segment in found.segments])


def watched(client: Client, media_id: str, **order: Any) -> Viewer:
    """Asks for playback of a medium, once it is known."""
    client.until_media(media_id, "ready")
    answer = client.post(f"/api/v1/media/{media_id}/playback", order)
    assert answer.status_code == 200, answer.text
    return Viewer(answer.json(), httpx.Client(base_url=client.url, timeout=60))
