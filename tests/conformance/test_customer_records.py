"""Every ``CustomerRecords`` behaves alike: the records in memory, and the real client before the simulator."""

from datetime import date
from types import SimpleNamespace

import pytest

from shared.caselle.customer_records import CaselleCustomerRecords
from shared.customers.gateway import DIRECT_PAY, AutopaySetting
from shared.ledger.answer import Accepted, Ambiguous, Refused, Scope
from shared.ledger.entry import Kind
from tests.conformance.newport import CITY
from tests.fakes.records import MemoryRecords

ON = AutopaySetting("000412", enrolled=True, effective_on=date(2026, 12, 1))
OFF = AutopaySetting("000412", enrolled=False, effective_on=date(2026, 12, 1))
DONE = Accepted(None)


class InMemory:
    """The control of ``MemoryRecords``, as the simulator's."""

    def __init__(self, records):
        self._records = records

    async def switch(self, _subdomain, **changes):
        self._records.direct_pay |= set(changes.get("directPay", ()))
        self._records.refused_emails |= set(changes.get("refusedEmails", ()))

    async def accounts(self):
        kept = self._records
        numbers = kept.autopay.keys() | kept.emails.keys()
        return {
            "2493": {
                number: {"autopay": kept.autopay.get(number), "email": kept.emails.get(number)} for number in numbers
            }
        }


@pytest.fixture
async def real(caselle):
    return SimpleNamespace(records=CaselleCustomerRecords(caselle.client), control=caselle.control)


@pytest.fixture(params=["memory", "caselle"])
def city(request):
    if request.param == "caselle":
        return request.getfixturevalue("real")
    records = MemoryRecords()
    records.customers = {"000412"}
    return SimpleNamespace(records=records, control=InMemory(records))


async def shown(city):
    accounts = (await city.control.accounts()).get("2493", {})
    return {number: (each["autopay"], each["email"]) for number, each in accounts.items()}


async def test_what_is_set_is_there_and_the_last_one_stays(city):
    for setting in (ON, ON, OFF, ON):
        assert await city.records.set_autopay(CITY, setting) == DONE
    for email in ("a@example.test", "b@example.test"):
        assert await city.records.set_email(CITY, "000412", email) == DONE
    assert await shown(city) == {"000412": (True, "b@example.test")}


async def test_an_unknown_customer_is_refused_and_nothing_is_set(city):
    refused = Refused("customer_unknown", Scope.ENTRY)
    stranger = AutopaySetting("412", enrolled=True, effective_on=date(2026, 12, 1))
    assert await city.records.set_autopay(CITY, stranger) == refused
    assert await city.records.set_email(CITY, "412", "a@example.test") == refused
    assert await shown(city) == {}


async def test_a_refused_address_leaves_the_one_before(city):
    await city.records.set_email(CITY, "000412", "a@example.test")
    await city.control.switch("newportor", refusedEmails=["b@example.test"])
    answer = await city.records.set_email(CITY, "000412", "b@example.test")
    assert answer == Refused("email_refused", Scope.ENTRY)
    assert await shown(city) == {"000412": (None, "a@example.test")}


async def test_direct_pay_is_remarked_on_joining_only(city):
    await city.control.switch("newportor", directPay=["000412"])
    assert await city.records.set_autopay(CITY, ON) == Accepted(None, remark=DIRECT_PAY)
    assert await city.records.set_autopay(CITY, OFF) == DONE


async def test_records_that_answer_are_reachable(city):
    assert await city.records.reachable(CITY, "000412")
    assert await city.records.reachable(CITY, "nobody")


@pytest.mark.parametrize("kind", [Kind.AUTOPAY_CHANGE, Kind.REGISTRATION])
def test_each_kind_has_its_operation(city, kind):
    assert city.records.remote(kind).name in {"set_autopay", "set_customer_email"}


# What only the real one can show.


async def test_a_lost_answer_is_in_doubt_and_the_setting_is_there(real):
    await real.control.switch("newportor", dropAnswers=1)
    assert isinstance(await real.records.set_autopay(CITY, ON), Ambiguous)
    assert await shown(real) == {"000412": (True, None)}


async def test_a_caselle_without_these_operations_is_a_mismatch_of_the_lane(real):
    await real.control.switch("newportor", customerUpdates=False)
    assert await real.records.set_autopay(CITY, ON) == Refused("contract_mismatch", Scope.BILLER)
    assert await real.records.reachable(CITY, "000412")


async def test_the_licence_of_accounts_receivable_is_one_of_its_own(real, caselle):
    await real.control.switch("newportor", arLicence=False)
    assert await real.records.set_email(CITY, "000412", "a@b.test") == Refused("licence_missing", Scope.BILLER)
    assert not await real.records.reachable(CITY, "000412")
    assert await caselle.cash.reachable(CITY, "000412")


async def test_a_token_that_is_not_active_leaves_it_in_doubt(real):
    """Sent again, it would do no harm; but that this is so is for the ledger to say."""
    await real.control.revoke_tokens("newportor")
    answer = await real.records.set_autopay(CITY, ON)
    assert (type(answer), answer.code, answer.unlisted) == (Ambiguous, "token_refused", None)


async def test_no_error_repeats_itself_into_a_suspected_workspace(real):
    await real.control.switch("newportor", cows="graphql_error")
    answer = await real.records.set_email(CITY, "000412", "ada@example.test")
    assert isinstance(answer, Ambiguous)
    assert answer.unlisted is None


async def test_caselle_s_words_about_an_address_are_kept_without_it(real):
    """The simulator quotes the address in its refusal."""
    await real.control.switch("newportor", refusedEmails=["ada.canary"])
    answer = await real.records.set_email(CITY, "000412", "ada.canary")
    assert "canary" not in repr(answer)
    assert "canary" not in str(getattr(answer, "detail", ""))
