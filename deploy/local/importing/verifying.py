"""Looks afterwards whether all is here: counts, states, streams, and of some items the bytes."""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.local.importing import here, telling
from deploy.local.importing.door import Door, medium_at
from deploy.local.importing.found import Found, Item, Trouble
from deploy.local.importing.here import Here, Medium
from deploy.local.importing.places import OutOfReach
from deploy.local.importing.report import Report
from deploy.local.importing.sources import At
from deploy.local.importing.states import Order

_LOOK_S = 1.0
_WAITING = frozenset({"uploaded"})
_REFUSED = frozenset({"rejected", "quarantined"})
_KINDS = frozenset({"video", "audio", "subtitle"})
_NO_LANGUAGE = frozenset({"", "und", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifying:
    """What was to be, and where to look whether it is."""

    door: Door
    found: Found
    at: At
    report: Report
    within_s: float
    samples: int
    clock: Callable[[], float] = time.monotonic

    def verify(self, heads: Sequence[Item], orders: Sequence[Order]) -> None:
        """Adds to the report what was looked at, and what is not as it was to be. Raises Failure."""
        now = self._looked_at(heads)
        marked = [(item, now.marked[self.found.mark(item)]) for item in heads if self._is_in(now, item)]
        self._count(heads, marked)
        self._compare_streams(marked)
        self._sample([pair for pair in marked if pair[1]["status"] == "ready"])
        if orders:
            self._ask_for_states(orders)

    def _looked_at(self, heads: Sequence[Item]) -> Here:
        """All media, once those of these items have been looked at, or no longer are waited for."""
        until = self.clock() + self.within_s
        while True:
            began = self.clock()
            now = Here.ask(self.door)
            media = [now.marked[self.found.mark(item)] for item in heads if self._is_in(now, item)]
            if self.clock() >= until or not any(each["status"] in _WAITING for each in media):
                return now
            self.door.wait(max(_LOOK_S, self.clock() - began))

    def _is_in(self, now: Here, item: Item) -> bool:
        return self.found.mark(item) in now.marked

    def _count(self, heads: Sequence[Item], marked: Sequence[tuple[Item, Medium]]) -> None:
        status = Counter(medium["status"] for _, medium in marked)
        known = {item.id for item, _ in marked}
        gone = [item for item in heads if item.id not in known]
        told = {trouble.what for trouble in self.report.missing}
        for item in gone:
            if (called := item.title or item.path) not in told:
                self.report.lacks(called, "it is not here")
        for item, medium in marked:
            if medium["status"] in _REFUSED:
                said = medium.get("rejection") or medium.get("quarantine") or {}
                why = said.get("reason") or said.get("finding")
                self.report.lacks(item.title or item.path, f"its file is {medium['status']}: {why}")
        self.report.checks["works"] = {f"of {len(heads)} here": len(marked)} | dict(status)

    def _compare_streams(self, marked: Sequence[tuple[Item, Medium]]) -> None:
        compared: Counter[str] = Counter()
        for item, medium in marked:
            if not item.tracks or not medium.get("probe"):
                compared["not compared"] += 1
                continue
            here, there = streams(medium["probe"]), languages(item.tracks)
            compared["alike" if here == there else "different"] += 1
            if here != there:
                why = f"it has {_words(here)}, and had {_words(there)}"
                self.report.differences.append(Trouble(f"streams of {item.title or item.path}", why))
        self.report.checks["streams"] = dict(compared)

    def _sample(self, marked: Sequence[tuple[Item, Medium]]) -> None:
        """Of some, the bytes as the gateway sends them, held against the file that they were."""
        chosen = random.SystemRandom().sample(list(marked), min(self.samples, len(marked)))
        alike: Counter[str] = Counter()
        for item, medium in chosen:
            try:
                with self.at(item.path) as file:
                    same = here.sha256_of(file) == self._sent(medium["id"])
            except (OutOfReach, OSError):
                alike["not compared"] += 1
                continue
            alike["alike" if same else "different"] += 1
            if not same:
                self.report.lacks(item.title or item.path, "its bytes are not what they were")
        self.report.checks["samples' bytes"] = dict(alike)

    def _sent(self, id: str) -> str:
        """The sha256 of what the gateway sends. Raises Failure."""
        digest = hashlib.sha256()
        with self.door.gateway.stream(medium_at(id, "content")) as answer:
            for chunk in answer.iter_bytes():
                digest.update(chunk)
        return digest.hexdigest()

    def _ask_for_states(self, orders: Sequence[Order]) -> None:
        told = telling.tell(self.door, orders, lambda _: None, dry_run=True)
        words = {"set": "missing", "unchanged": "as they were", "newer": "changed here since"}
        self.report.checks["states"] = {words.get(name, name): n for name, n in told.outcomes.items()}
        if lost := told.outcomes["set"]:
            self.report.lacks(f"{lost} states of people", "they were not set")


def streams(probe: Mapping[str, Any]) -> Counter[str]:
    """How many streams a file has here, by kind and language."""
    every = [each for each in probe.get("streams", ()) if not each.get("is_attached_picture")]
    said = [each for each in every if each["kind"] in _KINDS]
    return languages(Counter(f"{each['kind']} {each.get('language') or ''}" for each in said))


def languages(tracks: Mapping[str, int]) -> Counter[str]:
    """The same without the languages that say nothing."""
    found: Counter[str] = Counter()
    for said, count in tracks.items():
        kind, _, language = said.partition(" ")
        is_known = language.casefold() not in _NO_LANGUAGE and kind != "video"
        found[f"{kind} {language.casefold()}" if is_known else kind] += count
    return found


def _words(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {what}" for what, n in sorted(counted.items())) or "none"
