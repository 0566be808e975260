"""Sample sizes against the published worked number, and what must hold of any of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.errors import InputRejected
from mrv.sampling.sizes import (
    allocate,
    expected_villages,
    sample_size,
    sample_size_by_t,
    two_sided_t,
)

PLOTS, SD, ERROR = (600.0, 400.0), (12.0, 20.0), 4.0


def test_ar_am_tool03_worked_example_of_methodology_2_8() -> None:
    size = sample_size(PLOTS, SD, ERROR, 1.645)
    assert size == pytest.approx(37.512, abs=5e-4)
    weight = np.array(PLOTS) * SD
    shares = size * weight / weight.sum()
    assert shares == pytest.approx([17.77, 19.74], abs=5e-3)
    limits = np.array([1, 1]), np.array([600, 400])
    assert allocate(size, weight, *limits).tolist() == [18, 20]


def test_t_by_iteration_asks_for_more_plots_than_the_normal_quantile() -> None:
    size = sample_size_by_t(PLOTS, SD, ERROR)
    t = two_sided_t(0.90, math.ceil(size) - 2)
    assert size == pytest.approx(sample_size(PLOTS, SD, ERROR, t), rel=1e-9)
    assert size == pytest.approx(39.32, abs=5e-3)  # t(38) = 1.6860


def test_planning_number_of_methodology_1_3_under_simple_random_sampling() -> None:
    """CV 60 %, 10 % at 90 %: 97 plots; 44 with a map of R2 0.55."""
    endless = (1e9,)
    assert math.floor(sample_size(endless, (0.60,), 0.10, 1.645)) == 97
    left = 0.60 * math.sqrt(1 - 0.55)
    assert math.ceil(sample_size(endless, (left,), 0.10, 1.645)) == 44


def test_no_error_is_no_plan() -> None:
    with pytest.raises(InputRejected, match="above zero"):
        sample_size(PLOTS, SD, 0.0, 1.645)


@given(
    st.integers(1, 6).flatmap(
        lambda strata: st.tuples(
            st.lists(st.floats(0.0, 50.0), min_size=strata, max_size=strata),
            st.lists(st.integers(1, 30), min_size=strata, max_size=strata),
            st.lists(st.integers(0, 200), min_size=strata, max_size=strata),
            st.floats(0, 2000),
        )
    )
)
def test_allocation_keeps_its_limits_and_hands_out_what_it_can(
    asked: tuple[list[float], list[int], list[int], float],
) -> None:
    weight, least, extra, total = asked
    low = np.array(least)
    high = low + extra
    given_out = allocate(total, np.array(weight), low, high)
    assert (given_out >= low).all()
    assert (given_out <= high).all()
    assert given_out.sum() >= min(max(total, low.sum()), high.sum()) - 1e-3
    assert given_out.sum() <= max(total, low.sum()) + len(weight)


def test_expected_villages_agree_with_drawing_them() -> None:
    rng = np.random.default_rng(3)
    village = rng.integers(0, 12, 90)
    chance = np.full(90, 0.2)
    drawn = [len(np.unique(village[rng.random(90) < chance])) for _ in range(4000)]
    assert expected_villages(chance, village) == pytest.approx(np.mean(drawn), abs=0.1)
