"""The certificates of a home: what `sluice up --tls` speaks with, and what others may be given."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.local.commands.options import HomeOption, JsonOption
from deploy.local.console import Output

app = typer.Typer()


@app.command()
def certs(
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="A host name or address to be known by, on top of the local ones."),
    ] = None,
    renew: Annotated[
        bool, typer.Option("--renew", help="Make new ones in place of those that are there.")
    ] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Make an authority for development, and certificates for gateway, Kafka, database and clients."""
    from deploy.local import certificates
    from deploy.local.reach import home_at

    output, where = Output(as_json=json), home_at(home)
    where.prepare()
    made = certificates.issue(where.certificates, name or (), certificates.today(), renew=renew)
    if output.emit_all(made):
        return
    rows = [(one.part, one.file, f"{one.ends:%Y-%m-%d}") for one in made]
    output.table(("FOR", "FILE", "ENDS"), rows)
    output.line(f"\nfor {', '.join(made[0].names)}; who trusts {where.certificates.ca} trusts them all")
    output.line("what runs with the old ones goes on with them until it is started again", style="dim")
