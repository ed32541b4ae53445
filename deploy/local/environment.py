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
_SHOWN_LINES = 10


class SetupFailed(Exception):
    """The environment could not be made; the message says what to do."""


def ensure(root: Path, kind: str) -> None:
    """Makes or updates `.venv` for running (`run`) or for working on Sluice (`dev`).

    Raises SetupFailed. An environment that someone else made is left as it is, and one that cannot be
    updated goes on serving the lock that it was made from.
    """
    if not os.access(root, os.W_OK):
        raise SetupFailed(f"{root} is not writable: Sluice keeps its Python environment there, in .venv.")
    with _alone(root):
        _refuse_foreign(root)
        chosen = _kind(root, kind)
        if not _is_current(root, chosen):
            _make(root, chosen)


def _refuse_foreign(root: Path) -> None:
    """An environment without a mark of ours is not ours to change."""
    folder = root / ".venv"
    marks = (*(_stamp(root, kind) for kind in LOCKS), _unfinished(root))
    if (folder.exists() or folder.is_symlink()) and not any(mark.exists() for mark in marks):
        raise SetupFailed(
            f"{folder} was not made by ./sluice and is left alone: move it away, then try again."
        )


def _kind(root: Path, wanted: str) -> str:
    """Once a developer's environment, it stays one, also where making it was interrupted."""
    mark = _unfinished(root)
    was_dev = _stamp(root, "dev").exists() or (mark.exists() and mark.read_text() == "dev")
    return "dev" if was_dev else wanted


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


def _unfinished(root: Path) -> Path:
    """There while packages are being installed; says for which kind."""
    return root / ".venv" / ".sluice-unfinished"


def _made_from(root: Path, kind: str) -> str:
    """What the stamp of a current environment says; the script compares it, with the same `cksum`."""
    with (root / LOCKS[kind]).open("rb") as lock:
        checksum = subprocess.run(["cksum"], stdin=lock, capture_output=True, text=True, check=True)
    return f"{checksum.stdout.strip()} {root}"


def _is_current(root: Path, kind: str) -> bool:
    try:
        same = _stamp(root, kind).read_text().strip() == _made_from(root, kind)
    except OSError:
        return False
    return same and _works(root) and not _unfinished(root).exists()


def _python(root: Path) -> Path:
    return root / ".venv" / "bin" / "python"


def _works(root: Path) -> bool:
    return os.access(_python(root), os.X_OK)


def _make(root: Path, kind: str) -> None:
    with tempfile.NamedTemporaryFile("w+", prefix="sluice-setup-", suffix=".log", delete=False) as log:
        if _works(root) and _can_install(root) and not _unfinished(root).exists():
            _update(root, kind, log.name)
        else:
            _make_anew(root, kind, log.name)
    shutil.move(log.name, root / ".venv" / "setup.log")


def _make_anew(root: Path, kind: str, log: str) -> None:
    if shutil.disk_usage(root).free < _NEEDED_BYTES:
        raise SetupFailed(f"{root} needs {_NEEDED_BYTES >> 20} MB of free space for its Python environment.")
    _say("Setting up (once, about a minute) …")
    folder = root / ".venv"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    _unfinished(root).write_text(kind)
    _run(_venv_command(folder), log)
    _run(_install_command(root, kind), log)
    _finish(root, kind)


def _update(root: Path, kind: str, log: str) -> None:
    _say("Updating the Python environment …")
    _unfinished(root).write_text(kind)  # stays where this is killed: what is half installed is made anew
    try:
        _run(_install_command(root, kind), log)
    except SetupFailed:
        _unfinished(root).unlink()
        raise
    _finish(root, kind)


def _finish(root: Path, kind: str) -> None:
    for one in LOCKS:
        _stamp(root, one).unlink(missing_ok=True)
    _stamp(root, kind).write_text(_made_from(root, kind) + "\n")
    _unfinished(root).unlink()


def _can_install(root: Path) -> bool:
    """Whether what installs packages is there: an environment that uv made has no pip."""
    return shutil.which("uv") is not None or any((root / ".venv").glob("lib/python3*/site-packages/pip"))


def _venv_command(folder: Path) -> list[str]:
    if (uv := shutil.which("uv")) is not None:
        return [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)]
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
