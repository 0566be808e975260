"""Every page, on a desk and on a phone, by day and by night: clean, reachable by all, at home."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.a_site import Site
from tests.browser.conftest import Visit, watch

PAGES = ("home", "project", "credit", "plot", "nodes", "node", "tree", "find", "about", "missing")
WINDOWS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize(("window", "scheme"), [("desk", "light"), ("phone", "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_clean(browser: Browser, site: Site, name: str, window: str, scheme: str) -> None:
    """No complaint in the console, no foreign request, no accessibility violation, no overflow."""
    with browser.new_context(viewport=WINDOWS[window], color_scheme=scheme) as context:
        visit = watch(context, site)
        page = visit.open(site.pages[name])
        found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
        assert [v["id"] + ": " + v["nodes"][0]["html"] for v in found.response["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= WINDOWS[window]["width"]
        assert visit.complaints == []
        assert visit.foreign == []


def test_closed_parts_are_reachable_by_all_too(visit: Visit) -> None:
    """Axe sees only what is open: open every part and one plot, and look again."""
    page = visit.open(visit.site.credit)
    page.evaluate(
        "document.querySelectorAll(':not(li) > details').forEach(d => { d.open = true; })"
    )
    page.locator(".plot-list summary").first.click()
    expect(page.locator(".opened table")).to_have_count(2)
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
    assert [v["id"] + ": " + v["nodes"][0]["html"] for v in found.response["violations"]] == []
    assert visit.complaints == []


def test_policy_allows_nothing_unsafe(visit: Visit) -> None:
    """The browser really got the policy, and a script put into the page does not run."""
    answer = visit.page.goto(visit.site.url)
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    visit.page.evaluate(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.head.append(s); })()"
    )
    assert visit.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in visit.complaints)


@pytest.mark.parametrize("path", ["home", "project", "credit", "plot", "nodes", "node"])
def test_markup_in_texts_stays_text(visit: Visit, path: str) -> None:
    """Names, regions, species and plot ids written by a stranger are shown, never run."""
    block = visit.site.hostile.credits
    assert block is not None
    page = visit.open(
        {
            "home": "/",
            "project": f"/projects/{visit.site.hostile.project_id}",
            "credit": f"/credits/{block.text}",
            "plot": f"/credits/{block.text}/plots/%3C/script%3E%3Cb%3EP-001",
            "nodes": f"/credits/{block.text}/lineage",
            "node": f"/credits/{block.text}/lineage/plot:%3C/script%3E%3Cb%3EP-001",
        }[path]
    )
    expect(page.get_by_text("onerror").first).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "1"
    assert visit.complaints == []
    assert visit.foreign == []


def test_keyboard_comes_first_to_the_skip_link(visit: Visit) -> None:
    """The first tab shows a way past the header; following it moves the focus."""
    page = visit.open("/", drawn=False)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_serial_is_found_from_the_home_page(visit: Visit) -> None:
    """Typed in any case, a serial leads to its credit; mistyped, to one sentence."""
    page = visit.open("/", drawn=False)
    assert visit.site.batch.credits is not None
    serial = visit.site.batch.credits.text
    page.get_by_label("Serial number of a credit").fill(f" {serial.lower()} ")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/credits/{serial}")
    expect(page.get_by_role("heading", level=1)).to_have_text(serial)
    wrong = serial[:-1] + ("A" if serial[-1] != "A" else "B")
    visit.open(f"/serials?serial={wrong}")
    expect(page.get_by_role("alert")).to_contain_text("mistyped character")
