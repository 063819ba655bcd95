"""The console over HTTP on the local stack after the demo: the page's figures are those of the demo's report."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.exchange.reasons import REASONS
from tests.console.page import Page
from tests.console.test_access import principal
from tests.e2e.conftest import MARKUP, SAMPLES

pytestmark = pytest.mark.timeout(420)
EXPECTED = json.loads((SAMPLES / "expected.json").read_text())
HELD = {line["id"]: line["why"] for line in EXPECTED["lines"] if line["outcome"] == "held"}


@pytest.fixture
def anybody(after_demo):
    with httpx.Client(base_url=after_demo.url, trust_env=False, timeout=60) as http:
        yield http


@pytest.fixture
def reader(anybody):
    signed_in = anybody.get("/api/console/development-sign-in", params={"role": "reader"})
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/api/console")
    return anybody


def page(http, path, **query):
    response = http.get(path, params=query)
    assert response.status_code == 200
    return Page(response.text)


def money(cents):
    return f"{cents // 100:,}.{cents % 100:02}"


def tenders(http, biller):
    """Posted by tender on the page's present day and the one before: the demo may have crossed midnight."""
    today = datetime.now(UTC).astimezone(biller.zone).date()
    found = {}
    for day in (today, today - timedelta(days=1)):
        for row in page(http, f"/api/console/billers/{biller.biller_id}", day=day.isoformat()).tables.get(
            "tenders", []
        ):
            count, cents = found.get(row["Tender"], (0, 0))
            more = int(row["Amount"].replace(",", "").replace(".", ""))
            found[row["Tender"]] = count + int(row["Posted"]), cents + more
    return found


def test_figures_per_tender_are_those_of_the_demo_s_report(after_demo, reader):
    for biller in after_demo.billers:
        reported = after_demo.report["posted"].get(biller.biller_id, {})
        assert tenders(reader, biller) == {name: (each["count"], each["cents"]) for name, each in reported.items()}


def test_the_first_page_adds_up_to_the_report(after_demo, reader):
    first = page(reader, "/api/console")
    yesterday = sum(_posted_before_midnight(reader, biller) for biller in after_demo.billers)
    posted = [each for tenders in after_demo.report["posted"].values() for each in tenders.values()]
    assert int(first.ids["posted-today"]) + yesterday == sum(each["count"] for each in posted)
    if not yesterday:
        assert first.ids["posted-amount"] == money(sum(each["cents"] for each in posted))
    assert min(int(row["Token days left"]) for row in first.tables["billers"] if row["State"] == "live") > 170
    assert all(row["Breaker"] == "closed" for row in first.tables["billers"])


def _posted_before_midnight(http, biller):
    day = datetime.now(UTC).astimezone(biller.zone).date() - timedelta(days=1)
    rows = page(http, f"/api/console/billers/{biller.biller_id}", day=day.isoformat()).tables.get("tenders", [])
    return sum(int(row["Posted"]) for row in rows)


def test_every_held_payment_is_on_its_biller_s_page_and_leads_to_its_action(reader):
    found = {}
    links = page(reader, "/api/console").links.values()
    for link in (each for each in links if "/billers/" in each):
        shown = page(reader, link)
        for name, rows in shown.tables.items():
            if name.startswith("cause-"):
                kept = [row for row in rows if row["Kind"] == "payment"]
                found |= {row["Id"]: (name.removeprefix("cause-"), shown.links[row["Id"]]) for row in kept}
    assert found.keys() == HELD.keys()
    for code, link in found.values():
        shown = page(reader, link)
        assert shown.facts["State"] == "held"
        assert shown.ids["action"].startswith(REASONS[code].action)
        assert shown.tables["history"][-1]["Cause"] == code


def test_a_posted_payment_tells_its_receipt_and_its_history(reader):
    posted = next(line for line in EXPECTED["lines"] if line["outcome"] == "posted")
    [biller] = [each["billerId"] for each in map(json.loads, _lines()) if each.get("paymentId") == posted["id"]][:1]
    shown = page(reader, f"/api/console/billers/{biller}/payments/{posted['id']}")
    assert shown.facts["State"] == "posted"
    assert shown.facts["Receipt"] == shown.tables["history"][-1]["Receipt"] != ""


def _lines():
    for line in (SAMPLES / "payments.jsonl").read_text().splitlines():
        if line.startswith("{") and line.endswith("}"):
            yield line


def test_a_name_with_markup_is_a_name(reader):
    shown = page(reader, "/api/console")
    assert shown.row("billers", MARKUP)["State"] == "draft"
    assert page(reader, "/api/console/billers/777000").links[MARKUP] == "/api/console/billers/777000"


@pytest.mark.parametrize("path", ["", "/billers/2493", "/billers/2493/payments/x"])
def test_without_the_role_there_is_no_figure(anybody, path):
    nobody = anybody.get(f"/api/console{path}")
    assert nobody.status_code == 401
    assert anybody.get(f"/api/console{path}", headers={"X-MS-CLIENT-PRINCIPAL": principal("reader")}).status_code == 401
    anybody.get("/api/console/development-sign-in", params={"role": "nobody"})
    refused = anybody.get(f"/api/console{path}")
    assert refused.status_code == 403
    for answer in (nobody, refused):
        assert "Newport" not in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert answer.headers["cache-control"] == "no-store"
