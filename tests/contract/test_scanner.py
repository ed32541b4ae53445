"""The virus scanner's port: the double and a real clamd, over both kinds of sockets, pass one suite."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from connectors.clamd import Clamd
from connectors.ports import ScanFailed, Scanner, ScannerUnavailable, TooLargeToScan
from deploy.local.ports import pick
from tests.malware import EICAR, FINDING, LIMIT_BYTES, ClamdProcess, FakeScanner, clamd

HOMES = ("double", "tcp", "unix")


@pytest.fixture(scope="module")
def process() -> Iterator[ClamdProcess]:
    with clamd() as found:
        found.start()
        yield found


@pytest.fixture(params=HOMES)
def scanner(request: pytest.FixtureRequest) -> Scanner:
    if request.param == "double":
        return FakeScanner()
    process: ClamdProcess = request.getfixturevalue("process")
    return Clamd(process.tcp if request.param == "tcp" else process.unix)


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


async def test_what_is_harmless_passes(scanner: Scanner) -> None:
    await scanner.ping()
    assert await scanner.scan(pieces(b"a film", b"", b" of some length" * 1000)) is None


async def test_what_is_known_is_called_by_its_name_wherever_it_is(scanner: Scanner) -> None:
    assert await scanner.scan(pieces(EICAR)) == FINDING
    assert await scanner.scan(pieces(b"film" * 1000, EICAR[:20], EICAR[20:], b"film" * 1000)) == FINDING


async def test_several_are_scanned_at_once(scanner: Scanner) -> None:
    found = await asyncio.gather(*(scanner.scan(pieces(EICAR if n % 2 else b"film")) for n in range(8)))
    assert found == [None, FINDING] * 4


@pytest.mark.parametrize("times", [1.25, 16], ids=["a little", "much"])
async def test_what_is_over_the_limit_is_said_to_be(scanner: Scanner, times: float) -> None:
    """Also where clamd hangs up in the middle of it, and nothing is vouched for that came before."""
    asked = 0

    async def large() -> AsyncIterator[bytes]:
        nonlocal asked
        for _ in range(int(times * LIMIT_BYTES) >> 16):
            asked += 1
            yield b"\0" * (1 << 16)

    with pytest.raises(TooLargeToScan):
        await scanner.scan(large())
    assert asked << 16 <= 4 * LIMIT_BYTES


async def test_what_was_said_before_it_hung_up_is_heard() -> None:
    """Also where nothing was read between its line and the first byte that it does not take any more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        hung_up = threading.Event()

        def answer() -> None:
            there, _ = server.accept()
            with there:
                there.recv(1)
                there.sendall(b"INSTREAM size limit exceeded. ERROR\0")
            hung_up.set()

        async def large() -> AsyncIterator[bytes]:
            yield b"\0" * (1 << 16)
            hung_up.wait(60)  # the loop stands still meanwhile, and sees neither
            for _ in range(100):
                yield b"\0" * (1 << 16)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(TooLargeToScan):
            await Clamd(f"tcp://127.0.0.1:{server.getsockname()[1]}").scan(large())
        thread.join()


async def test_what_clamd_takes_but_does_not_scan_to_its_end_is_no_clean_file(process: ClamdProcess) -> None:
    """It is between MaxFileSize and StreamMaxLength."""
    with pytest.raises(TooLargeToScan, match="MaxFileSize"):
        await Clamd(process.tcp).scan(pieces(*[b"\0" * (1 << 20)] * 3))


async def test_who_cannot_be_reached_is_unavailable(scanner: Scanner) -> None:
    away: Scanner = Clamd(f"tcp://127.0.0.1:{pick(set())}")
    if isinstance(scanner, FakeScanner):
        scanner.away, away = True, scanner
    for asked in (away.ping(), away.scan(pieces(b"film"))):
        with pytest.raises(ScannerUnavailable, match=r"away|not answer"):
            await asked


@asynccontextmanager
async def answering(said: bytes) -> AsyncIterator[Clamd]:
    """Something that says this, whatever it is asked."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield Clamd(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")


@pytest.mark.parametrize("said", [b"", b"COMMAND READ TIMED OUT. ERROR\0", b"what?\0"])
async def test_one_that_answers_anything_else_is_unavailable(said: bytes) -> None:
    async with answering(said) as odd:
        for asked in (odd.ping(), odd.scan(pieces(b"film"))):
            with pytest.raises(ScannerUnavailable):
                await asked


async def test_what_it_fails_at_is_told_from_its_being_away() -> None:
    async with answering(b"stream: Can't allocate memory ERROR\0") as failing:
        with pytest.raises(ScanFailed, match="allocate memory"):
            await failing.scan(pieces(b"film"))


async def test_one_that_is_silent_is_not_waited_for_for_ever() -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(ScannerUnavailable):
            await Clamd(url, silent_s=0.2).scan(pieces(b"film"))


@pytest.mark.parametrize("url", ["clamd:3310", "tcp://clamd", "unix://", "http://clamd:3310"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="no address of clamd"):
        Clamd(url)
