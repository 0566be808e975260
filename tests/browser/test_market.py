"""The buyers' pages in a browser: clean, reachable by all, walked by keyboard and on a phone."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.a_market_site import BUYER, OTHER, SELLER, MarketSite, market_served
from tests.browser.conftest import Visit, watch
from tests.browser.test_pages import RULES, WINDOWS

PAGES = (
    "holdings", "nothing", "choose", "offer", "orders", "offered", "own_offer", "doubted",
    "retired", "reserved", "own_reservation", "asked", "listed", "list", "listings", "listing",
    "listing_public", "dashboard", "project_dashboard", "quote",
)  # fmt: skip


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarketSite]:
    """A registry in which credits are traded."""
    with market_served(tmp_path_factory.mktemp("market")) as running:
        yield running


def entered(context: BrowserContext, market: MarketSite, who: str) -> Visit:
    """Open a window and sign in with an account's key, unless it is nobody's."""
    visit = watch(context, market)
    if who:
        page = visit.open("/sign-in", drawn=False)
        page.get_by_label("Your key").fill(market.keys[who])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
    return visit


def violations(page: Page) -> list[str]:
    """What axe finds on a page."""
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
    return [v["id"] + ": " + v["nodes"][0]["html"] for v in found.response["violations"]]


def type_where_one_is(page: Page, text: str) -> None:
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


@pytest.mark.slow
@pytest.mark.parametrize(("window", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_every_page_is_clean(
    browser: Browser, market: MarketSite, window: str, scheme: str
) -> None:
    """No complaint, no foreign request, no accessibility violation, no overflow."""
    assert set(PAGES) == set(market.pages)
    for who in {who for who, _ in market.pages.values()}:
        with browser.new_context(viewport=WINDOWS[window], color_scheme=scheme) as context:
            visit = entered(context, market, who)
            for name, (reader, path) in market.pages.items():
                if reader != who:
                    continue
                page = visit.open(path)
                page.evaluate(
                    "document.querySelectorAll('details').forEach(d => { d.open = true; })"
                )
                assert violations(page) == [], name
                width = page.evaluate("document.documentElement.scrollWidth")
                assert width <= WINDOWS[window]["width"], name
            assert visit.complaints == []
            assert visit.foreign == []


def test_a_buyer_retires_in_three_steps(browser: Browser, market: MarketSite) -> None:
    """From the holdings to the certificate, by keyboard alone, past a slip and back."""
    with browser.new_context(viewport=WINDOWS["phone"]) as context:
        visit = entered(context, market, BUYER)
        page = visit.open("/holdings", drawn=False)
        page.get_by_role("link", name="Retire credits").focus()
        page.keyboard.press("Enter")
        page.get_by_label("How many of").first.focus()
        type_where_one_is(page, "900")
        page.keyboard.press("Enter")  # the browser holds it back: more than there are
        expect(page.get_by_role("heading", level=1)).to_have_text("Retire credits")
        type_where_one_is(page, "2")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("On whose behalf?")
        expect(page.locator("[aria-current=step]")).to_contain_text("On whose behalf")
        page.get_by_label("Beneficiary", exact=True).focus()
        page.keyboard.type("Lakeside Hotel")
        page.get_by_label("first day").fill("2025-01-01")
        page.get_by_role("button", name="Next").press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("a first and a last day")
        assert violations(page) == []
        page.get_by_label("last day").fill("2025-12-31")
        page.get_by_role("button", name="Next").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Read it once more")
        assert violations(page) == []
        page.get_by_role("button", name="Back").press("Enter")
        expect(page.get_by_label("Beneficiary", exact=True)).to_have_value("Lakeside Hotel")
        page.get_by_role("button", name="Next").press("Enter")
        page.get_by_role("button", name="for good").press("Enter")
        page.wait_for_url("**/retirements/*")
        expect(page.get_by_role("heading", level=1)).to_have_text("Certificate of retirement")
        expect(page.get_by_text("Lakeside Hotel").first).to_be_visible()
        assert visit.complaints == []


def test_credits_find_a_buyer(browser: Browser, market: MarketSite) -> None:
    """A stranger finds a listing, signs in to reserve, and the seller hands the credits over."""
    with browser.new_context(viewport=WINDOWS["phone"]) as context:
        visit = watch(context, market)
        page = visit.open("/", drawn=False)
        page.get_by_role("link", name="For sale").click()
        page.get_by_role("row").get_by_role("link").first.click()
        page.get_by_role("link", name="Sign in to reserve").click()
        page.get_by_label("Your key").fill(market.keys[OTHER])
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("How many").first.fill("3")
        page.get_by_role("button", name="Reserve them").click()
        expect(page.get_by_text("Kept for you until")).to_be_visible()
        order = page.url.rpartition("/")[2]
        assert visit.complaints == []
    with browser.new_context(viewport=WINDOWS["desk"]) as context:
        visit = entered(context, market, SELLER)
        page = visit.open("/holdings", drawn=False)
        page.get_by_role("link", name="Look at them").click()
        page.locator(f".next a[href='/orders/{order}']").click()
        page.get_by_label("How it was settled").fill("Invoice 7, paid on 3 March")
        page.get_by_role("button", name="It is settled").click()
        expect(page.get_by_text("Invoice 7, paid on 3 March")).to_be_visible()
    with browser.new_context(viewport=WINDOWS["desk"], java_script_enabled=False) as context:
        page = entered(context, market, OTHER).open("/holdings", drawn=False)
        expect(page.get_by_role("row", name="Lakeside grevillea")).to_contain_text("3")


def test_the_page_prints_without_its_forms(browser: Browser, market: MarketSite) -> None:
    with browser.new_context(viewport=WINDOWS["desk"]) as context:
        page = entered(context, market, "").open("/dashboard")
        page.emulate_media(media="print")
        expect(page.locator(".bars svg").first).to_be_visible()
        expect(page.locator(".site-header nav")).to_be_hidden()
