"""Makes the Python environment that everything else runs in, from a lock file with checksums.

The `sluice` script calls this, before anything is installed: it needs nothing but the standard library.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}

_NEEDED_BYTES = 1500 * 2**20
_SHOWN_LINES = 25


class SetupFailed(Exception):
    """The environment could not be made; the message says what to do."""


def ensure(root: Path, kind: str) -> None:
    """Makes or updates `.venv` for running (`run`) or for working on Sluice (`dev`). Raises SetupFailed."""
    if not os.access(root, os.W_OK):
        raise SetupFailed(f"{root} is not writable: Sluice keeps its Python environment there, in .venv.")
    with _alone(root):
        # Once a developer's environment, it stays one.
        chosen = "dev" if kind == "dev" or _stamp(root, "dev").exists() else "run"
        if not _is_current(root, chosen):
            _make(root, chosen)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Waits until no other call makes the environment; the system ends the wait if that one dies."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Waiting for another call that is setting up …")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _stamp(root: Path, kind: str) -> Path:
    return root / ".venv" / f".sluice-{kind}"


def _made_from(root: Path, kind: str) -> str:
    """What the stamp of a current environment says; the script compares it, with the same `cksum`."""
    with (root / LOCKS[kind]).open("rb") as lock:
        checksum = subprocess.run(["cksum"], stdin=lock, capture_output=True, text=True, check=True)
    return f"{checksum.stdout.strip()} {root}"


def _is_current(root: Path, kind: str) -> bool:
    try:
        return _stamp(root, kind).read_text().strip() == _made_from(root, kind) and _works(root)
    except OSError:
        return False


def _python(root: Path) -> Path:
    return root / ".venv" / "bin" / "python"


def _works(root: Path) -> bool:
    return os.access(_python(root), os.X_OK)


def _make(root: Path, kind: str) -> None:
    folder, half_made = root / ".venv", root / ".venv" / ".sluice-unfinished"
    is_fresh = not _works(root) or half_made.exists()
    if is_fresh and shutil.disk_usage(root).free < _NEEDED_BYTES:
        raise SetupFailed(f"{root} needs {_NEEDED_BYTES >> 20} MB of free space for its Python environment.")
    _say("Setting up (once, about a minute) …" if is_fresh else "Updating the Python environment …")
    with tempfile.NamedTemporaryFile("w+", prefix="sluice-setup-", suffix=".log", delete=False) as log:
        if is_fresh:
            shutil.rmtree(folder, ignore_errors=True)
            _run(_venv_command(folder), log.name)
        half_made.touch()
        for one in LOCKS:
            _stamp(root, one).unlink(missing_ok=True)
        _run(_install_command(root, kind), log.name)
    _stamp(root, kind).write_text(_made_from(root, kind) + "\n")
    half_made.unlink()
    shutil.move(log.name, folder / "setup.log")


def _venv_command(folder: Path) -> list[str]:
    if (uv := shutil.which("uv")) is not None:
        return [uv, "venv", "--quiet", "--python", sys.executable, str(folder)]
    return [sys.executable, "-m", "venv", str(folder)]


def _install_command(root: Path, kind: str) -> list[str]:
    python, lock = str(_python(root)), str(root / LOCKS[kind])
    if (uv := shutil.which("uv")) is not None:
        return [uv, "pip", "sync", "--require-hashes", "--compile-bytecode", "--python", python, lock]
    return [python, "-m", "pip", "install", "--no-input", "--require-hashes", "--requirement", lock]


def _run(command: list[str], log: str) -> None:
    """Runs a command into the log. Raises SetupFailed with the log's end."""
    environ = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
    with open(log, "a") as out:
        done = subprocess.run(
            command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=environ, check=False
        )
    if done.returncode != 0:
        said = Path(log).read_text(errors="replace")
        shown = "\n".join(f"    {line}" for line in said.splitlines()[-_SHOWN_LINES:])
        raise SetupFailed(f"{_advice(said, command)} All of it is in {log}; it ends:\n{shown}")


def _advice(said: str, command: list[str]) -> str:
    if "No space left" in said:
        return "The disk is full: make room and run this again."
    if "ensurepip" in said:
        return "This Python cannot make environments: install its venv package (python3-venv), or uv."
    if "hash" in said.lower() and "match" in said.lower():
        return "A package is not the one that was locked: something on the way changes files."
    return (
        f"`{Path(command[0]).name}` could not make the Python environment: check the network and try again."
    )


def main() -> None:
    """Ensures the environment that the first argument names."""
    try:
        ensure(ROOT, sys.argv[1])
    except SetupFailed as error:
        _say(f"sluice: {error}")
        raise SystemExit(1) from None
    except OSError as error:
        _say(f"sluice: cannot set up {ROOT / '.venv'}: {error.strerror or error}.")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
