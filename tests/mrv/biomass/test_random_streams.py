"""Our own sampler of normal numbers and of rare events, against what statistics says of them."""

import numpy as np
import pytest
from scipy import stats

from mrv.biomass.random_streams import NormalStream, RareEvents


@pytest.fixture(scope="module")
def many() -> np.ndarray:
    """Two million numbers of one stream."""
    return NormalStream(7, "residual/P1", 0).normal((200, 10_000)).ravel().astype(float)


def test_numbers_are_normal(many: np.ndarray) -> None:
    assert stats.kstest(many, "norm").pvalue > 1e-3
    cells = np.histogram(stats.norm.cdf(many), 1000, (0, 1))[0]
    assert stats.chisquare(cells).pvalue > 1e-3
    size = len(many)
    z = [
        many.mean() * np.sqrt(size),
        (many.var() - 1) * np.sqrt(size / 2),
        stats.skew(many) * np.sqrt(size / 6),
        stats.kurtosis(many) * np.sqrt(size / 24),
    ]
    assert np.abs(z).max() < 4


@pytest.mark.parametrize("beyond", [3.0, 3.6541528853610088, 4.0, 4.5])
def test_the_tails_are_as_heavy_as_they_should_be(many: np.ndarray, beyond: float) -> None:
    """The lowest layer of the ziggurat ends at 3.654; what lies beyond is drawn another way."""
    expected = len(many) * 2 * stats.norm.sf(beyond)
    for side in (many, -many):
        assert abs((side > beyond).sum() - expected / 2) < 5 * np.sqrt(expected / 2) + 1


def test_neighbours_know_nothing_of_each_other(many: np.ndarray) -> None:
    for lag in (1, 2, 10_000):
        for one, other in ((many[:-lag], many[lag:]), (many[:-lag] ** 2, many[lag:] ** 2)):
            assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(len(one))


def test_streams_differ_by_seed_name_and_block() -> None:
    names = [(1, "a", 0), (2, "a", 0), (1, "b", 0), (1, "a", 1), (12, "a", 0), (1, "2/a", 0)]
    first = [NormalStream(*name).normal((1, 1000))[0] for name in names]
    apart = np.corrcoef(first) - np.eye(len(names))
    assert np.abs(apart).max() < 5 / np.sqrt(1000)
    assert np.array_equal(NormalStream(1, "a", 0).normal((1, 1000))[0], first[0])


def test_a_stream_goes_on_however_it_is_cut() -> None:
    whole = NormalStream(3, "x", 0).normal((12, 500))
    stream = NormalStream(3, "x", 0)
    assert np.array_equal(np.concatenate([stream.normal((n, 500)) for n in (1, 7, 4)]), whole)


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 0.9])
def test_rare_events_are_as_rare_as_they_should_be(share: float) -> None:
    trials = 1_000_000
    at = RareEvents(5, "gross", 0, share).among(trials)
    assert (np.diff(at) > 0).all()
    assert 0 <= at[0] <= at[-1] < trials
    assert abs(len(at) - trials * share) < 5 * np.sqrt(trials * share * (1 - share))
    gaps = np.diff(at)
    assert gaps.mean() == pytest.approx(1 / share, rel=5 / np.sqrt(len(gaps)) + 1e-9)
    one = (gaps == 1).mean()
    assert abs(one - share) < 5 * np.sqrt(share * (1 - share) / len(gaps))


def test_rare_events_lie_where_they_lie_however_trials_are_cut() -> None:
    whole = RareEvents(5, "gross", 0, 0.03).among(10_000)
    events = RareEvents(5, "gross", 0, 0.03)
    cut, begin = [], 0
    for trials in (1, 0, 4_999, 17, 4_983):
        cut.append(events.among(trials) + begin)
        begin += trials
    assert np.array_equal(np.concatenate(cut), whole)


def test_never_and_always() -> None:
    assert len(RareEvents(1, "x", 0, 0.0).among(1000)) == 0
    assert np.array_equal(RareEvents(1, "x", 0, 1.0).among(1000), np.arange(1000))
