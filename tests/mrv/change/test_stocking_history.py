"""A benchmark from a history of ten years: right where controls are alike, refused where not."""

import numpy as np
import pandas as pd
import pytest

from mrv.change.stocking_history import BenchmarkReport, benchmark_from_history
from mrv.errors import ProjectInvalid
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)
START = 2020
PLOTS, CANDIDATES, VILLAGES = 40, 400, 10


def _report(
    seed: int,
    *,
    planted: float = 0.12,
    by_itself: float = 0.04,
    head_start: float = 0.0,
    first_year: int = 2008,
    candidates: int = CANDIDATES,
    unlike: float = 0.5,
    wet_end: float = 0.0,
) -> BenchmarkReport:
    """Invent land whose index drifts with the weather; the project chose the better part of it."""
    rng = np.random.default_rng(seed)
    years = np.arange(first_year, 2025)
    rows = PLOTS + candidates
    ours = np.arange(rows) < PLOTS
    soil = rng.normal(np.where(ours, unlike, 0.0), 1.0)
    weather = rng.normal(0, 0.02, len(years))
    weather[years == START], weather[-1] = 0.0, wet_end  # the two years that are compared
    since = np.clip(years - START, 0, None) / (years[-1] - START)
    early = np.clip(years - (START - 3), 0, 3) / 3
    index = (
        0.3
        + 0.02 * soil[:, None]
        + weather
        + np.where(ours, planted + by_itself, by_itself)[:, None] * since
        + np.where(ours, head_start, 0.0)[:, None] * early
        + rng.normal(0, 0.01, (rows, len(years)))
    )
    names = [f"p{i}" for i in range(rows)]
    return benchmark_from_history(
        pd.DataFrame(index, index=names, columns=years),
        pd.DataFrame({"soil": soil}, index=names),
        names[:PLOTS],
        np.repeat(np.arange(VILLAGES), PLOTS // VILLAGES),
        RULES,
        start_year=START,
    )


def test_the_share_that_grew_by_itself_is_found_within_its_error() -> None:
    found = [_report(seed) for seed in range(30)]
    ratios = np.array([report.benchmark.ratio for report in found])
    errors = np.array([report.benchmark.se for report in found])
    assert ratios.mean() == pytest.approx(0.25, abs=0.01)
    assert (np.abs(ratios - 0.25) <= 1.833 * errors).mean() >= 0.8  # t(0.95, 9)
    assert np.mean([report.stands for report in found]) >= 0.7  # a placebo fails in one of ten


def test_a_wet_last_year_counts_on_both_sides_and_so_raises_the_baseline() -> None:
    """Rain adds as much to both; read as a ratio it takes credits away and never adds any."""
    dry, wet = _report(1), _report(1, wet_end=0.05)
    assert wet.benchmark.project_growth - dry.benchmark.project_growth == pytest.approx(0.05)
    assert wet.benchmark.ratio == pytest.approx(0.09 / 0.21, abs=0.03)
    assert wet.benchmark.ratio > dry.benchmark.ratio


def test_controls_that_did_not_grow_are_no_baseline() -> None:
    assert _report(1, by_itself=0.0).benchmark.ratio == pytest.approx(0, abs=0.04)


def test_a_head_start_before_the_project_is_caught_by_the_years_kept_back() -> None:
    report = _report(2, head_start=0.05)
    balance, kept_back = report.verdicts
    assert balance.passed
    assert not kept_back.passed
    assert not report.stands


def test_land_unlike_any_candidate_does_not_stand() -> None:
    report = _report(3, unlike=6.0)
    assert not report.verdicts[0].passed
    assert not report.stands


@pytest.mark.parametrize(
    ("change", "told"),
    [({"first_year": 2012}, "9 years up to 2020"), ({"candidates": 39}, "40 controls are needed")],
)
def test_too_little_to_compare_with_is_one_sentence(change: dict, told: str) -> None:
    with pytest.raises(ProjectInvalid, match=told):
        _report(4, **change)
