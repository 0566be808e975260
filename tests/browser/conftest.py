"""A headless Chromium and a site for it to visit, once for all browser tests."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from registry_api.web import assets
from tests.browser.a_site import Site, served

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep browser tests on one worker, so that they share one browser and one site."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium on the PATH; on Debian: apt-get install chromium")
    if assets.island("app") is None:
        pytest.skip("the scripts of the pages are not built; run: make web")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The pages on a filled registry."""
    with served(tmp_path_factory.mktemp("site")) as running:
        yield running


@dataclass
class Visit:
    """A browser window, and everything in it that should not have happened."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: str, *, drawn: bool = True) -> Page:
        """Go to a page of the site and, if asked, wait until every island has drawn itself."""
        self.page.goto(self.site.url + path)
        if drawn:
            waiting = self.page.locator("[data-source]:not([data-ready])")
            expect(waiting).to_have_count(0, timeout=30_000)
        return self.page

    @property
    def foreign(self) -> list[str]:
        """Requests that left the site."""
        own = (self.site.url + "/", "data:", "blob:" + self.site.url)
        return [url for url in self.requests if not url.startswith(own)]


def watch(context: BrowserContext, site: Site) -> Visit:
    """Open a window and note its console, its errors and its requests."""
    visit = Visit(context.new_page(), site)

    def heard(message: ConsoleMessage) -> None:
        # SwiftShader tells how slowly it reads pixels; a page that is not found says so as an error
        expected = "GPU stall" in message.text or "status of 404" in message.text
        expected = expected or "status of 422" in message.text
        if message.type in {"error", "warning"} and not expected:
            visit.complaints.append(message.text)

    def asked(request: Request) -> None:
        visit.requests.append(request.url)

    visit.page.on("console", heard)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("dialog", lambda dialog: (visit.complaints.append("dialog"), dialog.dismiss()))
    visit.page.on("request", asked)
    return visit


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """A desktop window."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield watch(context, site)
