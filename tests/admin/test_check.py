"""The preflight names the cause and the remedy of every broken set-up, and the person who must act."""

import asyncio

import pytest

from admin.check import reads
from local.csm import CUSTOMER
from local.simulator.client import SimulatorControl
from tests.admin.cities import at_stamp, complete, put, switch

TRIED = ("--post-and-void", "0.01", "--customer", CUSTOMER, "--yes")


@pytest.fixture(scope="module")
def city(stack, state):
    return asyncio.run(complete(stack, state, "690001"))


@pytest.fixture
def healthy(stack, state, city):
    """The city as it should be, again after each test."""
    usual = {
        "cows": "up",
        "latencyMs": 0,
        "licence": True,
        "arLicence": True,
        "onlinePayments": True,
        "distributionOnline": True,
        "thirdPartyEnabled": True,
        "workspaceInUse": False,
        "updateImmediately": True,
        "receiptNumbersLeft": None,
        "connectVersion": city.at_caselle["connectVersion"],
        "closedThrough": None,
        "clockAheadSeconds": 0,
        "referenceLength": 64,
        "referenceInMemo": False,
        "americanDates": False,
    }
    yield city
    asyncio.run(switch(stack, city, **usual))
    asyncio.run(put(state, city.record))


def looked(icadmin, city, *options):
    said = icadmin("biller", "check", city.biller_id, "--json", *options)
    return said, {row["check"]: row for row in said.json}


def test_a_complete_city_passes_and_nothing_stays_in_its_books(icadmin, stack, healthy):
    said, found = looked(icadmin, healthy, *TRIED)
    assert (said.code, {row["verdict"] for row in found.values()}) == (0, {"pass"}), said.out
    assert len(found) == 27
    assert asyncio.run(_summary(stack, healthy)) == {"receipts": 0, "cents": 0, "doubled": 0}


async def _summary(stack, city):
    async with SimulatorControl(stack.control_url) as control:
        return (await control.summary())[city.biller_id]


def test_without_a_trial_what_nobody_can_tell_is_left_open(icadmin, healthy):
    said, found = looked(icadmin, healthy)
    open_ = {check for check, row in found.items() if row["verdict"] == "cannot tell"}
    assert said.code == 1
    assert open_ == {
        "codes accepted",
        "workspace online",
        "distribution online",
        "a paid customer looks paid",
        "the city's clock",
    }
    assert "--post-and-void" in found["workspace online"]["remedy"]


AT_CASELLE = [
    ({"cows": "http_503"}, "COWS answering", "restart Connect Online Web Service", "Pat", ()),
    ({"cows": "graphql_error"}, "COWS answering", "restart Connect Online Web Service", "555-0102, 8 to 17", ()),
    ({"latencyMs": 4000}, "COWS answering", "restart Connect Online Web Service", "Pat", ()),
    ({"licence": False}, "cr0 authorised", "CRW40000", "Lee", ()),
    ({"arLicence": False}, "ar0 authorised", "ARW4000", "Lee", ()),
    ({"thirdPartyEnabled": False}, "third party enabled", '"Enabled"', "Jane", ()),
    ({"connectVersion": "2024.05"}, "capabilities", "biller set connectVersion", "Jane", ()),
    ({"onlinePayments": False}, "workspace online", '"Use for Online Payments"', "Jane", TRIED),
    ({"distributionOnline": False}, "distribution online", "to mark it, then check again", "Jane", TRIED),
    ({"workspaceInUse": True}, "workspace online", "In Use By", "Kim", TRIED),
    ({"receiptNumbersLeft": 0}, "workspace online", "2025.02", "Jane", TRIED),
    ({"updateImmediately": False}, "a paid customer looks paid", '"Update payments immediately"', "Jane", TRIED),
    ({"clockAheadSeconds": 900}, "the city's clock", "Set the Caselle server's clock", "Pat", TRIED),
    ({"closedThrough": "2099-12-31"}, "workspace online", "open date", "Kim", TRIED),
    ({"referenceLength": 5}, "our reference is shown", "where a receipt of the web service keeps", "Jane", TRIED),
]
"""Switched on in the simulator: what, which check fails, words of its remedy, who acts, options."""


