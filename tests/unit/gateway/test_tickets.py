"""Signed addresses: nobody else writes them, and nobody changes one."""

from __future__ import annotations

import hashlib
import string
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from gateway.playback.tickets import BadTicket, Ticket, Tickets
from tests.unit.gateway.doubles import START

SECRET = b"the-secret"
TICKETS = Tickets(SECRET)
ALPHABET = string.ascii_letters + string.digits + "-_.!=+/ "


def ticket(**more: Any) -> Ticket:
    said: dict[str, Any] = {
        "session_id": "s1",
        "media_id": "m1",
        "viewer_id": "admin",
        "method": "transcode",
        "profile": "web",
        "version": 3,
        "start_ms": 0,
        "max_height": None,
        "max_bit_rate": 5_000_000,
        "expires_at": int(START.timestamp()) + 60,
    }
    return Ticket(**said | more)


def serializer(key: bytes = SECRET) -> URLSafeSerializer:
    """What someone who knows the key might sign with."""
    return URLSafeSerializer(key, salt=b"sluice playback", signer_kwargs={"digest_method": hashlib.sha256})


def signed(value: Any, secret: bytes = SECRET) -> str:
    return str(serializer(secret).dumps(value))


GOOD = TICKETS.write(ticket())
VALUES = ["s1", "m1", "admin", "transcode", "web", 3, 0, None, 5_000_000, int(START.timestamp()) + 60]


@given(
    text=st.text(max_size=200),
    profile=st.none() | st.text(max_size=40),
    number=st.integers(0, 10**12),
    limit=st.none() | st.integers(64, 10_000),
)
@settings(max_examples=50, deadline=None)
def test_a_ticket_is_read_as_it_was_written(
    text: str, profile: str | None, number: int, limit: int | None
) -> None:
    written = ticket(media_id=text, profile=profile, start_ms=number, max_height=limit)
    said = TICKETS.write(written)
    assert TICKETS.read(said, START) == written
    assert set(said) <= set(string.ascii_letters + string.digits + "-_.")


def test_a_ticket_fits_into_an_address() -> None:
    longest = ticket(
        session_id="s" * 36, media_id="m" * 36, viewer_id="v" * 36, profile="p" * 40, max_bit_rate=10**12
    )
    assert len(TICKETS.write(longest)) < 1000


def test_any_replica_knows_a_ticket_of_another() -> None:
    assert Tickets(SECRET).read(GOOD, START) == ticket()
    assert signed(VALUES) == GOOD


def test_no_character_can_be_changed() -> None:
    for at, was in enumerate(GOOD):
        for other in ALPHABET.replace(was, ""):
            with pytest.raises(BadTicket, match="not made here"):
                TICKETS.read(GOOD[:at] + other + GOOD[at + 1 :], START)


@pytest.mark.parametrize("cut", [0, 1, 10, len(GOOD) // 2, len(GOOD) - 1])
def test_nothing_can_be_left_out_or_put_in(cut: int) -> None:
    for changed in (
        GOOD[:cut],
        GOOD[:cut] + GOOD[cut + 1 :],
        GOOD[:cut] + "A" + GOOD[cut:],
        GOOD + GOOD[:cut],
    ):
        if changed != GOOD:
            with pytest.raises(BadTicket, match="not made here"):
                TICKETS.read(changed, START)


def test_a_payload_and_a_signature_of_two_tickets_do_not_go_together() -> None:
    other = TICKETS.write(ticket(media_id="m2"))
    mixed = f"{other.rpartition('.')[0]}.{GOOD.rpartition('.')[2]}"
    with pytest.raises(BadTicket, match="not made here"):
        TICKETS.read(mixed, START)


@pytest.mark.parametrize("secret", [b"", b"the-secret ", b"The-secret", b"other"])
def test_a_ticket_of_another_secret_is_none(secret: bytes) -> None:
    assert Tickets(secret).read(signed(VALUES, secret), START) == ticket()
    for reader, text in ((TICKETS, signed(VALUES, secret)), (Tickets(secret), GOOD)):
        with pytest.raises(BadTicket, match="not made here"):
            reader.read(text, START)


def test_the_tokens_own_signature_is_none_of_a_ticket() -> None:
    plain = URLSafeSerializer(SECRET).dumps(VALUES)
    with pytest.raises(BadTicket, match="not made here"):
        TICKETS.read(str(plain), START)


@pytest.mark.parametrize(
    ("after_s", "holds"), [(0, True), (59, True), (60, True), (61, False), (10**6, False)]
)
def test_a_ticket_ends(after_s: int, holds: bool) -> None:
    now = START + timedelta(seconds=after_s)
    if holds:
        assert TICKETS.read(GOOD, now) == ticket()
    else:
        with pytest.raises(BadTicket, match="no longer good"):
            TICKETS.read(GOOD, now)


@pytest.mark.parametrize(
    "value",
    [
        [],
        VALUES[:-1],
        [*VALUES, 1],
        [None] * len(VALUES),
        [*VALUES[:-1], "tomorrow"],
        [*VALUES[:-1], [9**9]],
        dict.fromkeys("abcdefghij"),
        {"session_id": "s1"},
        None,
        5,
        "text",
        True,
    ],
)
def test_what_was_signed_in_another_shape_is_none(value: Any) -> None:
    with pytest.raises(BadTicket, match="not made here"):
        TICKETS.read(signed(value), START)


def test_signed_bytes_that_are_no_json_are_none() -> None:
    for payload in (b"", b"AAAA", b".AAAA", b"!", b"WzEs"):
        text = serializer().make_signer(b"sluice playback").sign(payload).decode()
        with pytest.raises(BadTicket, match="not made here"):
            TICKETS.read(text, START)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b",
        GOOD * 1000,
        "A" * 10**6,
        "." * 10**5,
        "\x00",
        "é.é",
        "\ud800",
        "%2e%2e",
        "eJw.AAAA",
    ],
    ids=range(12),
)
def test_junk_of_any_size_is_no_ticket(text: str) -> None:
    with pytest.raises(BadTicket, match="not made here"):
        TICKETS.read(text, START)


def test_what_would_unpack_into_much_is_not_unpacked_unless_it_is_ours() -> None:
    bomb = signed(["0" * 20_000_000], b"other")
    tracemalloc.start()
    with pytest.raises(BadTicket, match="not made here"):
        TICKETS.read(bomb, START)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1_000_000
