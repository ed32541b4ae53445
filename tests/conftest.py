"""What every kind of test shares: the option for the whole source table, and real servers, once a run."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from deploy.local.stack import Stack
from tests.complaints import complaints
from tests.servers import Servers, servers


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the tests marked 'full' too")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_together(item)))
        if "full" in item.keywords and not config.getoption("--full"):
            item.add_marker(pytest.mark.skip(reason="only with --full"))


def _together(item: pytest.Item) -> str:
    """Where several processes share the tests: what one of them runs, for there is one stack in each folder,
    and fixtures are a file's.
    """
    has_stack = "stack" in getattr(item, "fixturenames", ())
    return str(item.path.parent if has_stack else item.path)


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
