"""An import from its first look to its last: people, works, states, pictures, and whether all is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.client import at
from deploy.local.failures import Exit, Failure
from deploy.local.importing import accounts, picturing, states, telling
from deploy.local.importing.accounts import Wanted
from deploy.local.importing.door import Door, Offers
from deploy.local.importing.here import Here, Medium, kept_of
from deploy.local.importing.inviting import Inviting
from deploy.local.importing.places import OutOfReach, tops
from deploy.local.importing.report import Report
from deploy.local.importing.shelves import Matching
from deploy.local.importing.sources import Source
from deploy.local.importing.states import Order, Whose
from deploy.local.importing.taking import Advance, Taking
from deploy.local.importing.verifying import Verifying
from deploy.local.importing.works import Work, works
from deploy.local.resuming import Begun

USERS, ITEMS, STATE, IMAGES = PARTS = ("users", "items", "state", "images")
_LOOK_S = 2.0
_NO_FOLDERS = "no-folders"
_OWN = "own"
"""What is in no library, as the gateway calls it."""
_NOTHING_NEW = 15
"""How many looks at a library find nothing new before it is taken as it is."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is wanted of an import."""

    parts: Collection[str] = PARTS
    dry_run: bool = False
    library: str | None = None
    """A library that reads the files where they lie."""
    into: str | None = None
    """A library that files which are sent are put into."""
    wanted: Mapping[str, Wanted] = field(default_factory=dict)
    email_domain: str | None = None
    want_codes: bool = False
    samples: int = 5
    within_s: float = 600.0


