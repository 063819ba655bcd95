"""Single rules: totals, duplicates, Caselle's answers, what a spreadsheet would run."""

import pytest

from admin.invoices.balances import Owing
from admin.invoices.check import Ask, Stated
from admin.invoices.faults import Fault
from admin.invoices.layout import Name
from shared.vocabulary.errors import Unavailable
from tests.invoices.exports import KINDS

BY_NAME = {kind.name: kind for kind in KINDS}
WITH_TOTAL = [kind for kind in KINDS if kind.name in {"semicolons", "printed", "columns", "workbook", "typed-workbook"}]
HEADER = "Invoice No,Cust No,Name,Invoice Date,Due Date,Balance\n"
GOOD = "10001,000412,Ada,11/01/2026,11/30/2026,100.00\n"


class City:
    """Caselle's side of some bills."""

    def __init__(self, balances, down=(), forward=()):
        self.forward = forward
        self.balances = balances
        self.down = set(down)
        self.asked = []

    async def open_invoices(self, customer_number):
        self.asked.append(customer_number)
        if customer_number in self.down or self.down == {"all"}:
            raise Unavailable("cows_down")
        found = self.balances.get(customer_number)
        return Owing(found, carries_forward=customer_number in self.forward) if found is not None else None


def city_of(export, owed):
    balances = {}
    for line in export.bills:
        balances.setdefault(line.customer, {})[line.cells[Name.INVOICE_NUMBER]] = line.cents
    return balances


@pytest.mark.parametrize("kind", WITH_TOTAL, ids=lambda kind: kind.name)
async def test_a_total_in_the_file_that_does_not_add_up_is_found(kind, tmp_path, checked):
    export = kind.export(tmp_path, 7, faulty=False, total_off_by=1)
    result = await checked(export.path)
    assert set(result.checked.faults) == {Fault.CONTROL_AMOUNT}
    assert result.checked.stated.cents == sum(line.cents for line in export.bills) + 1
    assert result.checked.stated.count in {None, len(export.bills)}
    assert result.checked.open_items_only
    assert not result.checked.in_order


async def test_a_total_that_came_with_the_file_counts_too(tmp_path, checked):
    export = BY_NAME["plain"].export(tmp_path, 7, faulty=False)
    result = await checked(export.path, stated=Stated(sum(line.cents for line in export.bills), 91))
    assert {fault: tally.examples for fault, tally in result.checked.faults.items()} == {
        Fault.CONTROL_COUNT: [(0, "91 stated, 90 in the file")]
    }


async def test_a_line_without_amount_leaves_a_difference_unproven(tmp_path, checked):
    path = tmp_path / "a.csv"
    path.write_text(HEADER + GOOD + GOOD.replace("10001", "10002").replace("100.00", "?") + "Total,,,,,150.00\n")
    result = await checked(path)
    assert set(result.checked.faults) == {Fault.BAD_AMOUNT}
    assert any("cannot be compared" in remark for remark in result.checked.remarks)


async def test_of_equal_lines_the_first_is_kept(tmp_path, checked):
    path = tmp_path / "a.csv"
    path.write_text(HEADER + GOOD + GOOD + GOOD)
    result = await checked(path)
    assert result.by_line == {3: {Fault.DUPLICATE_INVOICE}, 4: {Fault.DUPLICATE_INVOICE}}
    assert len(result.cleaned()) == 2


async def test_of_lines_that_differ_none_is_kept(tmp_path, checked):
    path = tmp_path / "a.csv"
    path.write_text(HEADER + GOOD + GOOD.replace("100.00", "50.00"))
    result = await checked(path)
    assert result.by_line == {2: {Fault.DUPLICATE_INVOICE}, 3: {Fault.DUPLICATE_INVOICE}}


@pytest.mark.parametrize("text", ["", "Total,,,,,0.00\n"])
async def test_a_file_without_bills_has_nothing_open(text, tmp_path, checked):
    path = tmp_path / "a.csv"
    path.write_text(HEADER + text)
    result = await checked(path)
    assert set(result.checked.faults) == {Fault.NOTHING_OPEN}
    assert not result.checked.open_items_only


