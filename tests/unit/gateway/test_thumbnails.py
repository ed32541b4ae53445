"""Thumbnails in HLS, by the image media playlist convention."""

from __future__ import annotations

import pytest

from gateway.playback.thumbnails import playlist, track
from schemas.pictures import THUMBNAILS, Drawn, Image, Tiles
from tests import samples


def drawn(count: int, duration_ms: int, *sizes: int) -> Drawn:
    tiles = Tiles(
        duration_ms=duration_ms, step_ms=10_000, count=count, columns=10, rows=10, width=160, height=68
    )
    images = [
        Image(name=name, size_bytes=size, width=1600, height=680)
        for name, size in zip(tiles.sheets, sizes, strict=True)
    ]
    return samples.drawn(THUMBNAILS, *images, Image(name="thumbnails.vtt", size_bytes=9), tiles=tiles)


def test_each_sheet_stands_for_its_own_time() -> None:
    made = drawn(131, 1_305_500, 250_000, 60_000)
    tiles = "#EXT-X-TILES:RESOLUTION=160x68,LAYOUT=10x10,DURATION=10.000"
    assert playlist(made).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:1000",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-IMAGES-ONLY",
        "#EXTINF:1000.000,",
        tiles,
        f"sheet-000.jpg?v={made.key}",
        "#EXTINF:305.500,",
        tiles,
        f"sheet-001.jpg?v={made.key}",
        "#EXT-X-ENDLIST",
    ]


@pytest.mark.parametrize(
    ("made", "bandwidth"),
    [
        (drawn(131, 1_305_500, 250_000, 60_000), 2_000),
        (drawn(131, 1_305_500, 250_000, 250_000), 6_547),
        (drawn(1, 0, 1), 8_000),
    ],
)
def test_the_line_of_the_master_says_what_the_largest_sheet_needs(made: Drawn, bandwidth: int) -> None:
    assert track(made) == (
        f"#EXT-X-IMAGE-STREAM-INF:BANDWIDTH={bandwidth},RESOLUTION=160x68,"
        'CODECS="jpeg",URI="images/index.m3u8"'
    )


def test_what_has_no_tiles_has_no_playlist() -> None:
    with pytest.raises(ValueError, match="no thumbnails"):
        playlist(samples.drawn())
