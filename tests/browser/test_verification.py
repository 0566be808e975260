"""The verifier's desk in a browser: from assignment to signed opinion, a finding in between."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from registry_api.db import database
from registry_api.services import accounts, opinions
from registry_api.services.clock import today
from registry_api.settings import Settings
from tests.browser.a_site import serving
from tests.browser.conftest import Visit, watch
from tests.browser.test_market import violations
from tests.browser.test_pages import WINDOWS
from tests.registry_api import a_registry
from tests.registry_api.a_registry import DEVELOPER, NET_KG, REGISTRAR, VERIFIER, Farm
from tests.registry_api.plot_tables import keep_chips, with_plot_tables

PERIOD = "2021-2023"


@dataclass(frozen=True)
class DeskSite:
    """A registry with an estimate that nobody was assigned to yet, and who may sign in."""

    url: str
    settings: Settings
    farm: Farm
    first: str
    keys: dict[str, str] = field(repr=False)

    def run_again(self) -> str:
        """Hand in a run of the period in which one plot was measured again."""
        document = a_registry.evidence(self.farm, (5000, 2600, 1900, -700))
        with database(self.settings.database).writing() as session:
            return a_registry.submit(session, self.farm, document)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskSite]:
    """The pages on a registry of its own, as the test changes it."""
    settings = a_registry.make_settings(tmp_path)
    with database(settings.database).writing() as session:
        farm = a_registry.found(session, settings)
        document = with_plot_tables(settings, a_registry.evidence(farm, NET_KG))
        first = a_registry.submit(session, farm, document)
        keys = {who: accounts.create_key(session, who) for who in (VERIFIER, DEVELOPER, REGISTRAR)}
    with serving(settings) as url:
        yield DeskSite(url, settings, farm, first, keys)


def signed_in(browser: Browser, desk: DeskSite, who: str, window: str) -> Visit:
    """Open a window of somebody."""
    context = browser.new_context(viewport=WINDOWS[window])
    visit = watch(context, desk)  # type: ignore[arg-type]  # a site with an address
    page = visit.open("/sign-in", drawn=False)
    page.get_by_label("Your key").fill(desk.keys[who])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return visit


def is_clean(page: Page, window: str) -> None:
    """No violation of accessibility, also in what is folded, and nothing wider than the window."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= WINDOWS[window]["width"]


def do_what_an_opinion_rests_on(page: Page) -> None:
    page.get_by_role("button", name="Draw the sample").click()
    expect(page.get_by_text("4 of 4 plots")).to_be_visible()
    page.get_by_role("button", name="Compute the estimate again").click()
    expect(page.get_by_text("numbers are equal").first).to_be_visible()


def looks_at_the_pictures(page: Page) -> None:
    """Each date is a part of one picture that has arrived; what is left out can be taken away."""
    dates = page.locator(".scene-chips li")
    expect(dates).to_have_count(2)
    expect(dates.nth(1)).to_contain_text("90% clear")
    expect(page.get_by_role("img", name="Plot P-002 on 2023-01-15, 90% clear")).to_be_visible()
    arrived = """async () => { const picture = new Image();
        picture.src = document.querySelector(".scene-chips image").getAttribute("href");
        await picture.decode(); return [picture.naturalWidth, picture.naturalHeight]; }"""
    assert page.evaluate(arrived) == [10, 4]
    left_out = dates.nth(1).locator(".left-out")
    expect(left_out).to_be_visible()
    page.get_by_label("Show what is left out").uncheck()
    expect(left_out).to_be_hidden()


