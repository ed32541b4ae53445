"""What every kind of test shares: the option for the whole source table, and real servers, once a run."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from tests.complaints import complaints
from tests.servers import Servers, servers

_TESTS = Path(__file__).parent
_WHOLE = ("e2e", "drills", "ui", "contract")
"""Folders that one process runs, since their tests share servers; those that take longest begin first."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the tests marked 'full' too")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
        if "full" in item.keywords and not config.getoption("--full"):
            item.add_marker(pytest.mark.skip(reason="only with --full"))
    items.sort(key=lambda item: _rank(_group(item)))


def _group(item: pytest.Item) -> str:
    """What one process runs: a folder whose tests share servers, or a file."""
    path = item.path.relative_to(_TESTS)
    return path.parts[0] if path.parts[0] in _WHOLE else path.as_posix()


def _rank(group: str) -> int:
    return _WHOLE.index(group) if group in _WHOLE else len(_WHOLE)


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
