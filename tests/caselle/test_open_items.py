"""The ar0 query over real sockets: what each answer is, byte by byte."""

import asyncio
import json

import pytest

from shared.caselle.accounts_receivable import CaselleAccountsReceivable
from shared.caselle.client import MOST_BYTES, CaselleClient, Wire
from shared.open_items.unanswered import Trouble, Unanswered
from shared.vocabulary.errors import Unavailable
from tests.caselle.calls import CITY, HASTY, HTML, IN_DOUBT, PATIENT, REFUSED, THROTTLED, Tokens
from tests.caselle.raw_server import RawServer, answer, drips, hangs

INVOICE = {
    "invoice_number": "10023",
    "description": None,
    "invoice_date": "2026-11-01",
    "due_date": None,
    "amount": "100.00",
    "balance": "-0.50",
}
CUSTOMER = {
    "customer_number": "000412",
    "name": "Zoë",
    "balance": "99.50",
    "statement_type": "OPEN_ITEM",
    "open_invoices": [INVOICE],
}
UNREACHABLE = ("caselle_unreachable", Trouble.DOWN)
ODD = ("caselle_error", Trouble.ERROR)
SLOW = ("caselle_slow", Trouble.SLOW)
UNREADABLE = {"empty", "no content", "truncated JSON", "HTML", "500", "408"}
"""Caselle answered, and not with what was asked for."""


@pytest.fixture
async def opened():
    """Makes a city's accounts receivable at a URL."""
    wires = []

    def make(url, *, deadline=PATIENT, tokens=None):
        wires.append(Wire(url, PATIENT))
        return CaselleAccountsReceivable(CaselleClient(wires[-1], tokens or Tokens(), deadline))

    yield make
    for wire in wires:
        await wire.aclose()


def says(data=None, *codes, status="200 OK", path=("customer",)):
    """A GraphQL answer."""
    errors = [{"message": "Ada Byron owes it", "path": list(path), "extensions": {"code": code}} for code in codes]
    body = ({} if data is None else {"data": data}) | ({"errors": errors} if codes else {})
    return answer(json.dumps(body).encode(), status)


async def asked(opened, *behaviours, invoice=None, **options):
    """What a question comes to: the customer or invoice, or code and trouble; and the server."""
    async with RawServer(*behaviours) as server:
        city = opened(server.url, **options)
        question = city.invoice(CITY, "000412", invoice) if invoice else city.customer(CITY, "000412")
        try:
            return await question, server
        except Unanswered as why:
            logged = f"{why} {why.__cause__}"
            found = why.code, why.trouble
    assert "Ada" not in logged
    return found, server


async def test_a_complete_answer_is_read_to_the_cent(opened):
    customer, server = await asked(opened, says({"customer": CUSTOMER}))
    assert server.requests[0].startswith(b"POST /tp/api/ar0/graphql HTTP/1.1\r\n")
    assert (customer.number, customer.name, customer.balance) == ("000412", "Zoë", 9950)
    [invoice] = customer.invoices
    assert (invoice.amount, invoice.balance, str(invoice.invoice_date)) == (10000, -50, "2026-11-01")
    assert "Zoë" not in repr(customer)


async def test_numbers_travel_as_variables_and_nowhere_else(opened):
    _, server = await asked(opened, says({"customer": CUSTOMER}))
    sent = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert sent["variables"] == {"customer_number": "000412"}
    assert "000412" not in sent["query"]


@pytest.mark.parametrize("name", IN_DOUBT)
async def test_an_answer_that_cannot_be_read_is_none(opened, name):
    found, server = await asked(opened, IN_DOUBT[name])
    assert found == (ODD if name in UNREADABLE else UNREACHABLE)
    assert len(server.requests) == 1


