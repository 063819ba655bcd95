"""Caselle's own words about an unknown error reach whoever asks, and no log."""

import pytest

from shared.ledger.answer import Ambiguous
from shared.ledger.entry import State
from shared.payments.status import PaymentStatus
from tests.payments.world import message

SAID = "Caselle says: The moon is full."
ODD = Ambiguous("unlisted_error", unlisted="abc", detail=SAID)
VAGUE = Ambiguous("suspected_workspace", unlisted="abc", detail="Caselle says: An error has occurred.")


async def told(world, paid):
    return await PaymentStatus(world.ledger).of(paid["billerId"], paid["paymentId"])


async def test_an_error_on_no_list_is_told_in_caselle_s_words(world, caplog):
    caplog.set_level("INFO")
    paid = message()
    world.city.next(ODD)
    await world.deliver(paid)
    shown = await told(world, paid)
    assert (shown.outcome, shown.reason.code) == ("pending", "unlisted_error")
    assert shown.reason.message.endswith(f"({SAID})")
    assert "payment.unknown" in caplog.text
    assert "moon" not in caplog.text


async def test_the_vague_error_is_told_with_its_probable_cause_at_once(world):
    paid = message()
    world.city.next(VAGUE)
    await world.deliver(paid)
    shown = await told(world, paid)
    assert shown.reason.code == "suspected_workspace"
    assert "probably the workspace is not marked" in shown.reason.message
    assert '"Allow new receipts"' in shown.reason.action


@pytest.mark.parametrize("answer", [ODD, VAGUE])
async def test_where_nobody_can_be_asked_the_words_go_with_what_is_held(world, answer):
    await world.set_up(connectVersion="2021.02.160")
    paid = message()
    world.city.next(answer)
    await world.deliver(paid)
    entry, shown = await world.entry(paid), await told(world, paid)
    assert (entry.state, entry.reason) == (State.HELD, "outcome_unknown")
    assert f"({answer.code}. {answer.detail})" in shown.reason.message


async def test_a_success_forgets_the_words(world):
    paid = message()
    world.city.next(ODD, made=True)
    await world.deliver(paid)
    await world.pass_time(300)
    entry, shown = await world.entry(paid), await told(world, paid)
    assert (entry.state, entry.detail, shown.reason) == (State.POSTED, None, None)
