"""What every kind of test shares: the option for the whole source table, and real servers, once a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import Servers, servers


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the tests marked 'full' too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--full"):
        for item in items:
            if "full" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="only with --full"))


@pytest.fixture(scope="session")
def real_servers() -> Iterator[Servers]:
    """Kafka with every topic, and a database."""
    with servers() as found:
        yield found
