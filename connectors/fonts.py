"""The font that text is drawn in where it asks for none: the same on every machine."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

FOLDER = Path(str(files("font_source_sans_pro"))) / "files"
FAMILY = "Source Sans Pro"