@pytest.mark.parametrize("broken", AT_CASELLE, ids=lambda broken: ",".join(broken[0]))
def test_what_is_broken_at_caselle(icadmin, stack, healthy, monkeypatch, broken):
    switches, check, remedy, who, options = broken
    # A city that is too slow shall not hold up the suite for as long as it would hold up a person.
    monkeypatch.setattr(reads, "DEADLINE", 2.5 if "latencyMs" in switches else reads.DEADLINE)
    asyncio.run(switch(stack, healthy, **switches))
    said, found = looked(icadmin, healthy, *options)
    failed = [row["check"] for row in found.values() if row["verdict"] == "fail"]
    assert (said.code, failed) == (1, [check]), said.out
    assert remedy in found[check]["remedy"]
    assert who in found[check]["who"]


def test_a_relay_that_is_down(icadmin, stack, healthy):
    async def refused(*, yes):
        async with SimulatorControl(stack.control_url) as control:
            await control.relay_refused(refused=yes)

    asyncio.run(refused(yes=True))
    try:
        _, found = looked(icadmin, healthy)
    finally:
        asyncio.run(refused(yes=False))
    assert found["relay reachable"]["verdict"] == "fail"
    assert found["relay reachable"]["who"] == "Caselle's support"
    assert found["COWS answering"]["verdict"] == "cannot tell"


CODES = {"categoryCode": "12", "distributionCode": "1201", "paymentCodes": {"ACH": "7", "CC": "8"}}
IN_THE_RECORD = [
    ({"subdomain": "elsewhere"}, "subdomain known", "Customer SUBDomain", "Jane", ()),
    ({"connectVersion": "2024.05"}, "capabilities", "biller set connectVersion", "Jane", ()),
    ({"connectVersion": "2020.11"}, "Connect release", "2021.02.160", "Kim", ()),
    ({"connectVersion": None}, "Connect release", "connectVersion", "Jane", ()),
    ({"cowsVersion": None}, "COWS release", "last general release", "Pat", ()),
    ({"clientId": None}, "settings complete", "Ask for them", "you", ()),
    ({"formDefinition": "imported"}, "form definition", "first file", "Jane", ()),
    ({"applications": {"AR": CODES | {"categoryCode": "99"}}}, "codes accepted", "correct it", "Jane", TRIED),
    ({"applications": {"AR": CODES | {"distributionCode": "9"}}}, "codes accepted", "correct it", "Jane", TRIED),
    (
        {"applications": {"AR": CODES | {"paymentCodes": {"ACH": "7", "CC": "9"}}}},
        "codes accepted",
        "payment code",
        "Jane",
        TRIED,
    ),
    ({"paused": {"reason": "migration"}}, "sending allowed", "biller resume", "you", ()),
]


@pytest.mark.parametrize("broken", IN_THE_RECORD, ids=lambda broken: ",".join(map(str, broken[0].items()))[:60])
def test_what_is_broken_in_our_record(icadmin, state, healthy, broken):
    changes, check, remedy, who, options = broken
    record = healthy.record.model_dump(mode="json", by_alias=True) | changes
    asyncio.run(put(state, type(healthy.record).model_validate(record)))
    _, found = looked(icadmin, healthy, *options)
    assert found[check]["verdict"] == "fail", found
    assert remedy in found[check]["remedy"] + found[check]["evidence"]
    assert who in found[check]["who"]


def test_a_biller_of_which_only_the_name_is_known(icadmin, bid):
    icadmin("biller", "add", bid, "Seaside OR", "America/Los_Angeles", "--yes")
    said = icadmin("biller", "check", bid, "--json")
    found = {row["check"]: row for row in said.json}
    for check in ("settings complete", "callback key active", "ClientSecret in the vault", "callback received"):
        assert found[check]["verdict"] == "fail"
    assert "add an OAuth token" in found["callback received"]["remedy"]
    assert "biller portal" in found["callback key active"]["remedy"]
    assert found["relay reachable"]["verdict"] == "pass"