@dataclass(slots=True, kw_only=True)
class Run:
    """One import. Killed at any point, the next one goes on: what was done is asked of the gateway."""

    door: Door
    offers: Offers
    source: Source
    options: Options
    report: Report
    begun: Begun
    say: Say
    advance: Advance
    codes: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Does all of it, and fills the report. Raises Failure."""
        found, options = self.source.found, self.options
        self._refuse_unknown_library()
        self.report.passed_over += found.troubles
        self.report.not_taken_over += found.left
        here = Here.ask(self.door)
        people = self._people()
        every = works(found.items)
        media = self._take(every, here) if ITEMS in options.parts else self._known(every, here)
        orders = self._states(Whose(people, media)) if STATE in options.parts else []
        if IMAGES in options.parts:
            self._pictures(every, media)
        if not options.dry_run:
            self._verify(every, orders)

    def _refuse_unknown_library(self) -> None:
        """Raises Failure before anything is sent that has no place."""
        library = self.options.library or self.options.into
        if library is not None:
            self.door.ask(lambda: self.door.gateway.get(at("libraries", library)))

    def _people(self) -> dict[str, str]:
        options, people = self.options, self.source.found.people
        if not people:
            return {}
        wanted, troubles = accounts.accounts(people, options.wanted, options.email_domain)
        self.report.missing += troubles
        inviting = Inviting(
            door=self.door, report=self.report, codes=self.codes, want_codes=options.want_codes
        )
        self.say(f"people: {len(wanted)}")
        return inviting.invite(wanted, dry_run=options.dry_run, make=USERS in options.parts)

    def _known(self, every: Sequence[Work], here: Here) -> dict[str, list[str]]:
        """By item, the media that are here already."""
        found = self.source.found
        media: dict[str, list[str]] = {}
        for work in every:
            marks = [found.mark(item) for item in work.files]
            ids = [here.marked[mark]["id"] for mark in marks if mark in here.marked]
            media |= {item.id: ids for item in work.files if ids}
        return media

    def _take(self, every: Sequence[Work], here: Here) -> dict[str, list[str]]:
        """By item, the media that its work is."""
        taking = self._taking(every, here)
        media: dict[str, list[str]] = {}
        for n, work in enumerate(every, 1):
            self.say(f"works: {n} of {len(every)}: {work.head.title or work.head.path}")
            ids = self._look(work, taking) if self.options.dry_run else taking.take(work.files)
            media |= {item.id: ids for item in work.files if ids}
        return media

    def _taking(self, every: Sequence[Work], here: Here) -> Taking:
        return Taking(
            door=self.door,
            offers=self.offers,
            found=self.source.found,
            here=here,
            at=self.source.media,
            report=self.report,
            begun=self.begun,
            advance=self.advance,
            into=self.options.into,
            matched=self._matched(every) if self.options.library else None,
        )

    def _look(self, work: Work, taking: Taking) -> list[str]:
        """What would become of a work."""
        for item in work.files if taking.matched is not None else [work.head]:
            known = taking.here.marked.get(self.source.found.mark(item))
            matched = (taking.matched or {}).get(item.id)
            if known or matched:
                medium = (known or matched or {})["id"]
                self.report.became(item.id, item.title, medium, "there" if known else "to be found")
            elif taking.matched is not None:
                self.report.lacks(item.title or item.path, "the library has no such file, or several")
            else:
                self._look_at_files(work)
        return self._known([work], taking.here).get(work.head.id, [])

    def _look_at_files(self, work: Work) -> None:
        for item in work.files:
            try:
                self.source.look(item.path)
                self.report.became(item.id, item.title, None, "to be sent")
            except OutOfReach as error:
                self.report.lacks(item.title or item.path, error)

    def _matched(self, every: Sequence[Work]) -> dict[str, Medium]:
        """The media of the folder library, once a scan has found them, or finds no more."""
        items = [item for work in every for item in work.files]
        library = self.options.library or ""
        if not self.options.dry_run:
            self._scan(library)
        matching, best, looks = Matching(self.source.media), -1, 0
        while True:
            began = time.monotonic()
            media = [kept_of(medium) for medium in self.door.pages("/media", library=library)]
            found = matching.of(items, media)
            looks = 0 if len(media) > best else looks + 1
            best = max(best, len(media))
            self.say(f"the library has {len(found)} of {len(items)} files")
            if len(found) == len(items) or looks >= _NOTHING_NEW or self.options.dry_run:
                return found
            self.door.wait(max(_LOOK_S, time.monotonic() - began))

    def _scan(self, library: str) -> None:
        """Has a library's folders looked at; one that has none is taken as it is. Raises Failure."""
        path = f"{at('libraries', library)}/scan"
        try:
            self.door.ask(lambda: self.door.gateway.post(path, {}))
        except Failure as failure:
            if failure.problem != _NO_FOLDERS:
                raise

    def _states(self, whose: Whose) -> list[Order]:
        watched = self.source.found.watched
        orders = states.orders(watched, whose, datetime.now(UTC))
        if self.options.dry_run:
            self.report.states["to be told, for whoever and whatever is here by then"] += len(watched)
        elif lost := states.missing(watched, whose):
            self.report.lacks(f"{lost} states of people", "those people, or those works, are not here")
        done = 0

        def told(count: int) -> None:
            nonlocal done
            done += count
            self.say(f"states: {done} of {len(orders)}")

        if not self.options.dry_run:
            answer = telling.tell(self.door, orders, told, dry_run=False)
            self.report.states += answer.outcomes
            for each in answer.refused:
                self.report.lacks(f"a state of {each['user_id']}", f"{each['media_id']}: {each['detail']}")
        return orders

    def _pictures(self, every: Sequence[Work], media: Mapping[str, Sequence[str]]) -> None:
        giving = picturing.Picturing(
            door=self.door, offers=self.offers, at=self.source.pictures, report=self.report
        )
        if shelves := self.source.found.shelves:
            library = self.options.library or self.options.into or _OWN
            giving.picture_shelves(library, every=shelves, dry_run=self.options.dry_run)
        if photos := self.source.found.photos:
            self.say(f"photos of {len(photos)} people")
            giving.picture_people(photos, dry_run=self.options.dry_run)
        with_pictures = [work.head for work in every if work.head.pictures]
        for n, item in enumerate(with_pictures, 1):
            self.say(f"pictures: {n} of {len(with_pictures)}")
            for id in media.get(item.id, ()):
                if (medium := self.door.medium(id)) is not None:
                    giving.picture(item, medium, dry_run=self.options.dry_run)
            if self.options.dry_run and item.id not in media:
                giving.picture(item, {}, dry_run=True)

    def _verify(self, every: Sequence[Work], orders: Sequence[Order]) -> None:
        self.say("looking whether all is there")
        verifying = Verifying(
            door=self.door,
            found=self.source.found,
            at=self.source.media,
            report=self.report,
            within_s=self.options.within_s,
            samples=self.options.samples,
            clock=time.monotonic,
        )
        verifying.verify([work.head for work in every] if ITEMS in self.options.parts else [], orders)


def refuse_unmapped(source: Source, maps: Sequence[tuple[str, Path]], options: Options) -> None:
    """Raises Failure where it can't be known which of this machine's files may be sent."""
    needs = ITEMS in options.parts and options.library is None
    if maps or not needs or source.found.system != "jellyfin" or not source.found.items:
        return
    most = [f"  {folder} ({count})" for folder, count in tops(item.path for item in source.found.items)]
    raise Failure(
        "say with --map where the other system's folders are on this machine (--map /media=/mnt/films, or "
        "--map /media where they are where they were), or with --library which library here reads them. "
        "Most of its files are in:",
        Exit.USAGE,
        most,
    )
