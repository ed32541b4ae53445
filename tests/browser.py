"""A real browser before the player page: Debian's chromium, driven by playwright."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.client import Client, until
from tests.debian import required

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_WATCH = """
() => {
  const video = document.querySelector("video");
  const seen = { longest_ms: 0, since: performance.now(), at: video.currentTime };
  window.stalls = seen;
  setInterval(() => {
    const now = performance.now();
    const still = video.currentTime === seen.at && !video.paused && !video.ended;
    if (!still) { seen.at = video.currentTime; seen.since = now; }
    seen.longest_ms = Math.max(seen.longest_ms, now - seen.since);
  }, 50);
}
"""
_BUFFERED = """
() => { const b = document.querySelector("video").buffered;
        return [...Array(b.length).keys()].map((n) => [b.start(n), b.end(n)]); }
"""


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser without a window, which may play by itself."""
    arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=required("chromium", *_NAMES), args=arguments)
        try:
            yield opened
        finally:
            opened.close()


@dataclass
class Player:
    """One player page."""

    page: Page

    @classmethod
    def opened(cls, on: Browser, client: Client, media_id: str, **query: object) -> Player:
        """The page of a medium, once it has a picture."""
        page = on.new_context().new_page()
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        page.goto(f"{client.url}/play/{media_id}?{asked}#token={client.token}")
        player = cls(page)
        player.until("() => document.querySelector('video').readyState >= 2", "a picture")
        return player

    def until(self, holds: str, what: str, argument: Any = None) -> None:
        """Waits for a condition on the page; the page's policy forbids playwright's own way."""
        until(lambda: self.page.evaluate(holds, argument), f"{what}; the page says {self.troubles()}")

    def troubles(self) -> tuple[Any, str]:
        """Every error there was, and what the page says now."""
        return self.page.evaluate("() => player.errors"), self.says()

    def errors(self) -> Any:
        """Every error that hls.js told."""
        return self.page.evaluate("() => player.errors")

    def playback(self) -> dict[str, Any]:
        """What the gateway said of how to play it."""
        said: dict[str, Any] = self.page.evaluate("() => player.playback")
        return said

    def play(self) -> None:
        """Plays, and watches for stops."""
        self.page.evaluate(_WATCH)
        self.page.evaluate("() => document.querySelector('video').play()")

    def longest_stop_s(self) -> float:
        """The longest time for which it should have played and did not."""
        return float(self.page.evaluate("() => stalls.longest_ms")) / 1000

    def now(self) -> float:
        """Where it is."""
        return float(self.page.evaluate("() => document.querySelector('video').currentTime"))

    def duration(self) -> float:
        """How long it believes the medium to be."""
        return float(self.page.evaluate("() => document.querySelector('video').duration"))

    def jump(self, to: float) -> None:
        """Goes there."""
        self.page.evaluate("(to) => { document.querySelector('video').currentTime = to; }", to)

    def says(self) -> str:
        """What the page tells people."""
        return self.page.inner_text("#status")

    def seek(self, to: float) -> None:
        """Goes there, and waits until it plays on."""
        self.jump(to)
        self.until(
            "(to) => { const v = document.querySelector('video');"
            " return !v.seeking && v.readyState >= 3 && v.currentTime >= to - 0.01; }",
            f"a picture at {to}",
            to,
        )

    def choose(self, label: str, text: str) -> None:
        """Chooses in one of the lists, as a person does."""
        self.page.get_by_label(label).select_option(label=text)

    def height(self) -> int:
        """Of the picture that is shown."""
        return int(self.page.evaluate("() => document.querySelector('video').videoHeight"))

    def buffered(self) -> list[list[float]]:
        """What it holds, from when to when."""
        found: list[list[float]] = self.page.evaluate(_BUFFERED)
        return found
