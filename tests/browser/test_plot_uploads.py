"""Plots on the pages: from signing in to every plot in, as a field officer walks it."""

import base64
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import func, select

from registry_api.db import database
from registry_api.db.models import Plot, PlotVersion
from registry_api.web.field_forms import FORMS
from tests.browser.a_plot_site import (
    FILE_NAME,
    FILLED,
    FREE_LAND,
    KENYA,
    MALI,
    PlotSite,
    a_field_day,
    as_file,
    mended,
    plots_served,
)
from tests.browser.conftest import Visit, watch
from tests.browser.test_pages import RULES, WINDOWS
from tests.registry_api.a_registry import DEVELOPER, VERIFIER
from tests.registry_api.sent_plots import Sender

SCREENED_MS = 60_000  # a worker process starts, reads and screens
PAGES = (
    "mine", "uploads", "upload", "list", "feature", "proposals", "columns", "plots", "history",
    "contests", "reads",
)  # fmt: skip
_DROP = """([form, name, data]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const dropped = new DataTransfer();
  dropped.items.add(new File([bytes], name));
  const on = (kind) => form.dispatchEvent(
    new DragEvent(kind, { dataTransfer: dropped, bubbles: true, cancelable: true }));
  on("dragover");
  on("drop");
}"""


@pytest.fixture(scope="module")
def plot_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlotSite]:
    """The registry with its worker."""
    with plots_served(tmp_path_factory.mktemp("plots")) as running:
        yield running


@pytest.fixture
def desk(browser: Browser, plot_site: PlotSite) -> Iterator[Visit]:
    """A desktop window of the developer, signed in."""
    with browser.new_context(viewport=WINDOWS["desk"], accept_downloads=True) as context:
        yield signed_in(context, plot_site)


def signed_in(context: BrowserContext, site: PlotSite, who: str = DEVELOPER) -> Visit:
    """Open a window and sign in with an account's key."""
    visit = watch(context, site)
    page = visit.open("/sign-in", drawn=False)
    page.get_by_label("Your key").fill(site.keys[who])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("rojects")
    return visit


def drop(page: Page, name: str, data: bytes) -> None:
    """Drop a file on the form that takes one."""
    form = page.locator("form.drop").first.element_handle()
    page.evaluate(_DROP, [form, name, base64.b64encode(data).decode()])


def went_in(page: Page) -> tuple[int, int]:
    """Wait for the verdict; gives how many went in and how many are to mend."""
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text(re.compile("went in"), timeout=SCREENED_MS)
    expect(page.locator(".verdict-map[data-ready]")).to_be_visible(timeout=30_000)
    numbers = [int(n) for n in re.findall(r"\d+", heading.inner_text())]
    return numbers[0], numbers[1] if "mend" in heading.inner_text() else 0


def versions_held(site: PlotSite, project: str) -> dict[str, int]:
    """Count the boundaries each plot of a project has had."""
    with database(site.settings.database).reading() as session:
        held = session.execute(
            select(Plot.plot_id, func.count(PlotVersion.id))
            .join(PlotVersion, PlotVersion.plot_key == Plot.id)
            .where(Plot.project_id == project)
            .group_by(Plot.plot_id)
        )
        return {row.plot_id: row[1] for row in held}


@pytest.fixture(scope="module")
def brought(real_data: Callable[[str], Path]) -> tuple[str, bytes]:
    """Surveyed fields of Mali where the real data are here, else a field day as they happen."""
    try:
        return MALI, real_data("field_boundaries/mali_segou.geojson").read_bytes()
    except pytest.skip.Exception:
        return KENYA, as_file(a_field_day())


