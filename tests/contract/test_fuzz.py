"""The gateway does what its OpenAPI document says, whatever is sent to it: schemathesis tries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.fuzz_exceptions import unexpected
from tests.contract.fuzzed_gateway import Gateway
from tests.contract.fuzzing import Finding, Found, Who, fuzz

PHASES = ("examples", "coverage", "fuzzing", "stateful")


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("who", "examples"), [("administrator", 6), ("editor", 3), ("anyone", 1)])
def test_the_gateway_does_what_its_document_says(tmp_path: Path, who: Who, examples: int) -> None:
    check(fuzz(Gateway(tmp_path), who, examples, PHASES))


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("who", ["administrator", "editor", "anyone"])
def test_it_does_so_for_long(tmp_path: Path, who: Who) -> None:
    check(fuzz(Gateway(tmp_path), who, 100, PHASES))


def check(found: Found) -> None:
    assert found.errors == []
    assert {_told(each) for each in unexpected(found.findings)} == set()
    assert found.phases == set(PHASES)


def _told(finding: Finding) -> str:
    said, code = " ".join(finding.message.split()), finding.code or "no problem"
    return f"{finding.operation}: {finding.check}, answered {code}: {said}: {finding.sample}"
