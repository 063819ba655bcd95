import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from shared.billers.model import AutoAllocate, Biller, Codes, Mode, PostingDateRule, RejectStrategy

NEWPORT = """{
    "billerId": "2493", "name": "Newport OR", "mode": "live", "goLiveAt": "2026-11-01T00:00:00-07:00",
    "timeZone": "America/Los_Angeles", "region": "westus2", "subdomain": "newportor",
    "connectVersion": "2025.11.014", "rejectStrategy": "void", "autoAllocate": "hold", "fromTheFuture": 1,
    "applications": {"AR": {"categoryCode": "12", "distributionCode": "0201", "paymentCodes": {"ACH": "7", "CC": "8"}}}
}"""


def _fields(**changes):
    return {"billerId": "2493", "name": "Newport OR", "timeZone": "America/Los_Angeles"} | changes


def test_a_record_is_read_and_written_alike():
    biller = Biller.model_validate_json(NEWPORT)
    assert (biller.mode, biller.reject_strategy, biller.zone.key) == (
        Mode.LIVE,
        RejectStrategy.VOID,
        "America/Los_Angeles",
    )
    assert biller.applications["AR"].distribution_code == "0201"
    assert biller.go_live_at == datetime(2026, 11, 1, 7, tzinfo=UTC)
    written = biller.model_dump_json(by_alias=True)
    assert Biller.model_validate_json(written) == biller
    assert "paymentCodes" in json.loads(written)["applications"]["AR"]


def test_id_name_and_time_zone_are_enough_to_begin():
    biller = Biller.model_validate(_fields())
    assert (biller.mode, biller.posting_date_rule, biller.auto_allocate, biller.reject_strategy) == (
        Mode.DRAFT,
        PostingDateRule.PAID,
        AutoAllocate.HOLD,
        RejectStrategy.MANUAL,
    )
    assert not biller.applications
    assert biller.paused is None
    assert biller.nsf_fee is None


@pytest.mark.parametrize(
    "change",
    [
        {"billerId": "24 93"},
        {"timeZone": "Pacific"},
        {"timeZone": "../etc/passwd"},
        {"timeZone": ""},
        {"mode": "alive"},
        {"goLiveAt": "2026-11-01T00:00:00"},
        {"subdomain": "Newport"},
        {"subdomain": "-newport"},
        {"subdomain": "newport.or"},
        {"subdomain": "newport\n"},
        {"subdomain": "n" * 64},
        {"connectVersion": "2025.11a"},
        {"slots": 0},
        {"slots": 21},
        {"maxBackdateDays": -1},
        {"nsfFee": "0.00"},
        {"nsfFee": "-25.00"},
        {"nsfFee": 25},
    ],
)
def test_a_record_that_breaks_a_rule_is_refused(change):
    with pytest.raises(ValidationError) as refused:
        Biller.model_validate(_fields(**change))
    assert "input_value" not in str(refused.value)


def test_only_online_bank_direct_falls_back():
    both = Codes(category_code="1", distribution_code="2", payment_codes={"ACH": "07", "CC": "8"})
    assert both.payment_code("OBD") == "07"
    assert both.payment_code("ACH") == "07"
    assert both.payment_code("VENMO") is None
    assert both.payment_code("ach") is None
    own = both.model_copy(update={"payment_codes": {"ACH": "07", "OBD": "9"}})
    assert own.payment_code("OBD") == "9"
    assert own.payment_code("CC") is None


def test_too_many_slots_are_refused_with_the_bound():
    assert Biller.model_validate(_fields(slots=20)).slots == 20
    with pytest.raises(ValidationError, match=r"slots\n.*less than or equal to 20"):
        Biller.model_validate(_fields(slots=21))
