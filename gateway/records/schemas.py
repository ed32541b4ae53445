"""What is said of a medium, as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StrictFloat, StrictInt, StrictStr

from gateway.json_types import A_NUMBER, Exact
from gateway.media.schemas import MEDIA_ID, Media
from gateway.records.texts import clean_labels, clean_lines, clean_text
from schemas.place import Kind
from schemas.record import first_day

MOST_TAGS, MOST_CATEGORIES, MOST_FIELDS = 50, 20, 50
MOST_AT_ONCE = 500
_MOST = 10**15
_DAY = r"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_RELEASED = r"^[12][0-9]{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"


def _a_day_there_is(released: str | None) -> str | None:
    if released is not None:
        first_day(released)
    return released


Label = Annotated[str, Field(min_length=1, max_length=64)]
_Labels = AfterValidator(clean_labels)
FieldName = Annotated[str, Field(min_length=1, max_length=64)]
FieldValue = (
    Annotated[StrictInt, Field(ge=-_MOST, le=_MOST)]
    | Annotated[StrictFloat, Field(ge=-_MOST, le=_MOST, allow_inf_nan=False)]
    | Annotated[StrictStr, Field(max_length=500)]
)


Name = Annotated[str | None, Field(max_length=200), AfterValidator(clean_text)]
Year = Annotated[StrictInt | None, Field(ge=1, le=9999)]
Count = Annotated[StrictInt | None, Field(ge=0, le=99_999)]


class PlaceOrder(Exact):
    """What is to be said of a medium's place among others. What is left out stays; null removes what people
    said, and what names, tags and files beside it say counts again.
    """

    kind: Kind | None = None
    title: Name = Field(None, description="Of the film, episode or track itself.")
    year: Year = Field(None, description="In which the film or the album came out.")
    series: Name = None
    series_year: Year = Field(None, description="Tells two series of one name apart.", examples=[2019])
    season: Count = Field(None, description="0 has what is in no season.", examples=[1])
    episode: Count = Field(None, examples=[2])
    episode_end: Count = Field(None, description="The last one, where a file has several.")
    air_date: Annotated[str | None, Field(pattern=_DAY, max_length=10), AfterValidator(_a_day_there_is)] = (
        Field(None, description="Of what is numbered by days.", examples=["2020-05-13"])
    )
    artist: Name = None
    album_artist: Name = Field(None, description="Under whom the album stands, where that is another one.")
    album: Name = None
    disc: Count = None
    track: Count = None


class RecordOrder(Exact):
    """What is to be said of a medium. What is left out stays; null, or a text of nothing, removes."""

    name: Annotated[str | None, Field(max_length=255)] = Field(
        None, description="What its file is called; null for the name that it was uploaded with."
    )
    title: Annotated[str | None, Field(max_length=200), AfterValidator(clean_text)] = Field(
        None, examples=["Summer in Kraków"]
    )
    description: Annotated[str | None, Field(max_length=5000), AfterValidator(clean_lines)] = None
    categories: Annotated[list[Label] | None, Field(max_length=MOST_CATEGORIES), _Labels] = Field(
        None, examples=[["Travel"]]
    )
    tags: Annotated[list[Label] | None, Field(max_length=MOST_TAGS), _Labels] = Field(
        None,
        description="Two that differ in case or accents alone are one.",
        examples=[["holiday", "Ada", "Björk"]],
    )
    released: Annotated[
        str | None, Field(pattern=_RELEASED, max_length=10), AfterValidator(_a_day_there_is)
    ] = Field(None, description="A year, a month or a day.", examples=["1999", "1999-12-31"])
    rating: Annotated[float | None, Field(ge=0, le=10), A_NUMBER] = Field(None, examples=[8.5])
    place: PlaceOrder | None = Field(
        None,
        description="Where it stands in the hierarchy; null removes all that people said of that.",
        examples=[{"kind": "episode", "series": "Show", "series_year": 2019, "season": 1, "episode": 2}],
    )
    custom: Annotated[dict[FieldName, FieldValue | None] | None, Field(max_length=MOST_FIELDS)] = Field(
        None,
        description="Fields of one's own: numbers, and texts, of which dates are as in 1999-12-31. "
        "Those that are left out stay; null removes one, or all.",
        examples=[{"camera": "Super 8", "reel": 7, "developed": "1979-08-01"}],
    )


class Edited(BaseModel):
    """Something was said of a medium."""

    media: Media
    token: str = Field(description="Send it with a read to see this command's effect.")


class BulkOrder(Exact):
    """What is to be added to, and taken from, many media. What is both added and taken is taken."""

    media_ids: list[Annotated[str, Field(max_length=64)]] = Field(
        min_length=1, max_length=MOST_AT_ONCE, examples=[[MEDIA_ID]]
    )
    add_tags: Annotated[list[Label], Field(max_length=MOST_TAGS), _Labels] = Field([])
    remove_tags: Annotated[list[Label], Field(max_length=MOST_TAGS), _Labels] = Field([])
    add_categories: Annotated[list[Label], Field(max_length=MOST_CATEGORIES), _Labels] = Field([])
    remove_categories: Annotated[list[Label], Field(max_length=MOST_CATEGORIES), _Labels] = Field([])


class BulkResult(BaseModel):
    """What became of one of them."""

    id: str
    outcome: Literal["changed", "unchanged", "refused"]
    code: str | None = Field(None, description="Why it was refused.", examples=["not-yours"])
    detail: str | None = None


class BulkEdited(BaseModel):
    """What became of each, in the order that they were named in."""

    results: list[BulkResult]
    token: str = Field(description="Send it with a read to see this command's effect.")
