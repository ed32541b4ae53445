"""The documents say what is so: names that exist, links that resolve, tables that derive from the code.

`PYTHONPATH=. .venv/bin/python -m tests.contract.test_docs --write` writes the README's tables anew.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from gateway.settings import Settings as GatewaySettings
from processors.settings import Settings as ProcessorSettings
from schemas.topics import TOPICS, Topic

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
FEATURES = ROOT / "docs" / "features.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")],
)
ROOMS = ("schemas", "connectors", "processors", "gateway", "deploy")

ROWS = {"A": 19, "B": 10, "C": 8, "D": 13, "E": 52, "X": 15}
"""How many rows each part of the list of features has."""

NOT_YET = "—"
IN_PART = "in part: "

_ROW = re.compile(r"\| ([A-Z]\d+) \| (.+) \| ([^|]+) \|")
_CODE = re.compile(r"`([^`\n]+)`")
_FUNCTION = re.compile(r"([\w./-]+\.py):([A-Za-z_][\w.]*)")
_FILE = re.compile(rf"(?:{'|'.join((*ROOMS, 'tests', 'docs', 'examples'))})/[\w./-]*")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def test_the_list_of_features_is_whole_and_in_order() -> None:
    wanted = [f"{part}{number}" for part, count in ROWS.items() for number in range(1, count + 1)]
    assert [row for row, _, _ in _rows()] == wanted


def test_every_feature_is_shown_by_what_exists_or_is_not_claimed() -> None:
    for row, _, shown in _rows():
        named = _FUNCTION.findall(shown)
        assert shown == NOT_YET or named, f"{row} is claimed by nothing: {shown!r}"
        left = re.sub(r"`[^`]+`", "", shown.removeprefix(IN_PART)).strip(", ")
        assert not left or shown == NOT_YET, f"{row}: {left!r} names no test"
        for file, _name in named:
            assert file.startswith("tests/"), f"{row} is shown by {file}, which is no test"


def test_there_are_documents() -> None:
    assert len(DECISIONS) >= 12
    assert ARCHITECTURE in DOCUMENTS
    assert README in DOCUMENTS


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_names_only_what_exists(document: Path) -> None:
    for said in _CODE.findall(_FENCED.sub("", document.read_text())):
        if found := _FUNCTION.fullmatch(said):
            file, name = found.groups()
            assert name in _defined(ROOT / file), f"{document.name}: {file} defines no {name}"
        elif _FILE.fullmatch(said):
            assert (ROOT / said).exists(), f"{document.name}: there is no {said}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for target in _LINK.findall(_FENCED.sub("", document.read_text())):
        if "://" in target or target.startswith("#"):
            continue
        path, _, anchor = target.partition("#")
        file = document.parent / path
        assert file.exists(), f"{document.name} links to {target}"
        if anchor:
            assert anchor in _anchors(file), f"{document.name} links to {target}: no such heading"


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_every_decision_ends_with_what_enforces_it(decision: Path) -> None:
    text = decision.read_text()
    last = text.rstrip().splitlines()[-1]
    assert last.startswith("Enforced by: ")
    assert _FUNCTION.search(last), "it names nothing that could enforce it"
    assert all(f"\n## {part}\n" in text for part in ("Context", "Decision", "Consequences"))


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.stem[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_picture_can_be_read_aloud() -> None:
    picture = (ROOT / "docs" / "architecture.svg").read_text()
    assert "<title " in picture
    assert "<desc " in picture


def test_faust_is_imported_in_one_file() -> None:
    assert _importers("faust") == {"processors/host.py"}


def test_motor_is_imported_in_one_file() -> None:
    assert _importers("motor") == {"connectors/mongo.py"}


def test_the_embedded_database_is_never_imported() -> None:
    assert _importers("secantus") == set()


def test_nothing_that_was_replaced_is_locked() -> None:
    names = {line.split("==")[0].lower() for line in _locked()}
    assert "faust-streaming" in names
    assert not names & {"redis", "grpcio", "celery", "sqlalchemy", "psycopg", "psycopg2", "asyncpg"}


def topic_table() -> Iterator[str]:
    """The README's table of topics."""
    yield "| topic | key | record | kept | written by | read by | what it says |"
    yield "|---|---|---|---|---|---|---|"
    for topic in TOPICS:
        writes, reads = ", ".join(topic.producers), ", ".join(topic.consumers)
        yield (
            f"| `{topic.name}` | {topic.key} | {topic.record.__name__} | {_kept(topic)} "
            f"| {writes} | {reads} | {topic.about} |"
        )


