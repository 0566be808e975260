"""A project held against matched controls: their growth is baseline, or nothing is credited."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shapely import points

from mrv.change.stocking_history import stocking_index
from mrv.crediting.gates import judge_estimate
from mrv.estimation.by_baseline import estimate_by_baseline, history_windows
from mrv.estimation.estimate import ChangeEstimate
from mrv.estimation.written import DRAWS, estimate_json, estimate_of
from mrv.methodologies import load_methodology
from mrv.project import parse_project
from mrv.project_period import ProjectPeriod
from tests.mrv.estimation.conftest import END, START, Invented

RULES = load_methodology("agroforestry_removals", 1)
SAMPLE = Path(__file__).parents[3] / "sample_plots" / "acorn-cambodia" / "project.toml"


def period(baseline: str) -> ProjectPeriod:
    """The sample's rules, with the invented project's days and a baseline of one's own."""
    text = SAMPLE.read_text("utf-8")
    text = text.replace("start = 2021-01-01", f"start = {START}")
    text = text.replace("end = 2024-01-01", f"end = {END}")
    return ProjectPeriod(parse_project(text + baseline), "2021-2024", RULES)


BENCHMARK = period('\n[baseline]\nkind = "benchmark"\n')


@pytest.fixture(scope="module")
def project(inventing: Callable[..., Invented]) -> Invented:
    made = inventing(1, plots=60, sampled=35, controls=150, draws=800)
    rng = np.random.default_rng(2)
    lonlat = rng.uniform([103.0, 12.0], [103.2, 12.2], (len(made.plots), 2))
    return replace(made, plots=made.plots.assign(geometry=points(lonlat)))


def history(project: Invented, by_itself: float, *, head_start: float = 0.0) -> pd.DataFrame:
    """Ten dry seasons before and three after; the project gains 0.12 on top of everybody.

    The placebo fails by chance in one history of ten; this one is not among them.
    """
    rng = np.random.default_rng(101)
    ours = (project.plots["role"] == "enrolled").to_numpy()
    rows = []
    for year in history_windows(BENCHMARK):
        since = max(0, year - START.year) / (END.year - START.year)
        early = min(3, max(0, year - START.year + 3)) / 3
        value = 0.3 + by_itself * since + rng.normal(0, 0.004, len(ours))
        value += np.where(ours, 0.12 * since + head_start * early, 0.0)
        rows.append(
            pd.DataFrame({"plot_id": project.plots["plot_id"], "year": year, "index": value})
        )
    return pd.concat(rows, ignore_index=True).assign(looks=6)


def answer(
    project: Invented, seen: pd.DataFrame | None, of: ProjectPeriod = BENCHMARK
) -> ChangeEstimate:
    return estimate_by_baseline(
        of, project.biomass, project.plots, project.features, pd.DataFrame(), 7, seen
    )


def test_what_matched_controls_grew_as_well_is_baseline(project: Invented) -> None:
    """Controls gained a quarter of what the project's plots did."""
    plain = answer(project, None, period(""))
    matched = answer(project, history(project, by_itself=0.04))
    told = matched.benchmark
    assert told is not None
    assert told.taken
    assert told.ratio == pytest.approx(0.25, abs=0.02)
    assert told.pairs == 60
    assert [verdict.passed for verdict in told.verdicts] == [True, True]
    assert np.array_equal(matched.gross_tco2e, plain.gross_tco2e)
    new = plain.gross_tco2e.mean() - plain.pre_existing_tco2e
    share = matched.creditable_baseline_tco2e - plain.pre_existing_tco2e
    assert share / new == pytest.approx(0.25, abs=0.03)
    assert told.se is not None
    assert 0 < told.se < 0.1
    net = matched.plots["net_tco2e"].sum()
    assert net == pytest.approx(matched.creditable_net_tco2e)


def test_a_benchmark_below_the_measured_controls_replaces_nothing(project: Invented) -> None:
    plain = answer(project, None, period(""))
    matched = answer(project, history(project, by_itself=0.0))
    assert matched.benchmark is not None
    assert not matched.benchmark.taken
    assert np.array_equal(matched.net_tco2e, plain.net_tco2e)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (lambda _: None, "No enrolled plot was seen"),
        (lambda p: history(p, 0.04).query("year > 2014"), "10 years before the start"),
        (lambda p: history(p, 0.04, head_start=0.1), "already grew"),
        (
            lambda p: history(p, 0.04)[lambda t: ~t["plot_id"].str.startswith("C0")],
            "bring more unplanted plots",
        ),
    ],
)
def test_what_cannot_be_matched_is_refused_by_a_gate(
    project: Invented, seen: Callable[[Invented], pd.DataFrame | None], told: str
) -> None:
    estimate = answer(project, seen(project))
    failed = {v.gate: v.sentence for v in _judged(estimate) if not v.passed}
    said = " ".join(
        failed.get(gate, "") for gate in ("matched_controls_balanced", "placebo_before_start")
    )
    assert told in said


def test_an_estimate_comes_off_its_paper_as_it_went_on(project: Invented) -> None:
    estimate = answer(project, history(project, by_itself=0.04))
    text = json.dumps(estimate_json(estimate), default=str, allow_nan=False)
    again = estimate_of(
        json.loads(text), {name: getattr(estimate, name) for name in DRAWS}, estimate.plots
    )
    assert again.benchmark == estimate.benchmark
    assert _judged(again) == _judged(estimate)


def test_a_year_has_the_median_of_its_clear_looks_in_the_dry_season() -> None:
    windows = {
        2020: (date(2020, 1, 1), date(2020, 3, 1)),
        2021: (date(2021, 1, 1), date(2021, 3, 1)),
    }
    looks = pd.DataFrame(
        {
            "plot_id": "p",
            "acquired_at": pd.to_datetime(
                ["2020-01-05", "2020-02-05", "2020-02-15", "2020-02-20", "2020-06-01"], utc=True
            ),
            "clear_fraction": [1.0, 1.0, 1.0, 0.2, 1.0],
            "nirv": [0.1, 0.2, 0.6, 0.9, 0.9],
        }
    )
    (row,) = stocking_index(looks, "nirv", windows, 0.5).to_dict("records")
    assert row == {"plot_id": "p", "year": 2020, "index": 0.2, "looks": 3}


def _judged(estimate: ChangeEstimate) -> tuple:
    return judge_estimate(estimate, RULES, growth_cap="humid_se_asia")
