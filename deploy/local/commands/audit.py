"""Looking through the audit log, and holding it against what it vouches for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, LimitOption, UrlOption
from deploy.local.console import Output, state_text, time_text
from deploy.local.failures import Failure

if TYPE_CHECKING:
    from gateway.audit.verification import Report

app = typer.Typer(help="The audit log: who was let do what, and whether it is whole.", no_args_is_help=True)

SecretOption = Annotated[
    Path | None, typer.Option("--secret-file", help="The installation's secret (default: the home's).")
]
AgainstOption = Annotated[
    Path | None, typer.Option("--against", help="An earlier report (--json): nothing it saw may be missing.")
]


@app.command("list")
def list_(
    actor: Annotated[str | None, typer.Option("--actor", help="Only what they wanted, by id.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only this, as in media.deleted.")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="allowed, refused or failed.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only about such things: media, user, …")] = None,
    target: Annotated[str | None, typer.Option("--target", help="Only about this one, by id.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Nothing before this moment.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Nothing after this moment.")] = None,
    limit: LimitOption = 50,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """List who was let do what, and who was refused; the newest first."""
    from deploy.local import reach

    output = Output(as_json=json)
    asked = {"actor": actor, "action": action, "outcome": outcome, "kind": kind, "target": target}
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = list(gateway.pages("/audit", limit, **asked, **{"from": since, "to": until}))
    if not output.emit_all(items):
        columns = ("TIME", "OUTCOME", "ACTION", "WHO", "BY", "~ABOUT", ">TIMES", "FROM", "")
        output.table(columns, map(_row, items))


@app.command()
def verify(
    against: AgainstOption = None,
    secret_file: SecretOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Read the whole audit log and say whether anything in it is missing or changed."""
    from deploy.local import reach, trail

    output, where = Output(as_json=json), reach.home_at(home)
    known = trail.heads_in(against) if against else []
    report = trail.verify(reach.brokers(where), secret_file or where.secret_file, known)
    if json:
        output.emit(trail.as_object(report))
    else:
        _show(output, report)
    if not report.whole:
        raise Failure(
            "the audit log is damaged.",
            problems=[f"{d.kind}: {d.chain} {d.number}: {d.about}" for d in report.damages],
        )


def _show(output: Output, report: Report) -> None:
    rows = [(each.chain, each.records, each.state, time_text(each.last_at)) for each in report.chains]
    output.table(("CHAIN", ">RECORDS", "STATE", "LAST"), rows)
    repeated = f", {report.repeated} delivered twice" if report.repeated else ""
    output.line(f"{report.records} records in {len(report.chains)} chains{repeated}")
    if report.whole:
        output.line("the audit log is whole", style="green")


def _row(item: dict[str, Any]) -> tuple[object, ...]:
    about = " ".join(str(part) for part in (item["kind"], item["target"]) if part)
    return (
        time_text(item["at"]),
        state_text(item["outcome"]),
        item["action"],
        item["actor"],
        item["came_by"],
        about,
        item["count"],
        item["address"] or item["address_mark"] or "",
        "" if item["intact"] else "CHANGED",
    )
