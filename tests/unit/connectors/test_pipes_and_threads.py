"""Pipes on the loop that workers run on, beside threads that open files of their own."""

from __future__ import annotations

import asyncio
import os
import threading

import uvloop

from connectors.pipes import out_of_tool


async def to_its_end(reader: asyncio.StreamReader) -> None:
    await reader.read()


def test_no_file_of_another_thread_is_closed() -> None:
    """A number that is closed twice may be another's by then."""
    closed_under_it, ended = [], threading.Event()

    def others() -> None:
        while not ended.is_set():
            with open("/dev/zero", "rb", buffering=0) as file:
                try:
                    file.read(1)
                    os.fstat(file.fileno())
                except OSError as error:
                    closed_under_it.append(error)
                    return

    async def pipes_come_and_go() -> None:
        for _ in range(300):
            with out_of_tool([to_its_end] * 4) as pipes:
                pipes.let_go()
                await pipes.drain()

    threads = [threading.Thread(target=others) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        uvloop.run(pipes_come_and_go())
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert closed_under_it == []