@pytest.mark.slow
def test_field_officer_gets_every_plot_in(
    desk: Visit, plot_site: PlotSite, brought: tuple[str, bytes]
) -> None:
    """Sign in, drop, look, accept, take home, mend, send again: all in, and nothing twice."""
    project, data = brought
    features = len(json.loads(data)["features"])
    before = versions_held(plot_site, project)
    page = desk.page
    page.get_by_role("link", name=_name(project)).click()
    drop(page, "survey.geojson", data)
    page.wait_for_url(re.compile(f"/projects/{project}/uploads/[0-9a-f-]+$"))
    taken, refused = went_in(page)
    assert taken + refused == features
    assert refused > 0
    assert page.locator(".verdict-map").get_attribute("data-plots") == str(features)
    assert page.locator("details.row").count() == min(refused, 25)
    _read_why(page)
    _accept_one(page)
    assert went_in(page) == (taken + 1, refused - 1)

    # Take the rest home, mend it, send it back.
    again = _mended_at_home(page, project, refused - 1)
    first = page.url
    drop(page, "mended.geojson", again)
    page.wait_for_url(lambda url: url != first)
    assert went_in(page) == (refused - 1, 0)
    expect(page.get_by_text("Nothing left to do")).to_be_visible()

    # Everything is in once; the same file again is the same upload.
    held = versions_held(plot_site, project)
    assert len(held) - len(before) == features
    assert set(held.values()) == {1}
    here = page.url
    page.get_by_role("link", name="Send another file").click()
    drop(page, "mended.geojson", again)
    page.wait_for_url(here)
    assert versions_held(plot_site, project) == held
    assert desk.complaints == []
    assert desk.foreign == []


def _read_why(page: Page) -> None:
    row = page.locator("details.row").first
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(row.get_by_text("To mend it:").first).to_be_visible()
    expect(row.locator(".shape svg")).to_be_visible()
    picked = page.locator(".verdict-map").get_attribute("data-picked")
    assert picked == row.get_attribute("data-feature")


def _accept_one(page: Page) -> None:
    here = page.url
    page.get_by_role("link", name=re.compile("proposal")).click()
    page.get_by_role("checkbox").last.check()
    page.get_by_role("button", name="Accept the ticked ones").click()
    page.wait_for_url(here)
    expect(page.get_by_text("check number 2")).to_be_visible(timeout=SCREENED_MS)


def _mended_at_home(page: Page, project: str, refused: int) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("link", name="GeoJSON", exact=True).click()
    rejected = json.loads(Path(download.value.path()).read_bytes())
    assert len(rejected["features"]) == refused
    for each in rejected["features"]:
        assert each["properties"]["parkland_codes"]
        assert each["properties"]["parkland_reasons"]
    return json.dumps(mended(rejected, project)).encode()


def _name(project: str) -> str:
    return {KENYA: "Busia maize and trees", MALI: "Segou parkland"}[project]


