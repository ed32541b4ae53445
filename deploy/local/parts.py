"""What a stack consists of: how each part is run, what it is told, and in which order parts are stopped."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectors.brokers import Brokers
from deploy.local.home import Home
from deploy.local.ports import HOST
from deploy.local.settings import ROOT, secured_by
from deploy.local.spawning import ChildSpec

KAFKA, DATABASE, GATEWAY, PROCESSORS, WORKER = "kafka", "database", "gateway", "processors", "worker"
ALL = frozenset({KAFKA, DATABASE, GATEWAY, PROCESSORS, WORKER})

DEFAULT_PORT = 8400

_STOP_RANKS = {WORKER: 0, PROCESSORS: 1, GATEWAY: 2, DATABASE: 3, KAFKA: 3}
_COMMANDS: dict[str, tuple[str, ...]] = {
    GATEWAY: (sys.executable, "-m", "gateway"),
    PROCESSORS: (sys.executable, "-m", "processors", "stages"),
    WORKER: (sys.executable, "-m", "processors", "worker"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to start. The defaults are what `sluice up` starts."""

    port: int = DEFAULT_PORT
    port_is_explicit: bool = False
    """Whether another port will not do."""
    gateways: int = 1
    processors: int = 1
    workers: int = 1
    parts: frozenset[str] = ALL
    """Which kinds of children to start; what is left out is expected elsewhere, or not needed."""
    env: Mapping[str, str] = field(default_factory=dict)
    """What every child of ours is told on top."""
    child_env: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What single children are told on top, by name (worker-1)."""
    tls: bool = False
    """Whether all that is started speaks TLS alone, with the home's certificates."""
    make_topics: bool = True
    """Whether to make the topics that are missing; never where nothing here speaks to Kafka."""
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Other commands for gateway, processors or worker."""
    kafka_settings: Mapping[str, str] = field(default_factory=dict)
    """Changes to the broker's settings."""
    extra: tuple[ChildSpec, ...] = ()
    """Children beside those of the product."""
    ready_within_s: float = 120
    restoring: bool = False
    """Whether this is what puts a backup into the home: nobody else starts there before that has ended."""

    def count(self, part: str) -> int:
        """How many instances of a part there are."""
        counts = {GATEWAY: self.gateways, PROCESSORS: self.processors, WORKER: self.workers}
        return counts.get(part, 1) if part in self.parts else 0

    def instances(self, part: str) -> list[str]:
        """The names of a part's children: worker-1, worker-2."""
        return [f"{part}-{number}" for number in range(1, self.count(part) + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where the parts of a stack find each other."""

    kafka: Brokers
    mongodb_url: str
    gateways: tuple[int, ...]
    scheme: str = "http"

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(f"{self.scheme}://{HOST}:{port}" for port in self.gateways)


def told(home: Home, at: Endpoints, inherited: Mapping[str, str], scripts: Path | None) -> dict[str, str]:
    """What our children are told on top of the inherited environment; what the user set there counts."""
    defaults = {
        "SLUICE_DATABASE": "sluice",
        "SLUICE_BLOBS": home.blobs.as_uri(),
        "SLUICE_SCRATCH": str(home.scratch),
        "SLUICE_LOG": "console",
        "SLUICE_HOST": HOST,
        **({"SLUICE_SCRIPTS": str(scripts)} if scripts else {}),
    }
    fixed = {
        "SLUICE_HOME": str(home.root),
        "SLUICE_KAFKA": at.kafka.bootstrap,
        **secured_by(at.kafka.security),
        "MONGODB_URL": at.mongodb_url,
        "SLUICE_TOKEN_FILE": str(home.token_file),
        "SLUICE_SECRET_FILE": str(home.secret_file),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        **({"SLUICE_TLS_CERT_FILE": str(home.certificates.gateway)} if at.scheme == "https" else {}),
    }
    return {**{name: inherited.get(name, value) for name, value in defaults.items()}, **fixed}


def spec(
    part: str, name: str, options: Options, env: Mapping[str, str], *, port: int | None = None
) -> ChildSpec:
    """How a gateway, processors or worker child is run."""
    own = {"SLUICE_INSTANCE": name} | ({} if port is None else {"SLUICE_PORT": str(port)})
    return ChildSpec(
        name=name,
        command=options.commands.get(part) or _COMMANDS[part],
        env={**env, **own, **options.child_env.get(name, {})},
        folder=ROOT,
        stop_rank=_STOP_RANKS[part],
    )


def server_spec(
    part: str, command: tuple[str, ...], env: Mapping[str, str], folder: Path, options: Options
) -> ChildSpec:
    """How Kafka or the database is run, in the folder with its data."""
    return ChildSpec(
        name=part,
        command=command,
        env={**env, **options.child_env.get(part, {})},
        folder=folder,
        stop_rank=_STOP_RANKS[part],
        grace_s=15,
    )
