"""The table under screening: boundaries by row, and what was found, mended and proposed so far.

The checks in `shapes`, `places`, `overlap` and `land` work on one bench after another; `screen`
sets it up and takes the result from it.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from mrv.plots.catalogue import CATALOGUE, or_accept
from mrv.plots.findings import Finding
from mrv.plots.measure import middles
from mrv.plots.surroundings import Shapes

Place = tuple[float, float]  # longitude, latitude [degree]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Repair:
    """A boundary before and after it was mended."""

    row: int
    code: str
    before: shapely.Geometry
    after: shapely.Geometry


@dataclass(frozen=True, slots=True)
class Proposal:
    """A boundary that whoever drew the plot may accept."""

    row: int
    code: str
    text: str
    shape: shapely.Geometry


@dataclass(slots=True)
class Bench:
    """Plots under screening; arrays run over rows.

    Attributes:
        texts: Cells of `columns.as_text`.
        names: plot_id, "" where a row has none.
        shapes: Boundaries as they stand now.
        drawn: Boundaries as they came, in WGS 84 once `places` has brought them there.
        sound: Where the boundary can be measured.
        standing: Where nothing refuses the plot.
        accepted: Row -> how many of its proposals were accepted, one after the other.
        upheld: (plot_id, code) that were contested with success.
    """

    texts: pd.DataFrame
    names: Shapes
    shapes: Shapes
    drawn: Shapes
    sound: Flags
    standing: Flags
    accepted: Counter[int]
    upheld: frozenset[tuple[str, str]]
    findings: list[Finding] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)

    def called(self, row: int) -> str:
        """Name a row in a sentence."""
        name = self.names[row]
        return f"Plot {name}" if name else f"The plot in row {row + 1}"

    def tell(
        self, row: int, code: str, what: str, *, at: Place | None = None, settled: bool = False
    ) -> bool:
        """Note a finding; an error refuses the plot unless it was contested with success.

        Args:
            row: Of the plot.
            code: In the catalogue, which gives severity and hint.
            what: The sentence after the plot's name, without its full stop.
            at: Where to look; the middle of the plot where None.
            settled: Whether it was contested with success for the very plots it is about.

        Returns:
            Whether the plot is refused for it.
        """
        entry = CATALOGUE[code]
        if settled or self._upheld(row, code):
            entry, what = CATALOGUE["contest_upheld"], f"{what}; this was contested with success"
        lon, lat = at or (None, None)
        message = f"{self.called(row)} {what}."
        self.findings.append(
            Finding(
                *(row + 1, self.names[row], entry.code, entry.severity),
                *(message, entry.hint, lon, lat),
            )
        )
        if entry.severity == "error":
            self.standing[row] = False
        return entry.severity == "error"

    def tell_file(self, code: str, message: str) -> None:
        """Note a finding on the file as a whole."""
        entry = CATALOGUE[code]
        self.findings.append(Finding(0, "", code, entry.severity, message, entry.hint))

    def reject(self, row: int, code: str, what: str, *, at: Place | None = None) -> None:
        """Note an error after which the boundary cannot be judged further."""
        self.sound[row] &= not self.tell(row, code, what, at=at)

    def mend(
        self, row: int, code: str, what: str, shape: shapely.Geometry, *, at: Place | None = None
    ) -> None:
        """Put a mended boundary in place and keep the one before."""
        self.tell(row, code, what, at=at)
        self.repairs.append(Repair(row, code, self.shapes[row], shape))
        self.shapes[row] = shape

    def propose(
        self,
        row: int,
        code: str,
        what: str,
        text: str,
        shape: shapely.Geometry,
        *,
        at: Place | None = None,
    ) -> bool:
        """Refuse a plot with a boundary that would do, or take that one if it was accepted.

        Who accepted one proposal has not seen the next, so each is taken once.

        Returns:
            Whether it was taken.
        """
        if self.accepted[row] and not self._upheld(row, code):
            self.accepted[row] -= 1
            self.mend(
                row,
                "proposal_accepted",
                f"{what}; the proposed boundary was accepted",
                shape,
                at=at,
            )
            return True
        self.reject(row, code, what, at=at)
        if not self.sound[row]:
            self.proposals.append(Proposal(row, code, text, shape))
        return False

    def rows(self, where: Flags | None = None) -> Rows:
        """Give the rows whose boundary can be measured, of those where a flag is set."""
        return np.flatnonzero(self.sound if where is None else self.sound & where)

    def boxes(self) -> NDArray[np.float64]:
        """Give west, south, east, north of each row; NaN where the boundary cannot be measured."""
        boxes = np.full((len(self.shapes), 4), np.nan)
        boxes[self.sound] = shapely.bounds(self.shapes[self.sound])
        return boxes

    def placed_findings(self) -> list[Finding]:
        """Give the findings in the order of the file, each with a place where there is one.

        Where a boundary was proposed, the hint says so.
        """
        lon, lat = middles(self.drawn)
        proposed = {(one.row + 1, one.code) for one in self.proposals}
        placed = [
            replace(one, lon=float(lon[one.feature - 1]), lat=float(lat[one.feature - 1]))
            if one.feature and one.lon is None
            else one
            for one in self.findings
        ]
        told = [
            replace(one, hint=or_accept(one.hint)) if (one.feature, one.code) in proposed else one
            for one in placed
        ]
        return sorted(told, key=lambda one: one.feature)

    def _upheld(self, row: int, code: str) -> bool:
        return CATALOGUE[code].contestable and (self.names[row], code) in self.upheld
