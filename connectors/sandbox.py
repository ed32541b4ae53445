"""Which walls stand around the tools that open strangers' files, found out by trying them at start.

On Linux: Landlock, seccomp and limits always, bubblewrap (own network and processes) where it works. On
macOS: sandbox-exec and limits. What does not hold here is said loudly, never passed over in silence.
"""

from __future__ import annotations

import json
import marshal
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path

_CONFINE = Path(__file__).with_name("confine.py")
_SYSTEM_READ = ("/usr", "/bin", "/lib", "/lib64", "/opt/homebrew", "/etc/ld.so.cache", "/etc/fonts")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_PROC = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/self", "/sys/devices/system/cpu")
_GRAPHICS = ("/dev/dri", "/dev/nvidia*")
_GRAPHICS_READ = ("/sys/dev", "/sys/devices", "/sys/class/drm", "/sys/bus", "/sys/module", "/proc/driver")
"""Where drivers look which devices there are."""
_TRIAL_S = 20

_ATTEMPT = """
import socket, sys
bad = []
try:
    open(sys.argv[1]).read(); bad.append("reads other files")
except OSError: pass
try:
    s = socket.socket(); s.settimeout(1); s.connect(("127.0.0.1", int(sys.argv[2])))
    bad.append("opens sockets")
except OSError: pass
print(",".join(bad) or "held")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What one run of a tool may touch and use."""

    read: tuple[Path, ...]
    write: Path | None = None
    cpu_s: int | None = None
    file_bytes: int | None = None
    memory_bytes: int | None = None
    wall_s: float | None = None
    gives_way: bool = False
    """It gets of the processor what nobody else wants."""
    hardware: bool = False
    """It may use the devices that encode pictures."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """The layers that hold on this machine."""

    layers: tuple[str, ...]
    bubblewrap: str | None = None
    weak: tuple[str, ...] = field(default=())
    """What a confined tool could still do, in words; empty where the walls held."""

    @property
    def summary(self) -> str:
        """One line for logs and the status page."""
        held = ", ".join((*self.layers, *(("bubblewrap",) if self.bubblewrap else ()))) or "limits only"
        return f"weak: a tool {' and '.join(self.weak)} ({held})" if self.weak else f"full ({held})"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Turns a command into the same command behind the walls."""

    isolation: Isolation
    graphics: tuple[str, ...] = _GRAPHICS
    """Which devices encode pictures: paths, or patterns of them."""

    def wrap(self, argv: Sequence[str], confinement: Confinement) -> list[str]:
        """The command that confines itself as wanted and then becomes `argv`."""
        if sys.platform == "darwin":
            return _mac_wrap(argv, confinement, self._confined(argv, confinement))
        inner = self._confined(argv, confinement)
        return self._bubble(inner, confinement) if self.isolation.bubblewrap else inner

    def _confined(self, argv: Sequence[str], confinement: Confinement) -> list[str]:
        spec = {
            "parent": 0 if self.isolation.bubblewrap or sys.platform == "darwin" else os.getpid(),
            "layers": self.isolation.layers,
            "read": [
                *(*_SYSTEM_READ, *_DEVICES, *_PROC, *_python()),
                *(_GRAPHICS_READ if confinement.hardware else ()),
                *map(str, _readable(argv, confinement)),
            ],
            "write": [str(confinement.write)] if confinement.write else [],
            "devices": self._devices(confinement),
            "cpu_s": confinement.cpu_s,
            "file_bytes": confinement.file_bytes,
            "gives_way": confinement.gives_way,
        }
        return [sys.executable, "-I", "-S", str(_CONFINE), marshal.dumps(spec).hex(), *argv]

    def _bubble(self, argv: Sequence[str], confinement: Confinement) -> list[str]:
        seen = [*_SYSTEM_READ, *_python(), str(_CONFINE), *map(str, _readable(argv[5:], confinement))]
        seen += [path for path in _GRAPHICS_READ if path.startswith("/sys")] if confinement.hardware else []
        binds = [part for path in _outermost(seen) for part in ("--ro-bind-try", path, path)]
        if confinement.write:
            binds += ["--bind", str(confinement.write), str(confinement.write)]
        walls = ["--unshare-all", "--die-with-parent", "--proc", "/proc", "--dev", "/dev"]
        walls += ["--tmpfs", "/tmp"]  # noqa: S108
        for device in self._devices(confinement):
            walls += ["--dev-bind", device, device]
        return [str(self.isolation.bubblewrap), *walls, *binds, "--", *argv]

    def _devices(self, confinement: Confinement) -> list[str]:
        """The nodes that there are; those that no run may touch but one in hardware."""
        return sorted(path for each in self.graphics for path in glob(each)) if confinement.hardware else []


