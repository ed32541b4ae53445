"""Moving here from another system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.local.commands.options import HomeOption, JsonOption, UrlOption
from deploy.local.console import Output, clean
from deploy.local.failures import Exit, Failure

if TYPE_CHECKING:
    from deploy.local.importing.report import Report
    from deploy.local.importing.running import Options
    from deploy.local.importing.sources import Source

app = typer.Typer()

_PARTS = "users,items,state,images"


@app.command("import")
def import_(
    path: Annotated[
        str,
        typer.Argument(
            help="A Jellyfin's library.db or jellyfin.db, or its data folder; or the older transcoder's "
            "folder or s3://BUCKET/PREFIX, with raw/ and processed/.",
            metavar="PATH",
        ),
    ],
    map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Where a folder of the other system is on this machine; give it for each. "
            "Only files in these are sent.",
            metavar="OLD=NEW",
        ),
    ] = None,
    library: Annotated[
        str | None,
        typer.Option(
            help="A library here that reads the files where they lie: nothing is sent.", metavar="ID"
        ),
    ] = None,
    into: Annotated[
        str | None, typer.Option(help="The library here that sent files are put into.", metavar="ID")
    ] = None,
    metadata: Annotated[
        Path | None, typer.Option(help="The other system's folder of pictures (default: beside its data).")
    ] = None,
    people: Annotated[
        Path | None,
        typer.Option(help='Who people are here, as JSON: {"Old name": "login"}, or an e-mail address.'),
    ] = None,
    email_domain: Annotated[
        str | None, typer.Option(help="Where new people's e-mail addresses are.", metavar="DOMAIN")
    ] = None,
    only: Annotated[str, typer.Option(help="Parts of it, with commas between.")] = _PARTS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be done, and change nothing.")
    ] = False,
    undo: Annotated[
        bool,
        typer.Option(
            "--undo", help="Take an import back: media that it sent are deleted; people and states stay."
        ),
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write all that was done to this file, as JSON.")
    ] = None,
    reset_codes: Annotated[
        Path | None,
        typer.Option(help="Write what lets new people set a password, within a day, to this file of yours."),
    ] = None,
    samples: Annotated[int, typer.Option(min=0, help="Of how many works to compare the bytes.")] = 5,
    wait: Annotated[
        float, typer.Option(min=0, help="For how many seconds to wait for all to be looked at.")
    ] = 600,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Take a library over from another system: people, media, what was played, pictures.

    It may be run again, after it was interrupted too: what is here already is not done twice, and what people
    changed here since stays as it is. Exits with 1 where something is missing afterwards.
    """
    from deploy.local.importing import accounts, places, sources
    from deploy.local.importing.running import PARTS, Options, refuse_unmapped

    output = Output(as_json=json)
    parts = frozenset(filter(None, only.split(",")))
    if unknown := parts - set(PARTS):
        raise Failure(f"--only knows {_PARTS}, and not {', '.join(sorted(unknown))}.", Exit.USAGE)
    if library and into:
        raise Failure("say --library or --into: what is not sent is put nowhere.", Exit.USAGE)
    maps = [places.mapped(each) for each in map or ()]
    options = Options(
        parts=parts,
        dry_run=dry_run,
        library=library,
        into=into,
        wanted=accounts.read(people),
        email_domain=email_domain,
        want_codes=reset_codes is not None,
        samples=samples,
        within_s=wait,
    )
    output.note(f"reading {clean(path)}")
    source = sources.read(path, maps, metadata)
    if not undo:
        refuse_unmapped(source, maps, options)
    made = _new_report(path, source.found.system, dry_run)
    _run(source, None if undo else options, made, output, _Where(home, url, report, reset_codes))
    _end(made, output)


@dataclass(frozen=True, slots=True)
class _Where:
    """Which gateway, and which files to write."""

    home: Path | None
    url: str | None
    report: Path | None
    reset_codes: Path | None


def _new_report(path: str, system: str, dry_run: bool) -> Report:
    from deploy.local.importing.report import Report

    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    return Report(system=system, source=path, dry_run=dry_run, started_at=started_at)


def _run(source: Source, options: Options | None, report: Report, output: Output, where: _Where) -> None:
    """Does it, or takes it back; whatever comes between, what was done is written down."""
    from deploy.local import reach
    from deploy.local.importing import undoing
    from deploy.local.importing.door import Door, Offers
    from deploy.local.importing.pace import pacing
    from deploy.local.importing.running import Run

    codes: dict[str, str] = {}
    try:
        with reach.gateway(reach.home_at(where.home), where.url) as gateway, pacing(output) as pace:
            if options is None:
                undoing.undo(Door(gateway), source.found, report, pace)
                return
            door = Door(gateway)
            Run(
                door=door,
                offers=Offers.of(door),
                source=source,
                options=options,
                report=report,
                begun=reach.begun(),
                say=pace,
                advance=pace.advance,
                codes=codes,
            ).run()
    finally:
        if where.report is not None:
            report.write(where.report)
        if where.reset_codes is not None and codes:
            _write_codes(where.reset_codes, codes)


def _write_codes(file: Path, codes: dict[str, str]) -> None:
    from connectors.private_file import write_private

    try:
        write_private(file, "".join(f"{login} {code}\n" for login, code in codes.items()).encode())
    except OSError as error:
        raise Failure(f"cannot write {file}: {error.strerror or error}.") from error


def _end(report: Report, output: Output) -> None:
    """Says how it went. Raises Failure where something is missing."""
    if output.json:
        output.emit(report.written())
    else:
        report.show(output)
    if new := report.people["made"]:
        output.note(
            f"{new} people are new here, and have no password yet: `sluice user reset LOGIN` for each"
        )
    if report.missing:
        would = "would be" if report.dry_run else "are"
        raise Failure(f"{len(report.missing)} things {would} missing: put that right, then run it again.")
