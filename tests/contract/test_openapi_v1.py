"""v1 never breaks: the gateway keeps every promise of docs/openapi.v1.json, which only grows.

`PYTHONPATH=. .venv/bin/python -m tests.contract.test_openapi_v1 --write` puts into it what was added. Where
something breaks it refuses, unless `--break-it` is given and CHANGELOG.md names each broken operation below a
heading `### Broken`.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.contract.openapi_document import described, promised, written
from tests.contract.openapi_rules import breaks

ROOT = Path(__file__).parents[2]
PROMISES = ROOT / "docs" / "openapi.v1.json"
CHANGELOG = ROOT / "CHANGELOG.md"
_MOST_BYTES = 270_000
_BROKEN = re.compile(r"^### Broken\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


@pytest.fixture
def now(tmp_path: Path) -> dict[str, Any]:
    return promised(described(tmp_path))


def test_nothing_that_was_promised_is_broken(now: dict[str, Any]) -> None:
    assert breaks(orjson.loads(PROMISES.read_bytes()), now) == []


def test_what_is_new_is_promised_too(now: dict[str, Any]) -> None:
    up_to_date = PROMISES.read_text() == written(now)
    assert up_to_date, "run: python -m tests.contract.test_openapi_v1 --write"


def test_the_promises_can_be_read_by_people_and_programs() -> None:
    text = PROMISES.read_text()
    assert len(text) < _MOST_BYTES
    assert written(orjson.loads(text)) == text
    assert orjson.loads(text)["info"] == {"title": "Sluice", "version": "v1"}


def test_a_refusal_needs_the_change_to_be_told_of() -> None:
    said = ["GET /a: it is gone", "GET /a: 200: it is answered no more", "POST /b: body: it is needed now"]
    told = "## [2]\n\n### Broken\n\n- `GET /a` is gone.\n- `POST /b` wants a body.\n\n### Added\n"
    assert refusal([], told, break_it=False) is None
    assert refusal(said, told, break_it=True) is None
    assert "--break-it" in (refusal(said, told, break_it=False) or "")
    assert "POST /b" in (refusal(said, told.replace("`POST /b`", "it"), break_it=True) or "")
    assert "POST /b" in (refusal(said, told.replace("### Broken", "### Fixed"), break_it=True) or "")


def refusal(said: Sequence[str], changelog: str, *, break_it: bool) -> str | None:
    """Why these breaks may not be written down, if they may not."""
    if not said:
        return None
    if not break_it:
        return "\n".join([*said, "v1 never breaks. Where it has to, say --break-it, and so in CHANGELOG.md."])
    told = "".join(_BROKEN.findall(changelog))
    untold = sorted({each.partition(": ")[0] for each in said} - set(re.findall(r"`([^`\n]+)`", told)))
    return f"CHANGELOG.md names below '### Broken' nothing of {', '.join(untold)}" if untold else None


def write(*, break_it: bool) -> None:
    """Writes the promises down as they are now. Ends the program where that would break one."""
    with tempfile.TemporaryDirectory() as folder:
        now = promised(described(Path(folder)))
    # Without the file nobody can tell what was promised: that counts as a break of all of it.
    said = breaks(orjson.loads(PROMISES.read_bytes()), now) if PROMISES.exists() else ["v1: it is not there"]
    if reason := refusal(said, CHANGELOG.read_text(), break_it=break_it):
        raise SystemExit(reason)
    PROMISES.write_text(written(now))


if __name__ == "__main__":
    if set(sys.argv[1:]) not in ({"--write"}, {"--write", "--break-it"}):
        raise SystemExit(__doc__)
    write(break_it="--break-it" in sys.argv)
