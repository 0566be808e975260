"""Shrubs by crown cover, as AR-TOOL14 v04.2 prints its defaults."""

import numpy as np
import pytest

from mrv.biomass.shrubs import shrub_agb_t_ha, shrub_co2e_t
from mrv.errors import InputRejected
from mrv.methodologies import load_methodology

_RULES = load_methodology("agroforestry_removals", 1)


def test_ar_tool14_shrubs() -> None:
    """A tenth of the forest's biomass at full cover; nothing below 5 %."""
    cover = [0.0, 0.0499, 0.05, 0.4, 1.0]
    assert shrub_agb_t_ha(cover, 80.0, _RULES) == pytest.approx([0, 0, 0.4, 3.2, 8.0])


def test_ar_tool14_carbon_of_shrubs() -> None:
    """CF 0.47 and R_S 0.40."""
    assert float(shrub_co2e_t(10.0, _RULES)) == pytest.approx(10 * 1.40 * 0.47 * 44 / 12)


def test_cover_that_nobody_looked_at_stays_unknown() -> None:
    assert np.isnan(shrub_agb_t_ha([np.nan], 80.0, _RULES)).all()


@pytest.mark.parametrize(("cover", "forest"), [(40, 80.0), (-0.1, 80.0), (0.4, 0.0)])
def test_what_is_no_share_of_a_forest_is_refused(cover: float, forest: float) -> None:
    with pytest.raises(InputRejected, match=r"40 % as 0\.4"):
        shrub_agb_t_ha([cover], forest, _RULES)
