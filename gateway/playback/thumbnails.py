"""Thumbnails as players find them in HLS, by the image media playlist convention (version 0.4). Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from schemas.pictures import Drawn, Tiles

FOLDER = "images"
INDEX = "index.m3u8"
_VERSION = 7


def track(drawn: Drawn, base: str = "") -> str:
    """The line of the master playlist."""
    tiles = _tiles(drawn)
    sizes = {image.name: image.size_bytes for image in drawn.images}
    spans = zip(tiles.sheets, _spans_ms(tiles), strict=True)
    bandwidth = max(math.ceil(sizes[name] * 8000 / span_ms) for name, span_ms in spans)
    return (
        f"#EXT-X-IMAGE-STREAM-INF:BANDWIDTH={bandwidth},RESOLUTION={tiles.width}x{tiles.height},"
        f'CODECS="jpeg",URI="{base}{FOLDER}/{INDEX}"'
    )


def playlist(drawn: Drawn) -> str:
    """The playlist of the sheets."""
    tiles = _tiles(drawn)
    spans_ms = list(_spans_ms(tiles))
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_VERSION}",
        f"#EXT-X-TARGETDURATION:{max(1, math.ceil(max(spans_ms) / 1000))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-IMAGES-ONLY",
    ]
    said = (
        f"#EXT-X-TILES:RESOLUTION={tiles.width}x{tiles.height},LAYOUT={tiles.columns}x{tiles.rows},"
        f"DURATION={tiles.step_ms / 1000:.3f}"
    )
    for name, span_ms in zip(tiles.sheets, spans_ms, strict=True):
        lines += [f"#EXTINF:{span_ms / 1000:.3f},", said, f"{name}?v={drawn.key}"]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def _spans_ms(tiles: Tiles) -> Iterator[int]:
    """How long each sheet stands for."""
    whole = tiles.per_sheet * tiles.step_ms
    for begin in range(0, len(tiles.sheets) * whole, whole):
        yield max(1, min(whole, tiles.duration_ms - begin))


def _tiles(drawn: Drawn) -> Tiles:
    if drawn.tiles is None:
        raise ValueError("these are no thumbnails")
    return drawn.tiles
