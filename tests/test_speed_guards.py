"""What was won must not be lost: the benchmarks' own small version, judged by ratio.

The small tile has 2,745 x 2,745 pixels and 450 plots, so what is done once per call and file weighs
more than on a real one; bounds leave room for that and for a machine that others use too.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence

import pytest

from tests.benchmarks.ratios import Row
from tests.benchmarks.records import ROOT, Run

PARTS = ("limit", "memory", "rows")
LIMIT, SAME_ANSWER, SAME_BITS, MEMORY, RANGES = 1, 9, 10, 11, 18  # numbers of the targets

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("speed")]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Sequence[Row]]:
    """Run the small version once; hand back the rows of a target."""
    home = tmp_path_factory.mktemp("bench")
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", *PARTS, "--home", home],
        cwd=ROOT,
        env=os.environ | {"BENCH": "quick"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows = Run(home / "run-quick").rows(PARTS)

    def of(target: int) -> list[Row]:
        found = [row for row in rows if row.target == target]
        assert found, f"no row of target {target}"
        return found

    return of


def test_extraction_costs_little_beside_decoding(told: Callable[[int], Sequence[Row]]) -> None:
    for row in told(LIMIT):
        assert row.value <= 1.6, row


def test_extraction_answers_as_exactextract_does(told: Callable[[int], Sequence[Row]]) -> None:
    apart, blank = told(SAME_ANSWER)
    assert apart.value <= 1e-6, apart
    assert blank.value == 0, blank


def test_no_way_of_dividing_the_work_changes_a_bit(told: Callable[[int], Sequence[Row]]) -> None:
    (differing,) = told(SAME_BITS)
    assert differing.value == 0, differing


def test_memory_does_not_grow_with_dates(told: Callable[[int], Sequence[Row]]) -> None:
    peak, growth = told(MEMORY)
    assert peak.value <= 600, peak
    assert growth.value <= 1, growth


def test_credits_stay_ranges_of_serials(told: Callable[[int], Sequence[Row]]) -> None:
    for row in told(RANGES):
        assert row.value <= 1 / 5, row
