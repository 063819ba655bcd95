"""Numbers for text: what real GraphQL servers send for Float, Int and Decimal scalars is read exactly as it was written."""

import json
from datetime import date

import pytest
from graphql import build_schema, graphql_sync

from shared.caselle import create_receipt, open_items, set_customer_email, void_receipt
from shared.caselle.errors import AmbiguousError
from shared.caselle.numbers import Numeral, same_number
from shared.caselle.protocol import read
from shared.caselle.receipt import page
from shared.ledger.answer import Accepted, Ambiguous
from shared.open_items.unanswered import Unanswered
from tests.caselle.calls import CITY, posted
from tests.caselle.raw_server import RawServer, answer
from tests.caselle.test_contract import ORDER
from tests.caselle.test_receipt import ROW

DIGITS = "123456789" * 45
"""More than a float, or Python's own reading of an integer, would bear."""


def made(raw):
    """The answer to an order whose receipt number is these characters of JSON."""
    return f'{{"data": {{"create_receipt": {{"receipt_number": {raw}}}}}}}'.encode()


@pytest.mark.parametrize(
    "raw", ["5.00010", "5.0001", "5", "12.000000010", "100", "0.10", "1E+2", "1e2", "-0", "-0.0", "1.50e-7"]
)
def test_a_receipt_number_is_the_characters_that_were_sent(raw):
    assert create_receipt.answer(read(200, made(raw))) == Accepted(raw)


def test_a_number_that_no_row_holds_is_cut_as_text_is():
    [kept] = {create_receipt.answer(read(200, made(raw))) for raw in (DIGITS, f'"{DIGITS}"')}
    assert kept == Accepted(DIGITS[:100])


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "-Infinity", "05.1", "+5", "5.", ".5", "0x5", "5_0"])
def test_what_is_no_number_of_json_leaves_a_write_in_doubt(raw):
    """Python would read the first three."""
    with pytest.raises(AmbiguousError) as raised:
        read(200, made(raw))
    assert raised.value.code == "http_200_no_json"


async def test_nothing_of_it_fails_on_the_way(opened):
    for raw in ("5.00010", "1E+2", DIGITS):
        assert (await posted(opened, answer(made(raw))))[0] == Accepted(raw[:100])
    for raw in ("NaN", "-Infinity"):
        assert (await posted(opened, answer(made(raw))))[0] == Ambiguous("http_200_no_json")


def test_a_void_is_known_by_its_number_whether_text_or_not():
    for raw in ("5.00010", '"5.00010"'):
        voided = f'{{"data": {{"void_receipt": {{"receipt_number": {raw}, "status": "VOIDED"}}}}}}'.encode()
        assert void_receipt.answer(read(200, voided), "5.00010") == Accepted("5.00010")
        assert isinstance(void_receipt.answer(read(200, voided), "5.0001"), Ambiguous)


def rows(**raw):
    """A page of one receipt, some of whose fields are these characters of JSON."""
    fields = {name: json.dumps(value) for name, value in ROW.items()} | raw
    row = ", ".join(f'"{name}": {value}' for name, value in fields.items())
    return read(200, f'{{"data": {{"receipt": {{"receipts": [{{{row}}}], "next": 200}}}}}}'.encode())


def test_a_list_of_numbers_is_read_exactly():
    [shown], following = page(rows(receipt_number="5.00010", amount="125.40", reference="20261120123456789012345"))
    assert (shown.receipt_number, shown.amount, following) == ("5.00010", 12540, "200")
    assert shown.reference == "20261120123456789012345"


# ar0.

INVOICE = {"invoice_number": 10023, "description": None, "invoice_date": None, "due_date": None, "amount": 100}


def customer(**changes):
    shown = {"customer_number": 412, "name": "Ada", "balance": 99.5, "statement_type": "OPEN_ITEM"}
    shown |= {"open_invoices": [INVOICE | {"balance": -0.5}]}
    return read(200, json.dumps({"data": {"customer": shown | changes}}).encode())


@pytest.mark.parametrize("asked", ["412", "000412"])
def test_a_customer_of_numbers_is_read_to_the_cent(asked):
    """As a number it has lost its leading zeros, and is the one that was asked for all the same."""
    found = open_items.customer(customer(), asked)
    assert (found.number, found.balance) == (asked, 9950)
    [invoice] = found.invoices
    assert (invoice.number, invoice.amount, invoice.balance) == ("10023", 10000, -50)


@pytest.mark.parametrize("shown", [413, 4120, 412.0, -412, "412", True, None, [412]])
def test_another_customer_is_none_of_the_asker_s(shown):
    with pytest.raises(Unanswered):
        open_items.customer(customer(customer_number=shown), "000412")


