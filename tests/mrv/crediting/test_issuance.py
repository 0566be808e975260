"""Issuance refuses books that cannot be."""

import pytest

from mrv.crediting.issuance import issue


@pytest.mark.parametrize(
    "below_zero",
    [{"cumulative_buffer_kg": -1}, {"issued_before_t": -1}, {"buffer_before_t": -1}],
    ids=lambda books: next(iter(books)),
)
def test_each_amount_that_only_grows_is_refused_below_zero(below_zero: dict[str, int]) -> None:
    """One bad amount beside good ones is enough."""
    good = {"cumulative_buffer_kg": 9000, "issued_before_t": 5, "buffer_before_t": 3}
    issue(40_000, **good)
    with pytest.raises(ValueError, match="below zero"):
        issue(40_000, **(good | below_zero))
