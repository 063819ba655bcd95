"""Entries for tests that need no message behind them."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from shared.ledger.entry import Entry, Key, Kind, State, Wait

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = Key("2493", Kind.PAYMENT, "pay-1")

_ids = st.from_regex(r"[a-z0-9._-]{1,64}", fullmatch=True)
_instants = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - the strategy wants bounds without a zone
    lambda instant: instant.replace(microsecond=instant.microsecond // 1000 * 1000)
)
_texts = st.text(max_size=20)
_numbers = st.integers(0, 1000)

keys = st.builds(Key, st.from_regex(r"[0-9]{1,9}", fullmatch=True), st.just(Kind.PAYMENT), _ids)
entries = st.builds(
    Entry,
    key=keys,
    state=st.sampled_from(State),
    version=_numbers,
    nonce=_texts,
    fingerprint=_texts,
    cents=st.integers(1, 999_999_999),
    customer_number=_texts,
    reference=_texts,
    message_id=_texts,
    message=st.binary(max_size=50),
    received_at=_instants,
    posting_date=_instants.map(lambda instant: instant.date().isoformat()),
    booked_on=_texts,
    changed_at=st.none() | _instants,
    attempt=_numbers,
    sent_at=st.none() | _instants,
    lease_until=st.none() | _instants,
    slot=st.none() | st.integers(0, 9),
    due=st.none() | _instants,
    wait=st.none() | st.sampled_from(Wait),
    backoffs=_numbers,
    version_base=_numbers,
    channel=_texts,
    recalled=_numbers,
    first_sent_at=st.none() | _instants,
    first_day=_texts,
    last_day=_texts,
    first_dated=_texts,
    doubt_at=st.none() | _instants,
    look=st.none() | _texts,
    proved_at=st.none() | _instants,
    refused_with=st.none() | _texts,
    others=_texts,
    told_held_at=st.none() | _instants,
    resends=_numbers,
    held_at=st.none() | _instants,
    reason=st.none() | _texts,
    detail=st.none() | _texts,
    receipt_number=st.none() | _texts,
    reverses=st.none() | _ids,
    by_hand=st.none() | _texts,
    afterwards=st.none() | _texts,
    subject=st.none() | _texts,
    order=_texts,
).map(lambda one: one._replace(told_held_at=one.told_held_at or one.held_at))  # what is held was told


def entry(**fields: Any) -> Entry:
    """A payment of Newport's, received at noon unless said otherwise."""
    usual: dict[str, Any] = {
        "key": KEY,
        "state": State.RECEIVED,
        "fingerprint": "f",
        "cents": 12540,
        "customer_number": "000412",
        "reference": "IC1",
        "message_id": "m-1",
        "message": b"{}",
        "received_at": NOON,
        "posting_date": "2026-11-20",
    }
    return Entry(**usual | fields)
