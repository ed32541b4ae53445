"""What every kind of test shares: the option for the whole source table, and real servers, once a run."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from deploy.local.stack import Stack
from tests import parts
from tests.complaints import complaints
from tests.servers import Servers, servers


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the tests marked 'full' too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--full"):
        for item in items:
            if "full" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="only with --full"))
    items.sort(key=lambda item: parts.rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> parts.Parts:
    return parts.Parts(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails on a whole stack shows what its processes complained of meanwhile."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(stack, Stack):
        report.sections.append(("complaints of the stack", complaints(stack.home.logs, call.start)))
    return report


@pytest.fixture(scope="session")
def real_servers() -> Iterator[Servers]:
    """Kafka with every topic, and a database."""
    with servers() as found:
        yield found
