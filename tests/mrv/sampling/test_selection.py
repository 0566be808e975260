"""The draw: stated chances are the chances, the same seed is the same sample, and it spreads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.estimation.greg import Floats, Ints
from mrv.sampling.selection import (
    draw_plots,
    draw_villages_first,
    local_pivotal,
    proportional,
    seed_of,
    stage_probabilities,
)

DRAWS = 4000


def countryside(plots: int = 80, villages: int = 14) -> tuple[Ints, Ints, Floats]:
    """Give stratum, village and position of plots that lie around unequal villages."""
    rng = np.random.default_rng(11)
    village = np.sort(rng.choice(villages, plots, p=rng.dirichlet(np.full(villages, 3.0))))
    village = np.unique(village, return_inverse=True)[1]
    homes = rng.uniform(0, 9000, (villages, 2))
    return rng.integers(0, 3, plots), village, homes[village] + rng.normal(0, 250, (plots, 2))


def agree(found: Floats, stated: Floats, draws: int) -> None:
    """Each chance within five standard errors, and no more than a few beyond three."""
    error = np.sqrt(np.maximum(stated * (1 - stated), 1e-12) / draws)
    off = np.abs(found - stated) / np.maximum(error, 1e-6)
    assert off.max() < 5
    assert (off > 3).mean() < 0.05


def test_chances_of_plots_drawn_one_by_one_are_those_stated() -> None:
    group, _, xy = countryside()
    wanted = np.array([9, 7, 12])
    found = np.zeros(len(group))
    for seed in range(DRAWS):
        drawn = draw_plots(group, xy, wanted, seed)
        assert np.bincount(group[drawn.rows], minlength=3).tolist() == wanted.tolist()
        found[drawn.rows] += 1
        stated = (wanted / np.bincount(group))[group[drawn.rows]]
        assert drawn.inclusion_probability == pytest.approx(stated)
    agree(found / DRAWS, (wanted / np.bincount(group))[group], DRAWS)


def test_chances_of_villages_first_are_those_stated() -> None:
    group, village, xy = countryside()
    wanted = np.array([10, 8, 10])
    of_village, inside = stage_probabilities(group, village, wanted, 7)
    assert of_village.sum() == pytest.approx(7)
    found, reached = np.zeros(len(group)), np.zeros(len(of_village))
    for seed in range(DRAWS):
        drawn = draw_villages_first(group, village, xy, wanted, 7, seed)
        assert drawn.villages is not None
        assert len(drawn.villages) == 7
        assert set(village[drawn.rows]) <= set(drawn.villages.tolist())
        stated = (of_village[village] * inside)[drawn.rows]
        assert drawn.inclusion_probability == pytest.approx(stated)
        found[drawn.rows] += 1
        reached[drawn.villages] += 1
    agree(reached / DRAWS, of_village, DRAWS)
    agree(found / DRAWS, of_village[village] * inside, DRAWS)


def test_villages_large_enough_give_every_plot_of_a_stratum_the_same_chance() -> None:
    group, village, _ = countryside(plots=400, villages=12)
    wanted = np.array([30, 24, 12])
    of_village, inside = stage_probabilities(group, village, wanted, 8)
    chance = of_village[village] * inside
    for h in range(3):
        assert np.ptp(chance[group == h]) < 1e-12
    assert chance.sum() == pytest.approx(wanted.sum())


def test_the_same_seed_gives_the_same_sample_and_another_another() -> None:
    group, village, xy = countryside()
    wanted = np.array([9, 7, 12])
    one, same, other = (draw_plots(group, xy, wanted, seed).rows for seed in (5, 5, 6))
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()
    one, same = (draw_villages_first(group, village, xy, wanted, 7, 5).rows for _ in range(2))
    assert one.tolist() == same.tolist()


def test_seed_follows_from_the_facts() -> None:
    assert seed_of("project", [1, 2]) == seed_of("project", [1, 2])
    assert seed_of("project", [1, 2]) != seed_of("project", [1, 3])
    assert 0 <= seed_of("x") < 2**48


def imbalance(taken: Floats, chance: Floats, xy: Floats) -> float:
    """Spread of the chances that fall to each drawn unit; 0 is perfect.

    Stevens & Olsen 2004, by Voronoi cells.
    """
    units = np.flatnonzero(taken)
    apart = ((xy[:, None] - xy[None, units]) ** 2).sum(axis=2)
    return float(np.var(np.bincount(apart.argmin(axis=1), chance, minlength=len(units)), ddof=1))


def test_the_draw_spreads_better_than_chance_alone() -> None:
    rng = np.random.default_rng(2)
    xy, chance = rng.uniform(0, 1, (300, 2)), np.full(300, 0.1)
    spread, alone = [], []
    for _ in range(60):
        spread.append(imbalance(local_pivotal(chance, xy, rng), chance, xy))
        simple = np.zeros(300, bool)
        simple[rng.choice(300, 30, replace=False)] = True
        alone.append(imbalance(simple, chance, xy))
    assert np.mean(spread) < 0.5 * np.mean(alone)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=40),
    st.integers(0, 2**31),
)
def test_as_many_are_drawn_as_the_chances_add_up_to(chances: list[float], seed: int) -> None:
    """Also where plots lie on one spot, and where some are certain or impossible."""
    chance = np.array(chances)
    xy = np.zeros((len(chances), 2))
    taken = local_pivotal(chance, xy, np.random.default_rng(seed))
    assert abs(taken.sum() - chance.sum()) < 1 + 1e-6
    assert taken[chance >= 1 - 1e-9].all()
    assert not taken[chance <= 1e-9].any()


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=30), st.integers(1, 30))
def test_chances_by_size_add_up_to_the_number_drawn(sizes: list[float], drawn: int) -> None:
    drawn = min(drawn, len(sizes))
    chance = proportional(np.array(sizes), drawn)
    assert chance.sum() == pytest.approx(drawn)
    assert (chance <= 1).all()
    ratio = (chance / np.array(sizes))[chance < 1]
    assert ratio == pytest.approx(np.full(len(ratio), ratio.mean() if len(ratio) else 0.0))
