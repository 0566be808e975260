"""Whether the sizes that growth rests on can be believed: suspect trees per stratum.

A single odd diameter is a slip and stays in, flagged; a stratum in which many are odd was measured
badly or made up, and its growth waits for a person.
"""

import pandas as pd

from mrv.field.fields import SUSPECT
from mrv.methodologies import Methodology
from mrv.quality import Verdict


def suspect_shares(trees: pd.DataFrame, plots: pd.DataFrame) -> dict[str, float]:
    """Give the share of suspect rows among living stems, by stratum [1].

    Args:
        trees: Checked inventory: plot_id, status, flags (joined by `;`).
        plots: plot_id, stratum, role; controls are a stratum of their own, named `controls`,
            because a baseline can be made up too.
    """
    named = plots["stratum"].astype(str).where(plots["role"] == "enrolled", "controls")
    stratum = trees["plot_id"].map(dict(zip(plots["plot_id"], named, strict=True)))
    alive = (trees["status"] == "alive") & stratum.notna()
    suspect = trees["flags"].fillna("").str.split(";").map(lambda flags: SUSPECT in flags)
    shares = suspect[alive].groupby(stratum[alive]).mean()
    return {str(name): float(share) for name, share in shares.items()}


def trusted_trees(shares: dict[str, float], methodology: Methodology) -> Verdict:
    """Whether no stratum has too many suspect trees.

    Args:
        shares: Of `suspect_shares`.
        methodology: The rules.
    """
    limit = methodology.number("field_sample.suspect_trees_max")
    worst = max(shares, key=lambda name: shares[name], default=None)
    if worst is None:
        sentence, measured = "No trees were measured, so none is suspect.", None
    else:
        measured = shares[worst]
        sentence = (
            f"In stratum {worst} {measured:.1%} of the measured stems are suspect, most of all; "
            f"up to {limit:.0%} are taken as slips"
            + (
                "."
                if measured <= limit
                else "; look at the findings of its trees and measure them again."
            )
        )
    return Verdict(
        gate="trusted_trees",
        passed=measured is None or measured <= limit,
        measured=measured,
        limit=limit,
        sentence=sentence,
        facts=dict(shares),
    )