def test_a_token_that_was_switched_off_and_one_that_ends_soon(icadmin, stack, state):
    city = asyncio.run(complete(stack, state, "690002"))

    async def revoked():
        async with SimulatorControl(stack.control_url) as control:
            await control.revoke_tokens(city.subdomain)

    async def ends_soon():
        async with SimulatorControl(stack.control_url) as control:
            await control.deliver_token(city.subdomain, expires_in=3 * 24 * 3600)

    asyncio.run(revoked())
    _, found = looked(icadmin, city)
    assert found["token accepted"]["verdict"] == "fail"
    assert '"Active" must be checked' in found["token accepted"]["remedy"]
    asyncio.run(ends_soon())
    _, found = looked(icadmin, city)
    assert found["token accepted"]["verdict"] == "pass"
    assert (found["token lasts"]["verdict"], found["token lasts"]["evidence"]) == ("fail", "2 days left")


def test_a_biller_that_caselle_refuses(icadmin, state, healthy):
    async def block(*, yes):
        async with at_stamp(state) as stamp:
            await (
                stamp.gates.block(healthy.biller_id, "licence_missing")
                if yes
                else stamp.gates.unblock(healthy.biller_id)
            )

    asyncio.run(block(yes=True))
    _, found = looked(icadmin, healthy)
    asyncio.run(block(yes=False))
    assert found["sending allowed"]["evidence"] == "stopped for licence_missing"
    assert "biller unblock" in found["sending allowed"]["remedy"]


@pytest.mark.parametrize("stopped", ["AR/CC payment_code_unknown", "AR category_unknown", "2026-10-31 period_closed"])
def test_what_alone_is_stopped_is_named_with_its_code(icadmin, state, healthy, stopped):
    what, _, code = stopped.partition(" ")

    async def stop():
        async with at_stamp(state) as stamp:
            await stamp.gates.stop(healthy.biller_id, what, code)

    asyncio.run(stop())
    _, found = looked(icadmin, healthy)
    status = icadmin("status", healthy.biller_id, "--json").json
    asked = icadmin("biller", "unblock", healthy.biller_id, "--reason", "mended", typed="n\n").err
    assert icadmin("biller", "unblock", healthy.biller_id, "--reason", "mended", "--yes").code == 0
    assert found["sending allowed"]["evidence"] == f"stopped for {what}: {code}"
    assert status["sending"] == f"stopped in part: {what}: {code}"
    assert [row["code"] for row in status["whatToDo"]] == [code]
    assert f"stopped for {what}: {code}" in asked
    assert not icadmin("status", healthy.biller_id, "--json").json["sending"].startswith("stopped")


@pytest.mark.parametrize(
    ("switches", "shown"),
    [
        ({}, "up to 64 characters were seen whole, in the reference"),
        ({"referenceLength": 30}, "the first 30 characters, in the reference"),
        ({"referenceInMemo": True}, "up to 64 characters were seen whole, in the memo"),
        ({"referenceLength": 20, "referenceInMemo": True}, "the first 20 characters, in the memo"),
    ],
    ids=["whole", "cut", "memo", "both"],
)
def test_how_our_reference_is_shown_is_read_back_and_kept(icadmin, stack, healthy, switches, shown):
    asyncio.run(switch(stack, healthy, **switches))
    said, found = looked(icadmin, healthy, *TRIED)
    assert (said.code, found["our reference is shown"]["evidence"]) == (0, shown), said.out
    assert icadmin("biller", "show", healthy.biller_id, "--json").json["readings"]["reference"] == shown
    assert shown in " ".join(icadmin("biller", "show", healthy.biller_id).out.split())


