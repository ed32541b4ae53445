"""Requests a second, by wrk: a load that costs little itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

_SECONDS = 5
_CONNECTIONS = 16
_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did with it."""

    per_second: float
    p99_ms: float


def load(url: str, headers: dict[str, str]) -> Load:
    """Asks again and again on a few connections for a while; every answer has to be a success."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("this benchmark needs wrk (on Debian: apt install wrk)")
    said = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = [wrk, "-t1", f"-c{_CONNECTIONS}", f"-d{_SECONDS}s", "--latency", *said, url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise SystemExit(f"not every answer of {url} was a success:\n{told}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    assert rate, told
    assert p99, told
    if not float(rate[1]):
        raise SystemExit(f"{url} did not answer within {_SECONDS} s:\n{told}")
    return Load(float(rate[1]), float(p99[1]) * _MS[p99[2]])