async def test_a_quotation_mark_that_is_never_closed_costs_its_own_line_only(tmp_path, checked):
    path = tmp_path / "a.csv"
    lines = [GOOD.replace("10001", f"1{at:04}") for at in range(200)]
    lines[3] = lines[3].replace("Ada", '"Ada')
    lines[20] = lines[20].replace("Ada", '"Byron, Ada"')
    lines[30] = lines[30].replace("Ada", 'Ada 5" pipe')
    lines[-1] = lines[-1].replace("Ada", '"Ada')
    path.write_text(HEADER + "".join(lines))
    result = await checked(path)
    assert result.by_line == {5: {Fault.BROKEN_LINE}, 201: {Fault.BROKEN_LINE}}
    assert result.checked.open_items == 198


async def test_balances_are_compared_with_what_caselle_answers(tmp_path, checked):
    export = BY_NAME["plain"].export(tmp_path, 8, faulty=False)
    balances = city_of(export, Name.BALANCE)
    unknown, moved, gone, *_ = {line.customer: line for line in export.bills}.values()
    del balances[unknown.customer]
    balances[moved.customer][moved.cells[Name.INVOICE_NUMBER]] += 1
    del balances[gone.customer][gone.cells[Name.INVOICE_NUMBER]]
    city = City(balances)
    result = await checked(export.path, ask=Ask(city, None))
    found = {fault: tally.lines for fault, tally in result.checked.faults.items()}
    same = sum(line.customer == unknown.customer for line in export.bills)
    assert found == {Fault.CUSTOMER_UNKNOWN: same, Fault.OTHER_BALANCE: 1, Fault.INVOICE_UNKNOWN: 1}
    assert result.checked.compared.answered == len(city.asked) == len({line.customer for line in export.bills})


async def test_a_sample_asks_about_no_more_customers_than_said(tmp_path, checked):
    export = BY_NAME["plain"].export(tmp_path, 8, faulty=False)
    city = City({})
    result = await checked(export.path, ask=Ask(city, 5))
    assert len(set(city.asked)) == 5
    assert set(result.checked.faults) == {Fault.CUSTOMER_UNKNOWN}


async def test_a_city_that_does_not_answer_is_left_in_peace_and_makes_no_fault(tmp_path, checked):
    export = BY_NAME["plain"].export(tmp_path, 8, faulty=False)
    city = City(city_of(export, Name.BALANCE), down=["all"])
    result = await checked(export.path, ask=Ask(city, None))
    assert len(city.asked) == 3
    assert result.checked.in_order
    assert any("cows_down" in remark for remark in result.checked.remarks)


async def test_a_customer_whose_balance_caselle_carries_forward_has_no_open_item(tmp_path, checked):
    path = tmp_path / "a.csv"
    path.write_text(HEADER + GOOD)
    city = City({"000412": {}}, forward=["000412"])
    assert (await checked(path, ask=Ask(city, None))).by_line == {2: {Fault.BALANCE_FORWARD}}


async def test_lines_with_a_fault_are_not_asked_about(tmp_path, checked):
    path = tmp_path / "a.csv"
    path.write_text(HEADER + GOOD + GOOD.replace("10001", "10002").replace("000412", "000413").replace("100.00", "0"))
    city = City({"000412": {"10001": 10_000}})
    result = await checked(path, ask=Ask(city, None))
    assert city.asked == ["000412"]
    assert result.by_line == {3: {Fault.PAID}}


async def test_nothing_that_is_written_can_run_in_a_spreadsheet(tmp_path, checked):
    path = tmp_path / "a.csv"
    names = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "=cmd|'/c calc'!A1", "\N{FULLWIDTH EQUALS SIGN}1"]
    good = [GOOD.replace("Ada", name).replace("10001", f"2000{at}") for at, name in enumerate(names)]
    bad = [line.replace("100.00", "-5.00").replace("2000", "3000") for line in good]
    path.write_text(HEADER + "".join(good + bad), encoding="utf-8")
    result = await checked(path)
    cells = [cell for row in result.cleaned() + result.rejected() for cell in row]
    assert [cell for cell in cells if cell[:1] in set("=+-@\t\r\N{FULLWIDTH EQUALS SIGN}") and cell != "-5.00"] == []
    assert "'=1+1" in cells
