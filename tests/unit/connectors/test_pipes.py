"""Pipes to and from tools: every byte arrives, an error ends all, and nothing stays open."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from connectors.pipes import Pipes, Sink, into_tool, out_of_tool
from connectors.process import Finished, ToolFailed, ToolRunner
from connectors.sandbox import Confinement, Isolation, Sandbox

RUNNER = ToolRunner(Sandbox(Isolation(())))
MIB = 1 << 20


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    """However a test ends, no descriptor stays open; a thread closes its own once its tool is gone."""
    before = open_files()
    yield
    deadline = time.monotonic() + 10
    while not open_files() <= before and time.monotonic() < deadline:
        time.sleep(0.005)
    assert open_files() <= before


def open_files() -> set[str]:
    """What this process has open, by kind and number of the file itself."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.add(os.readlink(entry))
        except FileNotFoundError:  # the one that listed the folder
            continue
    return found


async def run(script: str, pipes: Pipes, wall_s: float | None = None) -> Finished:
    """Runs a shell script that finds its pipes as /dev/fd/N."""
    async with asyncio.timeout(20):
        return await RUNNER.run(["/bin/sh", "-c", script], Confinement(read=(), wall_s=wall_s), pipes=pipes)


def into(found: list[bytes]) -> Sink:
    """Keeps all that comes."""

    async def sink(reader: asyncio.StreamReader) -> None:
        while chunk := await reader.read(1 << 16):
            found.append(chunk)

    return sink


def writes(ends: Sequence[int], text: str = "hello") -> str:
    return "; ".join(f"printf {text}{n} > /dev/fd/{end}" for n, end in enumerate(ends))


async def test_what_a_tool_writes_arrives_at_its_sink() -> None:
    found: list[list[bytes]] = [[], [], []]
    with out_of_tool([into(each) for each in found]) as pipes:
        assert pipes.names == [f"pipe:{end}" for end in pipes.descriptors]
        await run(writes(pipes.descriptors), pipes)
    assert [b"".join(each) for each in found] == [b"hello0", b"hello1", b"hello2"]


async def test_more_than_any_buffer_arrives_whole() -> None:
    found: list[list[bytes]] = [[], []]
    with out_of_tool([into(each) for each in found]) as pipes:
        one, other = pipes.descriptors
        await run(
            f"head -c {9 * MIB} /dev/zero > /dev/fd/{one}; head -c {MIB} /dev/zero > /dev/fd/{other}", pipes
        )
    assert [sum(map(len, each)) for each in found] == [9 * MIB, MIB]


async def test_what_a_tool_writes_is_there_before_it_ends() -> None:
    seen = asyncio.Event()

    async def sink(reader: asyncio.StreamReader) -> None:
        assert await reader.readexactly(5) == b"early"
        seen.set()
        await reader.read()

    with out_of_tool([sink]) as pipes:
        (end,) = pipes.descriptors
        running = asyncio.create_task(run(f"printf early > /dev/fd/{end}; exec sleep 30", pipes))
        async with asyncio.timeout(10):
            await seen.wait()
        assert not running.done()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


class Broken(Exception):
    """What a sink may raise."""


async def broken(reader: asyncio.StreamReader) -> None:
    await reader.readexactly(1)
    raise Broken("no room")


async def test_an_error_of_a_sink_ends_the_tool_and_the_other_sinks() -> None:
    ended: list[str] = []

    async def endless(reader: asyncio.StreamReader) -> None:
        try:
            while await reader.read(1 << 16):
                pass
            ended.append("at its end")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    with out_of_tool([endless, broken]) as pipes:
        one, other = pipes.descriptors
        with pytest.raises(Broken, match="no room"):
            await run(f"printf x > /dev/fd/{other}; while :; do printf y; done > /dev/fd/{one}", pipes)
        assert ended == ["cancelled"]
    await asyncio.sleep(0)


async def test_an_error_of_a_sink_is_the_one_that_is_told() -> None:
    with out_of_tool([broken]) as pipes:
        (end,) = pipes.descriptors
        with pytest.raises(Broken):
            await run(f"printf x > /dev/fd/{end}; exec sleep 30", pipes)


async def test_a_sink_that_reads_no_more_keeps_no_tool_waiting() -> None:
    async def content(reader: asyncio.StreamReader) -> None:
        await reader.readexactly(10)

    with out_of_tool([content]) as pipes:
        (end,) = pipes.descriptors
        await run(f"head -c {50 * MIB} /dev/zero > /dev/fd/{end}; exit 0", pipes)


