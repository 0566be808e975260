"""The parts that draw themselves: map, lineage, chart, plots that open; and life without them."""

import io
import re

from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from tests.browser.a_site import PLOTS, SCENES, Site
from tests.browser.conftest import Visit, watch

ACCENT = (29, 92, 64)  # --accent by day


def _has_accent(picture: Locator) -> bool:
    """Whether the accent colour was painted, as a screenshot shows it."""
    image = Image.open(io.BytesIO(picture.screenshot())).convert("RGB")
    colours = {colour for _, colour in image.getcolors(maxcolors=1 << 24) or []}
    return ACCENT in colours


def test_maps_draw_the_project_and_its_coarse_cells(visit: Visit) -> None:
    """Both are painted; a click on the project names it; no place is told finer than a cell."""
    page = visit.open(visit.site.project)
    place, cells = page.locator(".map").all()
    assert _has_accent(place.locator("canvas"))
    assert _has_accent(cells.locator("canvas"))
    place.locator("canvas").click()  # the only project stands in the middle
    popup = place.locator(".maplibregl-popup-content")
    expect(popup.get_by_role("link")).to_have_attribute("href", visit.site.project)
    expect(popup).to_contain_text(f"{PLOTS} plots")
    assert re.findall(r"\d+\.\d{3,}", page.locator("#cells").text_content() or "") == []


def test_lineage_draws_and_is_walked_by_keyboard(visit: Visit) -> None:
    """Each step is a link; Enter on the scenes leads to all of them, each with a page."""
    page = visit.open(visit.site.credit)
    graph = page.locator(".lineage-graph")
    steps = graph.locator("svg a")
    assert steps.count() >= 7
    assert graph.locator("path.link").count() >= steps.count() - 1
    expect(graph.get_by_text(f"Plots: {PLOTS}", exact=True)).to_be_visible()
    graph.focus()
    for _ in range(steps.count()):
        page.keyboard.press("Tab")
        if "kind=scene" in page.evaluate("document.activeElement.getAttribute('href')"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Satellite scenes")
    assert page.locator("tbody tr").count() == SCENES
    page.locator("tbody a").first.click()
    expect(page.locator("#made-into")).to_be_visible()


def test_lineage_list_opens_by_keyboard_down_to_a_tree(visit: Visit) -> None:
    """From the credit to a tree with the list, a group's page, a plot and Enter alone."""
    page = visit.open(visit.site.credit)
    stratum = page.locator(".tree summary", has_text="Stratum").first
    stratum.focus()
    page.keyboard.press("Enter")
    plots = page.locator(".tree summary", has_text=re.compile("^Plots")).first
    plots.focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name=re.compile(f"All {PLOTS} plots")).press("Enter")
    page.locator("tbody a").first.press("Enter")
    page.locator("#made-from ~ .tree a", has_text="-t0").first.press("Enter")
    expect(page.locator(".facts")).to_contain_text("Grevillea robusta")
    expect(page.locator("#made-into ~ .tree")).to_contain_text("stands on")
    assert visit.complaints == []


def test_lineage_begins_at_the_credit_on_a_phone(browser: Browser, site: Site) -> None:
    """Wider than the window it scrolls inside its own frame, and starts at its head."""
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = watch(context, site).open(site.credit)
        head = page.locator(".lineage-graph svg a.step-serial rect")
        head.scroll_into_view_if_needed()
        box = head.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_plot_opens_to_its_trees_and_looks(visit: Visit) -> None:
    """Opening a plot by keyboard asks the server once, and only for the inner part."""
    page = visit.open(visit.site.credit)
    plot = page.locator(".plot-list details").first
    plot.locator("summary").focus()
    with page.expect_request(re.compile("/plots/")) as asked:
        page.keyboard.press("Enter")
    assert asked.value.headers["hx-request"] == "true"
    expect(plot.get_by_role("heading", name="Trees")).to_be_visible()
    expect(plot.get_by_text("Grevillea robusta").first).to_be_visible()
    expect(plot.get_by_text("S2A_36MXE_20230115_0_L2A")).to_be_visible()
    before = len(visit.requests)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(plot.get_by_role("heading", name="Trees")).to_be_visible()
    assert len(visit.requests) == before
    assert visit.complaints == []


def test_chart_draws_each_plots_share(visit: Visit) -> None:
    """Signed bars are painted; the numbers stand in the list below."""
    page = visit.open(visit.site.credit)
    chart = page.locator(".chart")
    chart.scroll_into_view_if_needed()
    assert _has_accent(chart.locator("canvas"))
    assert page.locator(".plot-list > li").count() == PLOTS


def test_pages_tell_everything_without_scripts(browser: Browser, site: Site) -> None:
    """With scripts off there are tables and lists, and no empty frames."""
    with browser.new_context(java_script_enabled=False) as context:
        visit = watch(context, site)
        page = visit.open("/", drawn=False)
        expect(page.locator(".map").first).to_be_hidden()
        expect(page.get_by_role("link", name="Lakeside grevillea").first).to_be_visible()
        page = visit.open(site.credit, drawn=False)
        expect(page.locator(".lineage-graph")).to_be_hidden()
        expect(page.locator(".tree")).to_contain_text("Satellite scenes")
        expect(page.locator(".waterfall svg").first).to_be_visible()
        page.locator(".plot-list summary").first.click()
        page.get_by_role("link", name=re.compile("Trees and looks of plot")).first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Plot P-")
        expect(page.get_by_text("Grevillea robusta").first).to_be_visible()
        assert visit.foreign == []
