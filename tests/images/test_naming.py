"""The rule is guessed from the names, and says no more than they show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.images.naming import Naming, guess
from tests.images.conftest import CUSTOMERS


@pytest.mark.parametrize(
    ("name", "template", "without_zeros"),
    [
        ("{invoice}.pdf", "{invoiceNumber}", False),
        ("INV{invoice}.pdf", "INV{invoiceNumber}", False),
        ("{invoice}bill.pdf", "{invoiceNumber}bill", False),
        ("INV_{invoice}.TIF", "INV_{invoiceNumber}", False),
        ("{customer}-{invoice}.pdf", "{customerNumber}-{invoiceNumber}", False),
        ("20261120_{invoice}_bill.pdf", "*_{invoiceNumber}_bill", False),
        ("00{invoice}.png", "{invoiceNumber}", True),
        ("bills/2026/{invoice} (1).png", "{invoiceNumber} (1)", False),
    ],
)
def test_the_rule_is_guessed(name, template, without_zeros):
    names = [name.format(invoice=invoice, customer=customer) for invoice, customer in CUSTOMERS.items()]
    rule = guess(names, CUSTOMERS)
    assert rule == Naming(template=template, without_zeros=without_zeros)
    read = rule.reader()
    assert [read(each).invoice for each in names] == [rule.key(number) for number in CUSTOMERS]


def test_some_odd_names_do_not_change_the_rule():
    names = [f"bill-{number}.pdf" for number in CUSTOMERS] + ["10001.pdf", "index.html", "10002_copy.pdf"]
    assert guess(names, CUSTOMERS) == Naming(template="bill-{invoiceNumber}")


def test_where_no_name_has_a_number_nothing_is_guessed():
    assert guess(["a.pdf", "b.pdf"], CUSTOMERS) is None


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_name_can_be_guessed_from(name):
    rule = guess([name, f"10001{name}"], CUSTOMERS)
    if rule is not None:
        rule.reader()(name)
