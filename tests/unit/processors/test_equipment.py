"""What a worker says of its machine: what was found out, and nothing that could not be."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from connectors.handbrake import Preset
from connectors.hardware import Hardware, HardwareEncoder
from connectors.process import ToolFailed
from processors.equipment import Equipment


@dataclass
class FakeTrials:
    fails: bool = False

    async def run(self, hardware: Hardware) -> None:
        if self.fails:
            raise ToolFailed("tool_error", "no ffmpeg")
        hardware.works(HardwareEncoder("h264", "nvenc"))
        hardware.tried = True


@dataclass
class FakeHandbrake:
    fails: bool = False

    async def presets(self) -> list[Preset]:
        if self.fails:
            raise ToolFailed("no_presets", "nothing listed")
        return [
            Preset("General", "Fast", "a"),
            Preset("Web", "Social, small", "b"),
            Preset("General", "HQ", ""),
        ]


async def test_what_there_is_is_said_once_it_is_known() -> None:
    equipment = Equipment(FakeTrials(), FakeHandbrake())
    assert equipment.details() == {"hardware_encoders": "untried"}
    await equipment.look()
    said = dict(equipment.details())
    assert orjson.loads(said.pop("handbrake_presets")) == {
        "General": ["Fast", "HQ"],
        "Web": ["Social, small"],
    }
    assert said == {"hardware_encoders": "h264_nvenc"}


async def test_what_cannot_be_found_out_is_not_there() -> None:
    for equipment in (Equipment(FakeTrials(True), FakeHandbrake(True)), Equipment(FakeTrials(True), None)):
        await equipment.look()
        assert "handbrake_presets" not in equipment.details()
        assert equipment.details()["hardware_encoders"] != "h264_nvenc"
    half = Equipment(FakeTrials(), FakeHandbrake(True))
    await half.look()
    assert half.details() == {"hardware_encoders": "h264_nvenc"}
