"""The rules as anybody may read them, on pages and by the API."""

from mrv.methodologies import load_methodology
from mrv.methodologies.releases import releases
from tests.registry_api.a_registry import RULES
from tests.registry_api.web.conftest import Pages

ADDRESS = f"methodologies/{RULES.id}/{RULES.version}"


def test_the_list_leads_to_every_rule_with_its_source(pages: Pages) -> None:
    assert f'href="/{ADDRESS}"' in pages.client.get("/methodologies").text
    html = pages.client.get(f"/{ADDRESS}").text
    for name, rule in load_methodology(RULES.id, RULES.version).rules.items():
        assert f'id="{name}"' in html
        assert rule.source[:30].split("'", 1)[0] in html


def test_the_api_says_the_same(pages: Pages) -> None:
    told = pages.client.get(f"/v1/{ADDRESS}").json()
    assert {rule["name"]: rule["value"] for rule in told["rules"]} == {
        name: rule.value for name, rule in RULES.rules.items()
    }
    listed = pages.client.get("/v1/methodologies").json()
    assert [release["version"] for release in listed] == [each.version for each in releases()]
    (release,) = [each for each in listed if each["version"] == RULES.version]
    assert release == told["release"]
    assert release["rules_sha256"] == RULES.digest


def test_a_rule_that_is_asked_for_or_not_is_said_in_words(pages: Pages) -> None:
    html = pages.client.get(f"/methodologies/{RULES.id}/2").text
    assert 'id="uncertainty.village_skewness"' in html
    assert "True" not in html


def test_an_unknown_version_is_not_found(pages: Pages) -> None:
    for path in (f"/methodologies/{RULES.id}/99", f"/v1/methodologies/{RULES.id}/99"):
        answer = pages.client.get(path)
        assert answer.status_code == 404
        assert "there is agroforestry_removals version 1" in answer.text


def test_a_project_says_which_versions_it_took_up(pages: Pages) -> None:
    assert pages.client.get("/v1/projects/lakeside-grevillea/methodologies").json() == []
    assert pages.client.get("/v1/projects/no-such-project/methodologies").status_code == 404
