"""What all commands for subtitle files share: how a file is named, read and written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.local.console import clean
from deploy.local.failures import Exit, Failure

if TYPE_CHECKING:
    from connectors.subtitles.document import Document

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", show_default=False, exists=True, dir_okay=False)
]
From = Annotated[
    str | None, typer.Option("--from", help="Its format, where that is not found out.", show_default=False)
]
Encoding = Annotated[
    str | None, typer.Option(help="Its encoding, where that is guessed wrong: cp1250, …", show_default=False)
]
Fps = Annotated[
    str | None,
    typer.Option(help="Frames a second, where frames are counted: 25, 24000/1001.", show_default=False),
]
Target = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Where to write it (default: here, by its name)."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


def opened(file: Path, format: str | None, encoding: str | None, fps: str | None) -> Document:
    """The file and what is in it. Raises Failure."""
    from connectors.subtitles.document import read
    from connectors.subtitles.files import bytes_of
    from connectors.subtitles.refusal import SubtitleRefused

    try:
        return read(bytes_of(file), file.name, format=format, encoding=encoding, rate=rate_of(fps))
    except SubtitleRefused as refused:
        raise failure(file, refused) from None
    except OSError as error:
        raise Failure(f"{file} can't be read: {error.strerror}.") from None


def target_of(file: Path, target: Path | None, ending: str) -> Path:
    """Where a file goes that nobody named fully."""
    name = f"{file.stem}.{ending}"
    if target is None:
        return Path(name)
    return target / name if target.is_dir() else target


def write(path: Path, raw: bytes, *, force: bool) -> None:
    """Writes a file, over another one only where that is said. Raises Failure."""
    try:
        with path.open("wb" if force else "xb") as written:
            written.write(raw)
    except FileExistsError:
        raise Failure(f"{path} is there already: say --force to replace it.", Exit.CONFLICT) from None
    except OSError as error:
        raise Failure(f"{path} can't be written: {error.strerror}.") from None


def kept(file: Path, target: Path | None, changed: Document, *, force: bool) -> Path:
    """Writes a changed file, in the format that it was in, and says where. Raises Failure."""
    path = target_of(file, target, file.suffix.removeprefix("."))
    write(path, changed.raw, force=force)
    return path


def failure(file: Path, refused: Any) -> Failure:
    """A refusal as the commands say it."""
    return Failure(f"{clean(file)}, {refused}.", Exit.REFUSED)


def rate_of(said: str | None) -> Fraction | None:
    """Frames a second as people say them. Raises Failure."""
    try:
        rate = Fraction(said) if said else None
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if rate is not None and not 1 <= rate <= 1000:
        raise Failure(f"{said} is no number of frames a second, as 25 or 24000/1001 are.", Exit.USAGE)
    return rate
