"""Which encoder makes which codec, and with what arguments: every value comes from a typed rendition."""

from __future__ import annotations

from collections.abc import Callable

from connectors.hardware import HardwareEncoder, Settings, hardware_settings
from schemas.renditions import BUFFER_S, AudioRendition, VideoRendition

_X26X = {"fastest": "ultrafast", "fast": "veryfast", "balanced": "fast", "slow": "slow"}
_SVT = {"fastest": 12, "fast": 10, "balanced": 8, "slow": 5}
_VPX = {"fastest": 8, "fast": 5, "balanced": 4, "slow": 2}
_TEN_BIT, _EIGHT_BIT = "yuv420p10le", "yuv420p"
_LEAST_TIMESCALE = 10_000
_IN_BAND = {"h264": "avc3", "hevc": "hev1"}


def video_settings(
    rendition: VideoRendition, pictures_in_group: int | None, hardware: HardwareEncoder | None = None
) -> Settings:
    """The encoder's arguments: of the one in hardware, where it suits.

    With `pictures_in_group` every group is closed and exactly so long, so that what is encoded in runs joins.
    """
    if hardware is not None and hardware.suits(rendition):
        made = hardware_settings(hardware, rendition, pictures_in_group)
    else:
        made = {
            **_VIDEO[rendition.codec](rendition, pictures_in_group),
            **_rate(rendition),
            "pix_fmt": _TEN_BIT if rendition.ten_bit else _EIGHT_BIT,
        }
    carried = _carried(rendition) if pictures_in_group and rendition.self_contained else {}
    return {**made, **carried, "flags:v": "+bitexact"}


def in_band_tag(codec: str) -> Settings:
    """What says in an MP4 that pictures bring their own parameter sets."""
    return {"tag:v": tag} if (tag := _IN_BAND.get(codec)) else {}


def _carried(rendition: VideoRendition) -> Settings:
    """Every group begins with the encoder's parameter sets; VP9 has none."""
    repeated = {} if rendition.codec == "vp9" else {"bsf:v": "dump_extra=freq=keyframe"}
    return {**repeated, **in_band_tag(rendition.codec)}


def audio_settings(rendition: AudioRendition) -> Settings:
    """The encoder's arguments."""
    encoder = {"aac": "aac", "opus": "libopus"}[rendition.codec]
    return {
        "c:a": encoder,
        "b:a": rendition.bit_rate,
        "flags:a": "+bitexact",
        **({"frame_duration": 20} if rendition.codec == "opus" else {}),
    }


def timescale(rendition: VideoRendition) -> int:
    """Ticks a second such that a picture has a whole number of them."""
    numerator = rendition.grid.rate.numerator
    return numerator * max(1, -(-_LEAST_TIMESCALE // numerator))


def _rate(rendition: VideoRendition) -> Settings:
    if rendition.bit_rate is not None:
        return {"b:v": rendition.bit_rate}
    settings: Settings = {"crf": rendition.crf}
    if rendition.max_bit_rate is None:
        return settings | ({"b:v": 0} if rendition.codec == "vp9" else {})
    if rendition.codec == "vp9":
        return settings | {"b:v": rendition.max_bit_rate}
    return settings | {"maxrate": rendition.max_bit_rate, "bufsize": BUFFER_S * rendition.max_bit_rate}


def _h264(rendition: VideoRendition, group: int | None) -> Settings:
    grouped = {"g": group, "keyint_min": group, "sc_threshold": 0} if group else {}
    said = {"preset": _X26X[rendition.speed], "profile:v": "high", "level": rendition.level / 10}
    return {"c:v": "libx264", **said, **grouped}


def _hevc(rendition: VideoRendition, group: int | None) -> Settings:
    said = f"log-level=error:info=0:open-gop=0:level-idc={rendition.even_level}:high-tier=0"
    if group:
        said += f":keyint={group}:min-keyint={group}:scenecut=0"
    return {"c:v": "libx265", "preset": _X26X[rendition.speed], "tag:v": "hvc1", "x265-params": said}


def _av1(rendition: VideoRendition, group: int | None) -> Settings:
    grouped = {"g": group, "svtav1-params": "irefresh-type=2:scd=0"} if group else {}
    return {"c:v": "libsvtav1", "preset": _SVT[rendition.speed], **grouped}


def _vp9(rendition: VideoRendition, group: int | None) -> Settings:
    grouped = {"g": group, "keyint_min": group} if group else {}
    speed = {"deadline": "good", "cpu-used": _VPX[rendition.speed], "row-mt": 1}
    return {"c:v": "libvpx-vp9", **speed, **grouped}


_VIDEO: dict[str, Callable[[VideoRendition, int | None], Settings]] = {
    "h264": _h264,
    "hevc": _hevc,
    "av1": _av1,
    "vp9": _vp9,
}
