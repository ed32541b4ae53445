"""Workers and gateways die under a player: people see a pause at most, and little is made twice."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from deploy.local.stack import Stack
from schemas.events import TranscodeProgress
from tests.browser import Player
from tests.client import Client, until
from tests.log import published
from tests.ui.conftest import film

_KILLS = 10
_WORKERS = ("worker-1", "worker-2")
_LONGEST_STOP_S = 6.0
_RUN = 8
"""Segments in a task."""


@pytest.mark.full  # it holds people's six seconds against a machine that does nothing else
def test_workers_are_killed_while_someone_watches(
    chrome: Browser, client: Client, stack: Stack, films: Path
) -> None:
    """With leases of 30 s: a second worker steps in long before they run out."""
    media_id = client.upload(film(films, "killed", 240, "1280x720"))["media"]["id"]
    player = Player.opened(chrome, client, media_id, method="transcode")
    player.play()
    dice = random.Random(7)
    for _ in range(_KILLS):
        at = player.now() + dice.uniform(1, 5)
        player.until("(at) => document.querySelector('video').currentTime > at", "it to play on", at)
        until(lambda: _both_are_there(client, stack), "both workers to be there")
        stack.children[dice.choice(_WORKERS)].kill()
    at = player.now()
    player.until("(at) => document.querySelector('video').currentTime > at + 5", "it to play on", at)
    assert player.longest_stop_s() < _LONGEST_STOP_S
    assert [error for error in player.errors() if error["fatal"]] == []
    told = published(stack.endpoints.kafka, "transcode.progress")
    mine = [e for e in told if isinstance(e, TranscodeProgress) and e.media_id == media_id]
    times = Counter((s.rendition, s.segment) for e in mine for s in e.stored if s.segment >= 0)
    again = sum(count - 1 for count in times.values())
    assert again <= _KILLS * _RUN


def _both_are_there(client: Client, stack: Stack) -> bool:
    """Whether these very processes have said that they are up: what is killed is heard of for some time."""
    up = {(each["instance"], each["pid"]) for each in client.get("/api/v1/services")["items"]}
    return all((name, stack.children[name].pid) in up for name in _WORKERS)


def test_a_gateway_dies_under_a_player_and_the_other_goes_on(
    chrome: Browser, clients: list[Client], stack: Stack, films: Path
) -> None:
    """The address is as good at any gateway; here the player is brought to the other one by hand."""
    media_id = clients[0].upload(film(films, "gateway", 180))["media"]["id"]
    player = Player.opened(chrome, clients[0], media_id, method="transcode")
    player.play()
    player.until("() => document.querySelector('video').currentTime > 2", "it to play")
    stack.children["gateway-1"].hold()
    stack.children["gateway-1"].kill()
    player.jump(170)
    player.until("() => player.errors.length > 0", "it to notice")
    player.page.context.route(
        f"{clients[0].url}/**",
        lambda route: route.continue_(url=route.request.url.replace(clients[0].url, clients[1].url)),
    )
    at = player.now()
    player.until("(at) => document.querySelector('video').currentTime > at + 3", "it to play on", at)
    stack.children["gateway-1"].release()
    until(lambda: stack.lacks() is None, "the gateway to be back")
    assert {error["type"] for error in player.errors()} == {"networkError"}
    assert player.says() == ""
