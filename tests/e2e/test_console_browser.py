"""The console in a real headless Chromium, on the local stack after the demo.

``CONSOLE_PICTURES=docs/images`` keeps what the browser shows; otherwise pictures go with the test.
"""

import os
from pathlib import Path

import pytest

from shared.exchange.reasons import REASONS
from tests.e2e.browser import CHROMIUM, browser
from tests.e2e.conftest import MARKUP

pytestmark = [
    pytest.mark.timeout(420),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; on Debian: apt-get install chromium"),
]
TEXT = "document.querySelector({!r}).innerText"


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


async def test_a_name_with_markup_runs_nothing(after_demo, tab):
    await sign_in(tab, after_demo.url)
    await tab.go(f"{after_demo.url}/api/console/billers/777000")
    assert await tab.see(TEXT.format("h1")) == MARKUP
    assert await tab.see("document.title") == MARKUP
    assert await tab.see("document.scripts.length + document.querySelectorAll('[onclick]').length") == 0


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


async def test_without_the_role_the_browser_shows_no_figure(after_demo, tab):
    await sign_in(tab, after_demo.url, "nobody")
    said = await tab.see("document.body.innerText")
    assert "Not for you" in said
    assert "Newport" not in said


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
