"""What the pages say, and what they must never say."""

import json
import re
from gettext import NullTranslations
from pathlib import Path

import pytest

from registry_api.web import field_forms
from tests.registry_api import a_registry
from tests.registry_api.web.conftest import Pages


def test_every_page_says_that_it_is_a_demonstration_and_when_it_was_true(pages: Pages) -> None:
    """Banner and time stand on all pages, the error page too."""
    for path in [*pages.paths, "/no-such-page", "/projects/no-such-project"]:
        html = pages.client.get(path).text
        assert "Demonstration registry" in html, path
        assert re.search(r"As of <time datetime=\"\d{4}-\d\d-\d\dT[\d:+]+\">", html), path


def test_invented_projects_say_so(pages: Pages) -> None:
    """On the project's page, the credit's, and the plot's."""
    for path in pages.paths[1:5]:
        assert "Invented landscape" in pages.client.get(path).text


def test_nothing_tells_where_or_who_a_farmer_is(pages: Pages) -> None:
    """No exact coordinate, village or exact area of a plot, though the store holds them all."""
    told = {path: pages.client.get(path).text for path in pages.paths}
    for path, html in told.items():
        for secret in (a_registry.EXACT_LON, a_registry.EXACT_LAT, "Secret village", "1.234567"):
            assert str(secret) not in html, path
        assert 'village"' not in html
    block = re.search(r'id="cells">(.*?)</script>', told[pages.paths[1]], re.DOTALL)
    assert block is not None
    cells = json.loads(block[1])
    corners = [p for f in cells["features"]["features"] for p in f["geometry"]["coordinates"][0]]
    assert all(round(place, 2) == place for corner in corners for place in corner)


def test_credit_tells_the_waterfall_to_the_kilogram(pages: Pages) -> None:
    """Each line of the evidence stands on the page as it is in the document."""
    html = pages.client.get(pages.paths[3]).text
    detail = pages.client.get(f"/v1/estimates/{pages.batch.estimate_sha256}").json()
    for line in detail["waterfall"]:
        assert (
            f'<td class="number">{line["quantity_kg"]:,}</td>'.replace("-", "\N{MINUS SIGN}")
            in html
        )
    assert "± 18.0%" in html


def test_any_serial_inside_a_block_has_a_page(pages: Pages) -> None:
    """One credit of the block answers with its number, its block and the same evidence."""
    answer = pages.client.get("/serials", params={"serial": pages.serial.lower()})
    assert answer.url.path == f"/credits/{pages.serial}"
    lineage = pages.client.get(f"/v1/serials/{pages.serial}/lineage", params={"unit": 7}).json()
    html = pages.client.get(f"/credits/{lineage['serial']}").text
    assert "number 7 in a block of 20 credits" in html
    assert pages.serial in html
    assert pages.batch.estimate_sha256 in html


def test_refused_period_names_the_gate(pages: Pages) -> None:
    """A project without credits shows which check stopped it, before those that passed."""
    html = pages.client.get(f"/projects/{pages.refused}").text
    assert "refused" in html
    assert "There is no measured plots in enough villages." in html
    assert html.index("Enough villages") < html.index("Enough measured plots")
    assert "Nothing has been issued yet." in html


def test_plot_is_a_page_and_a_part(pages: Pages) -> None:
    """Alone it stands in the frame of the site; for htmx it comes without."""
    path = pages.paths[4]
    whole = pages.client.get(path)
    part = pages.client.get(path, headers={"HX-Request": "true"})
    assert "<!doctype html>" in whole.text
    assert "<html" not in part.text
    for html in (whole.text, part.text):
        assert "Grevillea robusta" in html
        assert "S2A_36MXE_20230115_0_L2A" in html
    assert "HX-Request" in part.headers["vary"]


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/nowhere", 404, "this address does not answer that"),
        ("/projects/nobody", 404, "There is no project &#39;nobody&#39;."),
        ("/credits/what", 422, "&#39;what&#39; is not a serial of this registry"),
        ("/serials?serial=<b>x</b>", 422, "&lt;b&gt;x&lt;/b&gt;"),
        ("/?cursor=nonsense", 422, "This is not a cursor of this list"),
    ],
)
def test_errors_are_pages_with_one_sentence(
    pages: Pages, path: str, status: int, sentence: str
) -> None:
    """A wrong address gives a page in the site's frame, escaped, without an inside."""
    answer = pages.client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert sentence in answer.text
    assert "Traceback" not in answer.text


def test_problems_of_the_api_stay_documents(pages: Pages) -> None:
    """Under /v1 a browser, too, gets problem+json."""
    answer = pages.client.get("/v1/projects/nobody", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "application/problem+json"


def test_pages_hold_no_inline_style_or_script(pages: Pages) -> None:
    """What the policy forbids is not even attempted; data blocks are no scripts."""
    for path in pages.paths:
        html = pages.client.get(path).text
        assert " style=" not in html
        assert "<style" not in html
        assert re.findall(r"<script(?![^>]*(src=|application/json))", html) == []
        assert re.findall(r"\son\w+=", html) == []
        assert re.findall(r"(?:src|href)=\"(?:https?:)?//", html) == []


def test_field_forms_come_as_spreadsheets(pages: Pages) -> None:
    """What the page of uploads links to is the form of schemas/forms, and nothing else."""
    forms = field_forms.field_forms(NullTranslations())
    assert {Path(form.href).name for form in forms} == {
        file.name for file in field_forms.FORMS.glob("*.xlsx")
    }
    for form in forms:
        answer = pages.client.get(form.href)
        assert answer.headers["content-type"] == (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        )
        assert answer.content == (field_forms.FORMS / Path(form.href).name).read_bytes()
    for name in ("nobody", "..%2f..%2fREADME"):
        assert pages.client.get(f"/forms/{name}.xlsx").status_code == 404
