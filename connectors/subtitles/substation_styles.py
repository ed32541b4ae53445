"""What the styles of a SubStation file do to whole cues, as far as other formats can say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connectors.subtitles.layout import Styling
from connectors.subtitles.markup import place
from schemas.cues import PLACE, Piece

_SWITCHES = {"italic": "i", "bold": "b", "underline": "u", "strikeout": "s"}
_PLAIN = ("fontname", "fontsize", "primarycolour")
_SIZE = 200


def stylings(sections: Iterable[str]) -> dict[str, Styling]:
    """Each style by its name."""
    found: dict[str, Styling] = {}
    for section in sections:
        is_new = "+" in section.partition("]")[0]
        for fields in _rows(section):
            found[fields.get("name", "")] = _styling(fields, is_new)
    return found


def _rows(section: str) -> Iterator[Mapping[str, str]]:
    names: list[str] = []
    for line in section.replace("\r", "\n").split("\n"):
        word, _, rest = line.partition(":")
        values = [value.strip() for value in rest.split(",")]
        if word.strip().lower() == "format":
            names = [value.lower() for value in values]
        elif word.strip().lower() == "style":
            yield dict(zip(names, values, strict=False))


def _styling(fields: Mapping[str, str], is_new: bool) -> Styling:
    before = [
        Piece("open", "", tag) for name, tag in _SWITCHES.items() if fields.get(name, "0") not in ("0", "")
    ]
    number = fields.get("alignment", "2")
    if number.isdigit() and len(number) < 3 and (at := place(int(number), old=not is_new)) != 2:
        before.append(Piece("mark", "", PLACE, str(at)))
    lost = [f"{name} {fields[name]}"[:_SIZE] for name in _PLAIN if name in fields]
    return Styling(tuple(before), tuple(lost))