@pytest.mark.slow
async def test_a_city_that_does_not_end_its_answer_is_too_slow(opened):
    both = await asyncio.gather(*(asked(opened, behaviour, deadline=HASTY) for behaviour in (hangs, drips)))
    assert [found for found, _ in both] == [SLOW, SLOW]


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (says({"customer": None}), ("customer_unknown", Trouble.NOT_FOUND)),
        (says({"customer": None}, "CUSTOMER_NOT_FOUND"), ("customer_unknown", Trouble.NOT_FOUND)),
        (says(None, "LICENSE_MISSING", status="403 Forbidden"), ("licence_missing", Trouble.ERROR)),
        (says(None, "THIRD_PARTY_DISABLED"), ("third_party_disabled", Trouble.ERROR)),
        (says(None, "SUBDOMAIN_UNKNOWN", status="404 Not Found"), ("subdomain_unknown", Trouble.ERROR)),
        (says(None, "GRAPHQL_VALIDATION_FAILED", status="400 Bad Request"), ("contract_mismatch", Trouble.ERROR)),
        (says(None, "UNAUTHENTICATED", status="401 Unauthorized"), ("token_refused", Trouble.ERROR)),
        (says({"customer": None}, "WORKSPACE_IN_USE"), UNREACHABLE),
        (says(None, "COWS_UNREACHABLE"), UNREACHABLE),
        (says({"customer": None}, "COWS_UNREACHABLE", status="500 Internal Server Error"), UNREACHABLE),
        (answer(THROTTLED, "429 Too Many Requests"), UNREACHABLE),
        (says({"customer": None}, "ERROR"), ODD),
        (says({"customer": CUSTOMER}, "ERROR"), ODD),
        (says({"customer": CUSTOMER}, "ERROR", path=("customer", "open_invoices", 0)), ODD),
        (says({"customer": CUSTOMER}, status="500 Internal Server Error"), ODD),
        (says(), ODD),
        (answer(HTML, "404 Not Found"), ODD),
        (answer(HTML, "403 Forbidden"), ODD),
        (answer(HTML, "302 Found", "Location: http://127.0.0.1:1/"), ODD),
        (answer(HTML, "502 Bad Gateway"), UNREACHABLE),
        (answer(b" " * (MOST_BYTES + 1)), ODD),
        (answer(b'{"errors": {"message": "no"}}'), ODD),
    ],
)
async def test_each_class_of_answer_has_its_name(opened, behaviour, expected):
    found, _ = await asked(opened, behaviour)
    assert found == expected


async def test_an_error_that_is_on_no_list_keeps_caselle_s_own_words(opened):
    errors = [
        {"message": "Customer 000412 is locked by user 7", "path": ["customer"], "extensions": {"code": "LOCKED"}}
    ]
    async with RawServer(answer(json.dumps({"data": {"customer": None}, "errors": errors}).encode())) as server:
        with pytest.raises(Unanswered) as raised:
            await opened(server.url).customer(CITY, "000412")
    assert raised.value.code == "caselle_error"
    assert raised.value.detail == "Caselle says: Customer 000412 is locked by user 7"


@pytest.mark.parametrize(
    "changes",
    [
        {"customer_number": "000413"},
        {"customer_number": "412"},
        {"balance": "1e3"},
        {"balance": None},
        {"balance": 99.505},
        {"customer_number": 413},
        {"name": None},
        {"statement_type": "PREPAID"},
        {"open_invoices": None},
        {"open_invoices": [INVOICE | {"balance": "1,000.00"}]},
        {"open_invoices": [INVOICE | {"due_date": "soon"}]},
        {"open_invoices": ["10023"]},
    ],
)
async def test_an_answer_of_another_form_or_about_somebody_else_is_not_believed(opened, changes):
    found, _ = await asked(opened, says({"customer": CUSTOMER | changes}))
    assert found == ODD


async def test_one_invoice_is_read_and_another_is_not_believed(opened):
    shown = {"customer_number": "000412", "invoice": INVOICE}
    found, server = await asked(opened, says({"customer": shown}), invoice="10023")
    assert found.number == "10023"
    assert json.loads(server.requests[0].partition(b"\r\n\r\n")[2])["variables"]["invoice_number"] == "10023"
    assert (await asked(opened, says({"customer": shown}), invoice="10024"))[0] == ODD
    assert (await asked(opened, says({"customer": shown | {"invoice": None}}), invoice="10024"))[0] is None
    missing, _ = await asked(opened, says({"customer": None}), invoice="10023")
    assert missing == ("customer_unknown", Trouble.NOT_FOUND)


# Tokens: the same way as a payment's.


async def test_a_refused_token_is_replaced_and_the_question_asked_once_more(opened):
    tokens = Tokens("old", "new")
    behaviours = answer(REFUSED, "401 Unauthorized"), says({"customer": CUSTOMER})
    customer, server = await asked(opened, *behaviours, tokens=tokens)
    assert customer.number == "000412"
    assert tokens.refused == ["old"]
    assert [server.header(number, "Authorization") for number in (0, 1)] == ["Bearer old", "Bearer new"]


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (None, ("no_token", Trouble.NOT_READY)),
        (Unavailable("vault"), ("storage_unavailable", Trouble.DOWN)),
    ],
)
async def test_without_a_token_nobody_is_asked(opened, token, expected):
    found, server = await asked(opened, says({"customer": CUSTOMER}), tokens=Tokens(token))
    assert (found, server.connections) == (expected, 0)


async def test_without_a_subdomain_nobody_is_asked(opened):
    async with RawServer(says({"customer": CUSTOMER})) as server:
        with pytest.raises(Unanswered) as raised:
            await opened(server.url).customer(CITY.model_copy(update={"subdomain": None}), "000412")
    assert (raised.value.code, raised.value.trouble) == ("application_not_configured", Trouble.NOT_READY)
    assert server.connections == 0