def find_isolation() -> Isolation:
    """Tries each layer on a program that wants out, and says which held. Takes some tenths of a second."""
    wanted = ("landlock", "seccomp") if sys.platform == "linux" else ()
    layers = tuple(layer for layer in wanted if _runs(Sandbox(Isolation((layer,)))))
    bubblewrap = shutil.which("bwrap") if sys.platform == "linux" else None
    if bubblewrap and not _runs(Sandbox(Isolation(layers, bubblewrap))):
        bubblewrap = None
    return Isolation(layers, bubblewrap, _what_gets_out(Sandbox(Isolation(layers, bubblewrap))))


def _runs(sandbox: Sandbox) -> bool:
    try:
        command = sandbox.wrap([sys.executable, "-I", "-S", "-c", ""], Confinement(read=()))
        return subprocess.run(command, capture_output=True, timeout=_TRIAL_S, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _what_gets_out(sandbox: Sandbox) -> tuple[str, ...]:
    """What a confined program that tries manages to do."""
    import socket

    with tempfile.NamedTemporaryFile("w") as canary, socket.create_server(("127.0.0.1", 0)) as listener:
        canary.write("secret")
        canary.flush()
        port = str(listener.getsockname()[1])
        attempt = [sys.executable, "-I", "-S", "-c", _ATTEMPT, canary.name, port]
        command = sandbox.wrap(attempt, Confinement(read=()))
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TRIAL_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return ("cannot be confined at all",)
    said = done.stdout.strip()
    return () if said == "held" else tuple(said.split(",")) if said else ("cannot be confined at all",)


def _outermost(paths: Sequence[str]) -> list[str]:
    """The paths without those that lie inside another: what is mounted once must not be mounted over."""
    return [path for path in dict.fromkeys(paths) if not any(_inside(path, other) for other in paths)]


def _inside(path: str, folder: str) -> bool:
    return path != folder and Path(path).is_relative_to(folder)


def _readable(argv: Sequence[str], confinement: Confinement) -> list[Path]:
    program = Path(argv[0])
    return [program, program.resolve(), *confinement.read]


def _python() -> list[str]:
    """Where this interpreter and its packages live: the probe is written in Python."""
    return sorted({sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent)})


def _mac_wrap(argv: Sequence[str], confinement: Confinement, inner: list[str]) -> list[str]:
    allowed = [*_SYSTEM_READ, "/System", "/Library", "/private/var/db", *_DEVICES, *_python(), str(_CONFINE)]
    reads = " ".join(
        f"(subpath {json.dumps(str(path))})" for path in [*allowed, *_readable(argv, confinement)]
    )
    write = f"(allow file* (subpath {json.dumps(str(confinement.write))}))" if confinement.write else ""
    profile = (
        "(version 1)(deny default)(allow process*)(allow sysctl-read)(allow mach-lookup)"
        f'(allow file-read-metadata)(allow file-read* (literal "/") {reads}){write}'
        f"{'(allow iokit-open)' if confinement.hardware else ''}"
    )
    return ["/usr/bin/sandbox-exec", "-p", profile, *inner]