def test_a_period_is_taken_from_assignment_to_signed_opinion(  # noqa: PLR0915  # one story
    browser: Browser, desk: DeskSite
) -> None:
    due = (today() + timedelta(days=14)).isoformat()

    registrar = signed_in(browser, desk, REGISTRAR, "desk")
    page = registrar.open("/verifications", drawn=False)
    page.get_by_label("Project id").fill("lakeside-grevillea")
    page.get_by_label("Period id").fill(PERIOD)
    page.get_by_label("Verifier", exact=True).select_option(VERIFIER)
    is_clean(page, "desk")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lakeside grevillea")
    here = page.url.removeprefix(desk.url)

    verifier = signed_in(browser, desk, VERIFIER, "phone")
    page = verifier.open("/my/projects", drawn=False)
    page.get_by_role("link", name="Verifications").click()
    page.get_by_role("link", name="Lakeside grevillea").click()
    do_what_an_opinion_rests_on(page)
    is_clean(page, "phone")
    expect(page.get_by_text(f"--estimate {desk.first}")).to_be_visible()
    keep_chips(desk.settings, desk.first, "P-002")
    page.get_by_role("link", name="P-002").first.click()
    expect(page.get_by_role("img", name="Boundary of plot P-002")).to_be_visible()
    expect(page.get_by_text("Grevillea robusta").first).to_be_visible()
    looks_at_the_pictures(page)
    is_clean(page, "phone")
    page.get_by_role("button", name="Compute this plot again").click()

    page = verifier.open(here, drawn=False)
    page.get_by_text("Put a finding on a node").click()
    page.get_by_label("Node", exact=True).fill("plot:P-002")
    page.get_by_label("Kind").select_option("misstatement")
    page.get_by_label("What is to be shown or mended").fill("Tree 2 is thinner than the file says.")
    page.get_by_label("Answer due on").fill(due)
    page.get_by_role("button", name="Send it to the developer").click()
    expect(page.get_by_text("waits for the developer")).to_be_visible()
    expect(page.get_by_text("sent back by the verifier")).to_be_visible()
    page.get_by_label("Your opinion").select_option("qualified")
    page.get_by_label("What it rests on").fill("Looked at all four plots.")
    page.get_by_label("What it is qualified by").fill("Amounts are invented.")
    page.get_by_role("button", name="Sign the opinion").click()
    expect(page.get_by_role("alert")).to_contain_text("Findings 1 are open")

    developer = signed_in(browser, desk, DEVELOPER, "desk")
    second = desk.run_again()
    page = developer.open(here, drawn=False)
    is_clean(page, "desk")
    page.get_by_label("Your answer").fill("Measured again; the new run has it.")
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("waits for the verifier")).to_be_visible()

    page = verifier.open(here, drawn=False)
    page.get_by_role("link", name="Run again: what changed").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What changed between two runs")
    expect(page.get_by_role("row", name="P-002")).to_contain_text("\u2212600")
    expect(page.get_by_text("superseded by a later run")).to_be_visible()
    is_clean(page, "phone")
    page = verifier.open(here, drawn=False)
    page.get_by_label("Why it is closed").fill("Seen in the new run.")
    page.get_by_role("button", name="Close it").click()
    do_what_an_opinion_rests_on(page)
    page.get_by_label("Your opinion").select_option("qualified")
    page.get_by_label("What it rests on").fill("Looked at all four plots; P-002 measured again.")
    page.get_by_label("What it is qualified by").fill("Amounts are invented.")
    page.get_by_role("button", name="Sign the opinion").click()
    expect(page.get_by_text("approved, not yet issued")).to_be_visible()
    is_clean(page, "phone")

    page.get_by_role("link", name="The signed statement").wait_for()
    with database(desk.settings.database).reading() as session:
        signed = opinions.credential(session, second)["credentialSubject"]
        assert opinions.demand_signed(session, desk.settings, second).approved
    assert signed["opinion"] == "qualified"
    assert signed["findings"] == {"raised": 1, "closed": 1}
    assert verifier.page.request.get(f"{desk.url}/v1/estimates/{desk.first}").ok  # still readable
    for visit in (registrar, verifier, developer):
        told = [each for each in visit.complaints if "status of 409" not in each]  # asked for
        assert told == []
        assert visit.foreign == []
        visit.page.context.close()
