"""What the environment says about the embedded stack. Nothing else in this folder reads it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.brokers import Brokers, KafkaSecurity, KafkaSecurityUnusable, mechanism_of
from deploy.local.failures import Exit, Failure

ROOT = Path(__file__).resolve().parents[2]
"""The folder with the code: children run from it."""

_OURS = frozenset({"SLUICE_TLS_CERT_FILE", "SLUICE_TLS_KEY_FILE"})
_NOT_FOR_CHILDREN = _OURS | {"PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "CLASSPATH", "JDK_JAVA_OPTIONS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are kept, and what is used instead of starting our own."""

    home: Path
    cache: Path
    sessions: Path
    """The file that keeps who commands are done as."""
    kafka: Brokers | None
    mongodb_url: str | None
    url: str | None
    token: str | None
    ca_file: Path | None
    """The authorities that the gateway's certificate may be from."""
    environ: Mapping[str, str]
    """What children inherit."""


def read(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Settings:
    """The settings of this process, or of the environment given."""
    said = os.environ if environ is None else environ
    return Settings(
        home=_absolute(said.get("SLUICE_HOME")) or _data_folder(said, platform) / "sluice",
        cache=_cache_folder(said, platform) / "sluice",
        sessions=_config_folder(said, platform) / "sluice" / "sessions.json",
        kafka=brokers(said),
        mongodb_url=said.get("MONGODB_URL") or None,
        url=said.get("SLUICE_URL") or None,
        token=said.get("SLUICE_TOKEN") or None,
        ca_file=_absolute(said.get("SLUICE_CA_FILE")),
        environ={name: value for name, value in said.items() if name not in _unfit(said)},
    )


def brokers(said: Mapping[str, str]) -> Brokers | None:
    """Kafka as an environment names it; None where it names none. Raises Failure."""
    if not (bootstrap := said.get("SLUICE_KAFKA")):
        return None
    try:
        security = KafkaSecurity(
            ca_file=_absolute(said.get("SLUICE_KAFKA_CA_FILE")),
            cert_file=_absolute(said.get("SLUICE_KAFKA_CERT_FILE")),
            key_file=_absolute(said.get("SLUICE_KAFKA_KEY_FILE")),
            user=said.get("SLUICE_KAFKA_USER") or None,
            password_file=_absolute(said.get("SLUICE_KAFKA_PASSWORD_FILE")),
            mechanism=mechanism_of(said.get("SLUICE_KAFKA_SASL")),
        )
        return Brokers(bootstrap, security).checked()
    except KafkaSecurityUnusable as error:
        raise Failure(f"{error}.", Exit.USAGE) from error


def secured_by(security: KafkaSecurity) -> dict[str, str]:
    """The environment that `brokers` reads the same from."""
    said = {
        "SLUICE_KAFKA_CA_FILE": security.ca_file,
        "SLUICE_KAFKA_CERT_FILE": security.cert_file,
        "SLUICE_KAFKA_KEY_FILE": security.key_file,
        "SLUICE_KAFKA_USER": security.user,
        "SLUICE_KAFKA_PASSWORD_FILE": security.password_file,
        "SLUICE_KAFKA_SASL": security.mechanism if security.user else None,
    }
    return {name: str(value) for name, value in said.items() if value is not None}


def _unfit(said: Mapping[str, str]) -> frozenset[str]:
    """What children must not inherit: whether a stack of ours speaks TLS is for `up --tls` alone to say."""
    others = frozenset() if said.get("SLUICE_KAFKA") else {n for n in said if n.startswith("SLUICE_KAFKA_")}
    return _NOT_FOR_CHILDREN | others


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
