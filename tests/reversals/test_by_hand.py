"""What a person is told to do: menu path, date, amount and receipt number, whatever made the reversal wait for one."""

import pytest

from shared.exchange import nacha
from shared.ledger.answer import Refused, Scope
from shared.ledger.entry import State
from shared.reversals.by_hand import ENTER_PAYMENTS, RECEIVABLE_ADJUSTMENTS, UTILITY_ADJUSTMENTS, informed
from tests.payments.world import NEWPORT, message, reject, reversal

UTILITY = {"UM": {"categoryCode": "3", "distributionCode": "301", "paymentCodes": {"ACH": "7"}}}
BOTH = NEWPORT["applications"] | UTILITY
RECEIPT, DATE = "5.00001", "2026-11-20"


async def posted(world, **changes):
    paid = message(**changes)
    await world.deliver(paid)
    return paid


async def told(world, fields):
    """The last result of a reject or reversal after everything that can happen has happened."""
    await world.undo(fields)
    await world.drain()
    return world.results[-1]


def taken_from_the_city(world):
    return len(world.city.voids)


async def test_payer_to_city_and_back_by_hand_where_the_city_wants_it_so(world):
    await world.set_up(rejectStrategy="manual")
    result = await told(world, reject(await posted(world)))
    assert (result.outcome, result.receipt_number) == ("held", RECEIPT)
    for said in (ENTER_PAYMENTS, DATE, "125.40", RECEIPT, RECEIVABLE_ADJUSTMENTS):
        assert said in result.reason.action
    assert taken_from_the_city(world) == 0


async def test_nothing_that_names_the_customer_is_kept_with_it(world):
    await world.set_up(rejectStrategy="manual", nsfFee="25.00")
    back = reject(await posted(world, payerName="Ada Byron"))
    await told(world, back)
    entry = await world.entry(back)
    assert entry.by_hand
    assert not {"000412", "Ada", "Byron"} & set(f"{entry.by_hand} {entry.afterwards} {entry.message}".split())


async def test_payer_to_city_and_a_part_back_stays_until_a_person_adjusts_it(world):
    result = await told(world, reversal(await posted(world), "refund", amount="25.40"))
    assert result.outcome == "held"
    assert f"{RECEIVABLE_ADJUSTMENTS}: reverse 25.40 of receipt {RECEIPT} of {DATE} (125.40)." in result.reason.action
    assert ENTER_PAYMENTS not in result.reason.action
    assert taken_from_the_city(world) == 0


async def test_payer_to_city_and_all_refunded_is_adjusted_and_not_voided(world):
    result = await told(world, reversal(await posted(world), "refund"))
    assert f"{RECEIVABLE_ADJUSTMENTS}: reverse 125.40 of receipt {RECEIPT}" in result.reason.action
    assert taken_from_the_city(world) == 0


async def test_payer_to_city_to_card_network_and_back_to_the_city(world):
    paid = await posted(world, tender="CC")
    charged = await told(world, reversal(paid, "chargeback"))
    assert (charged.outcome, charged.reason.code) == ("held", "reversal_by_hand")
    assert f"reverse 125.40 of receipt {RECEIPT}" in charged.reason.action
    won = await told(world, reversal(paid, "chargeback_won"))
    assert (won.outcome, won.reason.code) == ("held", "reversal_by_hand")
    assert f"if receipt {RECEIPT} of {DATE}" in won.reason.action
    assert "enter 125.40 again" in won.reason.action
    assert (taken_from_the_city(world), len(world.city.orders)) == (0, 1)


async def test_a_returned_utility_payment_is_reversed_in_utility_management(world):
    await world.set_up(rejectStrategy="manual", applications=BOTH)
    result = await told(world, reject(await posted(world, application="UM")))
    assert f"{UTILITY_ADJUSTMENTS}: action Reverse Payment, for 125.40." in result.reason.action


@pytest.mark.parametrize("code", ["receipt_closed", "period_closed", "receipt_missing"])
async def test_a_void_that_caselle_refuses_says_where_a_person_goes_on(world, code):
    async def refuses(_):
        return Refused(code, Scope.ENTRY)

    world.city.void_script = [refuses]
    result = await told(world, reject(await posted(world)))
    assert (result.outcome, result.reason.code) == ("held", code)
    for said in (ENTER_PAYMENTS, RECEIVABLE_ADJUSTMENTS, DATE, "125.40", RECEIPT):
        assert said in result.reason.action


