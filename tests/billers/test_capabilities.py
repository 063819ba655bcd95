import pytest
from pydantic import ValidationError

from shared.billers.capabilities import (
    MINIMUM_VERSION,
    at_least,
    can_go_live,
    can_query_receipts,
    can_void,
    has,
    slots,
)
from shared.billers.model import Biller, Capability


def _biller(version=None, **fields):
    return Biller(biller_id="1", name="A", time_zone="America/Denver", connect_version=version, **fields)


def _override(capability, *, enabled):
    return {capability: {"enabled": enabled, "reason": "CSM says so"}}


@pytest.mark.parametrize(
    ("version", "minimum", "expected"),
    [
        ("2025.11.014", "2025.11", True),
        ("2025.11", "2025.11", True),
        ("2025.11.0", "2025.11", True),
        ("2025.11", "2025.11.0", True),
        ("2025.9", "2025.11", False),
        ("2025.02.999", "2025.11", False),
        ("2026.1", "2025.11", True),
        ("2021.02.160", MINIMUM_VERSION, True),
        ("2021.02.99", MINIMUM_VERSION, False),
        ("2021.02", MINIMUM_VERSION, False),
        ("0", "0", True),
        (None, "0", False),
    ],
)
def test_versions_compare_by_number_in_each_part(version, minimum, expected):
    assert at_least(version, minimum) is expected


ALL = set(Capability)
LONG, PARALLEL, WORKSPACES = (
    Capability.LONG_RECEIPT_NUMBERS,
    Capability.PARALLEL_RECEIPTS,
    Capability.ONLINE_WORKSPACES,
)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2025.11", ALL),
        ("2026.02.001", ALL),
        ("2025.10.999", {LONG, PARALLEL, WORKSPACES}),
        ("2025.02", {LONG, PARALLEL, WORKSPACES}),
        ("2025.01.999", {WORKSPACES}),
        ("2023.08", {WORKSPACES}),
        ("2023.07.999", set()),
        ("2021.02.160", set()),
        (None, set()),
    ],
)
def test_each_capability_comes_with_its_release(version, expected):
    assert {capability for capability in Capability if has(_biller(version), capability)} == expected
    assert can_query_receipts(_biller(version)) == (Capability.RECEIPT in expected)
    assert can_void(_biller(version)) == (Capability.VOID_RECEIPT in expected)


@pytest.mark.parametrize("capability", Capability)
def test_an_admin_s_word_goes_before_the_release_for_that_capability_alone(capability):
    withdrawn = _biller("2026.01", capability_overrides=_override(capability, enabled=False))
    given = _biller("2021.02.160", capability_overrides=_override(capability, enabled=True))
    assert {each for each in Capability if not has(withdrawn, each)} == {capability}
    assert {each for each in Capability if has(given, each)} == {capability}


@pytest.mark.parametrize(
    "overrides",
    [
        {"void_receipt": False},
        {"void_receipt": {"enabled": True}},
        {"void_receipt": {"enabled": True, "reason": "  "}},
        {"void_receipt": {"enabled": True, "reason": "x" * 201}},
        {"void_receipt": {"reason": "tried at the test portal"}},
        {"void_receipts": {"enabled": True, "reason": "tried at the test portal"}},
    ],
)
def test_an_override_names_a_capability_and_gives_a_reason(overrides):
    with pytest.raises(ValidationError):
        _biller("2025.02", capability_overrides=overrides)


def test_an_override_is_written_and_read_alike():
    biller = _biller("2025.02", capability_overrides=_override(Capability.VOID_RECEIPT, enabled=True))
    text = biller.model_dump_json(by_alias=True)
    assert Biller.model_validate_json(text) == biller
    assert '"capabilityOverrides":{"void_receipt":{"enabled":true,"reason":"CSM says so"}}' in text


def test_old_and_unknown_releases_get_one_payment_at_a_time():
    assert slots(_biller("2025.02")) == 2
    assert slots(_biller("2025.02", slots=4)) == 4
    assert slots(_biller("2024.12", slots=4)) == 1
    assert slots(_biller("2024.12", slots=4, capability_overrides=_override(PARALLEL, enabled=True))) == 4
    assert slots(_biller("2026.01", slots=4, capability_overrides=_override(PARALLEL, enabled=False))) == 1
    assert slots(_biller()) == 1


@pytest.mark.parametrize(
    ("version", "expected"), [("2021.02.160", True), ("2026.01", True), ("2021.02.159", False), (None, False)]
)
def test_below_the_minimum_nobody_goes_live_whatever_an_admin_says(version, expected):
    overrides = {key: value for each in Capability for key, value in _override(each, enabled=True).items()}
    assert can_go_live(_biller(version, capability_overrides=overrides)) is expected
