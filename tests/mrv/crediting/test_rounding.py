"""Sharing whole kilograms out, and what cannot be shared."""

import pytest

from mrv.crediting.rounding import floor_kg, round_to_total, share_out


@pytest.mark.parametrize(
    ("gains", "areas"),
    [
        ((), ()),
        ((1.0,), (1.0, 2.0)),
        ((1.0, 2.0), (1.0,)),
        ((1.0, 2.0), (1.0, 0.0)),
        ((3.0,), (-1.0,)),
    ],
)
def test_without_plots_or_their_areas_nothing_is_shared(
    gains: tuple[float, ...], areas: tuple[float, ...]
) -> None:
    with pytest.raises(ValueError, match="at least one plot, and an area above zero"):
        share_out(100, gains, areas)


def test_gains_decide_and_areas_only_where_gains_say_nothing() -> None:
    assert share_out(100, (3.0, 1.0), (1.0, 9.0)) == [75, 25]
    assert share_out(100, (1.0, -1.0), (1.0, 3.0)) == [25, 75]
    assert share_out(-100, (3.0, 1.0), (1.0, 3.0)) == [-25, -75]


def test_what_is_left_over_goes_to_the_largest_remainders() -> None:
    assert share_out(10, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)) == [4, 3, 3]
    assert share_out(11, (5.0, 3.0, 3.0), (1.0, 1.0, 1.0)) == [5, 3, 3]
    assert round_to_total(7, [2.4, 2.4, 2.2]) == [3, 2, 2]
    assert round_to_total(-3, [-1.5, -1.5]) == [-1, -2]


def test_kilograms_are_rounded_down() -> None:
    assert floor_kg(1.2345678) == 1234
    assert floor_kg(-0.0001) == -1
