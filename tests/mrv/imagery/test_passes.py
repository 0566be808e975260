"""One row per plot and pass, against the rule written out."""

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mrv.imagery.passes import PASS_GAP, one_row_per_pass

_ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),  # plot
        st.integers(0, 7),  # twenty minutes since the start
        st.sampled_from([0.0, 0.5, 1.0]),  # unseen
        st.sampled_from([0.0, 0.5, 1.0]),  # clear
    ),
    max_size=30,
)


@given(_ROWS, st.randoms(use_true_random=False))
def test_the_fullest_row_of_every_pass_is_kept(
    rows: list[tuple[int, int, float, float]], random: Random
) -> None:
    ids = list(range(len(rows)))
    random.shuffle(ids)
    start, step = np.datetime64("2021-02-01T00:00", "us"), np.timedelta64(20, "m")
    times = np.array([start + row[1] * step for row in rows], "M8[us]")

    expected = []
    for plot in sorted({row[0] for row in rows}):
        mine = sorted((i for i, row in enumerate(rows) if row[0] == plot), key=lambda i: times[i])
        passes: list[list[int]] = []
        for i in mine:
            if passes and times[i] - times[passes[-1][-1]] <= PASS_GAP:
                passes[-1].append(i)
            else:
                passes.append([i])
        expected += [min(p, key=lambda i: (rows[i][2], -rows[i][3], ids[i])) for p in passes]

    chosen = one_row_per_pass(
        np.array([row[0] for row in rows], np.int32),
        times,
        np.array(ids, np.int32),
        np.array([row[2] for row in rows], float),
        np.array([row[3] for row in rows], float),
    )
    assert chosen.tolist() == expected