@pytest.mark.parametrize(
    ("raw", "cents"),
    [
        *(
            ("125.40", 12540),
            ("125.4", 12540),
            ("125", 12500),
            ("125.4000", 12540),
            ("1E+2", 10000),
            ("1.254e2", 12540),
        ),
        *(("-0", 0), ("0.00", 0), ("-12.00", -1200), ("9999999.99", 999_999_999)),
    ],
)
def test_an_amount_is_whole_cents_however_it_is_written(raw, cents):
    shown = json.dumps({"data": {"customer": customer().data["customer"] | {"balance": "?"}}}).replace('"?"', raw)
    assert open_items.customer(read(200, shown.encode()), "412").balance == cents


@pytest.mark.parametrize(
    "raw",
    [
        *("0.30000000000000004", "125.401", "1e-3", "10000000", "1E+400", "-1E+400", DIGITS, f"0.{DIGITS}"),
        *("1E+99999999999999999999", "1E-99999999999999999999", "125.4000000000000000000000000000000001"),
    ],
)
def test_an_amount_of_anything_else_is_no_answer(raw):
    shown = json.dumps({"data": {"customer": customer().data["customer"] | {"balance": "?"}}}).replace('"?"', raw)
    with pytest.raises(Unanswered):
        open_items.customer(read(200, shown.encode()), "412")


def test_one_invoice_is_known_by_its_number_whether_text_or_not():
    shown = read(
        200, json.dumps({"data": {"customer": {"customer_number": 412, "invoice": INVOICE | {"balance": 0}}}}).encode()
    )
    for asked in ("10023", "0010023"):
        assert open_items.invoice(shown, "000412", asked).number == asked
    with pytest.raises(Unanswered):
        open_items.invoice(shown, "000412", "10024")


def test_the_customer_whose_address_is_set_is_known_by_its_number_whether_text_or_not():
    for raw, known in (("412", True), ('"000412"', True), ('"412"', False), ("413", False)):
        shown = f'{{"data": {{"set_customer_email": {{"customer_number": {raw}}}}}}}'.encode()
        assert isinstance(set_customer_email.answer(read(200, shown), "000412"), Accepted) is known


@pytest.mark.parametrize(
    ("shown", "asked", "same"),
    [
        *((Numeral("412"), "412", True), (Numeral("412"), "000412", True), (Numeral("0"), "000", True)),
        *((Numeral("41"), "412", False), (Numeral("412"), "412A", False), (Numeral("0"), "", True)),
        *(("412", "412", True), ("412", "0412", False), (412, "412", False), (None, "", False)),
    ],
)
def test_only_a_number_may_have_lost_zeros(shown, asked, same):
    assert same_number(shown, asked) is same


# Against a GraphQL server of another hand.

SDL = """
scalar Number
type Query {{ receipt(filter: ReceiptFilter!, page: PageInput): Page! }}
type Mutation {{ create_receipt(input: CreateReceiptInput!): Receipt }}
type Page {{ receipts: [Receipt!]!, next: String }}
type Receipt {{ receipt_number: {number}!, reference: String, amount: {amount}!, status: String!, created_at: String!,
  memo: String, receipt_date: String, user: String }}
input ReceiptFilter {{ from_date: String, to_date: String }}
input PageInput {{ size: Int, after: String }}
input AllocationInput {{ invoice_number: String!, amount: String! }}
input CreateReceiptInput {{ customer_number: String!, category_code: String!, distribution_code: String!,
  payment_code: String!, amount: String!, receipt_date: String!, reference: String!, payer: String,
  allocations: [AllocationInput!] }}
"""


def server(number, amount, shown):
    """graphql-core over a schema whose scalars are these; ``Number`` is a custom one that gives what it is given."""
    schema = build_schema(SDL.format(number=number, amount=amount))
    row = ROW | shown
    root = {
        "receipt": lambda _info, **_: {"receipts": [row], "next": None},
        "create_receipt": lambda _info, **_: row,
    }

    async def behave(writer):
        sent = json.loads(behave.server.requests[-1].partition(b"\r\n\r\n")[2])
        found = graphql_sync(schema, sent["query"], root, variable_values=sent["variables"])
        assert not found.errors, found.errors
        await answer(json.dumps(found.formatted).encode())(writer)

    return behave


@pytest.mark.parametrize(
    ("number", "amount", "shown", "read_as"),
    [
        ("String", "String", {}, "5.00010"),
        ("Float", "Float", {"receipt_number": 5.0001, "amount": 125.4}, "5.0001"),
        ("Int", "Float", {"receipt_number": 500010, "amount": 125.40}, "500010"),
        ("ID", "Number", {"receipt_number": "5.00010", "amount": 125.4}, "5.00010"),
        ("Number", "String", {"receipt_number": 5.12345}, "5.12345"),
    ],
)
async def test_what_graphql_core_makes_of_each_scalar_is_read(opened, number, amount, shown, read_as):
    behave = server(number, amount, shown)
    async with RawServer(behave) as peer:
        behave.server = peer
        cash = opened(peer.url)
        assert await cash.create_receipt(CITY, ORDER) == Accepted(read_as)
        [receipt] = await cash.receipts(CITY, date(2026, 11, 20), date(2026, 11, 20))
    assert (receipt.receipt_number, receipt.amount) == (read_as, 12540)
