"""A SQLite file of a stranger: read without a trace, and nothing in it is believed."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploy.local.console import clean
from deploy.local.failures import Exit, Failure

_HEADER = b"SQLite format 3\x00"
_ID_BYTES = 16
_MOST_CHARACTERS = 100_000
_MOST_BYTES = 64 << 20
_MOST_NUMBER = 2**63 - 1
_NOT_PLAIN = re.compile(r"[\x00-\x1f\x7f]")

Row = Mapping[str, Any]


def is_sqlite(file: Path) -> bool:
    """Whether a file says that it is SQLite's. Raises Failure."""
    try:
        with file.open("rb") as source:
            return source.read(len(_HEADER)) == _HEADER
    except OSError as error:
        raise Failure(f"cannot read {file}: {error.strerror or error}.", Exit.USAGE) from error


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one file."""

    file: Path
    connection: sqlite3.Connection
    columns: Mapping[str, frozenset[str]]

    def has(self, table: str) -> bool:
        """Whether there is such a table, in whatever case."""
        return table.casefold() in self.columns

    def rows(self, table: str, *names: str) -> Iterator[Row]:
        """All rows of a table with these columns; those that it does not have, and any row of a table that is
        not there, are left out. Raises Failure.
        """
        known = self.columns.get(table.casefold(), frozenset())
        chosen = [name for name in names if name.casefold() in known]
        if not chosen:
            return
        asked = ", ".join(f'"{name}"' for name in chosen)
        with _damage(self.file):
            for row in self.connection.execute(f'SELECT {asked} FROM "{table}"'):  # noqa: S608 - ours
                yield dict(zip(chosen, row, strict=True))


@contextmanager
def opened(file: Path) -> Iterator[Tables]:
    """The tables of a SQLite file. Nothing is written beside it, whoever has it open. Raises Failure."""
    if not is_sqlite(file):
        raise Failure(f"{file} is no SQLite database.", Exit.USAGE)
    with _still(file) as still, _damage(file):
        where = f"file:{quote(str(still.absolute()))}?mode=ro&immutable=1"
        connection = sqlite3.connect(where, uri=True)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
            connection.text_factory = lambda said: said.decode(errors="replace")
            yield Tables(file, connection, _columns(connection))
        finally:
            connection.close()


@contextmanager
def _still(file: Path) -> Iterator[Path]:
    """The file; a copy of it where a journal beside it has more, which only a writer could work in."""
    journal = file.with_name(f"{file.name}-wal")
    if not journal.is_file() or journal.stat().st_size == 0:
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="sluice-import-") as folder:
        copy = Path(folder) / file.name
        shutil.copyfile(file, copy)
        shutil.copyfile(journal, copy.with_name(journal.name))
        with sqlite3.connect(copy) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        yield copy


@contextmanager
def _damage(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise Failure(
            f"{file} is damaged ({clean(error)}): repair it with `sqlite3 {file.name} .recover`, "
            "or take a backup."
        ) from error


def _columns(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """By table, what it has. A view is none, and a virtual one neither: these could be any query."""
    ours = "type = 'table' AND sql NOT LIKE 'create virtual%'"
    names = connection.execute(f"SELECT name FROM sqlite_master WHERE {ours}").fetchall()  # noqa: S608 - ours
    return {
        name.casefold(): frozenset(
            column.casefold()
            for (column,) in connection.execute("SELECT name FROM pragma_table_info(?)", (name,))
        )
        for (name,) in names
    }


def text(value: Any, most: int = _MOST_CHARACTERS) -> str | None:
    """A text that has something in it, cut where it is too long."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    return (value.strip()[:most].strip() or None) if isinstance(value, str) else None


def line(value: Any, most: int) -> str | None:
    """The same, without what no line has."""
    said = text(value)
    return text(_NOT_PLAIN.sub(" ", said), most) if said else None


def several(value: Any, most: int) -> tuple[str, ...]:
    """A text that is several, each once, as `a|b`."""
    said = (line(each, most) for each in (text(value) or "").split("|"))
    return tuple(dict.fromkeys(each for each in said if each))


def whole(value: Any, least: int = 0, most: int = _MOST_NUMBER) -> int | None:
    """A whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if least <= value <= most else None


def number(value: Any, least: float, most: float) -> float | None:
    """A number within bounds."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and least <= value <= most else None


def flag(value: Any) -> bool:
    """Whether a column that is true or false is true."""
    return value in (1, "1", "true", "True")


def moment(value: Any) -> datetime | None:
    """An instant; without a zone it is in UTC, as these systems write it."""
    said = text(value, 40)
    if said is None:
        return None
    try:
        found = datetime.fromisoformat(said)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def id_of(value: Any) -> str | None:
    """An id as text: it is kept as .NET's bytes, or written in one of two ways."""
    try:
        if isinstance(value, bytes) and len(value) == _ID_BYTES:
            return str(uuid.UUID(bytes_le=value))
        said = text(value, 40)
        found = uuid.UUID(said) if said else None
    except ValueError:
        return None
    return str(found) if found and found.int else None
