"""The audit log's chains: whatever is done to a log is found, and nothing where nothing was done."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import fastavro
from hypothesis import assume, given
from hypothesis import strategies as st

from connectors.sealing import Secret
from gateway.audit import verification
from gateway.audit.chain import digest, head_of, is_ours, linked
from gateway.audit.verification import Report, Verification
from schemas.codec import Codec, Undecodable
from schemas.events import AuditRecorded, Head
from schemas.registry import HERE, FileRegistry
from tests.unit.gateway.doubles import START
from tests.unit.gateway.fakes import SECRET
from tests.unit.gateway.trail import ADA, KEY, KEYS, entry, links, scribe

FIRST = links("gateway-1/a", 6, closed=True)
SECOND = links("gateway-2/b", 5, (head_of(FIRST[-1]),))
THIRD = links("gateway-1/c", 3, (head_of(SECOND[-1]),))
LOG = [*FIRST, *SECOND, *THIRD]
VOUCHED_FOR = [*FIRST, *SECOND]
"""The last chain ends the log: what is cut off its end nobody can know of."""


def verified(records: Sequence[AuditRecorded], known: Sequence[Head] = (), at: Any = START) -> Report:
    verification = Verification(KEYS, known)
    for record in records:
        verification.take(record)
    return verification.report(at)


def kinds(report: Report) -> set[str]:
    return {damage.kind for damage in report.damages}


def test_a_whole_log_is_whole() -> None:
    report = verified(LOG)
    assert report.whole
    assert (report.records, report.repeated, len(report.chains)) == (15, 0, 3)


@given(st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_does_no_harm(random: random.Random) -> None:
    delivered = [*LOG, *random.choices(LOG, k=7)]
    random.shuffle(delivered)
    report = verified(delivered)
    assert report.whole
    assert report.repeated == 7


@given(st.sampled_from(range(len(VOUCHED_FOR))))
def test_any_record_that_is_dropped_is_missed(index: int) -> None:
    report = verified(LOG[:index] + LOG[index + 1 :])
    assert kinds(report) & {verification.GAP, verification.HEAD_MISSING}


@given(st.sampled_from([FIRST, SECOND]), st.data())
def test_any_end_that_is_cut_off_is_missed_once_it_was_vouched_for(
    chain: list[AuditRecorded], data: st.DataObject
) -> None:
    gone = chain[data.draw(st.integers(0, len(chain) - 1)) :]
    report = verified([record for record in LOG if record not in gone])
    assert verification.HEAD_MISSING in kinds(report)
    assert all(damage.chain == chain[0].chain for damage in report.damages)


@given(st.data())
def test_any_byte_that_is_changed_is_found(data: st.DataObject) -> None:
    """Where the record still can be read; otherwise it is passed over, and missed as dropped ones are."""
    index = data.draw(st.sampled_from(range(len(LOG))))
    record = Codec().encode(LOG[index])
    value = bytearray(record.value)
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        changed: Any = Codec().decode(record.topic, bytes(value))
    except (Undecodable, OverflowError, ValueError):
        return
    assume(changed != LOG[index])
    assert verification.CHANGED in kinds(verified([*LOG[:index], changed, *LOG[index + 1 :]]))


@given(st.sampled_from(LOG), st.sampled_from(fields(AuditRecorded)))
def test_any_field_that_is_changed_is_found(record: AuditRecorded, field: Any) -> None:
    others: dict[str, Any] = {
        "meta": replace(record.meta, occurred_at=record.meta.occurred_at + timedelta(milliseconds=1)),
        "number": record.number + 1,
        "count": record.count + 1,
        "address": b"x",
        "details": {"x": ""},
        "heads": [*record.heads, Head(chain="x", number=1, hash="")],
    }
    old = getattr(record, field.name)
    changed = replace(record, **{field.name: others.get(field.name, f"{old or ''}x")})
    assert not is_ours(KEYS, changed)
    assert verification.CHANGED in kinds(verified([*LOG, changed]))


@given(st.lists(st.sampled_from(range(6)), min_size=2, max_size=2, unique=True))
def test_two_records_that_change_places_are_found(places: list[int]) -> None:
    one, other = (FIRST[place] for place in places)
    swapped = [
        replace(one, number=other.number, previous=other.previous),
        replace(other, number=one.number, previous=one.previous),
    ]
    left = [record for record in LOG if record not in (one, other)]
    assert verification.CHANGED in kinds(verified([*left, *swapped]))


@given(st.integers(1, 7), st.sampled_from(["inserted", "appended"]))
def test_a_record_that_somebody_else_made_is_found(number: int, how: str) -> None:
    stranger = Secret(["what somebody else thinks that our secret is"]).derive("audit")
    made = linked(stranger, FIRST[1], head_of(FIRST[number - 1]))
    log = [*LOG, made] if how == "appended" else [*LOG[:number], made, *LOG[number:]]
    assert kinds(verified(log)) == {verification.CHANGED}


def test_two_records_of_one_number_are_a_fork_even_with_our_key() -> None:
    again = links("gateway-1/a", 2)[1]
    other = linked(KEY, replace(again, action="media.shown"), head_of(FIRST[0]))
    assert kinds(verified([*LOG, other])) == {verification.FORK}


def test_who_has_the_key_and_writes_a_link_anew_leaves_the_next_one_hanging() -> None:
    other = linked(KEY, replace(FIRST[2], action="media.shown"), head_of(FIRST[1]))
    assert kinds(verified([*LOG[:2], other, *LOG[3:]])) == {verification.UNLINKED}


def test_nothing_follows_the_end_of_a_chain() -> None:
    more = linked(KEY, FIRST[1], head_of(FIRST[-1]))
    assert kinds(verified([*LOG, more])) == {verification.AFTER_THE_END}


def test_a_chain_that_vanished_is_missed() -> None:
    report = verified([record for record in LOG if record.chain != "gateway-1/a"])
    assert kinds(report) == {verification.HEAD_MISSING}


def test_a_chain_without_an_end_is_no_damage_and_told_apart() -> None:
    states = {each.chain: each.state for each in verified(LOG).chains}
    assert states == {"gateway-1/a": "closed", "gateway-2/b": "running", "gateway-1/c": "running"}
    later = verified(LOG, at=START + timedelta(hours=3))
    assert later.whole
    assert [each.state for each in later.chains] == ["closed", "broken-off", "broken-off"]


def test_what_was_known_from_elsewhere_shows_an_end_that_nobody_vouches_for() -> None:
    assert verified(LOG[:-1]).whole
    known = [each.head for each in verified(LOG).chains if each.head]
    assert kinds(verified(LOG[:-1], known)) == {verification.HEAD_MISSING}


def test_a_log_of_two_secrets_is_whole_for_who_has_both() -> None:
    old = [scribe("gateway-1/old", Secret(["an old secret that was replaced long ago"])).write(entry())]
    both = Secret(["a new secret that is used from now on, ours", "an old secret that was replaced long ago"])
    new = [scribe("gateway-1/new", both).write(entry())]
    found = Verification(both.every("audit"))
    for record in [*old, *new]:
        found.take(record)
    assert found.report(START).whole
    assert not verified([*old, *new]).whole


def test_a_link_is_hashed_as_it_always_was() -> None:
    """The example is of the first version: its hash must never come out otherwise, whatever is added."""
    text = json.dumps(json.loads((HERE / "examples" / "audit_recorded.v1.json").read_text()))
    schema = next(s for s in FileRegistry().schemas if (s.stem, s.version) == ("audit_recorded", 1))
    parsed = fastavro.parse_schema(schema.parsed)
    said: Any = next(iter(fastavro.json_reader(StringIO(text), parsed)))
    prefix = b"\0" + schema.id.to_bytes(4)
    body = BytesIO()
    fastavro.schemaless_writer(body, parsed, said)
    record: Any = Codec().decode("audit.recorded", prefix + body.getvalue())
    assert digest(b"the key of an example", record) == record.hash


def test_an_address_is_not_in_clear_for_anyone() -> None:
    record = scribe().write(entry(actor=ADA))
    assert ADA.address is not None
    assert ADA.address.encode() not in Codec().encode(record).value
    assert record.address_mark == scribe("gateway-9/z").write(entry(actor=ADA)).address_mark
    assert SECRET.derive("audit") == KEY
