"""What the environment says about the embedded stack. Nothing else in this folder reads it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder with the code: children run from it."""

_NOT_FOR_CHILDREN = frozenset({"PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "CLASSPATH", "JDK_JAVA_OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are kept, and what is used instead of starting our own."""

    home: Path
    cache: Path
    sessions: Path
    """The file that keeps who commands are done as."""
    kafka: str | None
    mongodb_url: str | None
    url: str | None
    token: str | None
    environ: Mapping[str, str]
    """What children inherit."""


def read(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Settings:
    """The settings of this process, or of the environment given."""
    said = os.environ if environ is None else environ
    return Settings(
        home=_absolute(said.get("SLUICE_HOME")) or _data_folder(said, platform) / "sluice",
        cache=_cache_folder(said, platform) / "sluice",
        sessions=_config_folder(said, platform) / "sluice" / "sessions.json",
        kafka=said.get("SLUICE_KAFKA") or None,
        mongodb_url=said.get("MONGODB_URL") or None,
        url=said.get("SLUICE_URL") or None,
        token=said.get("SLUICE_TOKEN") or None,
        environ={name: value for name, value in said.items() if name not in _NOT_FOR_CHILDREN},
    )


def maven_mirror() -> str | None:
    """The repository to fetch jars from instead of Maven Central."""
    return os.environ.get("SLUICE_MAVEN_URL") or None


def _absolute(path: str | None) -> Path | None:
    return Path(path).expanduser().absolute() if path else None


def _data_folder(said: Mapping[str, str], platform: str) -> Path:
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return _absolute(said.get("XDG_DATA_HOME")) or Path.home() / ".local" / "share"


def _config_folder(said: Mapping[str, str], platform: str) -> Path:
    if platform == "darwin":
        return Path.home() / "Library" / "Preferences"
    return _absolute(said.get("XDG_CONFIG_HOME")) or Path.home() / ".config"


def _cache_folder(said: Mapping[str, str], platform: str) -> Path:
    if platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return _absolute(said.get("XDG_CACHE_HOME")) or Path.home() / ".cache"
