"""A released version stays what it was: its rules, its golden cases and what they come to."""

import json

import pytest

from mrv.errors import RuleMissing
from mrv.methodologies import load_methodology, methodology_file, parse_methodology
from mrv.methodologies.releases import Release, faults_of, golden_file, releases
from mrv.verification.golden import faults

EACH = pytest.mark.parametrize("release", releases(), ids=lambda r: f"{r.id}-{r.version}")


@EACH
def test_its_files_are_those_that_were_released(release: Release) -> None:
    """A value that changes needs a new version; tests/methodology/freeze.py prints its pins."""
    assert not faults_of(release)


@EACH
def test_this_code_comes_to_its_golden_answers(release: Release) -> None:
    cases = json.loads(golden_file(release.id, release.version))
    assert {case["kind"] for case in cases} >= {"withheld", "waterfall", "trees"}
    assert not faults(cases, load_methodology(release.id, release.version))


def test_every_file_of_rules_is_a_release() -> None:
    from importlib import resources

    files = {
        file.name
        for file in resources.files("mrv.methodologies").iterdir()
        if file.name.endswith(".toml") and file.name != "releases.toml"
    }
    assert files == {f"{release.id}_v{release.version}.toml" for release in releases()}


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("leakage_fraction", "0.05", "0.06"),
        ("free_half_width", "0.10", "0.15"),
        ("fraction", "0.20", "0.10"),
        ("sapling_exponent", "2.5", "3.0"),
    ],
)
def test_a_value_that_changes_breaks_pin_and_golden_answers(
    rule: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = releases()[0]
    raw = methodology_file(release.id, release.version)
    changed = raw.replace(
        f"\n{rule} = {{ value = {old}".encode(), f"\n{rule} = {{ value = {new}".encode()
    )
    assert changed != raw
    cases = json.loads(golden_file(release.id, release.version))
    assert faults(cases, parse_methodology(changed))
    monkeypatch.setattr("mrv.methodologies.releases.methodology_file", lambda *_named: changed)
    (said,) = faults_of(release)
    assert "rules of agroforestry_removals version 1 were changed" in said


@pytest.mark.parametrize("draft", [b"", b"\xff", b"[methodology]\nid = 3", b"rules = 1"])
def test_what_is_no_file_of_rules_is_said_so(draft: bytes) -> None:
    with pytest.raises(RuleMissing, match="This is no file of rules"):
        parse_methodology(draft)
