"""An invoice file checked at the whole stack: its balances are compared with what the city's ar0 answers."""

import json

import pytest

from admin.__main__ import main
from admin.options import Options, use
from local.stack import Stack
from shared.billers.model import Biller
from tests.payments.world import NEWPORT, message

HEADER = "Invoice No,Cust No,Name,Invoice Date,Due Date,Balance\n"
PAID = message()

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """The simulator's invoices are those that the payment's allocations name."""
    state = tmp_path_factory.mktemp("invoice-files") / "state"
    with Stack(state, [Biller.model_validate(NEWPORT)], [json.dumps(PAID)]):
        yield state
    use(Options())


def checked(state, tmp_path, capsys, *lines):
    """The record of a check of these lines."""
    path = tmp_path / "bills.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(
            [
                *("--local", "--local-state", str(state), "--json"),
                *("invoices", "check", str(path), "--biller", "2493"),
                *("--yes", "--all", "--out", str(tmp_path / "out")),
            ]
        )
    return json.loads(capsys.readouterr().out)


def test_every_line_is_compared_with_the_city(state, tmp_path, capsys):
    first, second = PAID["allocations"]
    line = f"{{}},{PAID['customerNumber']},Ada,11/01/2026,11/30/2026,{{}}"
    record = checked(
        state,
        tmp_path,
        capsys,
        line.format(first["invoiceNumber"], first["amount"]),
        line.format(second["invoiceNumber"], "1.00"),
        line.format("77777", "1.00"),
        "88888,999999,Nobody,11/01/2026,11/30/2026,5.00",
    )
    assert record["faults"] == {"customer_unknown": 1, "invoice_unknown": 1, "other_balance": 1}
    assert record["openItems"] == 1
