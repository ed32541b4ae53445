"""Media without anything to draw, and media that cannot be read: each fails with a clear word; no Kafka."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.pictures.orders import NoPictures, NoSound
from connectors.pictures.poster import Posters
from connectors.pictures.sheets import Thumbnails
from connectors.pictures.waveform import Waveforms
from connectors.process import ToolFailed
from tests.clips import run
from tests.e2e.drawing import X264, footage, lavfi, nothing, sound, tool


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


async def test_nothing_to_see_and_nothing_to_hear(tmp_path: Path) -> None:
    with pytest.raises(NoPictures):
        await Posters(tool()).draw(footage(tmp_path, 1, stream=None), tmp_path)
    with pytest.raises(NoPictures):
        await Thumbnails(tool()).draw(footage(tmp_path, 1, stream=None), tmp_path, nothing)
    with pytest.raises(NoPictures):
        await Thumbnails(tool()).draw(replace(footage(tmp_path, 1), is_cover=True), tmp_path, nothing)
    with pytest.raises(NoSound):
        await Waveforms(tool()).draw(sound(tmp_path, 1, stream=None), tmp_path, nothing)


@pytest.mark.parametrize("damage", ["text", "half"])
async def test_what_cannot_be_read_fails_clearly(media: Path, tmp_path: Path, damage: str) -> None:
    good = run(*lavfi("testsrc2=size=320x180:rate=25:duration=2"), *X264, to=media / "good.mp4")
    content = {"text": b"this is no film\n" * 100, "half": good.read_bytes()[: good.stat().st_size // 2]}
    source = media / "bad.mp4"
    source.write_bytes(content[damage])
    for asked in (
        Posters(tool()).draw(footage(source, 2, 320, 180), tmp_path),
        Thumbnails(tool()).draw(footage(source, 2, 320, 180), tmp_path, nothing),
        Waveforms(tool()).draw(sound(source, 2, "mov"), tmp_path, nothing),
    ):
        with pytest.raises(ToolFailed) as refused:
            await asked
        assert refused.value.code == "tool_error"
        assert str(refused.value)