async def test_a_second_message_for_the_money_names_the_receipt_that_the_first_one_is_about(world):
    paid = await posted(world)
    await told(world, reject(paid))
    second = await told(world, reversal(paid))
    assert (second.outcome, second.reason.code, second.receipt_number) == ("held", "already_reversed", RECEIPT)
    assert f"look at receipt {RECEIPT} of {DATE}" in second.reason.action
    assert "void" not in second.reason.action


async def test_a_chargeback_that_was_won_after_a_void_names_its_receipt(world):
    paid = await posted(world)
    await told(world, reject(paid))
    result = await told(world, reversal(paid, "chargeback_won"))
    assert (result.outcome, result.reason.code, result.receipt_number) == ("held", "reversal_by_hand", RECEIPT)
    assert "enter 125.40 again" in result.reason.action


async def test_a_receipt_that_nobody_named_is_found_by_its_confirmation_number(world):
    paid, back = message(confirmationNumber="IC88213045"), reject(message())
    await world.deliver(paid)
    await world.undo(back)
    unnamed = (await world.entry(paid))._replace(receipt_number=None)
    told = informed(await world.entry(back), unnamed, await world.set_up()).by_hand
    assert f"void receipt with confirmation number IC88213045 of {DATE} (125.40)." in told


# What the bank said.


async def test_a_done_reject_says_what_the_payer_must_do(world):
    result = await told(world, reject(await posted(world), returnCode="R02"))
    assert (result.outcome, result.reason.code) == ("reversed", "returned")
    assert "R02: account closed." in result.reason.message
    assert nacha.RETURNS["R02"].payer in result.reason.action


async def test_a_held_reject_says_both_what_the_clerk_and_what_the_payer_must_do(world):
    await world.set_up(rejectStrategy="manual")
    result = await told(world, reject(await posted(world), returnCode="R10"))
    assert "R10: " in result.reason.message
    assert ENTER_PAYMENTS in result.reason.action
    assert nacha.RETURNS["R10"].payer in result.reason.action


async def test_a_code_in_small_letters_is_the_same_code(world):
    paid = await posted(world)
    result = await told(world, reject(paid, returnCode="r01"))
    assert (result.outcome, (await world.entry(paid)).state) == ("reversed", State.REVERSED)
    assert "R01: insufficient funds." in result.reason.message


@pytest.mark.parametrize("code", ["R99", "X1", "INSUFFICIENT"])
async def test_a_code_that_is_not_in_the_table_is_accepted_and_held(world, code):
    paid = await posted(world)
    result = await told(world, reject(paid, returnCode=code))
    assert (result.outcome, (await world.entry(paid)).state) == ("held", State.POSTED)
    assert f"{code}: {nacha.explained(code).meaning}." in result.reason.message


async def test_a_void_of_a_reversal_has_no_bank_s_code(world):
    result = await told(world, reversal(await posted(world)))
    assert (result.outcome, result.reason) == ("reversed", None)


# The fee of the city.


async def test_no_fee_is_spoken_of_unless_the_city_wants_it(world):
    voided = await told(world, reject(await posted(world)))
    await world.set_up(rejectStrategy="manual")
    held = await told(world, reject(await posted(world)))
    assert "fee" not in voided.reason.action + held.reason.action


async def test_a_fee_is_billed_by_hand_after_a_void_and_nothing_is_sent_for_it(world):
    await world.set_up(rejectStrategy="void", nsfFee="25.00")
    result = await told(world, reject(await posted(world)))
    assert result.outcome == "reversed"
    assert (
        f"Bill the NSF fee of 25.00 by hand to the customer of receipt {RECEIPT} of {DATE} (125.40)."
        in result.reason.action
    )
    assert (len(world.city.orders), taken_from_the_city(world)) == (1, 1)


@pytest.mark.parametrize(
    ("application", "said"),
    [
        ("AR", "reverse 125.40, and bill the NSF fee of 25.00."),
        ("UM", "action NSF Check, which also bills the fee of 25.00"),
    ],
)
async def test_a_held_reject_says_how_the_fee_is_billed(world, application, said):
    await world.set_up(rejectStrategy="manual", nsfFee="25.00", applications=BOTH)
    result = await told(world, reject(await posted(world, application=application)))
    assert said in result.reason.action


@pytest.mark.parametrize("code", ["R02", "R10", "R99"])
async def test_only_a_debit_short_of_funds_has_a_fee(world, code):
    await world.set_up(rejectStrategy="void", nsfFee="25.00")
    result = await told(world, reject(await posted(world), returnCode=code))
    assert "fee" not in result.reason.action


async def test_a_void_has_no_fee(world):
    await world.set_up(rejectStrategy="manual", nsfFee="25.00")
    result = await told(world, reversal(await posted(world)))
    assert "fee" not in result.reason.action
