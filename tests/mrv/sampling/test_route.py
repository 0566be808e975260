"""The walk: every plot once, villages one after another, short, and nothing shorter by one turn."""

import itertools

import numpy as np
import pytest

from mrv.sampling.frame import Frame
from mrv.sampling.route import field_list, lines_of, visiting_order, walk_m
from mrv.sampling.selection import draw_plots


def test_every_place_once_and_near_the_shortest_walk() -> None:
    for seed in range(20):
        xy = np.random.default_rng(seed).uniform(0, 1000, (7, 2))
        order = visiting_order(xy)
        assert sorted(order.tolist()) == list(range(7))
        first = int(order[0])
        assert xy[first, 0] == xy[:, 0].min(), "it begins in the west"
        rest = [k for k in range(7) if k != first]
        best = min(walk_m(xy[[first, *p]]) for p in itertools.permutations(rest))
        assert walk_m(xy[order]) <= 1.15 * best


@pytest.mark.parametrize("places", [0, 1, 2])
def test_hardly_any_place_is_a_walk_too(places: int) -> None:
    assert sorted(visiting_order(np.zeros((places, 2))).tolist()) == list(range(places))


def test_stops_of_a_village_follow_each_other(frame: Frame) -> None:
    walk = field_list(frame, draw_plots(frame.group, frame.xy_m, np.array([40, 30, 10]), 1))
    stops = walk.stops
    assert len(stops) == 80
    assert stops["waypoint"].is_unique
    assert stops.groupby("route")["village"].nunique().eq(1).all()
    for _, part in stops.groupby("route"):
        assert part["stop"].tolist() == list(range(1, len(part) + 1))
    lines = lines_of(stops)
    assert lines["stops"].sum() == 80
    assert (lines["route"].diff().dropna() == 1).all()
    by_hand = lines.to_crs(stops.estimate_utm_crs()).length.sum() / 1000
    assert walk.length_km == pytest.approx(by_hand, rel=0.005)
