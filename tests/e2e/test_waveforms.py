"""Waveforms of real sound, drawn by real ffmpeg behind the real walls; no Kafka."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest

from connectors.pictures.waveform import Waveforms
from tests.clips import run
from tests.e2e.drawing import lavfi, luma, nothing, sound, tool


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


async def test_loud_and_then_silent(media: Path, tmp_path: Path) -> None:
    tone = "aevalsrc='if(lt(t,5),0.8*sin(2765*t),0)|if(lt(t,5),0.8*sin(2765*t),0)':s=48000:d=10"
    source, reports = run(*lavfi(tone), to=media / "tone.wav"), list[float]()
    made = await Waveforms(tool()).draw(sound(source, 10), tmp_path, reports.append)
    wave = orjson.loads(made.data.read_bytes())
    assert (wave["version"], wave["channels"], wave["bits"]) == (2, 1, 8)
    assert wave["length"] * wave["samples_per_pixel"] / wave["sample_rate"] == pytest.approx(10, abs=0.02)
    assert len(wave["data"]) == 2 * wave["length"]
    lowest, highest = np.array(wave["data"]).reshape(-1, 2).T
    assert np.all(np.abs(highest[:249] - 102) < 3)
    assert np.all(np.abs(lowest[:249] + 102) < 3)
    assert not lowest[251:].any()
    assert not highest[251:].any()
    drawn = luma(made.picture.path) > 30
    assert drawn[:, :890].mean() > 0.7
    assert drawn[:, 910:].mean() < 0.02
    assert reports[-1] > 0.95
    assert {path.name for path in tmp_path.iterdir()} == {"waveform.json", "waveform.png"}


@pytest.mark.parametrize("graph", ["anullsrc=r=48000:d=1", "sine=r=48000:d=0.001"])
async def test_silence_and_a_click(media: Path, tmp_path: Path, graph: str) -> None:
    source = run(*lavfi(graph), to=media / "short.wav")
    made = await Waveforms(tool()).draw(sound(source, 0.001), tmp_path, nothing)
    assert made.points == orjson.loads(made.data.read_bytes())["length"] >= 1
    assert luma(made.picture.path).shape == (240, 1800)


async def test_a_sound_of_another_length_than_was_told(media: Path, tmp_path: Path) -> None:
    source = run(*lavfi("sine=r=48000:d=200"), to=media / "long.wav")
    made = await Waveforms(tool()).draw(sound(source, 1), tmp_path, nothing)
    wave = orjson.loads(made.data.read_bytes())
    assert 2_000 < wave["length"] <= 4_000
    assert wave["length"] * wave["samples_per_pixel"] / wave["sample_rate"] == pytest.approx(200, abs=0.2)
