"""What commands are tried against: a gateway that records what it is asked, and no home of anyone's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.deploy.gateway import FakeGateway, serving


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeGateway]:
    with serving() as fake:
        monkeypatch.setenv("SLUICE_URL", fake.url)
        monkeypatch.setenv("SLUICE_TOKEN", "secret")
        monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
        monkeypatch.chdir(tmp_path)
        yield fake
