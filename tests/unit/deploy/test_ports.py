"""Ports are found free, kept for the next start, and refused with a name."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.failures import Exit, Failure


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((ports.HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(busy: int) -> None:
    assert not ports.is_free(busy)


def test_ports_are_remembered_for_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = ports.remembered(file, ["kafka", "database"])
    assert ports.remembered(file, ["kafka", "database"]) == first
    assert len(set(first.values())) == 2


def test_a_remembered_port_that_is_busy_now_is_chosen_anew(tmp_path: Path, busy: int) -> None:
    file = tmp_path / "ports.json"
    file.write_text(f'{{"kafka": {busy}}}')
    chosen = ports.remembered(file, ["kafka"])["kafka"]
    assert chosen != busy
    assert ports.remembered(file, ["kafka"])["kafka"] == chosen


@pytest.mark.parametrize("content", ["", "not json", '{"kafka": "x"}'])
def test_a_damaged_memory_of_ports_is_passed_over(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ports.json"
    file.write_text(content)
    assert ports.is_free(ports.remembered(file, ["kafka"])["kafka"])


def test_ports_are_not_among_those_given_to_outgoing_connections(tmp_path: Path) -> None:
    chosen = ports.remembered(tmp_path / "ports.json", ["a", "b", "c"])
    assert all(20000 <= port < 30000 for port in chosen.values())


def test_a_busy_port_that_was_asked_for_is_refused_with_its_owner(busy: int) -> None:
    with pytest.raises(Failure, match=rf"port {busy} is in use .*pid {os.getpid()}.*--port") as failure:
        ports.public(busy, 1, explicit=True)
    assert failure.value.code is Exit.CONFLICT


def test_a_busy_default_port_gives_way_to_the_next_free_one(busy: int) -> None:
    [found] = ports.public(busy, 1, explicit=False)
    assert busy < found < busy + 50