def test_a_list_that_our_own_reader_cannot_read_fails(icadmin, stack, healthy):
    looked(icadmin, healthy, *TRIED)
    asyncio.run(switch(stack, healthy, americanDates=True))
    said, found = looked(icadmin, healthy)
    assert (said.code, found["capabilities"]["verdict"]) == (1, "fail")
    assert "cannot be read (receipt_page_malformed)" in found["capabilities"]["evidence"]
    assert "contract check" in found["capabilities"]["remedy"]


def test_a_receipt_whose_answer_was_lost_is_found_and_voided(icadmin, stack, healthy):
    asyncio.run(switch(stack, healthy, dropAnswers=1))
    _, found = looked(icadmin, healthy, *TRIED)
    assert "found and voided" in found["workspace online"]["evidence"]
    assert asyncio.run(_summary(stack, healthy))["receipts"] == 0


def test_a_receipt_that_was_refused_after_all_is_found_and_voided_too(icadmin, stack, healthy):
    """A refusal is Caselle's word, and its list shows what it did."""
    asyncio.run(switch(stack, healthy, refusalAfterAll="PERIOD_CLOSED"))
    _, found = looked(icadmin, healthy, *TRIED)
    assert found["workspace online"]["evidence"] == "Caselle said no (period_closed), the receipt was found and voided"
    assert asyncio.run(_summary(stack, healthy))["receipts"] == 0


class TestATrialThatIsNotMade:
    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (("--post-and-void", "0.01"), "needs --customer"),
            (("--post-and-void", "1e3", "--customer", "1"), "an amount is decimal text"),
            (("--post-and-void", "0.00", "--customer", "1"), "A trial is for 0.01 to 1.00"),
            (("--post-and-void", "125.40", "--customer", "1"), "A trial is for 0.01 to 1.00"),
            (("--post-and-void", "-1", "--customer", "1"), "an amount is decimal text"),
        ],
    )
    def test_wrong_options(self, icadmin, healthy, options, says):
        said = icadmin("biller", "check", healthy.biller_id, *options, "--yes")
        assert (said.code, says in said.err) == (2, True)

    def test_a_live_biller_is_left_alone(self, icadmin):
        said = icadmin("biller", "check", "2493", *TRIED)
        assert (said.code, "is live: nothing is tried" in said.err) == (2, True)

    def test_nor_one_whose_receipts_cannot_be_voided(self, icadmin, state, healthy):
        asyncio.run(put(state, healthy.record.model_copy(update={"connect_version": "2023.08"})))
        said = icadmin("biller", "check", healthy.biller_id, *TRIED)
        assert (said.code, "void_receipt comes with" in said.err) == (2, True)

    def test_nor_without_a_yes(self, icadmin, stack, healthy):
        before = asyncio.run(_calls(stack, healthy))
        assert icadmin("biller", "check", healthy.biller_id, *TRIED[:-1], typed="n\n").code == 1
        assert asyncio.run(_calls(stack, healthy)) == before


async def _calls(stack, city):
    async with SimulatorControl(stack.control_url) as control:
        return (await control.calls())[city.biller_id].get("create_receipt")


def test_what_a_person_saw_counts_with_its_date(icadmin, state, healthy, tmp_path):
    asyncio.run(put(state, healthy.record.model_copy(update={"confirmed": {}})))
    said = icadmin("biller", "confirm", healthy.biller_id, "all", "--reason", "Jane, by phone", "--yes")
    assert said.code == 0
    page = tmp_path / "checklist.md"
    said, found = looked(icadmin, healthy, "--out", page)
    assert said.code == 0, said.out
    assert found["workspace online"]["evidence"].startswith("confirmed on 20")
    assert page.read_text().count("- [x]") == len(found)
    assert "cannot be confirmed" in icadmin("biller", "confirm", healthy.biller_id, "token", "--reason", "x").err


def test_no_check_shows_a_secret(icadmin, healthy):
    said, _ = looked(icadmin, healthy, *TRIED)
    plain = icadmin("biller", "check", healthy.biller_id)
    for secret in (healthy.key, healthy.at_caselle["clientSecret"]):
        assert secret not in said.out + said.err + plain.out + plain.err
