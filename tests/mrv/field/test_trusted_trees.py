"""Suspect trees: single slips pass, a stratum full of them waits."""

import pandas as pd
import pytest

from mrv.field.trusted_trees import suspect_shares, trusted_trees
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)
PLOTS = pd.DataFrame(
    {
        "plot_id": ["a", "b", "c"],
        "stratum": ["home", "maize", "maize"],
        "role": ["enrolled", "enrolled", "control"],
    }
)


def trees(plot: str, stems: int, suspect: int, status: str = "alive") -> pd.DataFrame:
    flags = ["growth;suspect"] * suspect + ["", "tree_not_revisited"] * stems
    return pd.DataFrame({"plot_id": plot, "status": status, "flags": flags[:stems]})


def test_shares_are_of_living_stems_by_stratum() -> None:
    inventory = pd.concat(
        [trees("a", 20, 1), trees("b", 10, 5), trees("c", 4, 4), trees("b", 90, 90, "dead"),
         trees("stranger", 9, 9)]
    )  # fmt: skip
    assert suspect_shares(inventory, PLOTS) == {"home": 0.05, "maize": 0.5, "controls": 1.0}


@pytest.mark.parametrize(("suspect", "passed"), [(0, True), (10, True), (11, False), (100, False)])
def test_a_tenth_is_slips_and_more_is_not(suspect: int, passed: bool) -> None:  # noqa: FBT001
    shares = suspect_shares(pd.concat([trees("a", 100, suspect), trees("b", 100, 0)]), PLOTS)
    verdict = trusted_trees(shares, RULES)
    assert verdict.passed is passed
    assert verdict.measured == suspect / 100
    assert ("measure them again" in verdict.sentence) is not passed


def test_where_nothing_was_measured_nothing_is_suspect() -> None:
    assert trusted_trees({}, RULES).passed