def gateway_settings() -> Iterator[str]:
    """The README's table of what the gateway takes from the environment."""
    return _settings_table(GatewaySettings, ROOT / "gateway" / "settings.py")


def processor_settings() -> Iterator[str]:
    """The README's table of what processors and workers take from the environment."""
    return _settings_table(ProcessorSettings, ROOT / "processors" / "settings.py")


TABLES = {
    "topics": topic_table,
    "gateway settings": gateway_settings,
    "processors settings": processor_settings,
}


@pytest.mark.parametrize("name", TABLES)
def test_the_readmes_tables_say_what_the_code_says(name: str) -> None:
    begin, end = _markers(name)
    text = README.read_text()
    assert text.count(begin) == text.count(end) == 1
    shown = text.partition(begin)[2].partition(end)[0].strip().splitlines()
    assert shown == list(TABLES[name]()), "run: python -m tests.contract.test_docs --write"


def write_tables() -> None:
    """Puts the tables into the README anew."""
    text = README.read_text()
    for name, rows in TABLES.items():
        begin, end = _markers(name)
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"README.md has no place for the table {name!r}: {begin} … {end}")
        text = "\n".join([before + begin, "", *rows(), "", end + after])
    README.write_text(text)


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- {name}: generated -->", f"<!-- end of {name} -->"


def _kept(topic: Topic) -> str:
    if topic.compacted:
        return "the last of each key"
    if topic.retention is None:
        return "for ever"
    hours = topic.retention.total_seconds() / 3600
    return f"{hours / 24:g} d" if hours % 24 == 0 else f"{hours:g} h"


def _settings_table(settings: type[BaseSettings], file: Path) -> Iterator[str]:
    about = _attribute_docs(file, settings.__name__)
    prefix = str(settings.model_config.get("env_prefix") or "")
    yield "| variable | default | what it says |"
    yield "|---|---|---|"
    for name, field in settings.model_fields.items():
        variable = field.validation_alias or f"{prefix}{name}".upper()
        yield f"| `{variable}` | {_default(field.default)} | {about[name]} |"


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "must be given"
    if value is None or value == ():
        return "none"
    return f"`{int(value) if isinstance(value, float) and value.is_integer() else value}`"


def _attribute_docs(file: Path, class_name: str) -> dict[str, str]:
    """What the strings below a class's attributes say."""
    body = next(n for n in ast.parse(file.read_text()).body if getattr(n, "name", None) == class_name)
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: " ".join(doc.value.value.split())
        for field, doc in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(doc, ast.Expr)
        and isinstance(doc.value, ast.Constant)
        and isinstance(doc.value.value, str)
    }


def _rows() -> list[tuple[str, str, str]]:
    """Row, what and shown by, of each line of a table in the list of features."""
    lines = FEATURES.read_text().splitlines()
    said = [line for line in lines if re.match(r"\| [A-Z]\d+ \|", line)]
    found = [_ROW.fullmatch(line) for line in said]
    assert all(found), "a row has not three cells"
    return [(m[1], m[2], m[3].strip()) for m in found if m]


@cache
def _defined(file: Path) -> frozenset[str]:
    """The functions and classes of a file, methods as Class.method."""
    assert file.is_file(), f"there is no {file}"
    return frozenset(_names(ast.parse(file.read_text()).body))


def _names(body: Iterable[ast.stmt], prefix: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + node.name
        if isinstance(node, ast.ClassDef):
            yield from _names(node.body, f"{prefix}{node.name}.")
            yield from _properties(node, f"{prefix}{node.name}.")


def _properties(node: ast.ClassDef, prefix: str) -> Iterator[str]:
    """The attributes that a class declares."""
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            yield prefix + each.target.id


def _anchors(file: Path) -> set[str]:
    """The anchors of a document's headings, as they are made from their words."""
    words = re.findall(r"^#+ (.+)$", _FENCED.sub("", file.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", word.lower()).strip().replace(" ", "-") for word in words}


def _importers(package: str) -> set[str]:
    """The files of the product that import a package."""
    return {
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if package in _imported(ast.parse(file.read_text()))
    }


def _imported(tree: ast.Module) -> set[str]:
    """The top packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _locked() -> list[str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [line for line in lines if "==" in line and not line.startswith((" ", "#"))]


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    write_tables()
