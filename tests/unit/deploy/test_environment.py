"""The script and what makes its Python environment: quick where it is current, careful where it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local import environment
from deploy.local.settings import ROOT

SHOW = '#!/bin/sh\necho "$PYTHONPATH|${PYTHONDONTWRITEBYTECODE-unset}|$*"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with its own lock files and an environment whose Python only tells what it was asked."""
    made = tmp_path / "a checkout"
    python = made / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(SHOW)
    python.chmod(0o755)
    shutil.copy(ROOT / "sluice", made)
    (made / "requirements.lock").write_text("typer==1\n")
    (made / "requirements-dev.lock").write_text("typer==1\npytest==9\n")
    return made


def stamp(root: Path, kind: str) -> None:
    (root / ".venv" / f".sluice-{kind}").write_text(environment._made_from(root, kind) + "\n")


def run(script: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [script, *words], env=environ, capture_output=True, text=True, timeout=30, check=False
    )


def test_a_current_environment_is_used_as_it_is(root: Path) -> None:
    stamp(root, "run")
    done = run(root / "sluice", "add", "a film.mp4")
    assert done.stdout == f"{root}|unset|-P -m deploy.local add a film.mp4\n"


def test_the_script_finds_its_folder_through_links(root: Path, tmp_path: Path) -> None:
    stamp(root, "run")
    (tmp_path / "one").symlink_to("a checkout/sluice")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    assert run(tmp_path / "two", "jobs").stdout.startswith(f"{root}|")


def test_the_developers_environment_serves_every_command(root: Path) -> None:
    stamp(root, "dev")
    assert run(root / "sluice", "jobs").returncode == 0
    assert run(root / "sluice", "test").returncode == 0


@pytest.mark.parametrize("word", ["test", "check", "bench"])
def test_commands_for_developers_need_more_than_the_running_environment(root: Path, word: str) -> None:
    stamp(root, "run")
    assert "environment.py" in run(root / "sluice", word).stderr


def test_a_changed_lock_is_noticed(root: Path) -> None:
    stamp(root, "run")
    (root / "requirements.lock").write_text("typer==2\n")
    assert "environment.py" in run(root / "sluice", "jobs").stderr


def test_a_moved_checkout_is_noticed(root: Path, tmp_path: Path) -> None:
    stamp(root, "run")
    root.rename(tmp_path / "moved")
    assert "environment.py" in run(tmp_path / "moved" / "sluice", "jobs").stderr


def test_an_unfinished_environment_is_not_used(root: Path) -> None:
    stamp(root, "run")
    (root / ".venv" / ".sluice-unfinished").write_text("run")
    assert "environment.py" in run(root / "sluice", "jobs").stderr


def test_no_fitting_python_is_a_clear_message(root: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "readlink", "dirname", "cksum"):
        (tools / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run(
        [root / "sluice", "jobs"], env={"PATH": str(tools)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13" in done.stderr


def test_an_environment_of_someone_elses_is_left_alone(root: Path) -> None:
    with pytest.raises(environment.SetupFailed, match="left alone"):
        environment.ensure(root, "run")
    assert (root / ".venv" / "bin" / "python").read_text() == SHOW


class Installer:
    """Stands for venv and pip: makes a Python, or fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        self.commands: list[str] = []
        self.fails = False
        self._root = root
        monkeypatch.setattr(environment, "_run", self)

    def __call__(self, command: list[str], log: str) -> None:
        self.commands.append("install" if "pip" in command else "venv")
        if self.fails:
            raise environment.SetupFailed("no network")
        python = self._root / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text(SHOW)
        python.chmod(0o755)
        (self._root / ".venv" / "lib" / "python3.11" / "site-packages" / "pip").mkdir(
            parents=True, exist_ok=True
        )


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch, root: Path) -> Installer:
    shutil.rmtree(root / ".venv")
    return Installer(monkeypatch, root)


def test_a_new_environment_is_current_afterwards(root: Path, installer: Installer) -> None:
    environment.ensure(root, "run")
    environment.ensure(root, "run")
    assert installer.commands == ["venv", "install"]
    assert run(root / "sluice", "jobs").returncode == 0


def test_a_developers_environment_stays_one(root: Path, installer: Installer) -> None:
    environment.ensure(root, "dev")
    (root / "requirements-dev.lock").write_text("typer==2\n")
    environment.ensure(root, "run")
    assert (root / ".venv" / ".sluice-dev").exists()
    assert not (root / ".venv" / ".sluice-run").exists()


def test_an_interrupted_setup_begins_anew_with_the_same_kind(root: Path, installer: Installer) -> None:
    environment.ensure(root, "dev")
    (root / ".venv" / ".sluice-dev").unlink()
    (root / ".venv" / ".sluice-unfinished").write_text("dev")
    (root / ".venv" / "half").touch()
    environment.ensure(root, "run")
    assert not (root / ".venv" / "half").exists()
    assert (root / ".venv" / ".sluice-dev").exists()


def test_an_update_that_fails_keeps_what_was_there(root: Path, installer: Installer) -> None:
    environment.ensure(root, "run")
    (root / "requirements.lock").write_text("typer==2\n")
    installer.fails = True
    with pytest.raises(environment.SetupFailed):
        environment.ensure(root, "run")
    assert (root / ".venv" / "bin" / "python").exists()
    installer.fails = False
    installer.commands.clear()
    environment.ensure(root, "run")
    assert installer.commands == ["install"]


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ensurepip is not available", "python3-venv"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "not the one that was locked"),
        ("Temporary failure in name resolution", "check the network"),
    ],
)
def test_a_failure_says_what_to_do(said: str, advice: str) -> None:
    assert advice in environment._advice(said, ["/usr/bin/pip"])
