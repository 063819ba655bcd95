import pytest

from shared.billers.capabilities import MINIMUM_VERSION, at_least, can_query_receipts, can_void, slots
from shared.billers.model import Biller


def _biller(version=None, **fields):
    return Biller(biller_id="1", name="A", time_zone="America/Denver", connect_version=version, **fields)


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


def test_query_and_void_come_with_the_release_unless_an_admin_says_otherwise():
    assert can_query_receipts(_biller("2025.11.014"))
    assert can_void(_biller("2025.11"))
    assert not can_query_receipts(_biller("2025.02"))
    assert not can_void(_biller())
    withdrawn = _biller("2025.11", capability_overrides={"void_receipt": False})
    assert can_query_receipts(withdrawn)
    assert not can_void(withdrawn)
    assert can_query_receipts(_biller("2021.02.160", capability_overrides={"receipt": True}))


def test_old_and_unknown_releases_get_one_payment_at_a_time():
    assert slots(_biller("2025.02")) == 2
    assert slots(_biller("2025.02", slots=4)) == 4
    assert slots(_biller("2024.12", slots=4)) == 1
    assert slots(_biller()) == 1
