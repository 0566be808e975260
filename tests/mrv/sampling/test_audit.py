"""A verifier's sample: as large as its formula says, drawn by what plots earned, reproducibly."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.errors import InputRejected
from mrv.sampling.audit import AuditUnit, audit_size, draw_audit


def _units(kg: list[int], stratum: str = "maize") -> list[AuditUnit]:
    return [AuditUnit(f"{stratum}-{n:04d}", stratum, each) for n, each in enumerate(kg)]


@pytest.mark.parametrize(
    ("materiality", "confidence", "size"),
    [(0.05, 0.95, 60), (0.05, 0.90, 47), (0.01, 0.95, 300), (0.10, 0.80, 17)],
)
def test_sizes_follow_the_poisson_factors_of_auditing(
    materiality: float, confidence: float, size: int
) -> None:
    """Factors 3.00, 2.31 and 1.61 for 95, 90 and 80 %, as the tables of audit guides have them."""
    assert audit_size(materiality, confidence) == size


@pytest.mark.parametrize(("materiality", "confidence"), [(0, 0.95), (5, 0.95), (0.05, 1)])
def test_shares_are_shares(materiality: float, confidence: float) -> None:
    with pytest.raises(InputRejected, match="between 0 and 1"):
        audit_size(materiality, confidence)


@given(
    kg=st.lists(st.integers(-5000, 20_000), min_size=1, max_size=80),
    wanted=st.integers(1, 60),
    seed=st.integers(0, 2**48),
)
def test_the_draw_is_that_of_its_seed_and_as_large_as_wanted(
    kg: list[int], wanted: int, seed: int
) -> None:
    units = _units(kg)
    drawn = draw_audit(units, wanted, seed)
    assert draw_audit(reversed(units), wanted, seed) == drawn
    asked = min(max(wanted, 2), len(units))
    assert asked - 1 <= len(drawn) <= asked + 1  # one more or less where a sum of chances rounds
    assert len({plot.plot_id for plot in drawn}) == len(drawn)
    assert all(0 < plot.inclusion_probability <= 1 for plot in drawn)


def test_a_plot_is_drawn_as_often_as_its_chance_says() -> None:
    units = _units([100, 200, 300, 400, 1100, 0])
    drawn = Counter(plot.plot_id for seed in range(4000) for plot in draw_audit(units, 2, seed))
    assert drawn["maize-0004"] == 4000  # more than one interval: for certain
    assert drawn["maize-0001"] / 4000 == pytest.approx(0.2, abs=0.03)
    assert drawn["maize-0003"] / 4000 == pytest.approx(0.4, abs=0.03)


def test_no_stratum_goes_unseen() -> None:
    units = _units([9000] * 30) + _units([1, 1, 1], "bush")
    drawn = Counter(plot.stratum for plot in draw_audit(units, 5, 11))
    assert drawn["bush"] == 2


def test_nothing_is_drawn_of_nothing() -> None:
    with pytest.raises(InputRejected, match="no plot"):
        draw_audit([], 5, 1)
