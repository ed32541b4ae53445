"""HDR as what plain screens show."""

from __future__ import annotations

from typing import Any

_STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("zscale", {"pin": "bt2020", "min": "bt2020nc", "p": "bt2020", "t": "linear", "npl": 100}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"p": "bt709"}),
    ("tonemap", {"tonemap": "hable", "desat": 0}),
    ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
    ("format", {"pix_fmts": "yuv420p"}),
)
"""What is not tagged with a colour space is taken for BT.2020's: no HDR comes in another."""


def tone_mapped(stream: Any) -> Any:
    """A stream of HDR pictures as plain ones."""
    for name, arguments in _STEPS:
        stream = stream.filter(name, **arguments)
    return stream
