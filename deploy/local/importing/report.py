"""What an import came to: for people in a few lines, and whole as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from deploy.local.console import Output
from deploy.local.failures import Exit, Failure
from deploy.local.importing.found import Trouble

_SHOWN = 20


@dataclass(slots=True, kw_only=True)
class Report:
    """Counts by what became of each thing, and all that is not as it was."""

    system: str
    source: str
    dry_run: bool
    started_at: str
    people: Counter[str] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    pictures: Counter[str] = field(default_factory=Counter)
    checks: dict[str, Any] = field(default_factory=dict)
    """What was looked at afterwards, and how that went."""
    missing: list[Trouble] = field(default_factory=list)
    """What was to be here and is not."""
    passed_over: list[Trouble] = field(default_factory=list)
    """What makes no sense in the other system already."""
    not_taken_over: Counter[str] = field(default_factory=Counter)
    """What there is no place for here."""
    differences: list[Trouble] = field(default_factory=list)
    """What is here, and is not quite what the other system said."""
    media: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)

    def lacks(self, what: str, why: object) -> None:
        """Something is missing."""
        self.missing.append(Trouble(what, str(why)))

    def became(self, item: str, title: str | None, medium: str | None, how: str) -> None:
        """An item is, or would be, a medium."""
        self.items[how] += 1
        self.media.append({"item": item, "title": title, "medium": medium, "how": how})

    def written(self) -> dict[str, Any]:
        """All of it, for JSON."""
        said = {name: getattr(self, name) for name in self.__slots__}
        return {name: _plain(value) for name, value in said.items()}

    def write(self, file: Path) -> None:
        """To a file. Raises Failure."""
        try:
            file.write_bytes(orjson.dumps(self.written(), option=orjson.OPT_INDENT_2))
        except OSError as error:
            raise Failure(f"cannot write {file}: {error.strerror or error}.", Exit.USAGE) from error

    def show(self, output: Output) -> None:
        """A summary, with the first of each kind of trouble."""
        rows = [(name, _counts(getattr(self, name))) for name in ("people", "items", "states", "pictures")]
        output.table(("WHAT", "~BECAME"), [*rows, ("not taken over", _counts(self.not_taken_over))])
        for name, value in self.checks.items():
            output.line(f"checked {name}: {_words(value)}")
        for title, troubles in (
            ("missing", self.missing),
            ("passed over", self.passed_over),
            ("different", self.differences),
        ):
            _tell(output, title, troubles)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [{"what": e.what, "why": e.why} if isinstance(e, Trouble) else e for e in value]
    return dict(value) if isinstance(value, Counter) else value


def _counts(counted: Counter[str]) -> str:
    return ", ".join(f"{n} {what}" for what, n in sorted(counted.items())) or "none"


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{n} {what}" for what, n in value.items())
    return str(value)


def _tell(output: Output, title: str, troubles: Iterable[Trouble]) -> None:
    every = list(troubles)
    for trouble in every[:_SHOWN]:
        output.note(f"{title}: {trouble.what}: {trouble.why}", style="yellow")
    if len(every) > _SHOWN:
        output.note(f"… and {len(every) - _SHOWN} more that are {title}: --report FILE has all of them")
