"""Starting the process: settings that can't work end it at once, with a word that gives no secret away."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from gateway.__main__ import main
from tests.unit.gateway.fakes import free_port, make_private_files


def give(environment: pytest.MonkeyPatch, folder: Path, **changed: str | None) -> None:
    """An environment with settings that would work, but for these."""
    make_private_files(folder)
    for name in [name for name in os.environ if name.startswith("SLUICE_")]:
        environment.delenv(name)
    settings: dict[str, str | None] = {
        "SLUICE_KAFKA": "127.0.0.1:9",
        "MONGODB_URL": "mongodb://user:pass-word@127.0.0.1:9",
        "SLUICE_BLOBS": folder.as_uri(),
        "SLUICE_TOKEN_FILE": str(folder / "token"),
        "SLUICE_SECRET_FILE": str(folder / "secret"),
        "SLUICE_PORT": str(free_port()),
    }
    for name, value in (settings | changed).items():
        if value is not None:
            environment.setenv(name, value)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"SLUICE_KAFKA": None}, "SLUICE_KAFKA"),
        ({"SLUICE_PORT": "70000"}, "port"),
        ({"SLUICE_BLOBS": "s3:///no-bucket"}, "blob store"),
        ({"SLUICE_TOKEN_FILE": "/no/such/file"}, "token file"),
        ({"SLUICE_SECRET_FILE": "/no/such/file"}, "secret file"),
        ({"SLUICE_KAFKA_CA_FILE": "/no/such/file"}, "SLUICE_KAFKA_CA_FILE"),
        ({"SLUICE_TLS_CERT_FILE": "/no/such/file"}, "SLUICE_TLS_CERT_FILE"),
        ({"SLUICE_TLS_KEY_FILE": "/no/such/file"}, "SLUICE_TLS_KEY_FILE needs SLUICE_TLS_CERT_FILE"),
        (
            {"MONGODB_URL": "mongodb://user:pass-word@db/?tls=true&tlsInsecure=true"},
            "MONGODB_URL has tlsinsecure",
        ),
    ],
)
def test_settings_that_cant_work_are_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, str | None],
    word: str,
) -> None:
    give(monkeypatch, tmp_path, **changed)
    assert main() == 2
    said = capsys.readouterr().err
    assert word in said
    assert "pass-word" not in said


def test_a_port_that_is_taken_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server shares ports with others of its kind: without a look first, two would run side by side."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        give(monkeypatch, tmp_path, SLUICE_PORT=port)
        assert main() == 2
    assert port in capsys.readouterr().err
