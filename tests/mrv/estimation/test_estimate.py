"""What an estimate says of itself, also where there is nothing to say."""

import json
from dataclasses import fields
from datetime import date

import numpy as np
import pandas as pd
import pytest

from mrv.estimation.estimate import (
    CensusResult,
    CrossCheck,
    nothing_estimated,
    relative_half_width,
)
from mrv.estimation.written import _as_census, _census

START, END = date(2020, 3, 1), date(2024, 3, 1)


def test_where_nothing_was_measured_every_number_is_none_or_zero() -> None:
    plots = pd.DataFrame(
        {"plot_id": ["a", "b", "c"], "stratum": ["x", "y", "x"], "area_ha": [1.0, 2.0, 0.5]}
    )
    said = nothing_estimated(plots, START, END)
    assert (said.start, said.end, said.estimator, said.check) == (START, END, "none", None)
    for draws in (said.gross_tco2e, said.baseline_tco2e, said.net_tco2e):
        assert draws.tolist() == [0.0]
    assert said.pre_existing_tco2e == said.control_tco2e == 0.0
    assert said.clusters == said.controls == said.without_probability == said.sampled == 0
    assert [(s.stratum, s.plots, s.area_ha) for s in said.strata] == [("x", 2, 1.5), ("y", 1, 2.0)]
    for stratum in said.strata:
        assert (stratum.sampled, stratum.clusters, stratum.collapsed) == (0, 0, True)
        assert stratum.agb_change_t_ha == stratum.agb_change_se_t_ha == 0.0
        assert stratum.growth_t_ha_year == stratum.gross_tco2e == stratum.root_shoot == 0.0
    assert not said.plots["sampled"].any()
    for column in ("agb_change_t_ha", "gross_tco2e", "net_tco2e"):
        assert said.plots[column].tolist() == [0.0] * 3
    assert said.u90 == float("inf")


def test_half_the_interval_over_the_mean() -> None:
    draws = np.linspace(0.0, 200.0, 2001)
    assert relative_half_width(draws) == pytest.approx(0.9)
    assert relative_half_width(draws, of=-50.0) == pytest.approx(1.8)


def test_what_older_evidence_does_not_tell_counts_as_none() -> None:
    assert CrossCheck(None, None, 1.0, 0.1, 0.2, 0.2).sampling_units == 0


@pytest.mark.parametrize("width", [0.12, np.inf])
def test_a_census_is_read_back_as_it_was_written(width: float) -> None:
    """A width that nothing could be said of is null in JSON, and infinite again when read."""
    made = {
        name: ("one",) if name == "unmet" else width if "half_width" in name else 7
        for name in (field.name for field in fields(CensusResult))
    }
    census = CensusResult(**made)
    told = json.loads(json.dumps(_census(census), allow_nan=False))
    assert _as_census(told) == census
    assert _as_census(None) is None
