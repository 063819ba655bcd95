"""The console after a demo, over HTTP and in a real headless Chromium: its figures are those of the demo's report.

``CONSOLE_PICTURES=docs/images`` keeps what the browser shows; otherwise pictures go with the test.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from local.billers_file import read_billers
from local.demo import run_demo
from local.processes import ROOT
from local.stack import Stack
from shared.billers.model import Biller
from shared.exchange.reasons import REASONS
from tests.console.page import Page
from tests.console.test_access import principal
from tests.e2e.browser import CHROMIUM, browser

pytestmark = pytest.mark.timeout(420)
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; on Debian: apt-get install chromium")
SAMPLES = ROOT / "local/samples"
MARKUP = "<script>document.title='taken'</script><b onclick=\"x\">Bold City</b> & 'Sons'"
NASTY = Biller(biller_id="777000", name=MARKUP, time_zone="America/Denver")
TEXT = "document.querySelector({!r}).innerText"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text())
HELD = {line["id"]: line["why"] for line in EXPECTED["lines"] if line["outcome"] == "held"}
FIRST_LINES = 100
PATIENT = {"LEDGER_DEADLINE_SECONDS": "150", "LEDGER_LEASE_SECONDS": "300"}
"""Divided like all the others; the usual ones would be shorter than a busy machine's own delays."""


def _chosen():
    """Of the samples the first lines, and every one that is not simply posted, with the payment that it repeats."""
    texts = (SAMPLES / "payments.jsonl").read_text().rstrip("\n").split("\n")
    others = {line["id"] for line in EXPECTED["lines"] if line["outcome"] != "posted"}
    each = zip(texts, EXPECTED["lines"], strict=True)
    return [text for text, line in each if line["line"] <= FIRST_LINES or line["id"] in others]


@pytest.fixture(scope="module")
def after_demo(tmp_path_factory):
    """The running stack's URL, what its demo reported, and its billers."""
    folder = tmp_path_factory.mktemp("console")
    lines = _chosen()
    billers = [*read_billers(SAMPLES / "billers.json"), NASTY]
    with Stack(folder / "state", billers, lines, time_divisor=10, settings=PATIENT) as stack:
        run_demo(stack, lines, folder / "report.json")
        report = json.loads((folder / "report.json").read_text())
        yield SimpleNamespace(url=stack.functions_url, report=report, billers=billers)


@pytest.fixture
def anybody(after_demo):
    with httpx.Client(base_url=after_demo.url, trust_env=False, timeout=60) as http:
        yield http


@pytest.fixture
def reader(anybody):
    return signed_in(anybody, "reader")


def signed_in(http, role):
    """The client with the cookie that it was given: the platform writes an empty domain, for which httpx drops it."""
    answer = http.get("/api/console/development-sign-in", params={"role": role})
    assert (answer.status_code, answer.headers["location"]) == (303, "/api/console")
    http.headers["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
    return http


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
    refused = signed_in(anybody, "nobody").get(f"/api/console{path}")
    assert refused.status_code == 403
    for answer in (nobody, refused):
        assert "Newport" not in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert answer.headers["cache-control"] == "no-store"


@pytest.fixture
async def tab(tmp_path):
    async with browser(tmp_path / "profile") as found:
        await found.look_like(width=1280, height=900)
        yield found


@pytest.fixture
def pictures(tmp_path):
    return Path(os.environ.get("CONSOLE_PICTURES") or tmp_path)


async def sign_in(tab, url, role="reader"):
    await tab.go(f"{url}/api/console/development-sign-in?role={role}")


@in_a_browser
async def test_a_reader_signs_in_reads_the_figures_and_follows_a_held_payment_to_its_action(after_demo, tab, pictures):
    await tab.go(f"{after_demo.url}/api/console")
    assert "Please sign in" in await tab.see("document.body.innerText")
    await tab.click("a[href$='role=reader']")
    posted = sum(each["count"] for tenders in after_demo.report["posted"].values() for each in tenders.values())
    assert 0 < int(await tab.see(TEXT.format("#posted-today"))) <= posted
    await tab.picture(pictures / "console-billers.png")
    assert await tab.see("getComputedStyle(document.querySelector('table')).borderCollapse") == "collapse"
    await tab.click("#billers a[href='/api/console/billers/2493']")
    assert await tab.see(TEXT.format("h1")) == "Newport OR"
    await tab.picture(pictures / "console-biller.png")
    code = (await tab.see("document.querySelector('.cause table').id")).removeprefix("cause-")
    assert REASONS[code].action in await tab.see(TEXT.format(".cause"))
    await tab.click(".cause table a")
    assert (await tab.see(TEXT.format("#action"))).startswith(REASONS[code].action)
    assert "held" in await tab.see(TEXT.format("#history"))
    await tab.picture(pictures / "console-payment.png")
    assert tab.refused == []


@in_a_browser
async def test_a_name_with_markup_runs_nothing(after_demo, tab):
    await sign_in(tab, after_demo.url)
    await tab.go(f"{after_demo.url}/api/console/billers/777000")
    assert await tab.see(TEXT.format("h1")) == MARKUP
    assert await tab.see("document.title") == MARKUP
    assert await tab.see("document.scripts.length + document.querySelectorAll('[onclick]').length") == 0


@in_a_browser
async def test_script_style_and_picture_are_refused_by_the_page_s_policy(after_demo, tab):
    """Even if markup came through, the browser would not run it."""
    await sign_in(tab, after_demo.url)
    await tab.see(
        "for (const [tag, text] of [['script', 'document.title = 1'], ['style', 'h1 {color: red}']]) {"
        " const made = document.createElement(tag); made.textContent = text; document.head.append(made) }"
    )
    assert await tab.see("document.title") == "Billers"
    assert await tab.see("getComputedStyle(document.querySelector('h1')).color") != "rgb(255, 0, 0)"
    assert len(tab.refused) == 2


@in_a_browser
async def test_without_the_role_the_browser_shows_no_figure(after_demo, tab):
    await sign_in(tab, after_demo.url, "nobody")
    said = await tab.see("document.body.innerText")
    assert "Not for you" in said
    assert "Newport" not in said


@in_a_browser
async def test_it_is_dark_where_that_is_liked_and_fits_a_phone_and_paper(after_demo, tab, pictures):
    await sign_in(tab, after_demo.url)
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = await tab.see(background)
    await tab.look_like(width=1280, height=900, dark=True)
    assert await tab.see(background) != light
    await tab.picture(pictures / "console-dark.png")
    for path in ("", "/billers/2493"):
        await tab.look_like(width=390, height=844, scale=2)
        await tab.go(f"{after_demo.url}/api/console{path}")
        assert await tab.see("document.documentElement.scrollWidth") <= 390
    await tab.picture(pictures / "console-phone.png")
    await tab.look_like(width=800, height=1000, media="print")
    assert await tab.see("getComputedStyle(document.querySelector('nav')).display") == "none"
