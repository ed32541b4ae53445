"""The rules by which the bucket of blobs looks after itself: shown, and brought up to date."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.local.commands.options import JsonOption
from deploy.local.console import Output
from deploy.local.failures import Exit, Failure

if TYPE_CHECKING:
    from connectors.s3.bucket import Bucket

app = typer.Typer(help="The store itself.", no_args_is_help=True)
rules = typer.Typer(
    help="The bucket's lifecycle rules. SLUICE_BLOBS, SLUICE_S3_… and the usual credentials say which.",
    no_args_is_help=True,
)
app.add_typer(rules, name="lifecycle")

Days = int | None


@rules.command()
def show(json: JsonOption = False) -> None:
    """Show the rules that the bucket has, and which of them are ours."""
    from connectors.s3 import lifecycle

    output, (bucket, prefix) = Output(as_json=json), _bucket()
    found = asyncio.run(_asked(lifecycle.read(bucket)))
    if json:
        output.emit({"rules": found})
    for each in found if not json else []:
        whose = "ours" if each.get("ID", "").startswith(lifecycle.ours(prefix)) else "others'"
        output.line(f"{each.get('ID', '(no name)')} ({whose}, {each.get('Status')}): {_said(each)}")
    if not found:
        output.note("the bucket has no lifecycle rules; `sluice storage lifecycle apply` gives it some.")


@rules.command()
def apply(
    archive_days: Annotated[
        Days,
        typer.Option(
            min=1,
            help="Have S3 bring uploads to SLUICE_S3_ARCHIVE_CLASS after so many days, watched or not.",
            show_default=False,
        ),
    ] = None,
    abort_days: Annotated[
        Days, typer.Option(min=1, help="Give up uploads in parts that never ended after so many days.")
    ] = 7,
    passing_days: Annotated[
        Days, typer.Option(min=1, help="Remove what killed processes left after so many days.")
    ] = 7,
    noncurrent_days: Annotated[
        Days,
        typer.Option(
            min=1,
            help="In a bucket with versions, remove replaced and removed ones after so many days.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    json: JsonOption = False,
) -> None:
    """Give the bucket these rules, in place of earlier ones of ours. Those of others stay."""
    from connectors.s3 import lifecycle

    output, (bucket, prefix) = Output(as_json=json), _bucket()
    limits = lifecycle.Limits(
        archive_days=archive_days,
        storage=_class() if archive_days else None,
        abort_days=abort_days,
        passing_days=passing_days,
        noncurrent_days=noncurrent_days,
    )

    async def bring_up_to_date() -> lifecycle.Change:
        change = lifecycle.change(await lifecycle.read(bucket), prefix, lifecycle.wanted(prefix, limits))
        if change.is_one and not dry_run:
            await lifecycle.write(bucket, change.rules)
        return change

    change = asyncio.run(_asked(bring_up_to_date()))
    _tell(change, dry_run, output)


def _tell(change: Any, dry_run: bool, output: Output) -> None:
    if output.json:
        output.emit({"added": change.added, "removed": change.removed, "applied": not dry_run})
        return
    for name in change.removed:
        output.line(f"- {name}")
    for name in change.added:
        output.line(f"+ {name}: {_said(next(each for each in change.rules if each['ID'] == name))}")
    if not change.is_one:
        output.line("the bucket's rules are as they should be")
    elif dry_run:
        output.note("nothing was changed; without --dry-run it is.")


def _said(rule: dict[str, Any]) -> str:
    """A rule in words, as far as we make such."""
    below = rule.get("Filter", {}).get("Prefix", "")
    words = [f"below {below or 'the whole bucket'}"]
    words += [
        f"to {each['StorageClass']} after {each.get('Days')} days" for each in rule.get("Transitions", ())
    ]
    for name, key, does in (
        ("AbortIncompleteMultipartUpload", "DaysAfterInitiation", "unfinished uploads end"),
        ("NoncurrentVersionExpiration", "NoncurrentDays", "old versions go"),
        ("Expiration", "Days", "objects go"),
    ):
        if name in rule:
            words.append(f"{does} after {rule[name].get(key)} days")
    return ", ".join(words)


def _bucket() -> tuple[Bucket, str]:
    """The bucket that the environment names, and the prefix of ours in it. Raises Failure."""
    from urllib.parse import unquote, urlsplit

    from connectors.s3.bucket import Bucket
    from deploy.local.backup.places import s3_options
    from deploy.local.settings import read

    said = read().environ
    where = urlsplit(said.get("SLUICE_BLOBS", ""))
    if where.scheme != "s3" or not where.netloc:
        raise Failure("the blobs are in no bucket: set SLUICE_BLOBS to s3://bucket/prefix.", Exit.USAGE)
    prefix = unquote(where.path).strip("/")
    return Bucket.at(where.netloc, prefix, s3_options(said)), f"{prefix}/" if prefix else ""


def _class() -> str:
    """Raises Failure."""
    from deploy.local.settings import read
    from schemas.storage import CLASSES

    named = read().environ.get("SLUICE_S3_ARCHIVE_CLASS", "")
    if named not in CLASSES:
        raise Failure(f"set SLUICE_S3_ARCHIVE_CLASS to one of {', '.join(CLASSES)}.", Exit.USAGE)
    return named


async def _asked(asking: Any) -> Any:
    """Raises Failure where the bucket does not answer."""
    from connectors.ports import BlobMissing, StoreUnavailable

    try:
        return await asking
    except (StoreUnavailable, BlobMissing) as error:
        raise Failure(f"the bucket does not answer, or refuses: {error}.") from error
