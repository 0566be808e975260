"""Groups of stems are cut between trees and never through one."""

import numpy as np
import pytest

from mrv.biomass.stem_groups import StemGroup


@pytest.mark.parametrize(
    ("most", "sizes"), [(1, [3, 2, 1]), (2, [3, 2, 1]), (3, [3, 3]), (5, [5, 1]), (99, [6])]
)
def test_a_tree_with_more_stems_than_fit_is_a_group_of_its_own(most: int, sizes: list[int]) -> None:
    stems = 6
    group = StemGroup(
        equation=None,  # type: ignore[arg-type]  # cutting does not look at it
        density=("", 0.6, 0.1),
        modelled_height=False,
        proxy_species="",
        height_taxon="",
        tree=np.array([0, 0, 0, 1, 1, 2]),
        dbh_cm=np.arange(stems) + 5.0,
        height_m=np.full(stems, np.nan),
        t_ha_per_kg=np.ones(stems),
        pre_existing=np.zeros(stems, np.bool_),
    )
    parts = list(group.cut(most))
    assert [len(part.tree) for part in parts] == sizes
    assert all(part.tree[0] == 0 for part in parts)
    np.testing.assert_array_equal(np.concatenate([p.dbh_cm for p in parts]), group.dbh_cm)
