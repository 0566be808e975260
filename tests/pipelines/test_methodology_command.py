"""What other rules would have made of a run, to the plot and the kilogram, and adopting them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mrv.errors import InputRejected
from mrv.methodologies import load_methodology, methodology_file, parse_methodology
from mrv.sources.bundles import write_bundle
from mrv.verification.opened import Bundle
from mrv.verification.other_rules import compare_rules
from pipelines.bundles import bundle_files_of
from pipelines.cli import app
from pipelines.execution import Outcome

pytestmark = [pytest.mark.xdist_group("whole_path"), pytest.mark.slow]
RULES = methodology_file("agroforestry_removals", 1)


def a_draft(**values: str) -> bytes:
    """The published rules as version 2, with some values changed."""
    draft = RULES.replace(b"\nversion = 1\n", b"\nversion = 2\n")
    for rule, value in values.items():
        before, _, after = draft.partition(f"\n{rule} = {{ value = ".encode())
        assert after, rule
        draft = before + f"\n{rule} = {{ value = {value},".encode() + after.partition(b",")[2]
    return draft


@pytest.fixture(scope="module")
def bundle(outcome: Outcome) -> Bundle:
    return Bundle(bundle_files_of(outcome.stage))


def test_twice_the_leakage_is_charged_to_every_plot(bundle: Bundle) -> None:
    before = load_methodology("agroforestry_removals", 1)
    report = compare_rules(bundle, before, parse_methodology(a_draft(leakage_fraction="0.10")))
    assert [rule["rule"] for rule in report["rules"]] == ["emissions.leakage_fraction"]
    kept = {line.key: line.quantity_kg for line in bundle.document.waterfall}
    steps = {step["step"]: step for step in report["steps"]}
    assert {name: step["before_kg"] for name, step in steps.items()} == kept
    changed = {name for name, step in steps.items() if step["before_kg"] != step["after_kg"]}
    assert changed == {"leakage", "net_benefit", "issuable"}
    leakage = steps["leakage"]
    assert leakage["after_kg"] == pytest.approx(2 * leakage["before_kg"], abs=2)
    assert {plot["plot_id"]: plot["before_kg"] for plot in report["plots"]} == {
        plot.plot_id: plot.net_kg for plot in bundle.document.plots
    }
    lost = sum(plot["after_kg"] - plot["before_kg"] for plot in report["plots"])
    assert lost == steps["issuable"]["after_kg"] - steps["issuable"]["before_kg"] < 0
    assert report["credits_t"]["after"] < report["credits_t"]["before"]


def test_what_a_run_decides_before_its_statistics_is_named(bundle: Bundle) -> None:
    before = load_methodology("agroforestry_removals", 1)
    after = parse_methodology(a_draft(cloud_buffer_m="200", area_min_ha="0.2"))
    report = compare_rules(bundle, before, after)
    assert report["not_performed"] == ["eligibility.area_min_ha", "imagery.cloud_buffer_m"]
    assert not report["plots"]


def test_the_same_rules_are_no_comparison(bundle: Bundle) -> None:
    rules = load_methodology("agroforestry_removals", 1)
    with pytest.raises(InputRejected, match="Both are the same rules"):
        compare_rules(bundle, rules, rules)


def test_on_the_command_line(bundle: Bundle, tmp_path: Path) -> None:
    draft, kept, out = (tmp_path / name for name in ("draft.toml", "run.zip", "report.json"))
    draft.write_bytes(a_draft(leakage_fraction="0.10"))
    write_bundle(dict(bundle.files), kept)
    run = CliRunner().invoke(
        app,
        ["methodology", "diff", "1", str(draft), "--bundle", str(kept), "--out", str(out)],
        catch_exceptions=False,
    )
    assert run.exit_code == 0
    for said in ("emissions.leakage_fraction", "plots change", "t under version 2"):
        assert said in run.stdout
    assert (
        json.loads(out.read_text())["credits_t"]["after"]
        < json.loads(out.read_text())["credits_t"]["before"]
    )


def test_released_versions_stand() -> None:
    run = CliRunner().invoke(app, ["methodology", "list"], catch_exceptions=False)
    assert run.exit_code == 0
    assert "stands" in run.stdout