@pytest.mark.parametrize("script", ["exit 3", "kill -9 $$", "exec /nowhere/at/all"])
async def test_a_tool_that_fails_ends_its_sinks(script: str) -> None:
    found: list[bytes] = []
    with out_of_tool([into(found), into(found)]) as pipes, pytest.raises(ToolFailed):
        await run(script, pipes)
    assert found == []


async def test_a_tool_that_takes_too_long_ends_its_sinks() -> None:
    with out_of_tool([into([])]) as pipes, pytest.raises(ToolFailed, match="longer than"):
        await run("exec sleep 30", pipes, wall_s=0.2)


async def test_a_tool_that_never_started_leaves_nothing_open(tmp_path: Path) -> None:
    for pipes in (out_of_tool([into([]), into([])]), into_tool([[tmp_path / "a"], []])):
        with pipes as opened, pytest.raises(FileNotFoundError):
            await RUNNER.run(["/bin/true"], Confinement(read=(), write=tmp_path / "missing"), pipes=opened)


@pytest.mark.parametrize("turns", range(4))
async def test_whenever_it_is_cancelled_nothing_stays_open(tmp_path: Path, turns: int) -> None:
    (tmp_path / "a").write_bytes(b"x" * MIB)
    for pipes in (out_of_tool([into([]), into([])]), into_tool([[tmp_path / "a"], [tmp_path / "a"]])):
        with pipes as opened:
            moving = asyncio.create_task(opened.drain())
            for _ in range(turns):
                await asyncio.sleep(0)
            moving.cancel()
            opened.let_go()
            with pytest.raises(asyncio.CancelledError):
                await moving


async def test_files_are_read_as_one(tmp_path: Path) -> None:
    parts = [tmp_path / name for name in "abc"]
    for part in parts:
        part.write_bytes(part.name.encode() * MIB)
    counted: list[str] = []
    with into_tool([parts, parts[:1], []]) as pipes:
        script = "; ".join(f"cat < /dev/fd/{end} | cksum" for end in pipes.descriptors)
        await RUNNER.run(["/bin/sh", "-c", script], Confinement(read=()), counted.append, pipes)
    (tmp_path / "whole").write_bytes(b"".join(part.read_bytes() for part in parts))
    (tmp_path / "none").touch()
    expected: list[str] = []
    sums = "; ".join(f"cksum < {tmp_path / name}" for name in ("whole", "a", "none"))
    await RUNNER.run(["/bin/sh", "-c", sums], Confinement(read=(tmp_path,)), expected.append)
    assert counted == expected


async def test_many_files_are_fed_whichever_is_read_first(tmp_path: Path) -> None:
    """Each is larger than a pipe, and there are more of them than a pool has threads."""
    (tmp_path / "part").write_bytes(b"x" * MIB)
    counted: list[str] = []
    with into_tool([[tmp_path / "part"]] * 40) as pipes:
        script = "; ".join(f"wc -c < /dev/fd/{end}" for end in reversed(pipes.descriptors))
        async with asyncio.timeout(20):
            await RUNNER.run(["/bin/sh", "-c", script], Confinement(read=()), counted.append, pipes)
    assert [int(line) for line in counted] == [MIB] * 40


async def test_a_tool_that_reads_no_more_ends_the_feeding(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * 9 * MIB)
    with into_tool([[tmp_path / "long"] * 5]) as pipes:
        (end,) = pipes.descriptors
        await run(f"head -c 10 < /dev/fd/{end} > /dev/null", pipes)


async def test_a_file_that_is_missing_is_said_and_ends_the_tool(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * 9 * MIB)
    with into_tool([[tmp_path / "missing"], [tmp_path / "long"]]) as pipes:
        one, other = pipes.descriptors
        with pytest.raises(FileNotFoundError, match="missing"):
            await run(
                f"cat < /dev/fd/{other} > /dev/null; cat < /dev/fd/{one} > /dev/null; exec sleep 30", pipes
            )


def test_pipes_that_nobody_used_are_closed() -> None:
    with out_of_tool([into([])] * 3) as out, into_tool([[]] * 3) as into_it:
        ends = [*out.descriptors, *into_it.descriptors]
        assert len(set(ends)) == 6
        for end in ends:
            os.fstat(end)
        out.let_go()
        out.let_go()
    for end in ends:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(end)