@pytest.mark.parametrize(("window", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_pages_are_clean(browser: Browser, plot_site: PlotSite, window: str, scheme: str) -> None:
    """No accessibility violation, no complaint, no foreign request, no overflow, on any page."""
    with browser.new_context(viewport=WINDOWS[window], color_scheme=scheme) as context:
        visit = signed_in(context, plot_site)
        _is_clean(visit, "/sign-in", window)
        for name in PAGES:
            page = _is_clean(visit, plot_site.pages[name], window)
            if name == "upload":  # and with a plot opened, all of the list shown
                page.locator("details.row summary").first.click()
                expect(page.locator("details.row .shape svg").first).to_be_visible()
                page.locator("details.codes").first.evaluate("part => { part.open = true }")
                _violates_nothing(page)
        assert visit.complaints == []
        assert visit.foreign == []


def _is_clean(visit: Visit, path: str, window: str) -> Page:
    page = visit.open(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    _violates_nothing(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= WINDOWS[window]["width"], path
    return page


def _violates_nothing(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
    faults = [v["id"] + ": " + v["nodes"][0]["html"] for v in found.response["violations"]]
    assert faults == [], page.url


def test_map_and_list_point_at_each_other(desk: Visit, plot_site: PlotSite) -> None:
    """A click on a shape opens its row; the list narrows without leaving the page."""
    page = desk.open(plot_site.pages["upload"])
    the_map = page.locator(".verdict-map")
    row = page.locator("details.row").nth(1)
    row.locator("summary").click()
    number = row.get_attribute("data-feature")
    expect(the_map).to_have_attribute("data-picked", str(number))
    expect(row.locator(".reasons")).to_be_visible()
    row.locator("summary").click()
    the_map.scroll_into_view_if_needed()
    box = the_map.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(row).to_have_attribute("open", "")  # the plot that was looked at stands in the middle
    page.get_by_role("navigation", name="Show plots by verdict").get_by_text("All").click()
    expect(page.locator("details.row")).to_have_count(12)
    expect(page).to_have_url(re.compile(r"show=all"))
    assert desk.complaints == []


def test_keyboard_alone_reaches_reason_and_download(desk: Visit, plot_site: PlotSite) -> None:
    """Tab and Enter lead from the head of the page to the download and to a plot's reasons."""
    page = desk.open(plot_site.pages["upload"])
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText.trim().split('\\n')[0]"))
        if page.evaluate("document.activeElement.matches('details.row summary')"):
            break
    assert "GeoJSON" in reached
    assert "Look at 3 proposals" in reached
    page.keyboard.press("Enter")
    expect(page.locator("details.row[open] .findings")).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('details.row') !== null")


@pytest.mark.slow
def test_everything_works_without_scripts(browser: Browser, plot_site: PlotSite) -> None:
    """A plain form sends the file; list, reasons, download, columns and accepting are there."""
    with browser.new_context(java_script_enabled=False, viewport=WINDOWS["phone"]) as context:
        visit = signed_in(context, plot_site)
        page = visit.open(f"/projects/{FILLED}/uploads", drawn=False)
        plots = a_field_day(shift=80)[:5]
        page.locator("input[type=file]").set_input_files(
            {"name": "by form.geojson", "mimeType": "application/json", "buffer": as_file(plots)}
        )
        page.get_by_role("button", name="Send it").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Checking")
        for _ in range(60):
            if page.get_by_role("link", name="Look again").count() == 0:
                break
            page.wait_for_timeout(1000)
            page.get_by_role("link", name="Look again").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("3 plots went in, 2 to mend")
        expect(page.locator(".verdict-map")).to_be_hidden()
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV, for a spreadsheet").click()
        assert b"parkland_codes" in Path(download.value.path()).read_bytes()
        page.locator("details.row summary").first.click()
        page.get_by_role("link", name=re.compile("Why, and where")).first.click()
        expect(page.get_by_text("To mend it:").first).to_be_visible()
        expect(page.locator(".shape svg")).to_be_visible()
        page.go_back()
        page.get_by_role("link", name=re.compile("Look at the proposal")).click()
        expect(page.get_by_role("checkbox")).to_have_count(1)
        assert visit.foreign == []


def test_markup_in_a_file_stays_text(desk: Visit, plot_site: PlotSite) -> None:
    """The name of a file is shown, never run."""
    page = desk.open(plot_site.pages["upload"])
    expect(page.get_by_text(FILE_NAME).first).to_be_visible()
    assert page.locator("main b", has_text="day 1").count() == 0


@pytest.mark.slow
def test_columns_are_guessed_corrected_and_remembered(desk: Visit, plot_site: PlotSite) -> None:
    """The guess stands first; a correction has the file checked again and is kept."""
    sent = Sender(plot_site.settings, FILLED).send(
        as_file(a_field_day(120, letter="C")), "C.geojson"
    )
    columns = f"/projects/{FILLED}/uploads/{sent.id}/columns"
    page = desk.open(columns, drawn=False)
    expect(page.get_by_label("Your name of the plot")).to_have_value("Plot No")
    expect(page.get_by_text("held apart, encrypted").first).to_be_visible()
    village = page.get_by_label("Village or other cluster")
    expect(village).to_have_value("")
    village.select_option("consent")
    page.get_by_role("button", name="Use these columns and check again").click()
    expect(page.get_by_text("check number 2")).to_be_visible(timeout=SCREENED_MS)
    assert went_in(page) == (8, 4)
    desk.open(columns, drawn=False)
    expect(village).to_have_value("consent")
    assert desk.complaints == []


def test_verifier_states_a_purpose_and_decides(browser: Browser, plot_site: PlotSite) -> None:
    """A developer contests with evidence; the verifier says why they look, and upholds."""
    with browser.new_context(viewport=WINDOWS["desk"]) as context:
        page = signed_in(context, plot_site).open(plot_site.pages["contests"], drawn=False)
        page.get_by_label("Why it is not so").fill(
            "We have farmed this land since 2009; see the map."
        )
        page.get_by_label("Evidence").set_input_files(
            {"name": "map.png", "mimeType": "image/png", "buffer": b"\x89PNG evidence"}
        )
        page.get_by_role("button", name="Hand it in").click()
        expect(page.get_by_text("waiting for a verifier")).to_be_visible()
        expect(page.get_by_text("map.png")).to_be_visible()
        assert page.get_by_role("button", name="Uphold").count() == 0
    with browser.new_context(viewport=WINDOWS["desk"]) as context:
        visit = signed_in(context, plot_site, VERIFIER)
        page = visit.open(f"/projects/{FILLED}/contests", drawn=False)
        page.get_by_label("Purpose").fill("verification of 2024-2026, sample of 30 plots")
        page.get_by_role("button", name="Go on").click()
        page.get_by_label("Your decision").fill("The older map shows the same farmer there.")
        page.get_by_role("button", name="Uphold: the developer is right").click()
        expect(page.get_by_text("upheld: the finding no longer keeps the plot out")).to_be_visible()
        visit.open(plot_site.pages["upload"])
        expect(page.locator("form.drop")).to_have_count(0)
    with browser.new_context(viewport=WINDOWS["desk"]) as context:
        page = signed_in(context, plot_site).open(plot_site.pages["reads"], drawn=False)
        expect(page.get_by_text("sample of 30 plots").first).to_be_visible()


def test_plot_leaves_with_a_date_and_a_reason(desk: Visit) -> None:
    """It asks to be sure; afterwards the history says when and why, and cannot be left again."""
    page = desk.open(f"/projects/{FILLED}/plots/B-11", drawn=False)
    expect(page.get_by_text("in force")).to_be_visible()
    page.get_by_text("Let this plot leave").click()
    page.get_by_label("Last day in the programme").fill("2026-01-31")
    page.get_by_label("Reason").fill("The land was sold.")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Let it leave").click()
    expect(page.get_by_text("Left the programme on 2026-01-31")).to_be_visible()
    expect(page.get_by_text("Let this plot leave")).to_have_count(0)


def test_a_team_without_a_file_starts_with_a_form(desk: Visit) -> None:
    """The forms lie open where nothing was sent yet, and come as they are in schemas/forms."""
    page = desk.open(f"/projects/{KENYA}/uploads")
    starters = page.locator("details.starters")
    if starters.get_attribute("open") is None:  # another test sent something
        starters.locator("summary").click()
    _violates_nothing(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Plots, for ODK").click()
    assert download.value.suggested_filename == "plot-registration.xlsx"
    form = FORMS / download.value.suggested_filename
    assert Path(download.value.path()).read_bytes() == form.read_bytes()


def test_a_shapefile_without_its_prj_is_asked_for_its_system(desk: Visit, tmp_path: Path) -> None:
    west, south = FREE_LAND[KENYA]
    square = shapely.box(west + 0.05, south, west + 0.051, south + 0.001)
    plots = gpd.GeoDataFrame(
        {"plot_id": ["UTM-1"], "consent": ["yes"]}, geometry=[square], crs="EPSG:4326"
    ).to_crs("EPSG:32636")
    plots.to_file(tmp_path / "plots.shp")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in (".shp", ".shx", ".dbf"):
            archive.write(tmp_path / f"plots{part}", f"plots{part}")
    page = desk.open(f"/projects/{KENYA}/uploads")
    drop(page, "plots.zip", packed.getvalue())
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("could not be used", timeout=SCREENED_MS)
    expect(page.locator(".lead")).to_contain_text(".prj")
    _violates_nothing(page)
    page.get_by_label("Coordinate system of the file").fill("EPSG:32636")
    page.get_by_role("button", name="Check again").click()
    expect(heading).to_contain_text("went in", timeout=SCREENED_MS)


def test_strangers_see_nothing(browser: Browser, plot_site: PlotSite) -> None:
    """Without a session a page leads to the form and back; a wrong key is refused in a sentence."""
    with browser.new_context() as context:
        visit = watch(context, plot_site)
        page = visit.open(plot_site.pages["upload"], drawn=False)
        expect(page).to_have_url(re.compile(r"/sign-in\?next="))
        page.get_by_label("Your key").fill("pkl_not-a-key")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("not known here")
        page.get_by_label("Your key").fill(plot_site.keys[DEVELOPER])
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(plot_site.url + plot_site.pages["upload"])
        page.goto(plot_site.url + "/my/projects")
        page.get_by_role("button", name="Sign out").click()
        visit.open("/my/projects", drawn=False)
        expect(page).to_have_url(re.compile("/sign-in"))
