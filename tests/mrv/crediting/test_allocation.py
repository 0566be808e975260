"""What plots contributed, period after period."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.crediting.allocation import contributions_kg
from mrv.crediting.issuance import issue

IDS = ("P1", "P2", "P3")
AREAS = (1.0, 0.5, 2.0)


def test_a_plot_that_lost_carries_its_loss() -> None:
    shares = contributions_kg(issue(10_000), IDS, (6.0, -1.0, 5.0), AREAS)
    assert shares == {"P1": 6000, "P2": -1000, "P3": 5000}


@given(
    st.lists(
        st.tuples(st.integers(-20_000, 50_000), st.tuples(*[st.floats(-5, 9)] * 3)),
        min_size=1,
        max_size=6,
    )
)
def test_contributions_of_all_periods_add_up_to_the_cumulative_net(
    periods: list[tuple[int, tuple[float, float, float]]],
) -> None:
    before: dict[str, int] = {}
    issued_t, carried = 0, 0
    for total, gains in periods:
        step = issue(total, issued_before_t=issued_t, carried_in_kg=carried)
        shares = contributions_kg(step, IDS, gains, AREAS, before_kg=before)
        assert sum(shares.values()) == step.increment_kg
        before = {plot: before.get(plot, 0) + shares[plot] for plot in IDS}
        assert sum(before.values()) == total
        issued_t += step.credits_t
        carried = step.carried_out_kg - step.reversal_kg


def test_a_plot_that_left_keeps_what_it_contributed() -> None:
    first = issue(9_000)
    before = contributions_kg(first, IDS, (3.0, 3.0, 3.0), AREAS)
    second = issue(15_000, issued_before_t=9)
    shares = contributions_kg(second, IDS[:2], (5.0, 5.0), AREAS[:2], before_kg=before)
    assert shares == {"P1": 3000, "P2": 3000}


def test_books_that_do_not_agree_are_refused() -> None:
    with pytest.raises(ValueError, match="add up to 5 kg, the books say 2000 kg"):
        contributions_kg(issue(5_000, issued_before_t=2), IDS, AREAS, AREAS, before_kg={"P1": 5})
    with pytest.raises(ValueError, match="named twice"):
        contributions_kg(issue(5_000), ("P1", "P1"), (1.0, 1.0), (1.0, 1.0))
