"""A plot's growth among others: per year of the time it was counted over, beside its stratum's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_api.services.plot_growth import Quantiles, _quantile, growth_among_others
from registry_api.web.growth import growth_line
from tests.registry_api import a_registry
from tests.registry_api.a_registry import NET_KG, Stage
from tests.registry_api.plot_tables import with_plot_tables

YEARS = 730 / 365.25  # from 2021-02-01 to 2023-02-01


def test_growth_is_per_year_and_lies_among_its_stratum(submitted: Stage) -> None:
    plain = a_registry.evidence(submitted.farm, NET_KG)
    document = with_plot_tables(submitted.settings, plain)
    found = growth_among_others(document, submitted.settings, "P-002")
    assert found is not None
    assert found.plot == pytest.approx(40 / YEARS)
    assert found.plots == 4
    spread = np.quantile(np.array([-1, 5, 6, 40]) / YEARS, [0.05, 0.25, 0.5, 0.75, 0.95])
    assert found.quantiles == Quantiles(*map(pytest.approx, spread))
    (stratum,) = document.strata
    assert found.mean == pytest.approx(stratum.agb_change_t_ha / YEARS)
    assert found.half_width == pytest.approx(1.6448536 * stratum.agb_change_se_t_ha / YEARS)
    line = growth_line(found)
    assert line is not None
    assert line.tails[0] <= line.box[0] <= line.middle <= line.box[1] <= line.tails[1] < line.plot
    assert growth_among_others(document, submitted.settings, "P-404") is None
    assert growth_among_others(plain, submitted.settings, "P-002") is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1))
def test_quantiles_are_those_of_numpy(values: list[float], share: float) -> None:
    ours = _quantile(sorted(values), share)
    assert ours == pytest.approx(float(np.quantile(values, share)), abs=1e-6)
