"""What screening says of a plot: a code, a severity, a sentence, a hint and a place on the map.

The catalogue lists every code there is, so that a page, a form and a translation can know them all;
the checks that give them are in `shapes`, `places`, `overlap`, `land` and `screen`.
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

# error: refused; repair: mended here and shown before and after; warning: goes in, look at it.
Severity = Literal["error", "repair", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found on one plot, or on the whole file.

    Attributes:
        feature: Place in the file, counted from 1; 0 for the file as a whole.
        plot_id: As the file names the plot; "" where it has no name yet.
        message: One sentence: what, and where.
        hint: One sentence: how to mend it.
        lon, lat: Where on the map to look, WGS 84 [degree]; None where there is no such place.
    """

    feature: int
    plot_id: str
    code: str
    severity: Severity
    message: str
    hint: str
    lon: float | None = None
    lat: float | None = None


FINDING_COLUMNS = ("feature", "plot_id", "code", "severity", "message", "hint", "lon", "lat")


def as_table(findings: list[Finding]) -> pd.DataFrame:
    """Lay findings out as a table with the columns of `FINDING_COLUMNS`."""
    rows = [[getattr(finding, name) for name in FINDING_COLUMNS] for finding in findings]
    table = pd.DataFrame(rows, columns=list(FINDING_COLUMNS))
    return table.astype({"feature": "int64", "lon": "float64", "lat": "float64"})
