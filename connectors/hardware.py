"""Encoders in hardware: which ones this worker can use now, and what each is told.

Whether one works is never guessed: it counts once a trial (`connectors/hardware_trials.py`) went well, and
until it fails at real work. Pictures of ten bits, and very small or large ones, are left to software.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from schemas.renditions import BUFFER_S, VideoRendition

Family = Literal["nvenc", "qsv", "vaapi", "videotoolbox"]
Settings = dict[str, Any]

_CODECS: dict[Family, tuple[str, ...]] = {
    "nvenc": ("h264", "hevc", "av1"),
    "qsv": ("h264", "hevc", "av1", "vp9"),
    "vaapi": ("h264", "hevc", "av1", "vp9"),
    "videotoolbox": ("h264", "hevc"),
}
_SIDES = range(160, 4097)
"""What every such encoder takes."""
_WORST = {"h264": 51, "hevc": 51, "av1": 63, "vp9": 63}
_PROFILES = {"h264": "high", "hevc": "main"}
_SCALE, _FINE_SCALE, _PERCENT = 51, 255, 100
_NVENC = {"fastest": "p1", "fast": "p3", "balanced": "p5", "slow": "p7"}
_QSV = {"fastest": "veryfast", "fast": "faster", "balanced": "medium", "slow": "slower"}
_USUAL_SHARE = 0.75
"""Of the most bits a second, where an encoder wants to be told a usual rate too."""


@dataclass(frozen=True, slots=True)
class HardwareEncoder:
    """One of ffmpeg's encoders, on one device."""

    codec: str
    family: Family
    device: str | None = None
    """The node of the device, where the family wants one named."""

    @property
    def name(self) -> str:
        """As ffmpeg calls it."""
        return f"{self.codec}_{self.family}"

    @property
    def flags(self) -> tuple[str, ...]:
        """What ffmpeg must be told of the device before anything else."""
        if self.device is None:
            return ()
        if self.family == "vaapi":
            return ("-vaapi_device", self.device)
        return ("-init_hw_device", f"{self.family}=hw,child_device={self.device}")

    def suits(self, rung: VideoRendition) -> bool:
        """Whether this size may be made by it."""
        wanted = rung.variant == "hardware" and rung.codec == self.codec
        return wanted and rung.width in _SIDES and rung.height in _SIDES

    def uploaded(self, pictures: Any) -> Any:
        """The pictures where the encoder reads them from."""
        if self.family != "vaapi":
            return pictures
        return pictures.filter("format", "nv12").filter("hwupload")


@dataclass(slots=True)
class Hardware:
    """What one worker has of it."""

    tried: bool = False
    """Whether all trials are over."""
    _working: list[HardwareEncoder] = field(default_factory=list)
    _broken: dict[HardwareEncoder, str] = field(default_factory=dict)

    def works(self, encoder: HardwareEncoder) -> None:
        """It gave what can be decoded."""
        self._working.append(encoder)

    def broke(self, encoder: HardwareEncoder, why: str) -> None:
        """It failed at real work, and is not used any more."""
        self._broken[encoder] = why

    def mended(self, encoder: HardwareEncoder) -> None:
        """It was not its fault."""
        self._broken.pop(encoder, None)

    def encoder(self, rungs: Iterable[VideoRendition]) -> HardwareEncoder | None:
        """The one for these sizes, or those of them that it can make; None where that is software alone."""
        wanted = list(rungs)
        fit = (each for each in self.working if any(each.suits(rung) for rung in wanted))
        return next(fit, None)

    @property
    def working(self) -> list[HardwareEncoder]:
        """Those in order, the preferred first."""
        return [each for each in self._working if each not in self._broken]

    def details(self) -> dict[str, str]:
        """What the worker's beat says of it."""
        names = ",".join(dict.fromkeys(each.name for each in self.working))
        said = {"hardware_encoders": names or ("none" if self.tried else "untried")}
        broken = ",".join(dict.fromkeys(each.name for each in self._broken))
        return said | ({"hardware_out_of_order": broken} if broken else {})


def candidates(listed: Iterable[str], nodes: Iterable[str]) -> list[HardwareEncoder]:
    """What is worth a trial: of the encoders that an ffmpeg lists, on the devices that there are."""
    known = frozenset(listed)
    families: tuple[Family, ...] = get_args(Family)
    found = [
        HardwareEncoder(codec, family, node)
        for family in families
        for node in _on(family, list(nodes))
        for codec in _CODECS[family]
    ]
    return [each for each in found if each.name in known]


def _on(family: Family, nodes: list[str]) -> list[str | None]:
    """QSV and VAAPI run on any node, and without one not at all; the others find their devices themselves."""
    return [*nodes] if family in ("qsv", "vaapi") else [None]


def hardware_settings(encoder: HardwareEncoder, rung: VideoRendition, group: int | None) -> Settings:
    """The encoder's arguments. No picture refers to a later one: so times are whole on every device."""
    grouped = {"g": group} if group else {}
    return {"c:v": encoder.name, "bf": 0, **grouped, **_profile(rung), **_FAMILIES[encoder.family](rung)}


def _profile(rung: VideoRendition) -> Settings:
    return {"profile:v": name} if (name := _PROFILES.get(rung.codec)) else {}


def _bits(rung: VideoRendition) -> Settings:
    """A usual and a greatest rate, where the profile bounds it."""
    if rung.bit_rate is not None:
        return {"b:v": rung.bit_rate, "maxrate": 2 * rung.bit_rate, "bufsize": BUFFER_S * rung.bit_rate}
    if rung.max_bit_rate is None:
        return {}
    most = rung.max_bit_rate
    return {"b:v": round(_USUAL_SHARE * most), "maxrate": most, "bufsize": BUFFER_S * most}


def _quality(rung: VideoRendition, scale: int) -> int:
    """The profile's constant quality on another scale, of which 0 means something else."""
    return max(1, round((rung.crf or 0) * scale / _WORST[rung.codec]))


def _nvenc(rung: VideoRendition) -> Settings:
    # Scene cuts would begin groups off the grid.
    said: Settings = {"preset": _NVENC[rung.speed], "rc": "vbr", "no-scenecut": 1, "pix_fmt": "yuv420p"}
    if rung.crf is None:
        return said | _bits(rung)
    return said | {"cq": _quality(rung, _SCALE)} | _bits(rung) | {"b:v": 0}


def _qsv(rung: VideoRendition) -> Settings:
    said: Settings = {"preset": _QSV[rung.speed], "pix_fmt": "nv12"}
    return said | ({"global_quality": _quality(rung, _SCALE)} if rung.crf is not None else {}) | _bits(rung)


def _vaapi(rung: VideoRendition) -> Settings:
    if bits := _bits(rung):
        return {"rc_mode": "VBR", **bits}
    scale = _SCALE if rung.codec in ("h264", "hevc") else _FINE_SCALE
    return {"rc_mode": "CQP", "global_quality": _quality(rung, scale)}


def _videotoolbox(rung: VideoRendition) -> Settings:
    said: Settings = {"allow_sw": 0, "pix_fmt": "nv12"}
    if bits := _bits(rung):
        return said | bits
    return said | {"q:v": max(1, _PERCENT - _quality(rung, _PERCENT))}


_FAMILIES: dict[Family, Callable[[VideoRendition], Settings]] = {
    "nvenc": _nvenc,
    "qsv": _qsv,
    "vaapi": _vaapi,
    "videotoolbox": _videotoolbox,
}
