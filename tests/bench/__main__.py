"""`./sluice bench [NAME] [--json] [--write]`: every benchmark, or one; `--write` puts the table into docs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from tests.bench import (
    api,
    claims,
    direct,
    first_segment,
    library,
    live,
    memory,
    playable,
    revocation,
    s3,
    scan,
    segments,
    subtitles,
    transcode,
    upload,
    views,
)
from tests.bench.figures import Figure

BENCHES: dict[str, Callable[[], Iterator[Figure]]] = {
    "transcode": transcode.run,
    "views": views.run,
    "claims": claims.run,
    "memory": memory.run,
    "upload": upload.run,
    "segments": segments.run,
    "first-segment": first_segment.run,
    "upload-to-playable": playable.run,
    "direct": direct.run,
    "api": api.run,
    "library": library.run,
    "live": live.run,
    "revocation": revocation.run,
    "scan": scan.run,
    "s3": s3.run,
    "subtitles": subtitles.run,
}
_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- figures:begin -->", "<!-- figures:end -->"


def main() -> int:
    """Runs what was asked for; the exit status says whether every goal holds."""
    parser = argparse.ArgumentParser(prog="./sluice bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=list(BENCHES))
    parser.add_argument("--json", action="store_true", help="one object a line for each figure")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    asked = parser.parse_args()
    figures: list[Figure] = []
    for name in [asked.name] if asked.name else list(BENCHES):
        for figure in BENCHES[name]():
            figures.append(figure)
            line = orjson.dumps(figure.as_object()).decode() if asked.json else _row(figure)
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
    if asked.write:
        _write(figures)
    return 0 if all(figure.holds for figure in figures) else 1


def _row(figure: Figure) -> str:
    holds = "holds" if figure.holds else "DOES NOT HOLD"
    return (
        f"| {figure.name} | {figure.ours:g} {figure.unit} | {figure.baseline:g} {figure.unit} "
        f"| {figure.ratio:g} | {figure.goal} | {holds} | {figure.runs} |"
    )


def _write(figures: list[Figure]) -> None:
    """Replaces the rows of what was measured; others stay."""
    text = _PAGE.read_text()
    before, _, rest = text.partition(_BEGIN)
    known, _, after = rest.partition(_END)
    rows = {line.split("|")[1].strip(): line for line in known.splitlines() if line.startswith("| ")}
    rows |= {figure.name: _row(figure) for figure in figures}
    heading = rows.pop("figure")
    table = "\n".join(
        [
            heading,
            "|---|---|---|---|---|---|---|",
            *rows.values(),
            "",
            f"Measured on {figures[0].environment}.",
        ]
    )
    _PAGE.write_text(f"{before}{_BEGIN}\n{table}\n{_END}{after}")


if __name__ == "__main__":
    sys.exit(main())
